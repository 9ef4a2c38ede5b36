"""Relations keep every fact of their resource under the near end, in the near end's bucket."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from puhui.adapters.tables_duckdb import DuckTables
from puhui.indicators.relations import derive_relation
from puhui.model.delivery import EditionFile
from puhui.model.subject import bucket_of
from puhui.packs.forms import Relation, Words

WORKS = Relation(
    format=1, name="works_for", title=Words(zh="任职", en="Works for"), from_="contributions",
    subject="employer", other="subject", kind="employs", columns=["month"],
)  # fmt: skip
FIRM, OTHER, PERSON = (
    "360500a1E" + "0" * 18 + "0f",
    "360500a1E" + "0" * 18 + "a3",
    "360500a1P" + "0" * 18 + "07",
)


def resource_file(folder: Path, employers: list[str | None]) -> EditionFile:
    count = len(employers)
    table = pa.table(
        {
            "subject": [PERSON] * count,
            "bucket": pa.array([7] * count, pa.int32()),
            "period": [f"2026-{month + 1:02}" for month in range(count)],
            "parcel": ["p"] * count,
            "line": list(range(1, count + 1)),
            "conflict": [month % 2 for month in range(count)],
            "employer": pa.array(employers, pa.string()),
            "month": list(range(count)),
        }
    )
    path = folder / "rows.parquet"
    pq.write_table(table, path)
    return EditionFile(str(path), count, 7, 7)


def test_rows_lie_under_the_near_end(tmp_path: Path) -> None:
    tables = DuckTables(tmp_path)
    made = derive_relation(WORKS, [resource_file(tmp_path, [FIRM, OTHER, FIRM])], tables, tmp_path / "out", buckets=16)
    rows = [row for file in made for row in pq.ParquetFile(file.path).read().to_pylist()]
    assert sorted((row["subject"], row["other"], row["month"], row["conflict"]) for row in rows) == [
        (FIRM, PERSON, 0, 0),
        (FIRM, PERSON, 2, 0),
        (OTHER, PERSON, 1, 1),
    ]
    assert all(row["bucket"] == bucket_of(row["subject"], 16) for row in rows)
    assert {(file.bucket_low, file.bucket_high) for file in made} == {(15, 15), (3, 3)}


@pytest.mark.parametrize("nobody", [None, ""])
def test_a_row_without_near_end_is_in_no_relation(tmp_path: Path, nobody: str | None) -> None:
    tables = DuckTables(tmp_path)
    made = derive_relation(WORKS, [resource_file(tmp_path, [nobody, FIRM])], tables, tmp_path / "out", buckets=16)
    assert sum(file.rows for file in made) == 1
