"""The laws of the lake's TableStore, and that stock readers read what stands in it."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.tables_duckdb import DuckTables
from puhui.lake.store import Committed, TableStore
from puhui.model.refusals import Busy, UnknownName

COLUMNS = {
    "subject": "VARCHAR", "bucket": "INTEGER", "period": "VARCHAR", "day": "DATE", "at": "TIMESTAMPTZ",
    "paid": "DECIMAL(16,2)", "yes": "BOOLEAN", "line": "BIGINT",
}  # fmt: skip
Lines = Sequence[int]


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return DeltaLake(tmp_path / "lake")


@pytest.fixture
def tables(tmp_path: Path) -> DuckTables:
    return DuckTables(tmp_path)


def write(store: TableStore, tables: DuckTables, lines: Lines, *, by_bucket: bool = False) -> list[object]:
    """Files waiting for their commit, one row a line."""
    values = ", ".join(str(line) for line in lines) or "NULL"
    sql = (
        f"SELECT 's' || line AS subject, (line % 4)::INTEGER AS bucket, '2026-0' || (line % 6 + 1) AS period, "
        f"DATE '2026-01-01' + line::INTEGER AS day, TIMESTAMPTZ '2026-01-01 00:00:00+00' AS at, "
        f"line::DECIMAL(16,2) / 4 AS paid, line % 2 = 0 AS yes, line "
        f"FROM (SELECT unnest([{values}])::BIGINT AS line) WHERE line IS NOT NULL"
    )
    listed = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in COLUMNS.items())
    return list(
        tables.write_parquet(f"SELECT {listed} FROM ({sql})", str(store.staging("t") / "x"), by_bucket=by_bucket)
    )


def commit(
    store: TableStore, tables: DuckTables, lines: Lines, *, remove: Sequence[str] = (), number: int = 1, **how: bool
) -> Committed:
    with store.lease("t"):
        added = write(store, tables, lines, **how)
        return store.commit("t", columns=COLUMNS, add=added, remove=remove, note={"number": number, "说明": "甲"})  # type: ignore[arg-type]


def lines_of(store: TableStore, version: int) -> list[int]:
    files = store.files("t", version)
    return sorted(line for f in files for line in pq.ParquetFile(f.path).read(["line"])["line"].to_pylist())


def test_versions_are_numbered_and_never_change(store: TableStore, tables: DuckTables) -> None:
    assert store.versions("t") == [] and list(store.tables()) == [] and store.heads() == {}
    first = commit(store, tables, [1, 2, 3])
    paths = [f.path for f in store.files("t", first.version)]
    second = commit(store, tables, [4], number=2)
    third = commit(store, tables, [5], remove=paths, number=3)
    assert [c.note["number"] for c in store.versions("t")] == [1, 2, 3]
    assert [lines_of(store, c.version) for c in (first, second, third)] == [[1, 2, 3], [1, 2, 3, 4], [4, 5]]
    assert store.versions("t")[0] == first and first.note["说明"] == "甲"
    assert store.heads() == {"t": third.version} and list(store.tables()) == ["t"]
    assert store.columns("t") == COLUMNS


def test_a_version_tells_its_buckets(store: TableStore, tables: DuckTables) -> None:
    done = commit(store, tables, range(40), by_bucket=True)
    found = {(f.bucket_low, f.bucket_high, f.rows) for f in store.files("t", done.version)}
    assert found == {(b, b, 10) for b in range(4)}
    (one,) = store.files("t", commit(store, tables, [1, 2], remove=[f.path for f in store.files("t", 0)]).version)
    assert (one.bucket_low, one.bucket_high, one.rows) == (1, 2, 2)


def test_a_version_may_be_empty(store: TableStore, tables: DuckTables) -> None:
    first = commit(store, tables, [])
    assert store.files("t", first.version) == []
    assert lines_of(store, commit(store, tables, [7]).version) == [7]
    assert list(Path(store.staging("t")).glob("**/*")) == []


def test_an_older_version_comes_back_and_can_be_left_again(store: TableStore, tables: DuckTables) -> None:
    first = commit(store, tables, [1, 2])
    gone = [f.path for f in store.files("t", first.version)]
    second = commit(store, tables, [3], remove=gone, number=2)
    back = store.restore("t", first.version, {"number": 3})
    none = store.restore("t", None, {"number": 4})
    again = store.restore("t", second.version, {"number": 5})
    assert [lines_of(store, c.version) for c in (first, second, back, none, again)] == [[1, 2], [3], [1, 2], [], [3]]
    assert {(f.bucket_low, f.bucket_high) for f in store.files("t", back.version)} == {(1, 2)}


def test_stock_readers_read_every_version(store: TableStore, tables: DuckTables, tmp_path: Path) -> None:
    commit(store, tables, range(10), by_bucket=True)
    commit(store, tables, range(10, 15), number=2)
    for version, count in ((0, 10), (1, 15)):
        table = DeltaTable(str(tmp_path / "lake" / "t"), version=version)
        assert table.protocol().min_reader_version == 1, "no feature that old readers lack"
        uris = table.file_uris()
        assert sum(pq.ParquetFile(uri).metadata.num_rows for uri in uris) == count
        found = duckdb.execute("SELECT count(*), sum(paid)::VARCHAR, min(day)::VARCHAR FROM read_parquet(?)", [uris])
        total = sum(range(count)) / 4
        assert found.fetchone() == (count, f"{total:.2f}", "2026-01-01")


def test_sail_reads_the_table_itself(store: TableStore, tables: DuckTables, tmp_path: Path) -> None:
    pytest.importorskip("pysail", reason="pysail is an extra")
    from puhui.adapters import engine_spark

    commit(store, tables, range(10), by_bucket=True)
    commit(store, tables, [10], number=2)
    with closing(engine_spark.sail()) as sail:
        table = sail._session.read.format("delta").load(str(tmp_path / "lake" / "t"))
        assert table.count() == 11
        assert str(table.groupBy().sum("paid").collect()[0][0]) == "13.75"


def test_a_table_may_gain_a_column(store: TableStore, tables: DuckTables, tmp_path: Path) -> None:
    first = commit(store, tables, [1])
    wider = {**COLUMNS, "young": "BIGINT"}
    with store.lease("t"):
        sql = f"SELECT *, 7::BIGINT AS young FROM read_parquet('{store.files('t', first.version)[0].path}')"
        added = tables.write_parquet(sql, str(store.staging("t") / "y"), by_bucket=False)
        second = store.commit("t", columns=wider, add=added, remove=[], note={"number": 2})
    assert store.columns("t") == wider
    assert [c.note["number"] for c in store.versions("t")] == [1, 2]
    assert lines_of(store, second.version) == [1, 1] and lines_of(store, first.version) == [1]
    found = DeltaTable(str(tmp_path / "lake" / "t")).to_pyarrow_table().column("young").to_pylist()
    assert sorted(found, key=str) == [7, None]


def test_sweeping_removes_only_what_no_version_names(store: TableStore, tables: DuckTables, tmp_path: Path) -> None:
    first = commit(store, tables, [1])
    commit(store, tables, [2], remove=[f.path for f in store.files("t", first.version)], number=2)
    orphan = tmp_path / "lake" / "t" / "orphan.parquet"
    orphan.write_bytes(b"half")
    write(store, tables, [3])
    assert store.sweep("t") == 2 and not orphan.exists()
    assert store.sweep("t") == 0
    assert [lines_of(store, c.version) for c in store.versions("t")] == [[1], [2]]
    assert store.sweep("never") == 0


def test_what_is_purged_is_gone_for_every_version(store: TableStore, tables: DuckTables) -> None:
    first = commit(store, tables, [1])
    (path,) = store.history("t")
    second = commit(store, tables, [2], remove=[path], number=2)
    for _ in range(2):
        store.purge("t", [path])
    assert path not in store.history("t") and not Path(path).exists()
    assert lines_of(store, second.version) == [2]
    with pytest.raises(FileNotFoundError):
        lines_of(store, first.version)


def test_a_table_that_is_not_there_is_refused(store: TableStore) -> None:
    with pytest.raises(UnknownName):
        store.files("t", 0)


def test_a_log_that_was_begun_is_no_table_yet(store: TableStore, tables: DuckTables, tmp_path: Path) -> None:
    log = tmp_path / "lake" / "t" / "_delta_log"
    log.mkdir(parents=True)
    (log / "_commit_5.json.tmp").write_text("{")
    assert store.versions("t") == [] and store.heads() == {}
    assert lines_of(store, commit(store, tables, [1]).version) == [1]


HOLDER = """
    import sys
    from pathlib import Path
    from puhui.adapters.lake_delta import DeltaLake
    with DeltaLake(Path(sys.argv[1])).lease("t"):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_one_writer_a_table_until_it_dies(store: TableStore, tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(HOLDER), str(tmp_path / "lake")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(Busy), store.lease("t"):
            pass
        with store.lease("another"):
            pass
        holder.kill()
        holder.wait()
        with store.lease("t"), pytest.raises(Busy), store.lease("t"):
            pass
