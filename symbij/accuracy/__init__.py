"""Measured accuracy: what a bijector computes, held against mpmath's truth of the formula it was made from.

`measure.measure` is the way in, or `Derivation.accuracy`.
"""
