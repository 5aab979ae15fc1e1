"""The accuracy table of the whole library, with other libraries beside it: `python -m tests.accuracy`."""
