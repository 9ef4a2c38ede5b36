"""Derives a relation from an edition of its resource: the same facts, keyed and bucketed by the near end.

Promise: one row for each row of the resource that names a near end, with its conflicts; nothing is added.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from puhui.model.delivery import EditionFile
from puhui.model.tables import Tables, literal, quoted
from puhui.packs.forms import Relation


def derive_relation(
    relation: Relation, files: Sequence[EditionFile], tables: Tables, folder: Path, *, buckets: int
) -> tuple[EditionFile, ...]:
    """Write the relation over an edition's files as Parquet in `folder`, one file or more per bucket; durable."""
    if not files:
        return ()
    written = tables.write_parquet(relation_sql(relation, files, buckets), str(folder), by_bucket=True)
    return tuple(EditionFile(one.path, one.rows, one.bucket_low, one.bucket_high) for one in written)


def relation_sql(relation: Relation, files: Sequence[EditionFile], buckets: int) -> str:
    """The rows of a relation: near end as `subject`, far end as `other`, then the columns that it carries."""
    near = quoted(relation.subject)
    columns = ["period", "parcel", "line", "conflict", *relation.columns]
    paths = ", ".join(literal(file.path) for file in files)
    bucket = f"CAST(CAST('0x' || right({near}, 2) AS INTEGER) % {buckets} AS INTEGER)"
    return (
        f"SELECT {near} AS subject, {bucket} AS bucket, "
        f"{quoted(relation.other)} AS other, {', '.join(quoted(name) for name in columns)} "
        f"FROM read_parquet([{paths}], union_by_name = true, hive_partitioning = false) "
        f"WHERE {near} IS NOT NULL AND {near} <> ''"
    )
