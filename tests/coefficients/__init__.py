"""How the polynomial coefficients of the elementary functions are found."""
