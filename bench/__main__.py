"""Run one benchmark and print its JSON line."""

from __future__ import annotations

import argparse
import importlib
import json
import sys

NAMES = ("intake", "snapshot", "reads", "invoices", "answers", "ledger")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument(
        "--rows", type=int, default=None, help="rows to measure with; each benchmark has its own default"
    )
    parser.add_argument("--seconds", type=float, default=None, help="how long to measure, where it is a matter of time")
    parser.add_argument("--clients", type=int, default=None, help="who asks at once, of answers and ledger")
    parser.add_argument(
        "--entries", type=int, default=None, help="of answers: compare a log of so many with a small one"
    )
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    given = parser.parse_args()
    told = {"seconds": given.seconds, "clients": given.clients, "entries": given.entries}
    timed = {name: value for name, value in told.items() if value is not None}
    result = importlib.import_module(f"bench.{given.name}").run(given.rows, **timed)
    json.dump(result, sys.stdout, ensure_ascii=False, indent=None if given.json else 1, default=str)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
