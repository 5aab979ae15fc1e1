"""One module for each group of checks; each check is a function from a `Setting` to `Check`s."""
