"""Formulas that random testing found something wrong with: the tests examine each of them again."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.fuzz.grammar import Domain, Fuzzed


@dataclass(frozen=True)
class Regression:
    """A formula, what was wrong with it, and the kinds of outcome that are right."""

    text: str
    wrong: str
    right: tuple[str, ...] = ("closed form", "numeric inverse")
    domain: Domain | None = None
    constraints: dict[str, str] = field(default_factory=dict)

    def fuzzed(self) -> Fuzzed:
        """As the fuzzer takes it."""
        return Fuzzed(-1, 0, "regression", self.text, self.constraints, self.domain)


_SATURATES = "a value that rounds to an end before a function that is singular there"
_BEYOND = "a rounding carried the inverse past the end of a domain: NaN"
_UNDONE = "a function that nearly undoes another, whose roundings are left"
_OVER, _UNDER = "an intermediate value that overflows", "a value that underflows before its logarithm is taken"
_FLAT = "a value that underflows before a function that is singular at 0, or flat there: an infinite log-det"
_TINY = "a preimage that is subnormal: its log-det had no digits"
_BELOW = "a preimage below the smallest double: NaN, or that double"
_AT_END = "between two links a value that rounds to an end or past it: NaN or infinite"
_POSITIVE, _UNIT = {"a": "positive"}, {"a": "unit"}

REGRESSIONS: tuple[Regression, ...] = (
    Regression("log_ndtr(x)", "the fuzzer's own inverse was off by 7e-13 at -2e5"),
    Regression("3*(log_ndtr(-(log(x))))", "the fuzzer's own inverse was off by 7e-13"),
    Regression("cbrt(asinh(cbrt(log_ndtr(x))))", _FLAT),
    Regression("(log_ndtr(log(x)))**3", _FLAT),
    Regression("cbrt(cbrt(log_ndtr(lambertw(x))))", _FLAT),
    Regression("cosh(exp(x))", _FLAT),
    Regression("ndtri(sigmoid(x))", "tiny x: sigmoid(x) is 1/2, and all digits are lost"),
    Regression("acos(exp((x) / (2)))", "tiny x: exp(x/2) is 1, and all digits are lost"),
    Regression("log1p(acos((1 + sigmoid(log(x)))/2))", _SATURATES),
    Regression("asin((tanh(2 - a*(x)))**3)", _SATURATES, constraints=_UNIT),
    Regression("asin((x/(1 + abs(x)))**3)", _SATURATES),
    Regression("atan(softsign_inverse(ndtr(x)**3))", _SATURATES),
    Regression("acosh(1 + exp(x))", _SATURATES),
    Regression("tanh(asinh(x))**3 + asinh(x)", "x**3*(1 + x**2)**(-3/2) overflows: a wrong inverse"),
    Regression(
        "a*exp(x) + 0.5*log_ndtr(sinh(x**3)) + x", "mpmath's erfc takes seconds for 1e9", constraints=_POSITIVE
    ),
    Regression("acos(ndtri(asinh(x)))*0.25", "an end, ndtri(ndtr(1)), that never settles"),
    Regression("expm1(sinh(logit(ndtri(sqrt(a + x)))))", "an end that never settles", constraints=_UNIT),
    Regression(
        "min(tanh((-(x/a + x))**3), atan(x))", "a false witness, of values that round", ("refuted",), None, _POSITIVE
    ),
    Regression("where(x > x, sqrt(7*x), (x + a)**(3/2))", "a branch never taken cut the domain", ("closed form",),
               None, _POSITIVE),
    Regression("3*log_ndtr(x)", "no row"),
    Regression("(asinh(0.1*(log_ndtr(log(x)))))**3", "no row"),
    Regression("1 + expm1(x)", _SATURATES),
    Regression("1/(1 + expm1(x))", _SATURATES),
    Regression("acos(1 - exp(-(exp(log(x)))))", _SATURATES),
    Regression("atanh(sigmoid(x))", _SATURATES),
    Regression("acos(erf(log(x)))", _SATURATES),
    Regression("atan(asin(tanh(cbrt(x))))/a", _SATURATES, constraints=_UNIT),
    Regression("-(atan(asin(sigmoid((x)/a))))", _SATURATES, constraints=_UNIT),
    Regression("erfinv((x - a)/sqrt(1 + (x - a)**2))", _SATURATES, constraints=_UNIT),
    Regression("softplus(log1p((x - 1.5)/(1 + abs(x - 1.5))))", _SATURATES),
    Regression("-(exp(x) + log1p(softsign(x)))", _SATURATES),
    Regression("log(x + exp(x))", "a domain from 0, since a preimage without formula counted as its argument",
               ("unproved",)),
    Regression("min(asinh(x), sigmoid(x) - 1/2)", "a break at a preimage without formula"),
    Regression("max(x**3 + x, 2*x + 1)", "a break that is an algebraic number: NameError"),
    Regression("log1p(acos(tanh(a*atan(x))))", "acos > -1 was not seen: a domain that ends at a rounded infinity",
               constraints=_POSITIVE),
    Regression("softplus_inverse(exp(x**3)*exp(exp(x**3)))", "an end too large to be written down: MemoryError",
               ("rejected",), (-2, 3)),
    Regression("softsign((sinh(x)) + floor(sinh(x)))", "a floor of too many digits: PrecisionExhausted", ("unproved",)),
    Regression("tan(((exp(0.1 - a*(x)) - 1)/(exp(0.1 - a*(x)) + 1))**3)", "RecursionError in sympy's Abs",
               constraints=_UNIT),
    Regression("(atan(-(x)))**(3/2)", "a power that rounds past pi/2, beyond which tan is negative"),
    Regression("erf(tan((cos(square((x)**2))) - (-(atan(expm1(x))))))", "a false witness, at a jump", ("refuted",)),
    Regression("softplus(((asin((ndtri(3))**(3/2))) + (ndtr((ndtr(3)) + (x))))**1.5)",
               "a constant that is no number: TypeError", ("rejected",)),
    Regression("where(x > x, a, (((acosh((x) + (0.1))) - (b))**-1)**3)", "parts of parts without end",
               ("refuted", "unproved", "rejected", "pole"), None, {"b": "nonzero"}),
    Regression("-2*sqrt(expm1(x*x) + x)", "a false witness, across a gap in the domain", ("refuted", "unproved"),
               (-2, 3)),
    Regression("max(cosh(10), (x) * (x))", "NotImplementedError: roots over ZZ[cosh(10)]", ("refuted", "unproved"),
               (0.5, 2.5)),
    Regression("((max(log(x), (a) + (x))) - (2))**(3/2)", "KeyError: ComplexInfinity",
               ("refuted", "unproved", "rejected"), (-1, 1), _UNIT),
    Regression("log(erfc(x))", "of a value near 0, log(2) + log_ndtr cancels"),
    Regression("sigmoid(a*(atan(x)))", _BEYOND, constraints={"a": "negative"}),
    Regression("square(expm1(7) + (x*a + x))", "outputs next to an end that is rounded: NaN", domain=(1, 5),
               constraints=_UNIT),
    Regression("erfc(tan(erf(x))) - a", _BEYOND, constraints=_POSITIVE),
    Regression("exp(logit(x))", _UNDONE, ("closed form",)),
    Regression("sigmoid(log1p(x))", _UNDONE, ("closed form",)),
    Regression("expm1(softplus(x))", _UNDONE, ("closed form",)),
    Regression("log(sigmoid(-(x))) - log(1 - (sigmoid(-(x))))", _UNDONE, ("closed form",)),
    Regression("-(a*(log(sigmoid((softsign(x))**3)) - log(1 - (sigmoid((softsign(x))**3)))))", _UNDONE,
               ("closed form",), constraints=_UNIT),
    Regression("expm1(log(1 + expm1(x) + sqrt((1 + expm1(x))**2 + 1)))", _UNDONE, ("closed form",)),
    Regression("lambertw((((sigmoid(3))**(-2)) + (softplus(x))) - ((tanh((x) + (10))) + (x)))", _UNDONE),
    Regression("0.5*(atan(sinh(x)))", _OVER, ("closed form",)),
    Regression("(1 + exp(a*(x)))**0.25", _OVER, ("closed form",), constraints={"a": "nonzero"}),
    Regression("erf(log1p(1 + exp((x)/1.5)))", _OVER, ("closed form",)),
    Regression("((1/(1 + exp(-(x))))**3)**3", _UNDER, ("closed form",)),
    Regression("log1p(((sigmoid(log(x)))**3)**3)", _UNDER, ("closed form",)),
    Regression("((1 + x))*(x**0.1)", _TINY, domain=(0, "oo")),
    Regression("-(log_ndtr(x) + (x) + 1.5 + 3*log(x))", _TINY),
    Regression("exp(-a*(-(erf(tan(softsign(x))) + (x)**3 + 2*log(x))))", _TINY, constraints=_POSITIVE),
    Regression("0.25*(cbrt(x)) + a*(x) + cbrt((log_ndtr(x)) + b)", "an inverse where a term overflows: not NaN",
               constraints={"a": "positive", "b": "positive"}),
    Regression("max(expm1(x), erf(x))", "the log-det in the middle, for an output that rounds to an end",
               domain=(-1, 1)),
    Regression("a*((sigmoid(x))**a)", _UNDER, ("closed form",), constraints=_UNIT),
    Regression("asin((1 + erf(x))/2)", _UNDER, ("closed form",)),
    Regression("acos(ndtr(2*(x)))", _UNDER, ("closed form",)),
    Regression("asinh(atanh(erf(log(x))))", _UNDER, ("closed form",)),
    Regression("softsign((x)**3)", _OVER, ("closed form",)),
    Regression("exp(asinh(log1p(sinh(x))))", _OVER, ("closed form",), (1, "oo")),
    Regression("atan(min(x, sinh(x)))", _OVER, ("closed form",)),
    Regression("cbrt((x)**5) + 10*(erf(x))", _OVER),
    Regression("log1p((x/10)/sqrt(1 + (x/10)**2))", "recognised for a slope of 1 only: digits of 1 + v lost",
               ("closed form",)),
    Regression("sinh(-x/ndtri(max(7, x)))", "a constant that is no number: ValueError", ("rejected",),
               (0, "oo")),
    Regression("sigmoid(-(softplus(exp(square(x)))**0.5))", "numbers of millions of digits", ("refuted",)),
    Regression("sinh(atanh(softsign(log1p(exp(-a*x)))))", "a false witness: log1p(u) of a small u counted as zero",
               ("closed form",), None, _POSITIVE),
    Regression("floor(erfc(x)) + frac(erfc(x))**2", "floors of x only", ("closed form",)),
    Regression("log1p(1/(exp(log(x))))", "1/x > -1 was not seen on x > 0", ("closed form",)),
    Regression("acosh(cosh((a*exp(x) + 1)/(exp(x) + 3)))", "a false witness, of roundings", ("unproved",),
               constraints=_POSITIVE),
    Regression("softplus(where(x > 0, x + 2*tanh(x), sign(x)*abs(x)**a - 0.1))", "minutes for numbers of many digits",
               ("unproved",), constraints=_POSITIVE),
    Regression("x*x*7**(1/3) + x", "NotImplementedError: roots over EX", ("refuted",)),
    Regression("log1p(atan(a)**3 - x)*sqrt(x + x)", "a limit with an imaginary unit: TypeError", ("unproved",), None,
               {"a": "negative"}),
    Regression("log1mexp(acos(sigmoid(asinh(x))))", "no row", ("closed form",)),
    Regression("tanh(-(x/ndtri(x) + (x/0.1)**2))", "a false witness, where doubles are equal", ("refuted",), (0, 1)),
    Regression("ndtri(ndtr(7*(a*log(x) + 2) + 10))", "compared with too few digits: DerivationError", ("closed form",),
               ("-a", "a"), _POSITIVE),
    Regression("min(asinh(x), a*x)", "at an end, the log-det of the map that is not the smaller", ("closed form",),
               ("-pi/2", "pi/2"), _POSITIVE),
    Regression("asinh((cosh(x))*((1 + x)))", _OVER, domain=(0, "oo")),
    Regression("asinh(x**3 + a*(a*x + 10) + 2*x)", _OVER, constraints=_POSITIVE),
    Regression("log1p((exp(1.5*(x)))**2 + 2*(exp(1.5*(x))))", _OVER, ("closed form",)),
    Regression("(x**10)*(sigmoid(x))", _UNDER, domain=(0, "oo")),
    Regression("cbrt((ndtr(x))*(x**2))", _UNDER, domain=(0, "oo")),
    Regression("x + erf(x) + 1.5*log(x)", _BELOW),
    Regression("(sinh(x)) - a + x + b*log(x)", _BELOW, constraints={"a": "positive", "b": "positive"}),
    Regression("sinh(a*((x)**3) + x + x + 0.25*log(x))", _BELOW, constraints=_UNIT),
    Regression("atan(((x)**5) - 0.1 + log1p(softplus(x)) + 3*log(x))", _BELOW),
    Regression("2*(((x) + 0.1)**3) + log1p(tanh(x))", _BELOW),
    Regression("log((sinh(((atanh(x))**(3/2)) + (x)))**3)", "a preimage that rounds to an end other than zero: NaN"),
    Regression("-(lambertw((x) * (1.5)))", _AT_END, ("closed form",)),
    Regression("lambertw((((0.1)**2)**0.5) + (cbrt(x)))", _AT_END, ("closed form",)),
    Regression("asinh((sigmoid(x)) - a)", _AT_END, ("closed form",)),
    Regression("erfc(where(x > 0, tanh(x), x + a*tanh(x)))", _AT_END, constraints=_POSITIVE),
    Regression("softplus_inverse(acos(tanh(expm1(x))))", _AT_END, ("closed form",)),
    Regression("softsign_inverse(sin(sin(tanh(x))))", _AT_END, ("closed form",)),
    Regression("atanh(sin(1/(1 + exp(-(sigmoid(x))))))", _AT_END, ("closed form",)),
    Regression("softsign((exp(0.25*x + a)/(1 + exp(0.25*x + a))) - 0.25)", _AT_END, ("closed form",)),
    Regression("1 + lambertw(exp(softplus(1.5 - a*(x))))", _OVER, ("closed form",), constraints=_UNIT),
    Regression("(2*(lambertw(exp(x))) + sigmoid(x) + 1.5*(x))**3", _OVER),
    Regression("x/(1 + x**4)**(1/4)", "a product: log-dets of terms that cancel", ("closed form",)),
    Regression("x/(1 + abs(x)**a)**(1/a)", "no row", ("closed form",), constraints=_POSITIVE),
    Regression("x**a/(1 + x**a)", "refused: no Moebius map of a power", ("closed form",), (0, "oo"), _POSITIVE),
    Regression("0.5*log((1 + x)/(1 - x))", "nothing left of a small x next to 1", ("closed form",), (-1, 1)),
    Regression("logaddexp(x, 2*x)", "the exponentials under- and overflow"),
    Regression("(x**2 - 1)/(x**2 + 1)", "NaN where the square overflows", ("closed form",), (0, "oo")),
    Regression("lambertw(erf(x)) + x", "a domain of all reals: a finite end that sympy did not see to be one"),
    Regression("(erfinv(tanh(atan(x) + a)))**3", "an end min(1, tanh(a + pi/2)): a domain too small", ("closed form",),
               constraints={"a": "nonzero"}),
    Regression("acosh(erfc(x))", "sign of an unevaluated number: a crash", ("rejected",), domain=(-2, 3)),
    Regression("sinh(x/(1 - x))", "a Moebius map before its pole: brought back to the other side", ("closed form",),
               ("-oo", -1)),
    Regression("-expm1(log_ndtr(where(x >= 0, x**3 + x, -(x**3))))", "false witness: both round to 0 in 400 bits",
               ("refuted",)),
    Regression("log1p(exp(-10*(log(sigmoid((-(x)) - a)) - log(1 - (sigmoid((-(x)) - a))))))",
               "1/sigmoid - 1 overflows", ("closed form",), constraints={"a": "negative"}),
    Regression("log(1 - (1 - x)**3)", "nothing left of a small x next to 1", ("closed form",), (0, 1)),
    Regression("log(1 - sqrt(1 - x))", "nothing left of a small x next to 1", ("closed form",)),
    Regression("acos(1/(1 + x**2)**3)", "nothing left of a small x next to 1", ("closed form",), (0, "oo")),
    Regression("asin(1 - x**2)", "log-det infinite next to 0", ("closed form",), (0, 1)),
    Regression("atanh(2*x - 1)", "nothing left of a small x next to 1", ("closed form",)),
    Regression("(1 + x)**3 - 1", "nothing left of a small x next to 1", ("closed form",)),
    Regression("sigmoid(lambertw(expm1(x))) + x", "infinitely steep at an end that doubles do not resolve",
               ("numeric inverse",)),
    Regression("x + log1p(x)", "infinitely steep at an end that doubles do not resolve", ("numeric inverse",)),
    Regression("x**5 - x**3 + x", "oo - oo of terms that overflow"),
    Regression("x**2/(1 + x)", "oo*0 of factors that overflow", domain=(0, "oo")),
    Regression("asinh(x**5 - x**3 + x)", _OVER),
    Regression("asinh(x**3 + x)", _OVER),
    Regression("log1p(x**5 + a*x)", _OVER, domain=(0, "oo"), constraints=_POSITIVE),
    Regression("cbrt(x**5 + x)", _OVER),
    Regression("logit(-expm1(1.5*(log_ndtr(erf(x)))))", "an inverse of -1e-16 on a domain given to begin at 0",
               ("closed form",), (0, 1)),
)  # fmt: skip
