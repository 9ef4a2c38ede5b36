"""`TableStore` on Delta tables: any stock reader of Delta or Parquet reads what stands here.

Tables are not partitioned; each file's log entry carries the range of `bucket` and `period`. Deletion vectors stay off.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Field, Schema
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from puhui.lake.store import Committed
from puhui.model.delivery import EditionFile
from puhui.model.refusal import Said
from puhui.model.refusals import Busy, UnknownName
from puhui.model.tables import WrittenFile
from puhui.wire.durable import sync_file, sync_folder

_NOTE = "puhui"
# an edition stays readable by its number: the library must not age the log away
_KEEP_LOG = {"delta.logRetentionDuration": "interval 36500 days", "delta.enableExpiredLogCleanup": "false"}
_SIMPLE_TYPES = {
    "VARCHAR": "string",
    "BIGINT": "long",
    "INTEGER": "integer",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "TIMESTAMPTZ": "timestamp",
}


class DeltaLake:
    """One layer of the lake: a folder of Delta tables with one writer per table."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def tables(self) -> list[str]:
        return sorted(p.parent.name for p in self._root.glob("*/_delta_log"))

    def versions(self, table: str) -> list[Committed]:
        if not self._exists(table):
            return []
        history = DeltaTable(str(self._root / table)).history()
        return sorted((_committed(entry) for entry in history if _NOTE in entry), key=lambda c: c.version)

    def files(self, table: str, version: int) -> list[EditionFile]:
        if not self._exists(table):
            raise UnknownName(
                Said(f"库中没有表 {table}", f"the lake has no table {table}"),
                todo=Said("先投送该资源的文件", "deliver a file of this resource first"),
            )
        # the log is read by the library; its own statistics tell each file's buckets
        added = DeltaTable(str(self._root / table), version=version).get_add_actions(flatten=True)
        rows = _as_rows(added)
        return sorted((self._edition_file(table, row) for row in rows), key=lambda f: f.path)

    def commit(
        self,
        table: str,
        *,
        columns: Mapping[str, str],
        add: Sequence[WrittenFile],
        remove: Sequence[str],
        note: Mapping[str, Any],
    ) -> Committed:
        root = self._root / table
        root.mkdir(parents=True, exist_ok=True)
        schema = _schema(columns)
        properties = CommitProperties(custom_metadata={_NOTE: json.dumps(note, ensure_ascii=False)})
        adds = [_add_action(root, file) for file in add]
        sync_folder(root)
        if not self._exists(table):
            create_table_with_add_actions(
                str(root), schema, adds, mode="error", configuration=_KEEP_LOG, commit_properties=properties
            )
        else:
            removed_at = int(time.time() * 1000)
            removes = [RemoveAction(os.path.relpath(path, root), True, removed_at) for path in remove]
            _with_columns(root, schema).create_write_transaction(
                [*removes, *adds], "append", schema, commit_properties=properties
            )
        _sync_log(root)
        shutil.rmtree(self.staging(table), ignore_errors=True)  # empty files and folders of the commit
        return self.versions(table)[-1]

    def restore(self, table: str, version: int | None, note: Mapping[str, Any]) -> Committed:
        root = self._root / table
        head = DeltaTable(str(root))
        now = {row["path"]: row for row in _as_rows(head.get_add_actions(flatten=True))}
        past = DeltaTable(str(root), version=version) if version is not None else None
        wanted = {row["path"]: row for row in _as_rows(past.get_add_actions(flatten=True))} if past else {}
        removed_at = int(time.time() * 1000)
        actions = [RemoveAction(path, True, removed_at) for path in now if path not in wanted]
        adds = [_readd_action(row) for path, row in wanted.items() if path not in now]
        properties = CommitProperties(custom_metadata={_NOTE: json.dumps(note, ensure_ascii=False)})
        head.create_write_transaction([*actions, *adds], "append", head.schema(), commit_properties=properties)
        _sync_log(root)
        return self.versions(table)[-1]

    def columns(self, table: str) -> dict[str, str]:
        fields = DeltaTable(str(self._root / table)).schema().fields
        return {field.name: _duckdb_type(field.type.type) for field in fields}

    def purge(self, table: str, paths: Sequence[str]) -> None:
        for path in paths:
            Path(path).unlink(missing_ok=True)
        sync_folder(self._root / table)

    def history(self, table: str) -> list[str]:
        root = self._root / table
        named = sorted(_ever_named(root / "_delta_log"))
        return [str(root / name) for name in named if (root / name).exists()]

    def heads(self) -> dict[str, int]:
        newest = {table: _newest_entry(self._root / table) for table in self.tables()}
        return {table: int(entry.stem) for table, entry in newest.items() if entry is not None}

    def sweep(self, table: str) -> int:
        root = self._root / table
        named = _ever_named(root / "_delta_log")
        orphans = [p for p in root.glob("*.parquet") if p.name not in named]
        stale = list(self.staging(table).glob("**/*.parquet"))
        for path in orphans:
            path.unlink(missing_ok=True)
        shutil.rmtree(self.staging(table), ignore_errors=True)
        return len(orphans) + len(stale)

    @contextmanager
    def lease(self, table: str) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._root / f".{table}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise Busy(
                Said(f"另一进程正在写入 {table}", f"another process is writing {table}"),
                todo=Said("等它结束后重试", "try again when it has finished"),
            ) from None
        try:
            yield
        finally:
            os.close(handle)  # closing frees the lock; so does the death of the process

    def staging(self, table: str) -> Path:
        return self._root / ".staging" / table

    def _exists(self, table: str) -> bool:
        return _newest_entry(self._root / table) is not None

    def _edition_file(self, table: str, row: Mapping[str, Any]) -> EditionFile:
        return EditionFile(
            path=str(self._root / table / row["path"]),
            rows=int(row["num_records"]),
            bucket_low=int(row.get("min.bucket", 0)),
            bucket_high=int(row.get("max.bucket", 255)),
        )


def _with_columns(root: Path, schema: Schema) -> DeltaTable:
    """The table with the columns of a newer schema, for stock readers: a version of its own, without rows."""
    table = DeltaTable(str(root))
    held = {field.name for field in table.schema().fields}
    if fresh := [field for field in schema.fields if field.name not in held]:
        table.alter.add_columns(fresh)
    return table


def _add_action(root: Path, file: WrittenFile) -> AddAction:
    """Move a written file into the table's folder and describe it to the log."""
    source = Path(file.path)
    target = root / source.name
    os.replace(source, target)
    stats = {
        "numRecords": file.rows,
        "minValues": {"bucket": file.bucket_low, "period": file.period_low},
        "maxValues": {"bucket": file.bucket_high, "period": file.period_high},
        "nullCount": {},
    }
    changed_at = int(target.stat().st_mtime * 1000)
    return AddAction(target.name, file.size, {}, changed_at, True, json.dumps(stats))


def _readd_action(row: Mapping[str, Any]) -> AddAction:
    stats = {
        "numRecords": row["num_records"],
        "minValues": {"bucket": row["min.bucket"], "period": row["min.period"]},
        "maxValues": {"bucket": row["max.bucket"], "period": row["max.period"]},
        "nullCount": {},
    }
    changed_at = int(row["modification_time"])
    return AddAction(row["path"], row["size_bytes"], {}, changed_at, True, json.dumps(stats))


def _schema(columns: Mapping[str, str]) -> Schema:
    return Schema([Field(name, PrimitiveType(_delta_type(kind)), nullable=True) for name, kind in columns.items()])


def _delta_type(kind: str) -> str:
    if kind.startswith("DECIMAL"):
        return kind.lower().replace(" ", "")
    return _SIMPLE_TYPES[kind]


def _duckdb_type(kind: str) -> str:
    back = {delta: duck for duck, delta in _SIMPLE_TYPES.items()}
    return back.get(kind) or kind.upper()


def _committed(entry: Mapping[str, Any]) -> Committed:
    at = datetime.fromtimestamp(entry["timestamp"] / 1000, tz=UTC)
    return Committed(version=int(entry["version"]), at=at, note=json.loads(entry[_NOTE]))


def _as_rows(added: Any) -> list[dict[str, Any]]:
    return list(pa.table(added).to_pylist())


def _ever_named(log: Path) -> set[str]:
    """Every file that some version added: those may be read by a time traveller and must stay."""
    named = set()
    for entry in log.glob("*.json"):
        for line in entry.read_text(encoding="utf-8").splitlines():
            action = json.loads(line)
            if "add" in action:
                named.add(action["add"]["path"])
    return named


def _newest_entry(root: Path) -> Path | None:
    """The file of a table's newest version; what a kill left half-written has another name."""
    return max((entry for entry in (root / "_delta_log").glob("*.json") if entry.stem.isdigit()), default=None)


def _sync_log(root: Path) -> None:
    log, newest = root / "_delta_log", _newest_entry(root)
    if newest is None:
        raise FileNotFoundError(log)
    sync_file(newest)
    sync_folder(log)
