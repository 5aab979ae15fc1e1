"""symbij beside numpy, JAX, PyTorch, numexpr and C: `python -m tests.benchmarks` from the root of the repository."""
