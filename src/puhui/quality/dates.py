"""Days, months and moments out of text: SQL for the engine and its Python twin.

Days: 2025-02-11, 2025/2/1, 2025.02.11, 20250211, 2025年2月11日, each also with a time behind it, which is
dropped; 长期 and its like are OPEN_END. Months: 202609, 2026-09, 2026/9, 2026年9月, or a day in it; the value
is the month's last day. Moments without a zone are China Standard Time; the value is UTC. A day that no
calendar has is no value. Numbers of days since 1899-12-30 are read in files of a spreadsheet only.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from puhui.model.tables import literal
from puhui.model.time import month_end
from puhui.quality.codes import is_one_of_sql
from puhui.quality.text import let_sql, narrow, narrow_sql, trim, trim_sql

OPEN_END = date(9999, 12, 31)
OPEN_WORDS = ("长期", "永久", "长期有效", "永久有效", "无固定期限")
CHINA = timedelta(hours=8)
_EXCEL_ZERO = date(1899, 12, 30)
_EXCEL_DAYS = (1000, 100_000)  # 1902-09-26 to 2173-10-14
_TIME = r"[T ]*([01]?[0-9]|2[0-4])[:时点][0-5]?[0-9]([:分]([0-5]?[0-9]([.][0-9]+)?秒?)?)?"
_SEPARATED = r"^([1-9][0-9]{3}) ?[-/.\\ 年] ?([0-9]{1,2}) ?[-/.\\ 月] ?([0-9]{1,2})[日号]?"
_PACKED = r"^([1-9][0-9]{3})([0-9]{2})([0-9]{2})"
_SERIAL = r"[0-9]{4,6}([.][0-9]*)?"
_MONTH = r"^([1-9][0-9]{3})(?: ?[-/.\\年] ?([0-9]{1,2})月?份?|([0-9]{2}))$"


def _tidy_sql(text: str) -> str:
    return trim_sql(narrow_sql(text))


def _tidy(text: str) -> str:
    return trim(narrow(text))


def day_sql(text: str, *, excel: bool = False) -> str:
    """`text` (a column) as a DATE or NULL."""
    slow = f"CASE WHEN {text} IS NOT NULL THEN {let_sql('d', _tidy_sql(text), _slow_day_sql('d', excel))} END"
    return f"coalesce(CASE WHEN {_plain_day_sql(text)} THEN TRY_CAST({text} AS DATE) END, {slow})"


def _plain_day_sql(text: str) -> str:
    """What may go to the engine's own cast, which by itself also knows 'epoch' and years of other lengths."""
    short = f"strlen({text}) BETWEEN 8 AND 10"
    midnight = f"strlen({text}) = 19 AND suffix({text}, ' 00:00:00')"
    return f"{text} >= '1' AND {text} < ':' AND {text}[5:5] < '0' AND ({short} OR {midnight})"


def _slow_day_sql(name: str, excel: bool) -> str:
    separated = rf"regexp_full_match({name}, {literal(_SEPARATED.lstrip('^') + f'({_TIME})?')})"
    packed = rf"regexp_full_match({name}, {literal(_PACKED.lstrip('^') + '([0-9]{6})?')})"
    arms = [
        rf"WHEN {separated} THEN TRY_CAST(regexp_extract({name}, {literal(_SEPARATED)}, 1) || '-' || "
        rf"regexp_extract({name}, {literal(_SEPARATED)}, 2) || '-' || "
        rf"regexp_extract({name}, {literal(_SEPARATED)}, 3) AS DATE)",
        rf"WHEN {packed} THEN TRY_CAST({name}[1:4] || '-' || {name}[5:6] || '-' || {name}[7:8] AS DATE)",
        f"WHEN {is_one_of_sql(name, OPEN_WORDS)} THEN DATE '{OPEN_END}'",
    ]
    if excel:
        low, high = _EXCEL_DAYS
        days = f"CAST(trunc(TRY_CAST({name} AS DOUBLE)) AS INTEGER)"
        arms.append(
            f"WHEN regexp_full_match({name}, {literal(_SERIAL)}) THEN "
            f"CASE WHEN {days} BETWEEN {low} AND {high} THEN DATE '{_EXCEL_ZERO}' + {days} END"
        )
    return f"CASE {' '.join(arms)} END"


def day(text: str | None, *, excel: bool = False) -> date | None:
    if text is None:
        return None
    tidy = _tidy(text)
    if found := re.fullmatch(_SEPARATED.lstrip("^") + f"({_TIME})?", tidy):
        return _date(found[1], found[2], found[3])
    if found := re.fullmatch(_PACKED.lstrip("^") + "([0-9]{6})?", tidy):
        return _date(found[1], found[2], found[3])
    if tidy in OPEN_WORDS:
        return OPEN_END
    if excel and re.fullmatch(_SERIAL, tidy):
        days = int(float(tidy))
        return _EXCEL_ZERO + timedelta(days) if _EXCEL_DAYS[0] <= days <= _EXCEL_DAYS[1] else None
    return None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def month_sql(text: str, *, excel: bool = False) -> str:
    """`text` (a column) as the last day of a month, a DATE, or NULL."""
    fast = (
        f"CASE WHEN strlen({text}) = 7 AND {text} >= '1' AND {text} < ':' AND {text}[5:5] = '-' "
        f"THEN TRY_CAST({text} || '-01' AS DATE) END"
    )
    number = f"regexp_extract(m, {literal(_MONTH)}, 2) || regexp_extract(m, {literal(_MONTH)}, 3)"
    first = f"TRY_CAST(m[1:4] || '-' || {number} || '-1' AS DATE)"
    slow = let_sql("m", _tidy_sql(text), f"CASE WHEN regexp_matches(m, {literal(_MONTH)}) THEN {first} END")
    guarded = f"CASE WHEN {text} IS NOT NULL THEN {slow} END"
    return f"last_day(coalesce({fast}, {guarded}, {day_sql(text, excel=excel)}))"


def month(text: str | None, *, excel: bool = False) -> date | None:
    if text is None:
        return None
    found = re.fullmatch(_MONTH.strip("^$"), _tidy(text))
    first = _date(found[1], found[2] or found[3], "1") if found else None
    value = first or day(text, excel=excel)
    return month_end(value) if value else None


def moment_sql(text: str, *, excel: bool = False) -> str:
    """`text` (a column) as a TIMESTAMP in UTC, or NULL."""
    plain = (
        f"CASE WHEN strlen({text}) = 19 AND regexp_full_match({text}, "
        f"'[1-9][0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}}[ T][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}') "
        f"THEN TRY_CAST({text} AS TIMESTAMP) - INTERVAL 8 HOURS END"
    )
    slow = f"CASE WHEN {text} IS NOT NULL THEN {let_sql('s', _tidy_sql(text), _slow_moment_sql())} END"
    day_only = (
        f"CASE WHEN NOT regexp_matches({text}, {literal(_HAS_TIME)}) "
        f"THEN CAST({day_sql(text, excel=excel)} AS TIMESTAMP) - INTERVAL 8 HOURS END"
    )
    return f"coalesce({plain}, {slow}, {day_only})"


_HAS_TIME = "[:：时点]|[0-9]{14}"
_CLOCK = r"[T ]*([0-9]{1,2})[:时点]([0-9]{1,2})[:分]?([0-9]{1,2}([.][0-9]{1,6})?)?秒?"
_MOMENT = _SEPARATED + _CLOCK + r"( ?(?:Z|[+-][0-9]{2}:?(?:[0-9]{2})?))?$"
_PACKED_MOMENT = _PACKED + r"([0-9]{2})([0-9]{2})([0-9]{2})$"


def _slow_moment_sql() -> str:
    def part(pattern: str, group: int) -> str:
        return f"regexp_extract(s, {literal(pattern)}, {group})"

    def stamp(pattern: str, hour: int) -> str:
        days = " || '-' || ".join(part(pattern, n) for n in (1, 2, 3))
        second = f"CASE WHEN {part(pattern, hour + 2)} = '' THEN '00' ELSE {part(pattern, hour + 2)} END"
        clock = f"{part(pattern, hour)} || ':' || {part(pattern, hour + 1)} || ':' || {second}"
        return f"TRY_CAST({days} || ' ' || {clock} AS TIMESTAMP)"

    zone = f"replace(trim({part(_MOMENT, 8)}), ':', '')"
    minutes = let_sql(
        "z",
        zone,
        "CASE WHEN z = '' THEN 480 WHEN z = 'Z' THEN 0 ELSE CAST(z[1:1] || '1' AS INTEGER) * "
        "(CAST(z[2:3] AS INTEGER) * 60 + "
        "CASE WHEN strlen(z) = 5 THEN CAST(z[4:5] AS INTEGER) ELSE 0 END) END",
    )
    return (
        f"CASE WHEN regexp_matches(s, {literal(_MOMENT)}) "
        f"THEN {stamp(_MOMENT, 4)} - to_minutes({minutes}) "
        f"WHEN regexp_matches(s, {literal(_PACKED_MOMENT)}) "
        f"THEN {stamp(_PACKED_MOMENT, 4)} - INTERVAL 8 HOURS END"
    )


def moment(text: str | None, *, excel: bool = False) -> datetime | None:
    if text is None:
        return None
    tidy = _tidy(text)
    if found := re.fullmatch(_MOMENT.strip("^$"), tidy):
        at = _clock(found[1], found[2], found[3], found[4], found[5], found[6] or "0")
        return None if at is None else at - _offset(found[8])
    if found := re.fullmatch(_PACKED_MOMENT.strip("^$"), tidy):
        at = _clock(*(found[n] for n in range(1, 7)))
        return None if at is None else at - CHINA
    if re.search(_HAS_TIME, text):
        return None
    value = day(text, excel=excel)
    return datetime(value.year, value.month, value.day) - CHINA if value else None


def _clock(year: str, month: str, day: str, hour: str, minute: str, second: str) -> datetime | None:
    whole, _, rest = second.partition(".")
    on = _date(year, month, day)
    if on is None or int(hour) > 24 or int(minute) > 59 or int(whole) > 59:
        return None
    micros = int(rest.ljust(6, "0")) if rest else 0
    if int(hour) == 24 and (int(minute) or int(whole) or micros):
        return None
    start = datetime(on.year, on.month, on.day)
    return start + timedelta(hours=int(hour), minutes=int(minute), seconds=int(whole), microseconds=micros)


def _offset(zone: str | None) -> timedelta:
    text = (zone or "").strip().replace(":", "")
    if not text:
        return CHINA
    if text == "Z":
        return timedelta()
    minutes = int(text[1:3]) * 60 + int(text[3:] or 0)
    return timedelta(minutes=-minutes if text[0] == "-" else minutes)
