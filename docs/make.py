"""Write docs/reference from the code, or say which page is out of date. A page that is generated cannot rot."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from puhui.catalogue.page import render_catalogue
from puhui.bootstrap import default_packs
from puhui.indicators.page import render_indicators
from puhui.indicators.allowlist import render_portable_reference
from puhui.model import refusals
from puhui.model.refusal import Refusal
from puhui.packs.schemas import schema_texts

HERE = Path(__file__).parent / "reference"


def refusals_page() -> str:
    """Every refusal code with its fault, exit code and meaning."""
    kinds = sorted(_all_refusals(), key=lambda kind: kind.code)
    rows = [f"| `{k.code}` | {k.fault.value} | {k.exit_code} | {_first_line(k)} |" for k in kinds]
    head = "# Refusals\n\nGenerated from `src/puhui/model/refusals.py`.\n\n| code | whose fault | exit code | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _all_refusals() -> list[type[Refusal]]:
    found = [value for value in vars(refusals).values() if isinstance(value, type) and issubclass(value, Refusal)]
    return [kind for kind in found if kind is not Refusal]


def _first_line(kind: type[Refusal]) -> str:
    return (kind.__doc__ or "").strip().splitlines()[0]


def pages() -> dict[Path, str]:
    """Every generated page and its text."""
    packs = default_packs(())
    found = {
        HERE / "refusals.md": refusals_page(),
        HERE / "portable-sql.md": render_portable_reference(),
        HERE / "catalogue.md": render_catalogue(packs),
        HERE / "indicators.md": render_indicators(packs),
    }
    found.update({HERE / "schemas" / name: text for name, text in schema_texts().items()})
    return found


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        stale = [str(path) for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
        for path in stale:
            print(f"out of date: {path} (run `make docs`)", file=sys.stderr)
        return 1 if stale else 0
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
