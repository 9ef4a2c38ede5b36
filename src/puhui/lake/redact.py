"""Redaction: an edition is superseded by one without the rows of erased subjects, and the old files are removed.

Older editions that named those files are no longer readable; a replay over them answers "redacted by law".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from puhui.lake.apply import BY_BUCKET_FROM_ROWS
from puhui.lake.editions import Act, edition_of, newest, note_of
from puhui.lake.layout import HOUSE_COLUMNS
from puhui.lake.store import TableStore
from puhui.model.delivery import DeliveryKind, Edition, EditionFile
from puhui.model.tables import Tables, WrittenFile, literal, quoted

SMALL_FILES = 32  # more files than this of few rows each are merged on the way
FEW_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Redacted:
    """The new edition, how many rows it lost, and the act that names the editions that can no longer be read."""

    edition: Edition
    rows_dropped: int
    act: Act


def redact(store: TableStore, table: str, erased: Sequence[str], tables: Tables, *, by: str) -> Redacted | None:
    """Commit the newest edition again without erased subjects, and remove every file that ever held a row of theirs.

    None if nothing is to do. The caller holds the lease.
    """
    finish_purges(store, table)
    head = newest(store, table)
    if head is None:
        return None
    files = store.files(table, head.version)
    columns = store.columns(table)
    tokens = [name for name in columns if columns[name] == "VARCHAR" and name not in ("period", "parcel")]
    touched = _touched(store.history(table), tokens, erased, tables)
    merged = {file.path for file in _too_small(files)}
    rewritten = [file for file in files if file.path in touched or file.path in merged]
    if not rewritten and not touched:
        return None
    written = _write(store, table, head, rewritten, (columns, tokens, erased), tables)
    dropped = sum(f.rows for f in rewritten) - sum(f.rows for f in written)
    unreadable = _naming(store, table, touched)
    act = Act("edition-redacted", by, {"redacted": unreadable}, dict.fromkeys(unreadable, "redacted"))
    edition = replace(
        head,
        number=head.number + 1,
        parent=head.number,
        digest=f"redaction:{table}:{head.number}",
        kind=DeliveryKind.CORRECTION,
        rows=head.rows - dropped,
    )
    note = {**note_of(edition), "act": act.as_note(), "purges": sorted(map(_name, touched)), "result": {}}
    paths = [file.path for file in rewritten]
    done = store.commit(table, columns=columns, add=written, remove=paths, note=note)
    store.purge(table, sorted(touched))
    return Redacted(edition_of(done), dropped, act)


def finish_purges(store: TableStore, table: str) -> None:
    """Remove the files that a redaction was to remove and a stop kept from it. Repeatable; the lease is held."""
    gone = {name for committed in store.versions(table) for name in committed.note.get("purges", ())}
    if left := [path for path in store.history(table) if _name(path) in gone]:
        store.purge(table, left)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _too_small(files: Sequence[EditionFile]) -> list[EditionFile]:
    small = [file for file in files if file.rows < FEW_ROWS]
    return small if len(small) > SMALL_FILES else []


def _write(
    store: TableStore,
    table: str,
    head: Edition,
    rewritten: Sequence[EditionFile],
    what: tuple[Mapping[str, str], Sequence[str], Sequence[str]],
    tables: Tables,
) -> Sequence[WrittenFile]:
    if not rewritten:
        return ()
    columns, tokens, erased = what
    listed, gone = ", ".join(literal(file.path) for file in rewritten), _in(erased)
    held = _held(listed, tables)
    values = ", ".join(_blanked(name, name in tokens and name != "subject", gone) for name in columns if name in held)
    sql = (
        f"SELECT {values} FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true) "
        f"WHERE {_kept(erased, gone)}"
    )
    folder = str(store.staging(table) / f"redaction-{head.number}")
    many = sum(file.rows for file in rewritten) >= BY_BUCKET_FROM_ROWS
    return tables.write_parquet(sql, folder, by_bucket=many)


def _naming(store: TableStore, table: str, paths: set[str]) -> list[int]:
    """The numbers of the editions that name one of these files."""
    return [
        int(committed.note["number"])
        for committed in store.versions(table)
        if paths and any(file.path in paths for file in store.files(table, committed.version))
    ]


def _touched(paths: Sequence[str], tokens: Sequence[str], erased: Sequence[str], tables: Tables) -> set[str]:
    """The files that hold a token of an erased subject, of this edition or of any earlier one."""
    if not erased or not paths:
        return set()
    listed = ", ".join(literal(path) for path in paths)
    gone = _in(erased)
    held = _held(listed, tables)
    condition = " OR ".join(f"{quoted(name)} IN {gone}" for name in tokens if name in held)
    found = tables.rows(
        f"SELECT DISTINCT filename FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true, "
        f"filename = true) WHERE {condition}"
    )
    return {row[0] for row in found}


def _held(listed: str, tables: Tables) -> set[str]:
    """The columns that these files have; a field may be younger than all of them."""
    described = tables.rows(
        f"DESCRIBE SELECT * FROM read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    )
    return {row[0] for row in described}


def _kept(erased: Sequence[str], gone: str) -> str:
    return f"subject NOT IN {gone}" if erased else "TRUE"


def _in(erased: Sequence[str]) -> str:
    return "(" + (", ".join(literal(token) for token in erased) or "NULL") + ")"


def _blanked(name: str, may_hold_token: bool, gone: str) -> str:
    column = quoted(name)
    if name in HOUSE_COLUMNS or not may_hold_token:
        return column
    return f"CASE WHEN {column} IN {gone} THEN NULL ELSE {column} END AS {column}"
