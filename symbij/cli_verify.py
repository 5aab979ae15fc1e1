"""The command `symbij verify`: audits an object of a module, or a transform and its Jacobian as Stan expressions.

Exit codes: 0 no check failed; 1 a check failed; 2 it could not run.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from symbij.errors import FormulaSyntaxError, SymbijError

_LONGEST = 300  # characters of a message


class CannotRun(click.ClickException):
    """The audit could not be made, for a reason told in one line."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        line = " ".join(message.split())
        super().__init__(line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "...")


@click.command(context_settings={"ignore_unknown_options": True})  # an expression may begin with a minus
@click.argument("subject", metavar="[MODULE:OBJECT]", required=False)
@click.option("--formula", metavar="F", help="What the forward map should be, in x and parameters.")
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameters, as in Python: a=1.5  n=2  loc=[0.5,1]; and what they may be: a=positive:1.5, a=positive.",
)
@click.option("--domain", metavar="LO,HI", help="Inputs to try, such as 0,oo; default: what the object declares.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write the report as an HTML page.")
@click.option("--points", type=click.IntRange(min=1), help="Inputs to try; the default takes about a second.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of points and parameters.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.option("--stan", metavar="EXPRESSION", help="A transform of x in Stan's language, instead of MODULE:OBJECT.")
@click.option("--jacobian", metavar="EXPRESSION", help="What its program adds to target for it.")
@click.option(
    "--direction",
    type=click.Choice(["auto", "forward", "inverse"]),
    default="auto",
    show_default=True,
    help="With --stan: --jacobian is log|dy/dx| (forward) or log|dx/dy| (inverse) of y = EXPRESSION.",
)
def verify(
    subject: str | None, formula: str | None, params: tuple[str, ...], domain: str | None, html: Path | None,
    points: int | None, seed: int, as_json: bool, stan: str | None, jacobian: str | None, direction: str,
) -> None:  # fmt: skip
    """Audit a bijector that was written by hand: its inverse, its log-det-Jacobians and all else that can be checked.

    OBJECT is an instance, or a class or function that makes one from the values of --param. MODULE is found as Python
    finds it from the current folder. A MODULE alone is audited by its functions forward, inverse, ...
    """
    if (stan is None) == (subject is None):
        raise CannotRun("give either MODULE:OBJECT or --stan with --jacobian; see symbij verify --help")
    if (stan is None) != (jacobian is None):
        raise CannotRun("--stan and --jacobian belong together")
    if html is not None and not html.parent.is_dir():
        raise CannotRun(f"--html: there is no folder {str(html.parent)!r}")
    tried = {} if points is None else {"points": points}
    try:
        if stan is not None:
            from symbij.audit.stan import verify_stan

            report = verify_stan(stan, jacobian or "", parameters=_stan_parameters(params), domain=_ends(domain),
                                 direction=direction, seed=seed, **tried)  # fmt: skip
        else:
            with _from_here(), contextlib.redirect_stdout(sys.stderr):  # what the user's own code prints
                report = _audit(subject or "", *_parameters(params), formula, _ends(domain), seed, tried)
    except FormulaSyntaxError as error:
        refused = CannotRun("")
        refused.message = str(error)  # with the caret under the wrong token, on lines of their own
        raise refused from None
    except SymbijError as error:
        raise CannotRun(str(error)) from None
    click.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False) if as_json else str(report))
    if html is not None:
        try:
            report.save_html(html)
        except OSError as error:
            raise CannotRun(f"cannot write {str(html)!r}: {error}") from None
        click.echo(f"wrote {html}", err=as_json)
    sys.exit(0 if report.ok else 1)


def _audit(
    where: str,
    parameters: dict[str, Any],
    constraints: dict[str, Any],
    formula: str | None,
    domain: tuple[Any, Any] | None,
    seed: int,
    tried: dict[str, int],
) -> Any:
    from symbij.audit import verify as audit

    subject = _made(where, _found(where), parameters)
    return audit(subject, formula=formula, parameters=parameters or None, constraints=constraints, domain=domain,
                 seed=seed, **tried)  # fmt: skip


@contextlib.contextmanager
def _from_here() -> Iterator[None]:
    """Modules of the current folder can be imported."""
    here = os.getcwd()
    sys.path.insert(0, here)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(here)


def _found(where: str) -> Any:
    """The object that `module:name.of.it` means, or the module where no name is given."""
    module, _, name = where.partition(":")
    try:
        value = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever a module does when it is imported
        raise CannotRun(f"cannot import {module!r}: {type(error).__name__}: {error}") from None
    for part in filter(None, name.split(".")):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise CannotRun(f"{where}: {_name_of(value)} has no {part!r}") from None
        except (Exception, SystemExit) as error:  # whatever a property does
            raise CannotRun(f"{where}: {part!r} raised {type(error).__name__}: {error}") from None
    return value


def _made(where: str, found: Any, parameters: dict[str, Any]) -> Any:
    """What is to be audited: `found`, or what it makes from the parameters if it is a class or a function for that."""
    if not inspect.isclass(found) and not (inspect.isroutine(found) and _is_factory(found, parameters)):
        return found
    try:
        return found(**parameters)
    except (Exception, SystemExit) as error:  # whatever the user's code raises
        given = ", ".join(f"{k}={v!r}" for k, v in parameters.items())
        raise CannotRun(f"{where}({given}) raised {type(error).__name__}: {error}") from None


def _is_factory(function: Any, parameters: dict[str, Any]) -> bool:
    """Whether a function needs no more than the parameters: one that needs an x as well is itself the forward map."""
    try:
        inspect.signature(function).bind(**parameters)
    except (TypeError, ValueError):
        return False
    return True


def _name_of(value: Any) -> str:
    return f"module {value.__name__!r}" if inspect.ismodule(value) else repr(getattr(value, "__name__", value))


def _parameters(texts: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values by name, each a number, a list of numbers, true, false or a quoted text; and constraints by name."""
    from symbij.formula.constraints import NAMED

    found: dict[str, Any] = {}
    constraints: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not name.isidentifier() or not equals or not value:
            raise CannotRun(f"--param {text!r}: expected NAME=VALUE")
        kind, colon, rest = (part.strip() for part in value.partition(":"))
        if kind in NAMED:
            constraints[name] = NAMED[kind]
            if not colon:
                continue
        found[name] = _value(text, rest if kind in NAMED else value)
    return found, constraints


def _value(text: str, value: str) -> Any:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for read in (int, float, json.loads):
        with contextlib.suppress(ValueError):
            return read(value)
    raise CannotRun(f"--param {text!r}: {value!r} is not a number, a list of numbers, true, false or a quoted text")


def _stan_parameters(texts: tuple[str, ...]) -> dict[str, Any]:
    """Values, constraints, or both as a pair, by name."""
    from symbij.formula.constraints import NAMED

    found: dict[str, Any] = {}
    for text in texts:
        names, equals, wish = (part.strip() for part in text.partition("="))
        kind, colon, value = (part.strip() for part in wish.partition(":"))
        if not equals or (kind not in NAMED and colon):
            raise CannotRun(f"--param {text!r}: expected NAME=VALUE, NAME=CONSTRAINT or NAME=CONSTRAINT:VALUE")
        for name in (n.strip() for n in names.split(",")):
            if kind not in NAMED:
                found[name] = _value(text, kind)
            else:
                found[name] = (NAMED[kind], _value(text, value)) if colon else NAMED[kind]
    return found


def _ends(domain: str | None) -> tuple[Any, Any] | None:
    """The two ends, as numbers where they are such; other ends are formulas of the parameters."""
    if domain is None:
        return None
    lo, comma, hi = domain.partition(",")
    if not comma:
        raise CannotRun(f"--domain {domain!r}: expected LO,HI")
    return _end(lo), _end(hi)


def _end(text: str) -> Any:
    from symbij.formula.infinity import infinite

    try:
        endless = infinite(text)
        return float(text) if endless is None else endless
    except ValueError:
        return text.strip()
