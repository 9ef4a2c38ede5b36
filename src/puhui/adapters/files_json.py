"""JSON lines (one object a line, or one array of objects): numbers keep the digits that were written.

Nested values become JSON text; a key that an object lacks is null; the header holds all keys in the order in
which they first stand. A line that is no object is a broken record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from puhui.adapters.files_refused import empty_file, unreadable
from puhui.adapters.files_rows import TextRows
from puhui.adapters.files_scan import scan
from puhui.adapters.files_text import HEAD, decode_to_utf8, encoding_of
from puhui.intake.formats import Break, BrokenRow, FileKind, Form, Records
from puhui.intake.header import unique_columns

MOST_ARRAY = 256 << 20  # bytes of one array of objects, which is read whole
MOST_KEYS = 2000


class _Number(str):
    """A number as it was written."""


_DECODER = json.JSONDecoder(parse_float=_Number, parse_int=_Number, parse_constant=_Number)
Numbered = Iterator[tuple[int, str]]


def open_json(path: Path, workdir: Path) -> Records:
    """Open JSON lines or an array of objects. Raises ParcelUnreadable."""
    found = scan(path)
    with path.open("rb") as file:
        encoding, _ = encoding_of(file.read(HEAD), found)
    text = path
    if encoding != "utf-8":
        text = workdir / f"{found.digest[:16]}.utf8.json"
        decode_to_utf8(path, text, encoding)
    header = _header(text)
    if not header:
        raise empty_file(path.name)
    columns = unique_columns(header)
    target = workdir / f"{found.digest[:16]}.rows.parquet"
    line, broken = 0, []
    with TextRows(target, columns) as rows:
        for place, raw in _lines(text):
            line += 1
            record = _object(raw)
            if record is None:
                broken.append(BrokenRow(line, place, raw, Break.SYNTAX))
            else:
                rows.add(line, [value_text(record.get(name)) for name in header])
    return Records(
        kind=FileKind.JSONL,
        form=Form.PARQUET,
        path=target,
        source=path,
        header=header,
        columns=columns,
        lines=line,
        digest=found.digest,
        size=found.size,
        broken=tuple(broken),
    )


def value_text(value: Any) -> str | None:
    """The text of a JSON value; numbers were kept as written."""
    if value is None or isinstance(value, str):
        return value
    return _written(value)


def _written(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_written(item)}" for key, item in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _header(path: Path) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for _, raw in _lines(path):
        names.update(dict.fromkeys(_object(raw) or ()))
        if len(names) > MOST_KEYS:
            raise unreadable(
                f"不同的键超过 {MOST_KEYS} 个",
                f"there are more than {MOST_KEYS} different keys",
                todo_zh="每行应为同一种记录的一个对象",
                todo_en="each line is to be one object of the same kind of record",
            )
    return tuple(names)


def _object(raw: str) -> dict[str, Any] | None:
    try:
        value = _DECODER.decode(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _lines(path: Path) -> Numbered:
    """Each record as text with the physical line where it starts; an array gives its items."""
    with path.open("r", encoding="utf-8-sig", newline="\n") as file:
        is_first = True
        for place, raw in enumerate(file, 1):
            stripped = raw.strip()
            if is_first and stripped.startswith("["):
                yield from _items(path)
                return
            if stripped:
                is_first = False
                yield place, stripped


def _items(path: Path) -> Numbered:
    if path.stat().st_size > MOST_ARRAY:
        raise _no_array("文件过大，请改用每行一个对象", "the array is too large: write one object a line")
    text = path.read_text(encoding="utf-8-sig").strip()
    at, place = 1, 1
    while True:
        gap = at
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        place += text.count("\n", gap, at)
        if text[at:] == "]":
            return
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            raise _no_array(f"第 {place} 行不是有效的 JSON", f"line {place} is not valid JSON") from None
        yield place, text[at:end]
        place += text.count("\n", at, end)
        at = end


def _no_array(zh: str, en: str) -> Exception:
    return unreadable(zh, en, todo_zh="请重新导出为 JSON Lines", todo_en="export again as JSON lines")
