"""Checks on rows: SQL made from the catalogue. Issues are rows, never crashes, never silence."""
