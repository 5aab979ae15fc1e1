"""One module for each group of checks; each has `check`, a function from a `Setting` to `Check`s."""

from symbij.verify.checks import values  # noqa: F401
