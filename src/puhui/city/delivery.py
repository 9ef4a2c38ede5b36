"""The way of one district's rows into parcels: render, spoil, append, count; and what of them will be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from puhui.city import dirt, registers
from puhui.city.columns import Rows, place_of_month
from puhui.city.formats import Writer, open_writer
from puhui.city.layouts import Layout
from puhui.city.lives import District
from puhui.city.render import rendered
from puhui.city.schedule import Planned
from puhui.city.settings import Settings, Truth

MENDED_SHARE = 2  # every second lost row of a corrected parcel comes back mended


@dataclass(slots=True)
class OpenParcel:
    """A planned parcel with its file open, and what went into it so far."""

    planned: Planned
    layout: Layout
    seq: int
    path: Path
    writer: Writer
    lines: int = 0
    set_aside: int = 0
    duplicates: int = 0
    conflicts: int = 0

    @property
    def file_name(self) -> str:
        return self.path.name


@dataclass(slots=True)
class Planted:
    """What the truth must know of one portion: findings and links by record of the file."""

    findings: list[tuple[str, str, int, str, str, bool]] = field(default_factory=list)
    links: list[tuple[str, str, int, int, str, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Accepted:
    """Rows that a careful reader holds in the end, with the (row, field) pairs that conflict."""

    rows: Rows
    conflicts: list[tuple[int, str]]


def open_parcels(folder: Path, plans: list[tuple[Planned, Layout]]) -> list[OpenParcel]:
    """All files of a city, opened in order of coming."""
    ordered = sorted(plans, key=lambda pair: (pair[0].rank, *_precedence(pair[1])))
    return [_opened(folder, seq, planned, layout) for seq, (planned, layout) in enumerate(ordered, start=1)]


def _precedence(layout: Layout) -> tuple[int, str]:
    """Registers come first, so that names are known, courts last; agencies stay together."""
    prefix = layout.item.split("-")[0]
    order = {"SCJ": 0, "GAJ": 1, "SWJ": 2, "FY": 9, "YYD": 8}.get(prefix, 5)
    return (order, layout.item)


def _opened(folder: Path, seq: int, planned: Planned, layout: Layout) -> OpenParcel:
    period = planned.period.replace("/", "_") or "all"
    mark = "_correction" if planned.corrects else ""
    path = folder / f"{seq:03d}_{layout.item}_{period}{mark}.{layout.style.ending}"
    titles = list(layout.titles) if layout.style.ending == "xml" else list(layout.titles.values())
    writer = open_writer(path, layout.style, titles)
    return OpenParcel(planned, layout, seq, path, writer)


def deliver(
    rows: Rows, parcels: list[OpenParcel], district: District, unsure: Sequence[Truth], planted: Planted
) -> list[Accepted]:
    """One resource's rows of a district into its parcels, in order of coming.

    `unsure` says which firms cannot be told by their name when the first parcel comes, and when later ones do.
    """
    accepted: list[Accepted] = []
    rows = by_period(rows, parcels[0].layout, district)
    mended: Rows | None = None
    for parcel in parcels:
        if parcel.planned.corrects:
            if mended is not None:
                _append_clean(mended, parcel)
            continue
        part = rows.take(np.flatnonzero(parcel.planned.holds(rows.month)))
        corrected = any(p.planned.corrects and _same_months(p, parcel) for p in parcels)
        hidden = unsure[min(len(accepted), len(unsure) - 1)]
        held, back = _deliver_part(part, parcel, district, hidden, planted, corrected=corrected)
        accepted.append(held)
        if corrected:
            mended = back
    return accepted


def by_period(rows: Rows, layout: Layout, district: District) -> Rows:
    """The same rows, their months by the field that the resource is delivered by."""
    if layout.period is None or not layout.is_monthly:
        return rows
    days = rows.table.column(layout.period[0]).combine_chunks().to_numpy(zero_copy_only=False)
    return Rows(rows.item, rows.table, rows.subject, place_of_month(days.astype("datetime64[D]"), district.month_ends))


def unsure_names(shared: Truth, registers: Sequence[list[Accepted]]) -> list[Truth]:
    """Firms that their name does not tell: it is shared, or no accepted row of a register states it.

    Once for what the first parcels of the registers state, once for all of them.
    """
    states = []
    for last in (1, None):
        named = np.zeros(len(shared), bool)
        for parts in registers:
            for part in parts[:last]:
                named[part.rows.subject] = True
        states.append(shared | ~named)
    return states


def _same_months(one: OpenParcel, other: OpenParcel) -> bool:
    return (one.planned.first, one.planned.last) == (other.planned.first, other.planned.last)


def _deliver_part(
    part: Rows, parcel: OpenParcel, district: District, unsure: Truth, planted: Planted, *, corrected: bool
) -> tuple[Accepted, Rows]:
    """(what is accepted, the rows that a correction brings later)."""
    layout, settings = parcel.layout, district.settings
    rng = district.rng(f"dirt {layout.item} {parcel.planned.first} {parcel.planned.last}")
    text = rendered(part, layout)
    wrong = _wrong_rows(part, layout, rng, settings, corrected)
    text = _with_wrong_values(text, layout, wrong)
    portion = dirt.clean_portion(text)
    links = registers.hide_codes(portion, part, district, unsure)
    dirt.plant(portion, layout, rng, settings.rates, spared=wrong)
    if layout.item == "SCJ-01":
        registers.add_branches(portion, part, district)
    _append(portion, parcel, links, planted)
    back = wrong | (portion.lost & (np.arange(len(part)) % MENDED_SHARE == 0)) if corrected else wrong
    held = ~portion.lost | back
    return _accepted(part, held, portion.conflicts), part.take(np.flatnonzero(back))


def _wrong_rows(part: Rows, layout: Layout, rng: np.random.Generator, settings: Settings, corrected: bool) -> Truth:
    if not corrected or layout.item not in dirt.CONFLICT_FIELD:
        return np.zeros(len(part), bool)
    return rng.random(len(part)) < settings.rates.correction


def _with_wrong_values(text: pa.Table, layout: Layout, wrong: Truth) -> pa.Table:
    if not wrong.any():
        return text
    portion = dirt.clean_portion(text)
    name = dirt.CONFLICT_FIELD[layout.item]
    places = np.flatnonzero(wrong)
    column = text.column(name).combine_chunks().take(pa.array(places))
    dirt.replace(portion, name, places, dirt.another(column, layout.types[name]))
    return portion.text


def _accepted(part: Rows, held: Truth, conflicts: list[tuple[int, str]]) -> Accepted:
    place_of = np.cumsum(held) - 1
    kept = [(int(place_of[row]), name) for row, name in conflicts if held[row]]
    return Accepted(part.take(np.flatnonzero(held)), kept)


def _append(portion: dirt.Portion, parcel: OpenParcel, links: list[registers.NameLink], planted: Planted) -> None:
    before = parcel.lines
    name = parcel.layout.name
    for found in portion.findings:
        record = before + found.record + 1
        planted.findings.append((name, parcel.file_name, record, found.kind, found.field, found.lost))
    for link in links:
        record = before + link.record + 1
        planted.links.append((name, parcel.file_name, record, link.firm, link.variant, link.certain))
    _write(portion.text, portion.cut, parcel)
    parcel.set_aside += len({found.record for found in portion.findings if found.lost})
    parcel.duplicates += portion.duplicates
    parcel.conflicts += len({row for row, _ in portion.conflicts})


def _append_clean(rows: Rows, parcel: OpenParcel) -> None:
    _write(rendered(rows, parcel.layout), np.zeros(len(rows), bool), parcel)


def _write(text: pa.Table, cut: Truth, parcel: OpenParcel) -> None:
    parcel.writer.append(text, pa.array(cut))
    parcel.lines += text.num_rows
