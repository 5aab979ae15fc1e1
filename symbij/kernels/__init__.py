"""Numba kernels: elementary functions, code generation, on-disk cache, broadcasting."""
