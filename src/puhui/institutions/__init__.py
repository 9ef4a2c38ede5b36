"""Institutions: their admission, their keys, and who it is that asks."""
