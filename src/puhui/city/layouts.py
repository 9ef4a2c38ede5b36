"""How each agency writes its files: the columns come from the pack's resources, the style from the agency.

A style is what a clerk sees: the kind of file, the encoding, how dates, months and gaps are written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from puhui.packs.forms import Resource

SHEET_LIMIT = 60_000  # subjects; a larger city's agencies send text files where smaller ones send sheets


@dataclass(frozen=True, slots=True)
class Style:
    """One way to write a file. `ending` also names the kind: csv, csv.gz, txt, xlsx, jsonl, xml, parquet."""

    ending: str
    encoding: str = "utf-8"
    delimiter: str = ","
    newline: str = "\n"
    bom: bool = False
    day: str = "%Y-%m-%d"
    month: str = "%Y-%m"
    null_word: str = "无"
    yes_no: tuple[str, str] = ("是", "否")

    @property
    def says_columns(self) -> bool:
        """Whether a file without rows still names its columns; one that does not is no delivery."""
        return self.ending not in ("jsonl", "xml")


PLAIN = Style("csv", bom=True)
SLASHED = Style("csv", newline="\r\n", day="%Y/%m/%d", null_word="暂无")
TABBED = Style("txt", encoding="gb18030", delimiter="\t", newline="\r\n", day="%Y%m%d", month="%Y%m")
ZIPPED = Style("csv.gz", month="%Y%m", yes_no=("1", "0"), null_word="NULL")
PIPED = Style("csv", encoding="gb18030", delimiter="|", newline="\r\n", month="%Y年%m月", day="%Y年%m月%d日")
SHEET = Style("xlsx", null_word="暂无")
LINES = Style("jsonl", yes_no=("1", "0"), null_word="N/A")
XML = Style("xml", encoding="gbk", day="%Y.%m.%d")
PARQUET = Style("parquet")

_BY_ITEM = {
    "SWJ-03": ZIPPED, "SWJ-08": PIPED, "SCJ-01": PLAIN, "SCJ-06": LINES, "SCJ-12": SHEET,
    "SCJ-13": SHEET, "SCJ-14": SHEET, "SCJ-15": SHEET, "SCJ-16": TABBED, "SCJ-17": SHEET, "RSJ-03": ZIPPED,
    "RSJ-04": TABBED, "RSJ-06": SHEET, "GJJ-02": PARQUET, "GJJ-05": LINES, "FY-01": SLASHED, "FY-02": LINES,
    "FY-03": XML, "DL-03": PARQUET, "JH-04": ZIPPED, "ZRZY-01": XML, "ZRZY-02": SHEET, "NYJ-02": SHEET,
    "NYJ-03": SHEET, "NYJ-04": SHEET, "NYJ-05": SHEET, "STHJ-01": SHEET, "STHJ-02": XML, "CT-01": PIPED,
    "CU-01": SLASHED, "YYD-03": LINES,
}  # fmt: skip
_BY_AGENCY = {
    "SWJ": TABBED,
    "RSJ": ZIPPED,
    "GJJ": PIPED,
    "RQ": SHEET,
    "SW": SHEET,
    "DL": TABBED,
    "MZJ": SHEET,
}


@dataclass(frozen=True, slots=True)
class Layout:
    """One resource as its agency delivers it. `titles` and `types` are by field, in the file's order."""

    name: str
    item: str
    titles: dict[str, str]
    types: dict[str, str]
    required: frozenset[str]
    identify: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]
    period: tuple[str, str] | None
    complete: tuple[str, ...]
    steward_release: bool
    agency: str
    style: Style

    @property
    def is_monthly(self) -> bool:
        return self.period is not None and self.period[1] == "month"


def layouts_of(resources: Iterable[Resource], subjects: int) -> dict[str, Layout]:
    """Layouts by item id."""
    return {resource.item_id: _layout(resource, subjects) for resource in resources}


def _layout(resource: Resource, subjects: int) -> Layout:
    item = resource.item_id
    style = _BY_ITEM.get(item) or _BY_AGENCY.get(item.split("-")[0], PLAIN)
    if style is SHEET and subjects > SHEET_LIMIT:
        style = SLASHED
    return Layout(
        name=resource.name,
        item=item,
        titles={field.name: field.title.zh for field in resource.fields},
        types={field.name: field.type for field in resource.fields},
        required=frozenset(field.name for field in resource.fields if field.required),
        identify=tuple((way.field, way.kind) for way in resource.identify),
        keys=tuple(resource.keys),
        period=(resource.period.field, resource.period.grain) if resource.period else None,
        complete=tuple(resource.complete),
        steward_release=resource.steward_release,
        agency=resource.agency.zh,
        style=style,
    )
