"""One logarithm for a log-det: log(g1) - log(g2)/2 + ... as the logarithm of a product of powers.

Where two logarithms are large and of opposite sign, their roundings are all that is left of their sum, and one
logarithm takes less time than two. With g = m 2^k for every factor, 3/4 <= m < 3/2, the log-det is

    n log(m1^r1 m2^r2 ... 2^(r1 k1 + r2 k2 + ... + j)) + rest,

which neither over- nor underflows on the way. Logarithms of parameters are not multiplied in: their binary exponents
join as j, which does not depend on x, and the logarithms of what is left of them are at most of the size of ln 2.

For programs that are not to be differentiated: the derivatives of the parts are not known.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from symbij.program.ir import Builder, Var
from symbij.program.operand_use import dependence, uses_in_cone

_LARGEST_POWER = 4  # a product's relative error grows with the number of its factors
_DENOMINATORS = 6
_FARTHEST = 5000.0  # beyond all binary exponents of products
_LN2 = 0.6931471805599453


@dataclass(frozen=True)
class _Factor:
    """log(base)*power, or log(sqrt(u^2 + c^2))*power for a base of two, is a term of a sum."""

    power: Fraction
    base: tuple[Var, ...]
    varies: bool

    @property
    def key(self) -> tuple[Fraction, tuple[int, ...]]:
        return self.power, tuple(v.index for v in self.base)

    def to(self, n: Fraction) -> _Factor:
        return _Factor(self.power * n, self.base, self.varies)


@dataclass(frozen=True)
class _Terms:
    """A sum: what varies with x, what does not, logarithms, how many logarithms its longest way takes, and the
    logarithm of a sum of exponentials with its sign."""

    varying: Var | None = None
    fixed: Var | None = None
    factors: tuple[_Factor, ...] = ()
    logs: int = 0
    summed: tuple[int, Var] | None = None


def with_one_logarithm(b: Builder, log_det: Var, x: Var, value: Var | None = None) -> Var:
    """`log_det` with its logarithms joined into one where it has several, else as it is; and as it is where that would
    take more logarithms, because the `value` that is computed with it needs them too."""
    return _Joining(b, log_det, x, value).of_output(log_det)


class _Joining:
    def __init__(self, b: Builder, output: Var, x: Var, value: Var | None) -> None:
        self.b = b
        self.varies = dependence(b.ops, x.index)
        self.uses = uses_in_cone(b.ops, [output.index] if value is None else [output.index, value.index])
        self.met: Counter[int] = Counter()  # logarithms, by how often the sum has them

    def of_output(self, v: Var, more: tuple[_Factor, ...] = ()) -> Var:
        """`v` and the logarithms of parameters `more`; below choices of which one side has no logarithms, and inside
        of logarithms of sums, so that what cancels there does so before it is rounded."""
        b, op = self.b, self.b.ops[v.index]
        args = [Var(b, a) for a in op.args]
        if op.name == "select":
            with_logs = [self._has_logs(side) for side in args[1:]]
            for k, other in ((0, 1), (1, 0)):
                same = not more or not math.isfinite(b.value_of(args[1 + other]) or 0.0)
                if with_logs[k] and not with_logs[other] and same:
                    sides = list(args[1:])
                    sides[k] = self.of_output(sides[k], more)
                    return b.select(args[0], *sides)
        if op.name == "logaddexp" and self.uses[v.index] <= 1:
            return b.call("logaddexp", *(self.of_output(a, more) for a in args))
        self.met.clear()
        terms = self._terms(v)
        terms = replace(terms, factors=(*terms.factors, *more), logs=terms.logs + len(more))
        return self._joined(terms) or (b.add(v, self._exactly(more)) if more else v)

    def _has_logs(self, v: Var) -> bool:
        terms = self._terms(v)
        return bool(terms.factors) or terms.summed is not None

    # a value as a sum

    def _terms(self, v: Var) -> _Terms:
        """`v` as a sum, as far as nothing else needs the partial sums."""
        b, op = self.b, self.b.ops[v.index]
        args = [Var(b, a) for a in op.args]
        varies = self.varies[v.index]
        if op.name in ("log", "log_quotient", "loghypot"):
            self.met[v.index] += 1
            return self._logarithm(op.name, args, varies)
        if op.name == "logaddexp" and varies and self.uses[v.index] <= 1:
            return _Terms(summed=(1, v))
        if not varies or self.uses[v.index] <= 1:
            found = self._arithmetic(op.name, args)
            if found is not None and (found.factors or found.summed):
                return found
        return _Terms(v) if varies else _Terms(fixed=v)

    def _logarithm(self, name: str, args: list[Var], varies: bool) -> _Terms:
        if name == "loghypot":
            return _Terms(factors=(_Factor(Fraction(1), tuple(args), varies),), logs=1)
        powers = (Fraction(1), Fraction(-1))
        factors = tuple(_Factor(n, (a,), self.varies[a.index]) for n, a in zip(powers, args, strict=False))
        return _Terms(factors=factors, logs=1)

    def _arithmetic(self, name: str, args: list[Var]) -> _Terms | None:
        b = self.b
        match name:
            case "neg":
                return self._times(self._terms(args[0]), Fraction(-1))
            case "add" | "sub":
                return self._sum(self._terms(args[0]), self._terms(args[1]), name)
            case "mul":
                for n, other in ((b.value_of(args[0]), args[1]), (b.value_of(args[1]), args[0])):
                    if n and math.isfinite(n):
                        return self._times(self._terms(other), Fraction(n))
            case "div":
                n = b.value_of(args[1])
                if n and math.isfinite(n):
                    return self._times(self._terms(args[0]), 1 / Fraction(n))
            case "select" if self.varies[args[0].index]:
                return self._choice(args[0], self._terms(args[1]), self._terms(args[2]))
        return None

    def _times(self, t: _Terms, n: Fraction) -> _Terms | None:
        """The n-fold sum; None if it has factors that should not be multiplied out."""
        powers = [f.power * n for f in t.factors]
        if any(p.denominator > _DENOMINATORS or abs(p.numerator) > _LARGEST_POWER for p in powers):
            return None
        if t.summed and abs(n) != 1:
            return None
        summed = t.summed and (int(n) * t.summed[0], t.summed[1])
        varying, fixed = (None if v is None else self._multiple(v, n) for v in (t.varying, t.fixed))
        return _Terms(varying, fixed, tuple(f.to(n) for f in t.factors), t.logs, summed)

    def _multiple(self, v: Var, n: Fraction) -> Var:
        v = self.b.mul(self.b.const(float(n.numerator)), v)
        return v if n.denominator == 1 else self.b.div(v, self.b.const(float(n.denominator)))

    def _sum(self, s: _Terms, t: _Terms, kind: str) -> _Terms:
        b = self.b

        def both(p: Var | None, q: Var | None) -> Var | None:
            if q is None:
                return p
            if kind == "sub":
                return b.neg(q) if p is None else b.sub(p, q)
            return q if p is None else b.add(p, q)

        if s.summed and t.summed:
            t = self._as_term(t)
        n = Fraction(-1 if kind == "sub" else 1)
        summed = s.summed or (t.summed and (int(n) * t.summed[0], t.summed[1]))
        factors = (*s.factors, *(f.to(n) for f in t.factors))
        return _Terms(both(s.varying, t.varying), both(s.fixed, t.fixed), factors, s.logs + t.logs, summed)

    def _as_term(self, t: _Terms) -> _Terms:
        """The same sum with the logarithm of a sum as a term like others."""
        if t.summed is None:
            return t
        sign, v = t.summed
        v = self._multiple(v, Fraction(sign))
        return replace(t, varying=v if t.varying is None else self.b.add(t.varying, v), summed=None)

    def _choice(self, condition: Var, s: _Terms, t: _Terms) -> _Terms | None:
        """A choice of sums as a sum of choices; of factors with the same power one is chosen. Logarithms of parameters
        stay logarithms, since they are taken outside the loop."""
        b = self.b
        s, t = self._as_term(s), self._as_term(t)
        common = [f for f in s.factors if not f.varies and f.key in {o.key for o in t.factors}]
        s, t = self._settled(s, common), self._settled(t, common)
        if any(len(f.base) > 1 for f in (*s.factors, *t.factors, *common)):
            return None
        others = list(t.factors)
        pairs: list[tuple[_Factor, Var, Var]] = []
        one = b.const(1.0)
        for f in s.factors:
            other = next((o for o in others if o.power == f.power), None)
            if other is not None:
                others.remove(other)
            pairs.append((f, f.base[0], one if other is None else other.base[0]))
        pairs += [(o, one, o.base[0]) for o in others]
        factors = tuple(_Factor(f.power, (b.select(condition, yes, no),), True) for f, yes, no in pairs)
        sides = [self._together(side) for side in (s, t)]
        rest = b.select(condition, *sides) if any(b.value_of(v) != 0 for v in sides) else None
        return _Terms(rest, None, (*factors, *common), max(s.logs, t.logs))

    def _settled(self, t: _Terms, common: list[_Factor]) -> _Terms:
        """The sum without the factors `common`, and with other logarithms of parameters as numbers again."""
        total, varying = t.fixed, []
        for f in t.factors:
            if f.varies:
                varying.append(f)
            elif f.key not in {o.key for o in common}:
                log = self._multiple(self.b.call("log" if len(f.base) == 1 else "loghypot", *f.base), f.power)
                total = log if total is None else self.b.add(total, log)
        return _Terms(t.varying, total, tuple(varying), t.logs)

    def _together(self, t: _Terms) -> Var:
        parts = [v for v in (t.varying, t.fixed) if v is not None]
        total = self.b.const(0.0)
        for part in parts:
            total = self.b.add(total, part)
        return total

    # the sum with one logarithm

    def _joined(self, t: _Terms) -> Var | None:
        b = self.b
        varying = [f for f in t.factors if f.varies]
        fixed = [f for f in t.factors if not f.varies]
        if any(len(f.base) > 1 for f in fixed):
            return None
        if not varying:
            return self._without_varying(t)
        t = self._as_term(t)
        spared = any(self.varies[log] and times == self.uses[log] for log, times in self.met.items())
        if not spared or t.logs < 2:
            return None
        q = math.lcm(*(f.power.denominator for f in varying))
        n = Fraction(math.gcd(*(int(f.power * q) for f in varying)), q)
        if all(f.power < 0 for f in varying):
            n = -n
        powers = [int(f.power / n) for f in varying]
        if max(map(abs, powers)) > _LARGEST_POWER:
            return None
        if len(varying) == 1 and len(varying[0].base) == 1:
            mantissa, exponent = self._within_range(varying[0].base[0]) if fixed else (varying[0].base[0], b.const(0.0))
        else:
            mantissa, exponent = self._product(varying, powers)
            if any(len(f.base) > 1 for f in varying):  # these are given by their squares
                n = n / 2
        rest = t.fixed
        if fixed:
            doublings, remainder = self._apart(fixed, n)
            exponent = b.add(exponent, doublings)
            rest = remainder if rest is None else b.add(rest, remainder)
        simple = b.value_of(exponent) == 0
        log = b.call("log", mantissa) if simple else b.call("log_scaled", mantissa, exponent)
        total = self._multiple(log, n)
        if t.varying is not None:
            total = b.add(t.varying, total)
        return total if rest is None else b.add(total, rest)

    def _without_varying(self, t: _Terms) -> Var | None:
        """The sum where its logarithms are all of parameters, as far as they may cancel."""
        b = self.b
        if t.summed and t.factors:
            sign, v = t.summed
            v = self._multiple(self.of_output(v, tuple(f.to(Fraction(sign)) for f in t.factors)), Fraction(sign))
            return self._together(_Terms(v if t.varying is None else b.add(t.varying, v), t.fixed))
        if len(t.factors) < 2:
            return None
        logs = self._exactly(t.factors)
        return self._together(_Terms(t.varying, logs if t.fixed is None else b.add(t.fixed, logs)))

    def _exactly(self, fixed: tuple[_Factor, ...]) -> Var:
        """A sum of logarithms of parameters, of which multiples of ln 2 are added up before they are rounded."""
        whole = math.lcm(*(f.power.denominator for f in fixed))
        exponent, remainder = self._exponents(fixed, whole)
        return self.b.add(self.b.mul(self.b.div(exponent, self.b.const(float(whole))), self.b.const(_LN2)), remainder)

    def _exponents(self, fixed: Iterable[_Factor], whole: int) -> tuple[Var, Var]:
        """`whole` times the binary exponent of a product of powers of parameters, and the logarithm of its mantissa."""
        b = self.b
        exponent, remainder = b.const(0.0), b.const(0.0)
        for f in fixed:
            (g,) = f.base
            exponent = b.add(exponent, b.mul(b.const(float(f.power * whole)), b.call("exponent", g)))
            remainder = b.add(remainder, self._multiple(b.call("log", b.call("mantissa", g)), f.power))
        return exponent, remainder

    def _product(self, factors: list[_Factor], powers: list[int]) -> tuple[Var, Var]:
        """The product of powers of the factors as mantissa and exponent; its square if one of them is a hypotenuse."""
        b = self.b
        squared = any(len(f.base) > 1 for f in factors)
        above, below, exponent = None, None, b.const(0.0)
        for f, power in zip(factors, powers, strict=True):
            if len(f.base) > 1:
                m, k = self._square_of_hypotenuse(*f.base)
                k = b.mul(k, b.const(2.0))
            else:
                m, k = self._apart_if_needed(f.base[0])
                power = 2 * power if squared else power
            for _ in range(abs(power)):
                if power > 0:
                    above = m if above is None else b.mul(above, m)
                else:
                    below = m if below is None else b.mul(below, m)
            exponent = b.add(exponent, b.mul(b.const(float(power)), k))
        if below is None:
            assert above is not None
            return above, exponent
        return b.div(b.const(1.0) if above is None else above, below), exponent

    def _within_range(self, g: Var) -> tuple[Var, Var]:
        """g 2^-k and k, where g = |a w + c| with parameters a and c: a and c are scaled down so far that a w does not
        overflow, unless they are then so small that a w may underflow."""
        b = self.b
        zero = b.const(0.0)
        total = Var(b, b.ops[g.index].args[0]) if b.ops[g.index].name == "abs" else g
        kind = b.ops[total.index].name
        if kind not in ("add", "sub"):
            return g, zero
        p, q = (Var(b, i) for i in b.ops[total.index].args)
        product, c = (q, p) if self.varies[q.index] else (p, q)
        if self.varies[c.index] or b.ops[product.index].name != "mul":
            return g, zero
        u, v = (Var(b, i) for i in b.ops[product.index].args)
        a, w = (v, u) if self.varies[u.index] else (u, v)
        if self.varies[a.index]:
            return g, zero
        k = b.call("max", b.call("exponent", b.call("abs", a)) + 2.0, zero)
        k = b.select(b.compare("lt", k, b.const(2000.0)), k, zero)
        small = b.call("scaled", b.call("abs", c), b.neg(k))
        k = b.select(b.compare("ge", small, b.const(2.0**-900)), k, zero)
        product, c = b.mul(b.call("scaled", a, b.neg(k)), w), b.call("scaled", c, b.neg(k))
        total = (b.add if kind == "add" else b.sub)(*((c, product) if self.varies[q.index] else (product, c)))
        return (b.call("abs", total) if b.ops[g.index].name == "abs" else total), k

    def _apart_if_needed(self, g: Var) -> tuple[Var, Var]:
        """Mantissa and exponent of a factor; the factor itself and 0, if it is never far from 1."""
        if self._is_moderate(g):
            return g, self.b.const(0.0)
        return self.b.call("mantissa", g), self.b.call("exponent", g)

    def _is_moderate(self, g: Var) -> bool:
        """Whether `g` certainly lies between 2^-80 and 2^80 (or is zero, or NaN): some of these make no product that
        over- or underflows."""
        op = self.b.ops[g.index]
        args = [Var(self.b, a) for a in op.args]
        match op.name:
            case "const":
                return 0.125 <= op.data <= 8.0
            case "mills" | "abs":
                return self._is_moderate(args[0])
            case "mul":
                return all(self._is_moderate(a) for a in args)
            case "select":
                return all(self._is_moderate(a) for a in args[1:])
            case "ndtri" | "erfcinv":  # multiples of 2^-54 or nearly so, and not beyond 40
                return True
        return False

    def _square_of_hypotenuse(self, u: Var, c: Var) -> tuple[Var, Var]:
        """(u^2 + c^2) 2^(-2k), and k."""
        b = self.b
        exponent = b.call("exponent", b.call("max", b.call("abs", u), b.call("abs", c)))
        k = b.call("max", b.call("min", exponent, b.const(2000.0)), b.const(-2000.0))
        small = [b.call("scaled", v, b.neg(k)) for v in (u, c)]
        return b.add(b.mul(small[0], small[0]), b.mul(small[1], small[1])), k

    def _apart(self, fixed: list[_Factor], n: Fraction) -> tuple[Var, Var]:
        """Of a sum of logarithms of parameters what is a multiple of n ln 2, and the remainder."""
        b = self.b
        whole = math.lcm(*(f.power.denominator for f in fixed), n.denominator)
        exponent, remainder = self._exponents(fixed, whole)
        step = float(abs(n.numerator) * whole)
        turns = b.call("floor", b.add(b.div(exponent, b.const(step)), b.const(0.5)))
        turns = b.call("max", b.call("min", turns, b.const(_FARTHEST)), b.const(-_FARTHEST))
        left = b.sub(exponent, b.mul(b.const(step), turns))
        remainder = b.add(remainder, b.mul(b.div(left, b.const(float(whole))), b.const(_LN2)))
        sign = 1.0 if n > 0 else -1.0
        return b.mul(b.const(sign * n.denominator), turns), remainder
