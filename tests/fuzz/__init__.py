"""Random formulas, derived and checked against a separate evaluator of their text."""
