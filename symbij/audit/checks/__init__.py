"""One module for each group of checks; each has `check`, a function from a `Setting` to `Check`s."""

from symbij.audit.checks import (
    far,
    measure,
    multivariate,
    one_to_one,
    parameters,
    round_trip,
    shapes,
    state,
    symbolic,
    values,
    works,
)

CHECKS = (symbolic, works, values, far, round_trip, one_to_one, parameters, shapes, state, measure, multivariate)
