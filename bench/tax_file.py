"""The file that intake is measured with: enterprise tax payments, 12 columns, Chinese titles, some bad cells."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from puhui.city.identifiers import credit_codes, org_codes, strings_of

TITLES = (
    "统一社会信用代码", "企业名称", "纳税人识别号", "征收项目", "税款种类", "税款所属期起", "税款所属期止",
    "应税销售额(元)", "应纳税额(元)", "实缴金额(元)", "入库日期", "申报日期",
)  # fmt: skip
ROWS_PER_SUBJECT = 10
NEW_SHARE = 10  # one subject in ten is new


def make_tax_file(folder: Path, rows: int) -> tuple[Path, Path]:
    """A file that brings 90 % of the subjects (one row each), and the file to measure; made once per size."""
    folder.mkdir(parents=True, exist_ok=True)
    known, measured = folder / "known.csv", folder / "measured.csv"
    if not measured.exists():
        db = duckdb.connect(config={"threads": 2})
        db.register("codes", _codes(max(rows // ROWS_PER_SUBJECT, 10)))
        db.execute("CREATE TABLE firm AS SELECT row_number() OVER () - 1 AS n, code FROM codes")
        subjects = db.execute("SELECT count(*) FROM firm").fetchall()[0][0]
        clean = f"SELECT {_columns(clean=True)} FROM firm, (SELECT 1 AS i) WHERE n % {NEW_SHARE} <> 0"
        db.execute(f"COPY ({clean}) TO '{known}' (HEADER)")
        drawn = f"FROM range({rows}) r(i) JOIN firm ON n = hash(i) % {subjects}"
        dirty = f"SELECT {_columns(clean=False)} {drawn}"
        draft = measured.with_suffix(".draft")
        db.execute(f"COPY ({dirty}) TO '{draft}' (HEADER)")
        draft.rename(measured)
    return known, measured


def _codes(count: int) -> pa.Table:
    serial = np.arange(count, dtype=np.int64)
    region = np.full(count, 360502, dtype=np.int64)
    head = np.frombuffer(b"91", np.uint8)
    return pa.table({"code": strings_of(credit_codes(head, region, org_codes(serial, 7)))})


def _columns(*, clean: bool) -> str:
    """About one row in 1,000 has a bad date, in 2,000 a bad amount, in 4,000 a bad code, in 5,000 an unknown kind."""
    day = "(DATE '2023-01-01' + (hash(i + 1000000000000) % 1200)::INT)"
    if clean:
        day = "DATE '2020-01-15'"
    bad = "FALSE" if clean else "i % {0} = {0} // 3"
    kind = "(['正税', '正税', '正税', '滞纳金'])[1 + (hash(i + 3000000000000) % 4)::INT]"
    wrong_code = "left(code, 17) || CASE WHEN right(code, 1) = '0' THEN '1' ELSE '0' END"
    paid = "((hash(i + 5000000000000) % 10000000) / 100)::DECIMAL(16, 2)"
    values = (
        f"CASE WHEN {bad.format(4001)} THEN {wrong_code} ELSE code END",
        "'公司' || n || '有限公司'",
        "code",
        "(['10101', '10104', '10109', '10111'])[1 + (hash(i + 2000000000000) % 4)::INT]",
        f"CASE WHEN {bad.format(5003)} THEN '无此种类' ELSE {kind} END",
        f"CASE WHEN {bad.format(1009)} THEN '2024-13-45' ELSE strftime(date_trunc('month', {day}), '%Y-%m-%d') END",
        f"strftime(last_day({day}), '%Y-%m-%d')",
        "((hash(i + 4000000000000) % 100000000) / 100)::DECIMAL(16, 2)",
        f"CASE WHEN {bad.format(2003)} THEN '一千二百元' ELSE {paid}::VARCHAR END",
        paid,
        f"strftime({day} + 10, '%Y-%m-%d')",
        f"strftime({day} + 9, '%Y-%m-%d')",
    )
    return ", ".join(f'{value} AS "{title}"' for value, title in zip(values, TITLES, strict=True))
