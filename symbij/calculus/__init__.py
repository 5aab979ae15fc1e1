"""What follows from a formula: chain form, proof, inverse, log-derivative."""
