"""Dirt of names and codes: court rows that know a firm by its name only, branches under the code of their firm."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from puhui.city.columns import Rows
from puhui.city.dirt import Portion, note, replace
from puhui.city.lives import District
from puhui.city.settings import Truth

REGISTERS = ("SCJ-01", "SCJ-02")  # whose names are the ones that names are compared with
NAME_ONLY = {
    "FY-01": ("exec_id", "exec_name"),
    "FY-02": ("exec_id", "exec_name"),
    "FY-03": ("exec_id", "exec_name"),
}
BRANCH_FIELDS = ("ent_name", "reg_address", "est_date")


@dataclass(frozen=True, slots=True)
class NameLink:
    """A row without a code: its record in the portion, the firm it means, the form its name took, and whether
    the name alone tells the firm."""

    record: int
    firm: int
    variant: str
    certain: bool


def plain_name(name: str) -> str:
    """A name as it is compared: one form of company, no blanks, one kind of bracket."""
    folded = name.replace("有限责任公司", "有限公司").replace("(", "（").replace(")", "）")
    return folded.replace(" ", "").replace("　", "")


def uncertain_firms(names: pa.Array) -> Truth:
    """Which firms share their name, as it is compared, with another firm of the district."""
    plain = [plain_name(name) for name in names.to_pylist()]
    met = Counter(plain)
    return np.array([met[name] > 1 for name in plain])


def hide_codes(portion: Portion, rows: Rows, district: District, unsure: Truth) -> list[NameLink]:
    """Takes the code from some rows about firms; the names of some of those change form."""
    if rows.item not in NAME_ONLY or not len(rows):
        return []
    code, name = NAME_ONLY[rows.item]
    rng = district.rng(f"name only {rows.item} {int(rows.month.max())}")
    rates = district.settings.rates
    about_firm = rows.subject < len(district.firms)
    places = np.flatnonzero(about_firm & (rng.random(len(rows)) < rates.name_only))
    firms = rows.subject[places]
    varied = rng.random(len(places)) < rates.name_variant
    shapes = [_variant(n, int(r)) if v else (n, "as_registered") for n, v, r in zip(
        pc.take(portion.text.column(name).combine_chunks(), pa.array(places)).to_pylist(),
        varied, rng.integers(0, 4, len(places)), strict=True)]  # fmt: skip
    replace(portion, code, places, pa.nulls(len(places), pa.string()))
    replace(portion, name, places, pa.array([shape for shape, _ in shapes], pa.string()))
    lost = places[unsure[firms]]
    note(portion, lost, "ambiguous_name", name, lost=True)
    return [
        NameLink(int(place), int(firm), kind, not bool(unsure[firm]))
        for place, firm, (_, kind) in zip(places, firms, shapes, strict=True)
    ]


def _variant(name: str, draw: int) -> tuple[str, str]:
    """A name as a court clerk types it, and which habit that is."""
    if draw == 0 and name.endswith("有限责任公司"):
        return name[: -len("有限责任公司")] + "有限公司", "form"
    if draw == 0 and name.endswith("有限公司"):
        return name[: -len("有限公司")] + "有限责任公司", "form"
    if draw == 1:
        return name[:4] + " " + name[4:], "blank_inside"
    if draw == 2 and name[:2] in ("新余", "江西"):
        return name[:2] + "　" + name[2:], "wide_blank"
    return " " + name + " ", "blank_around"


def add_branches(portion: Portion, rows: Rows, district: District) -> None:
    """Second rows under a firm's code: its branch, with a name, a place and a date of its own."""
    rng = district.rng(f"branches {int(rows.month.max()) if len(rows) else 0}")
    chosen = (rng.random(len(rows)) < district.settings.rates.branch_code) & ~portion.lost
    places = np.flatnonzero(chosen & (rows.subject < len(district.firms)))
    own = portion.text.num_rows
    branch = portion.text.take(pa.array(places))
    names = [f"{n}第一分公司" for n in branch.column("ent_name").to_pylist()]
    branch = _with(branch, "ent_name", names)
    branch = _with(branch, "reg_address", [f"{a}附1号" for a in branch.column("reg_address").to_pylist()])
    branch = _with(branch, "est_date", [_next_year(d) for d in branch.column("est_date").to_pylist()])
    portion.text = pa.concat_tables([portion.text, branch]).combine_chunks()
    portion.source = np.concatenate([portion.source, places])
    portion.cut = np.concatenate([portion.cut, np.zeros(len(places), bool)])
    portion.conflicts += [(int(place), name) for place in places for name in BRANCH_FIELDS]
    note(portion, own + np.arange(len(places)), "branch_code", "ent_name", lost=False)


def _with(rows: pa.Table, name: str, values: list[str]) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, pa.array(values, pa.string()))


def _next_year(day: str) -> str:
    """The first day of the following year, in the same writing."""
    year = int(day[:4]) + 1
    marks = [sign for sign in day[4:] if not sign.isdigit()]
    if len(marks) < 2:
        return f"{year}0101"
    return f"{year}{marks[0]}01{marks[1]}01{''.join(marks[2:])}"
