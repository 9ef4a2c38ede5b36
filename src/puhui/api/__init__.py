"""The bank-facing HTTP interface: parse, call one story, render."""
