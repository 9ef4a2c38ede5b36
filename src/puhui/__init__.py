"""Puhui (普惠): a city's public data answers a bank's question about a subject who agreed."""

__version__ = "0.1.0"
