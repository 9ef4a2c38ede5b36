"""Redaction: an edition is superseded by one without the rows of erased subjects, and the old files are removed.

Older editions that named those files are no longer readable; a replay over them answers "redacted by law".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from puhui.lake.editions import newest, note_of
from puhui.lake.layout import HOUSE_COLUMNS
from puhui.lake.store import TableStore
from puhui.model.delivery import DeliveryKind, Edition, EditionFile
from puhui.model.tables import Tables, literal, quoted

SMALL_FILES = 32  # more files than this of few rows each are merged on the way
FEW_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Redacted:
    """The new edition, how many rows it lost, and the numbers of the editions that can no longer be read."""

    edition: Edition
    rows_dropped: int
    unreadable: tuple[int, ...]


def redact(store: TableStore, table: str, erased: Sequence[str], tables: Tables) -> Redacted | None:
    """Commit the newest edition again without erased subjects; None if nothing is to do. The caller holds the lease."""
    head = newest(store, table)
    if head is None:
        return None
    files = store.files(table, head.version)
    columns = store.columns(table)
    tokens = [name for name in columns if columns[name] == "VARCHAR" and name not in ("period", "parcel")]
    with_erased = _touched(files, tokens, erased, tables)
    small = [file for file in files if file.rows < FEW_ROWS]
    rewritten = list({f.path: f for f in [*with_erased, *(small if len(small) > SMALL_FILES else [])]}.values())
    if not rewritten:
        return None
    listed = ", ".join(literal(file.path) for file in rewritten)
    gone = _in(erased)
    values = ", ".join(_blanked(name, name in tokens and name != "subject", gone) for name in columns)
    sql = f"SELECT {values} FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true) WHERE {_kept(erased, gone)}"
    written = tables.write_parquet(sql, str(store.staging(table) / f"redaction-{head.number}"), by_bucket=False)
    dropped = sum(f.rows for f in rewritten) - sum(f.rows for f in written)
    edition = replace(
        head,
        number=head.number + 1,
        parent=head.number,
        digest=f"redaction:{table}:{head.number}",
        kind=DeliveryKind.CORRECTION,
        rows=head.rows - dropped,
    )
    paths = [file.path for file in rewritten]
    done = store.commit(
        table, columns=columns, add=written, remove=paths, note={**note_of(edition), "result": {}}
    )
    purged = {file.path for file in with_erased}
    unreadable = tuple(
        committed.note["number"]
        for committed in store.versions(table)
        if committed.version < done.version and purged & {f.path for f in store.files(table, committed.version)}
    )
    store.purge(table, sorted(purged))
    return Redacted(replace(edition, version=done.version, committed_at=done.at), dropped, unreadable)


def _touched(
    files: Sequence[EditionFile], tokens: Sequence[str], erased: Sequence[str], tables: Tables
) -> list[EditionFile]:
    if not erased or not files:
        return []
    listed = ", ".join(literal(file.path) for file in files)
    gone = _in(erased)
    condition = " OR ".join(f"{quoted(name)} IN {gone}" for name in tokens)
    found = tables.rows(
        f"SELECT DISTINCT filename FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true, "
        f"filename = true) WHERE {condition}"
    )
    paths = {row[0] for row in found}
    return [file for file in files if file.path in paths]


def _kept(erased: Sequence[str], gone: str) -> str:
    return f"subject NOT IN {gone}" if erased else "TRUE"


def _in(erased: Sequence[str]) -> str:
    return "(" + (", ".join(literal(token) for token in erased) or "NULL") + ")"


def _blanked(name: str, may_hold_token: bool, gone: str) -> str:
    column = quoted(name)
    if name in HOUSE_COLUMNS or not may_hold_token:
        return column
    return f"CASE WHEN {column} IN {gone} THEN NULL ELSE {column} END AS {column}"
