"""One module for each group of checks; each has `check`, a function from a `Setting` to `Check`s."""

from symbij.verify.checks import one_to_one, round_trip, values

CHECKS = (values, round_trip, one_to_one)
