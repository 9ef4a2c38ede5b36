"""The benchmark suite: `python -m bench intake|snapshot|reads|invoices [--rows N] --json`, one JSON line each.

Figures are ratios against a peer or a floor that is measured in the same run, never promises about a machine.
"""
