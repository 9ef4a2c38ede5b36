"""No record of a delimited file vanishes: accepted and broken records are all records, whatever is in them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.adapters.files_csv import open_csv, read_sql, rejected_rows
from puhui.adapters.files_split import split_exactly
from puhui.adapters.tables_duckdb import DuckTables
from puhui.intake.formats import BrokenRow, Form, Records

HEADER = "a,b,c"
CELLS = st.text(alphabet="ab1\"'，, \u3000万", max_size=6)
INNER = st.text(alphabet='ab1",\n\r 万', max_size=8)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def read_all(path: Path, workdir: Path) -> tuple[Records, dict[int, list[str]], list[BrokenRow]]:
    """The way of a delivery: open, let the engine read, ask for what it rejected, split exactly if it lost count."""
    records = open_csv(path, workdir)
    tables = DuckTables(workdir)
    try:
        rows = tables.rows(f"SELECT * FROM {read_sql(records)}")
        broken = list(rejected_rows(tables, records) or records.broken)
        if len(rows) + len(broken) != records.lines:
            assert records.form is Form.CSV
            records = split_exactly(records, workdir)
            rows = tables.rows(f"SELECT * FROM {read_sql(records)}")
            broken = list(records.broken)
    finally:
        tables.close()
    return records, _numbered(records, rows, broken), broken


def _numbered(records: Records, rows: list[tuple[object, ...]], broken: list[BrokenRow]) -> dict[int, list[str]]:
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if records.form is Form.PARQUET:
        return {int(cells[-1]): cells[:-1] for cells in texts}
    gone = {row.line for row in broken}
    numbers = (number for number in range(1, records.lines + 1) if number not in gone)
    return dict(zip(numbers, texts, strict=True))


def written(lines: list[str], newline: str = "\n", end: bool = True) -> tuple[Path, Path]:
    folder = Path(tempfile.mkdtemp(prefix="puhui-"))
    path = folder / "in.csv"
    path.write_bytes((newline.join([HEADER, *lines]) + (newline if end else "")).encode())
    return path, folder


GOOD = st.lists(INNER, min_size=3, max_size=3)
BAD = st.sampled_from(["1,5,000(万美元),3", "1,2", "1", '1,"2"x,3', '1,"2" 3,4', "1,2,3,4,5", '"1"2,3,4', "   "])


@settings(max_examples=120, deadline=None)
@given(st.lists(st.one_of(GOOD, BAD), min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_record_is_good_or_broken_and_keeps_its_number(
    plan: list[list[str] | str], newline: str, end: bool
) -> None:
    lines = [record if isinstance(record, str) else ",".join(map(quoted, record)) for record in plan]
    path, folder = written(lines, newline, end)
    records, good, broken = read_all(path, folder)
    assert records.lines == len(plan)
    assert good == {number: record for number, record in enumerate(plan, 1) if not isinstance(record, str)}
    assert {row.line: row.raw for row in broken} == {
        number: record for number, record in enumerate(plan, 1) if isinstance(record, str)
    }


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=5).map(",".join), min_size=1, max_size=15))
def test_engine_and_exact_splitter_agree_on_arbitrary_lines(lines: list[str]) -> None:
    path, folder = written(lines)
    records, good, broken = read_all(path, folder)
    exact = split_exactly(open_csv(path, folder), folder) if records.form is Form.CSV else records
    assert len(good) + len(broken) == records.lines == exact.lines
    if records.form is Form.CSV:
        assert [row.line for row in broken] == [row.line for row in exact.broken]
        assert [row.raw for row in broken] == [row.raw for row in exact.broken]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4).map(",".join), min_size=1, max_size=10))
def test_exact_splitter_is_the_referee_of_the_plain_grammar(lines: list[str]) -> None:
    path, folder = written(lines)
    records = open_csv(path, folder)
    exact = split_exactly(records, folder) if records.form is Form.CSV else records
    whole = "\n".join([HEADER, *lines]) + "\n"
    expected = referee(whole, 3)
    assert [(row.line, row.raw) for row in exact.broken] == [
        (number, raw) for number, (raw, cells) in enumerate(expected, 1) if cells is None
    ]
    assert exact.lines == len(expected)


def referee(text: str, width: int) -> list[tuple[str, list[str] | None]]:
    """The grammar once more, character by character: first physical line and cells (None: broken) of each record."""
    lines = text.split("\n")[1:]
    found: list[tuple[str, list[str] | None]] = []
    at = 0
    while at < len(lines):
        if not lines[at].rstrip("\r"):
            at += 1
            continue
        cells, used = longest_reading(lines, at, width)
        found.append((lines[at].rstrip("\r"), cells))
        at += used
    return found


def longest_reading(lines: list[str], at: int, width: int) -> tuple[list[str] | None, int]:
    for used in range(1, len(lines) - at + 1):
        cells, is_open = machine("\n".join(lines[at : at + used]))
        if is_open:
            continue
        whole = cells is not None and (len(cells) == width or (len(cells) > width and not any(cells[width:])))
        if not whole:
            return None, 1
        return (cells or [])[:width], used
    return None, 1


def machine(text: str) -> tuple[list[str] | None, bool]:
    cells, cell, state = [], "", "start"
    for letter in text:
        match state, letter:
            case ("start", " "):
                cell += letter
            case ("start", '"'):
                cell, state = "", "quoted"
            case ("quoted", '"'):
                state = "closing"
            case ("quoted", _):
                cell += letter
            case ("closing", '"'):
                cell, state = cell + '"', "quoted"
            case ("closing" | "after", " "):
                state = "after"
            case ("closing" | "after", ","):
                cells.append(cell)
                cell, state = "", "start"
            case ("closing" | "after", _):
                return None, False
            case (_, ","):
                cells.append(cell)
                cell, state = "", "start"
            case _:
                cell, state = cell + letter, "plain"
    return [*cells, cell], state == "quoted"
