"""Subjects: identifiers become tokens, and the vault that alone can turn them back."""
