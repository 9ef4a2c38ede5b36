"""The way of one question."""
