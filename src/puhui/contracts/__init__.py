"""Contracts: what an institution may ask, for what, how often, through which channel; nothing else is let through."""
