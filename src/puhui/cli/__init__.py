"""`puhui …`: parse, call one story, print. Exit codes are those of the Refusals (docs/reference/refusals.md)."""
