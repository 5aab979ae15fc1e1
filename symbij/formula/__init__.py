"""What the user says: formulas, parameters and their constraints, intervals."""
