"""The scalar transforms of PyTorch, numpyro and TensorFlow Probability, audited: one line each, and what was found.

    python examples/audit_libraries.py                          all libraries that are installed
    python examples/audit_libraries.py --library torch --only Sigmoid --dtype float32

Each transform is made with several values of its parameters, neutral ones and others (negative scales, powers beside
1), and judged by the formula that its documentation states: at the floating-point number it is given, against the exact
value, relative to the condition number. A failed check shows its worst point, which anyone can type in again.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import symbij as sb
from symbij import bijectors as tfb

POSITIVE, UNIT = (0, "oo"), (0, 1)


@dataclass(frozen=True)
class Entry:
    """A transform as its library makes it; what it should compute, as text or a symbij class, None for a black box."""

    text: str
    transform: Any
    formula: Any = None
    domain: tuple[Any, Any] | None = None
    parameters: dict[str, float] | None = None


def torch_entries() -> Iterator[Entry]:
    """The elementwise transforms of torch.distributions."""
    import torch
    from torch.distributions import Gumbel, Laplace, Normal, Weibull
    from torch.distributions import transforms as t

    def number(value: float) -> Any:
        return torch.tensor(value, dtype=torch.float64)

    for loc, scale in [(0.0, 1.0), (1.5, -2.0), (-3.0, 1e-3), (0.1, 1e6)]:
        yield Entry(f"AffineTransform({loc}, {scale})", t.AffineTransform(loc, scale), "loc + scale*x")
    for exponent in (1.0, 2.0, 0.3, 3.7, -1.0, -1.5):
        power = t.PowerTransform(number(exponent))
        yield Entry(f"PowerTransform({exponent})", power, "x**exponent", POSITIVE)
        yield Entry(f"PowerTransform({exponent}).inv", power.inv, "x**(1/exponent)", POSITIVE)
    yield from _inverted("ExpTransform()", t.ExpTransform(), tfb.Exp, tfb.Log)
    yield from _inverted("SigmoidTransform()", t.SigmoidTransform(), "sigmoid(x)", "logit(x)")
    yield from _inverted("SoftplusTransform()", t.SoftplusTransform(), "softplus(x)", "log(expm1(x))")
    yield from _inverted("TanhTransform()", t.TanhTransform(), "tanh(x)", "atanh(x)")
    for loc, scale in [(0.0, 1.0), (0.5, 2.0)]:
        held = {"loc": loc, "scale": scale}
        for law, formula in [
            (Normal, tfb.NormalCDF),
            (Gumbel, tfb.GumbelCDF),
            (Laplace, tfb.LaplaceCDF),
        ]:
            cdf = t.CumulativeDistributionTransform(law(number(loc), number(scale)))
            yield Entry(f"CumulativeDistributionTransform({law.__name__}({loc}, {scale}))", cdf, formula, None, held)
    weibull = t.CumulativeDistributionTransform(Weibull(number(2.5), number(0.6)))
    held = {"scale": 2.5, "concentration": 0.6}
    yield Entry("CumulativeDistributionTransform(Weibull(2.5, 0.6))", weibull, tfb.WeibullCDF, POSITIVE, held)
    chain = t.ComposeTransform([t.AffineTransform(1.0, -2.0), t.SigmoidTransform()])
    yield Entry("ComposeTransform([AffineTransform(1, -2), SigmoidTransform()])", chain, "sigmoid(loc + scale*x)")
    yield Entry("AbsTransform() [declared not bijective]", t.AbsTransform())


def numpyro_entries() -> Iterator[Entry]:
    """The elementwise transforms of numpyro.distributions."""
    from numpyro.distributions import constraints
    from numpyro.distributions import transforms as t

    for loc, scale in [(0.0, 1.0), (1.5, -2.0), (-3.0, 1e-3), (0.1, 1e6)]:
        yield Entry(f"AffineTransform({loc}, {scale})", t.AffineTransform(loc, scale), "loc + scale*x")
    for exponent in (1.0, 2.0, 0.3, 3.7, -1.0, -1.5):
        power = t.PowerTransform(exponent)
        yield Entry(f"PowerTransform({exponent})", power, "x**exponent", POSITIVE)
        yield Entry(f"PowerTransform({exponent}).inv", power.inv, "x**(1/exponent)", POSITIVE)
    half = t.AffineTransform(1.0, -2.0, domain=constraints.positive)
    yield Entry("AffineTransform(1, -2, domain=positive)", half, "loc + scale*x", POSITIVE)
    yield from _inverted("ExpTransform()", t.ExpTransform(), tfb.Exp, tfb.Log)
    yield from _inverted("SigmoidTransform()", t.SigmoidTransform(), "sigmoid(x)", "logit(x)")
    yield from _inverted("SoftplusTransform()", t.SoftplusTransform(), "softplus(x)", "log(expm1(x))")
    yield Entry("IdentityTransform()", t.IdentityTransform(), "x")
    chain = t.ComposeTransform([t.AffineTransform(1.0, -2.0), t.SigmoidTransform()])
    yield Entry("ComposeTransform([AffineTransform(1, -2), SigmoidTransform()])", chain, "sigmoid(loc + scale*x)")
    yield Entry("AbsTransform()", t.AbsTransform())


def tfp_entries() -> Iterator[Entry]:
    """The elementwise bijectors of TensorFlow Probability, those of the same name in symbij as their truth."""
    import tensorflow_probability as tfp

    b = tfp.bijectors
    for name in ("Exp", "Expm1", "Identity", "Sinh", "Softsign", "Tanh", "Reciprocal", "Square"):
        yield Entry(f"{name}()", getattr(b, name)(), getattr(tfb, name))
    for name, formula in [("Log", tfb.Log), ("Log1p", tfb.Log1p)]:
        yield Entry(f"{name}()", getattr(b, name)(), formula)
    sets: dict[str, list[tuple[float, ...]]] = {
        "FrechetCDF": [(0.0, 1.0, 1.0), (-1.0, 2.5, 0.6)],
        "GeneralizedExtremeValueCDF": [(0.0, 1.0, 0.5), (1.0, 2.5, -0.3), (0.5, 2.0, 1e-6), (0.0, 1.5, 0.0)],
        "GompertzCDF": [(1.0, 1.0), (0.02, 1.1)],
        "GumbelCDF": [(0.0, 1.0), (1.0, 2.5)],
        "KumaraswamyCDF": [(1.0, 1.0), (0.5, 2.0), (3.0, 0.2)],
        "MoyalCDF": [(0.0, 1.0), (1.0, 2.5)],
        "NormalCDF": [()],
        "Power": [(1.0,), (2.0,), (0.3,), (-1.5,)],
        "PowerTransform": [(0.0,), (0.3,), (1.7,), (1e-7,)],
        "RayleighCDF": [(1.0,), (2.5,)],
        "Scale": [(1.0,), (-0.3,)],
        "Shift": [(0.0,), (-2.0,)],
        "Sigmoid": [()],
        "SoftClip": [(-2.0, 2.0, 1.0), (-1.0, 3.0, 0.2)],
        "Softfloor": [(1.0,), (0.2,)],
        "Softplus": [(), (0.7,), (-1.3,)],
        "WeibullCDF": [(1.0, 1.0), (2.5, 0.6)],
    }
    for name, values in sets.items():
        for given in values:
            neutral = {"NormalCDF": {"loc": 0.0, "scale": 1.0}, "Sigmoid": {"low": 0.0, "high": 1.0}}.get(name, {})
            if name == "Softplus":
                neutral = {"low": 0.0} if given else {"low": 0.0, "hinge_softness": 1.0}
            told = neutral if not given or name == "Softplus" else None
            shown = ", ".join(map(str, given))
            yield Entry(f"{name}({shown})", getattr(b, name)(*given), getattr(tfb, name), None, told)
    # with numbers in place of parameters, which must not change places
    yield Entry("Sigmoid(-1.0, 2.0)", b.Sigmoid(-1.0, 2.0), "3*sigmoid(x) - 1")
    for given in [(0.0, 1.0, 0.5), (-1.0, 2.5, -0.3)]:  # from all reals to the support of the law: no formula
        yield Entry(f"GeneralizedPareto{given}", b.GeneralizedPareto(*given))
    for concentration, rate in [(1.0, 1.0), (0.5, 0.3)]:
        shifted = b.ShiftedGompertzCDF(concentration, rate)
        yield Entry(f"ShiftedGompertzCDF({concentration}, {rate})", shifted, tfb.ShiftedGompertzCDF)
    truth = sb.bijector("sinh((asinh(x) + skewness)*tailweight)*2/sinh(asinh(2)*tailweight)", tailweight=sb.positive)
    for skewness, tailweight in [(0.0, 1.0), (0.5, 1.5), (-1.0, 0.3)]:
        yield Entry(f"SinhArcsinh({skewness}, {tailweight})", b.SinhArcsinh(skewness, tailweight), truth)
    for tailweight in (0.5, 1e-9):
        wider = b.LambertWTail(1.0, 2.5, tailweight)
        yield Entry(f"LambertWTail(1.0, 2.5, {tailweight})", wider, tfb.LambertWTail)
    chain = b.Chain([b.Sigmoid(), b.Shift(1.0), b.Scale(-2.0)])
    yield Entry("Chain([Sigmoid(), Shift(1), Scale(-2)])", chain, "sigmoid(shift + scale*x)")
    yield Entry("Invert(Softplus())", b.Invert(b.Softplus()), "log(expm1(x))", POSITIVE)
    yield Entry("AbsoluteValue()", b.AbsoluteValue())


def _inverted(text: str, transform: Any, formula: Any, inverse: Any) -> Iterator[Entry]:
    yield Entry(text, transform, formula)
    yield Entry(f"{text}.inv", transform.inv, inverse)


LIBRARIES: dict[str, Callable[[], Iterator[Entry]]] = {
    "torch": torch_entries, "numpyro": numpyro_entries, "tfp": tfp_entries,
}  # fmt: skip


@dataclass(frozen=True)
class Audited:
    """A transform with its report."""

    entry: Entry
    report: sb.Report


def audit(library: str, only: str, dtype: str) -> Iterator[Audited]:
    """Audits the transforms of a library whose text contains `only`."""
    for entry in LIBRARIES[library]():
        if only in entry.text:
            yield Audited(
                entry,
                sb.verify(
                    entry.transform,
                    formula=entry.formula,
                    domain=entry.domain,
                    parameters=entry.parameters,
                    dtype=dtype,
                ),
            )


def shown(audited: Audited) -> str:
    """What was found in a transform, as text for a terminal."""
    report = audited.report
    lines = [
        f"{'ok  ' if report.ok else 'FAIL'} {audited.entry.text}  ({len(report.checks)} checks, {report.seconds:.1f} s)"
    ]
    for check in report.failures:
        lines.append(f"     {check.group}: {check.name}: {check.diagnosis}")
        if check.witness is not None:
            lines.append(f"         {check.witness}")
    return "\n".join(lines)


PACKAGES = {"torch": ("PyTorch", "torch"), "numpyro": ("numpyro", "numpyro"),
            "tfp": ("TensorFlow Probability", "tensorflow-probability")}  # fmt: skip


INTRODUCTION = (
    "Written by `python examples/audit_libraries.py --markdown docs/audit_libraries.md`, which audits the scalar "
    "transforms of three libraries with `sb.verify`. Each transform was made with the parameters shown and judged by "
    "the formula that its documentation states, at the floating-point number it is given, against the exact value, "
    "relative to the condition number: a failure has lost more than half of its digits beyond that, or is NaN or "
    "infinite where the true result is an ordinary number. Most of it is at extreme inputs. Every line shows one call "
    "that anyone can repeat, in {dtype} where it does not say otherwise."
)


def page(found: dict[str, list[Audited]], dtype: str) -> str:
    """What was found, as a page of documentation."""
    lines = [
        "# Audit of PyTorch, numpyro and TensorFlow Probability",
        "",
        *textwrap.wrap(INTRODUCTION.format(dtype=dtype), 120),
        "",
    ]
    for library, all_of_it in found.items():
        title, package = PACKAGES[library]
        failed = [a for a in all_of_it if not a.report.ok]
        lines += [f"## {title} {importlib.metadata.version(package)}", ""]
        lines += [f"{len(all_of_it)} transforms audited, something found in {len(failed)}.", ""]
        passed = ", ".join(f"`{a.entry.text}`" for a in all_of_it if a.report.ok)
        lines += [*textwrap.wrap(f"Nothing was found in {passed}.", 120, break_on_hyphens=False), ""]
        for a in failed:
            lines += [f"### `{a.entry.text}`", ""]
            if a.report.formula:
                lines += [f"y = `{a.report.formula}`", ""]
            for check in a.report.failures:
                lines.append(f"- {check.name}: {check.diagnosis}")
                if check.witness is not None:
                    lines.append(f"  (`{str(check.witness)[:300]}`)")
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Audits what was asked for. Returns the number of transforms in which something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--library", choices=LIBRARIES, action="append", help="default: all")
    parser.add_argument("--only", default="", help="those whose text contains this, as Sigmoid")
    parser.add_argument("--dtype", default="float64", choices=("float64", "float32"))
    parser.add_argument("--markdown", type=Path, help="write a page of documentation to this file")
    asked = parser.parse_args(arguments)
    found: dict[str, list[Audited]] = {}
    for library in asked.library or LIBRARIES:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what other libraries warn of while they are imported
                for audited in audit(library, asked.only, asked.dtype):
                    print(f"{library} {shown(audited)}", flush=True)
                    found.setdefault(library, []).append(audited)
        except ImportError as error:
            print(f"{library} is not installed: {error}")
    everything = [a for part in found.values() for a in part]
    failed = sum(not a.report.ok for a in everything)
    print(f"{len(everything)} transforms audited, something found in {failed}")
    if asked.markdown is not None:
        asked.markdown.write_text(page(found, asked.dtype), encoding="utf-8")
    return failed


if __name__ == "__main__":
    main()
