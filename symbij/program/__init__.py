"""Straight-line numeric programs: common subexpressions shared, derivatives by a reverse sweep."""
