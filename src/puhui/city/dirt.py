"""What goes wrong between the lives and the file: planted on rendered rows, each kind at its rate, all of it recorded.

A row gets at most one fault that loses it (it must be set aside); harmless habits (thousands separators, words for
nothing, full-width digits) may come on top. Copies (duplicates, conflicting rows) follow the rows of their portion.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.identifiers import spoil
from puhui.city.layouts import Layout
from puhui.city.settings import Rates, Truth, Whole

CODE_KINDS = ("uscc", "ric")
SMALL = 100  # rows; a smaller portion loses none, since a fifth of a parcel lost is a parcel refused
SPOILT_KINDS = (*CODE_KINDS, "tax_no", "reg_no")
# The field in which a conflicting row differs, and a wrong value differs from the corrected one.
CONFLICT_FIELD = {
    "SWJ-06": "tax_paid",
    "RSJ-03": "si_base",
    "DL-03": "usage_kwh",
    "SCJ-16": "debt_total",
    "GJJ-04": "loan_balance",
    "SWJ-01": "tax_reg_date",
    "YYF-02": "credit_grade",
}
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True, slots=True)
class Finding:
    """One planted fault: the record in its portion (from 0), the kind, the field; `lost` rows must be set aside."""

    record: int
    kind: str
    field: str
    lost: bool


@dataclass(slots=True)
class Portion:
    """Rendered rows on their way into one parcel, and what was done to them. `source` are the true rows' places."""

    text: pa.Table
    source: Whole
    cut: Truth
    lost: Truth  # by true row
    findings: list[Finding] = field(default_factory=list)
    conflicts: list[tuple[int, str]] = field(default_factory=list)  # true row, field
    duplicates: int = 0


def clean_portion(text: pa.Table) -> Portion:
    count = text.num_rows
    return Portion(text, np.arange(count), np.zeros(count, bool), np.zeros(count, bool))


def plant(portion: Portion, layout: Layout, rng: np.random.Generator, rates: Rates, spared: Truth) -> None:
    """Spoils the portion. Rows in `spared`, and those that are lost already, get nothing more."""
    count = portion.text.num_rows
    if not count:
        return
    draw = rng.random(count)
    draw[spared | portion.lost] = 1.0
    if count < SMALL:
        draw[:] = 1.0
    _plant_codes(portion, layout, draw < rates.bad_check_digit)
    low = rates.bad_check_digit
    if layout.style.ending != "parquet":
        _plant_dates(portion, layout, (draw >= low) & (draw < low + rates.bad_date))
        _plant_habits(portion, layout, rng, rates, ~portion.lost & ~spared)
    low += rates.bad_date
    if layout.style.ending in ("csv", "txt", "csv.gz"):
        _cut_lines(portion, (draw >= low) & (draw < low + rates.ragged_line) & ~portion.lost)
    _copy(portion, layout, rng.random(count), rates, ~portion.lost & ~spared)


def replace(portion: Portion, name: str, places: Whole, values: pa.Array) -> None:
    """New cells in one column at `places`, which ascend."""
    at = portion.text.column_names.index(name)
    column = portion.text.column(name).combine_chunks()
    mask = np.zeros(len(column), bool)
    mask[places] = True
    portion.text = portion.text.set_column(at, name, pc.replace_with_mask(column, pa.array(mask), values))


def note(portion: Portion, places: Whole, kind: str, name: str, *, lost: bool) -> None:
    portion.findings += [Finding(int(place), kind, name, lost) for place in places]
    if lost:
        portion.lost[places] = True


def _cells(portion: Portion, name: str, places: Whole) -> pa.Array:
    return pc.take(portion.text.column(name).combine_chunks(), pa.array(places))


def _filled(portion: Portion, name: str) -> Truth:
    return np.asarray(portion.text.column(name).combine_chunks().is_valid())


def _plant_codes(portion: Portion, layout: Layout, chosen: Truth) -> None:
    """A wrong check character in every code by which the row is known, and no name to fall back on."""
    ways = [(name, kind) for name, kind in dict(layout.identify).items() if name in portion.text.column_names]
    coded = np.zeros(len(chosen), bool)
    for name, kind in ways:
        if kind in SPOILT_KINDS:
            places = np.flatnonzero(chosen & _filled(portion, name))
            replace(portion, name, places, spoil(_cells(portion, name, places)))
            note(portion, places[~coded[places]], "bad_check_digit", name, lost=True)
            coded[places] = True
    for name, kind in ways:
        if kind == "name":
            places = np.flatnonzero(coded & chosen)
            replace(portion, name, places, pa.nulls(len(places), pa.string()))


def _plant_dates(portion: Portion, layout: Layout, chosen: Truth) -> None:
    """A day that no calendar has, in the first date of the row."""
    name = next((n for n, kind in layout.types.items() if kind == "date" and _filled(portion, n).any()), None)
    if name is None:
        return
    places = np.flatnonzero(chosen & ~portion.lost & _filled(portion, name))
    day = layout.style.day.replace("%Y", "2025").replace("%m", "02").replace("%d", "30")
    replace(portion, name, places, pa.array([day] * len(places), pa.string()))
    note(portion, places, "bad_date", name, lost=True)


def _plant_habits(portion: Portion, layout: Layout, rng: np.random.Generator, rates: Rates, clean: Truth) -> None:
    """What a reader must forgive: separators in amounts, words for nothing, full-width digits."""
    amounts = [n for n, kind in layout.types.items() if kind.startswith("decimal") and _filled(portion, n).any()]
    if amounts:
        name = amounts[0]
        places = _chosen(rng, rates.text_amount, clean & _filled(portion, name))
        texts = [f"{whole_part(cell)}" for cell in _cells(portion, name, places).to_pylist()]
        replace(portion, name, places, pa.array(texts, pa.string()))
        note(portion, places, "text_amount", name, lost=False)
    gaps = [n for n in layout.types if not _filled(portion, n).all() and n not in dict(layout.identify)]
    if gaps:
        name = gaps[0]
        places = _chosen(rng, rates.null_word, clean & ~_filled(portion, name))
        replace(portion, name, places, pa.array([layout.style.null_word] * len(places), pa.string()))
        note(portion, places, "null_word", name, lost=False)
    codes = [n for n, kind in layout.identify if kind in CODE_KINDS and _filled(portion, n).any()]
    if codes:
        places = _chosen(rng, rates.full_width, clean & _filled(portion, codes[0]))
        wide = [cell.translate(_FULL_WIDTH) for cell in _cells(portion, codes[0], places).to_pylist()]
        replace(portion, codes[0], places, pa.array(wide, pa.string()))
        note(portion, places, "full_width", codes[0], lost=False)


def whole_part(cell: str) -> str:
    """1234.50 as 1,234.50."""
    sign, digits = ("-", cell[1:]) if cell.startswith("-") else ("", cell)
    whole, point, rest = digits.partition(".")
    return f"{sign}{int(whole):,}{point}{rest}"


def _chosen(rng: np.random.Generator, rate: float, among: Truth) -> Whole:
    return np.flatnonzero(among & (rng.random(len(among)) < rate))


def _cut_lines(portion: Portion, chosen: Truth) -> None:
    places = np.flatnonzero(chosen)
    portion.cut[places] = True
    note(portion, places, "ragged_line", "", lost=True)


def _copy(portion: Portion, layout: Layout, draw: np.ndarray, rates: Rates, clean: Truth) -> None:
    """Exact duplicates, then conflicting rows, appended after the portion's own."""
    twice = np.flatnonzero(clean & (draw < rates.exact_duplicate))
    name = CONFLICT_FIELD.get(layout.item)
    differs = np.zeros(0, dtype=np.int64)
    if name is not None and name in portion.text.column_names:
        among = clean & (draw >= rates.exact_duplicate) & (draw < rates.exact_duplicate + rates.conflict)
        differs = np.flatnonzero(among & _filled(portion, name))
    own = portion.text.num_rows
    copies = portion.text.take(pa.array(np.concatenate([twice, differs])))
    if name is not None and len(differs):
        changed = another(_cells(portion, name, differs), layout.types[name])
        at = portion.text.column_names.index(name)
        kept = pc.take(copies.column(name).combine_chunks(), pa.array(np.arange(len(twice))))
        copies = copies.set_column(at, name, pa.concat_arrays([kept, changed]))
        portion.conflicts = [(int(place), name) for place in differs]
        note(portion, own + len(twice) + np.arange(len(differs)), "conflict", name, lost=False)
    note(portion, own + np.arange(len(twice)), "exact_duplicate", "", lost=False)
    portion.duplicates = len(twice)
    portion.text = pa.concat_tables([portion.text, copies]).combine_chunks()
    portion.source = np.concatenate([portion.source, twice, differs])
    portion.cut = np.concatenate([portion.cut, np.zeros(len(twice) + len(differs), bool)])


_NEXT_GRADE = {"优": "良", "良": "中", "中": "差", "差": "中", "A": "B", "B": "C", "C": "D", "D": "C"}


def another(cells: pa.Array, kind: str) -> pa.Array:
    """Values of the same kind that differ from each cell: a digit moved, the next grade, another year."""
    if not pa.types.is_string(cells.type):
        return pc.cast(pc.add(cells, pa.scalar(1, cells.type)), cells.type)
    return pa.array([_another(cell, is_day=kind in ("date", "ym")) for cell in cells.to_pylist()], pa.string())


def _another(cell: str, *, is_day: bool) -> str:
    if cell in _NEXT_GRADE:
        return _NEXT_GRADE[cell]
    place = 3 if is_day else next((at for at, sign in enumerate(cell) if sign.isdigit() and sign != "0"), 0)
    moved = "1" if cell[place] in "0289" else "2" if cell[place] == "1" else str(int(cell[place]) - 1)
    return cell[:place] + moved + cell[place + 1 :]
