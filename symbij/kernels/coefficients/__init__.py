"""Coefficients of polynomials in the elementary functions, all written by `python -m tests.coefficients`."""
