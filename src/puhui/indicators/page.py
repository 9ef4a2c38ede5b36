"""The page of all indicators, in both languages, made from the packs."""

from __future__ import annotations

from puhui.packs.packset import Indicator, PackSet


def render_indicators(packs: PackSet) -> str:
    """One table per pack: id, titles, unit, window, what may leave."""
    parts = ["# Indicators 指标\n\nGenerated from `packs/*/indicators`.\n"]
    for pack in packs.packs:
        mine = [one for one in packs.indicators.values() if one.pack == pack.name]
        if mine:
            parts.append(f"\n## {pack.name}: {pack.head.title.zh} · {pack.head.title.en}\n\n" + _table(mine))
    return "".join(parts)


def _table(indicators: list[Indicator]) -> str:
    columns = ("id", "name", "指标", "indicator", "unit", "type", "window", "empty", "release")
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    ordered = sorted(indicators, key=lambda one: (one.head.id[0], len(one.head.id), one.head.id))
    return head + "".join(_row(one) for one in ordered)


def _row(one: Indicator) -> str:
    h = one.head
    empty = "undefined" if h.empty is None else h.empty
    cells = (h.id, f"`{one.name}`", h.title.zh, h.title.en, h.unit, h.type, h.window, empty, ", ".join(h.release))
    return "| " + " | ".join(str(cell) for cell in cells) + " |\n"
