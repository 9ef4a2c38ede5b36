"""Relations as editions of the service layer (服务库): two ends of one row, keyed and bucketed by the near end."""

from __future__ import annotations

from puhui.desk.rooms import DeskRooms
from puhui.lake.apply import Change
from puhui.lake.editions import Intent, commit_derived, edition_of
from puhui.lake.layout import HOUSE_COLUMNS, column_type
from puhui.model.delivery import DeliveryKind, Edition
from puhui.model.tables import Tables, literal, quoted
from puhui.packs import forms


def refresh(relation: forms.Relation, source: Edition, rooms: DeskRooms) -> Edition:
    """The relation's edition over one edition of its resource: the one that is there, or a new one."""
    made_of = f"{relation.name}@{source.resource}#{source.number}"
    for committed in reversed(rooms.service.versions(relation.name)):
        if committed.note["digest"] == made_of:
            return edition_of(committed)
    with rooms.scratch() as scratch, rooms.service.lease(relation.name):
        edition = _commit(relation, source, made_of, scratch.tables, rooms)
    return edition


def _commit(
    relation: forms.Relation, source: Edition, made_of: str, tables: Tables, rooms: DeskRooms
) -> Edition:
    resource = rooms.packs.resource(relation.from_)
    files = [file.path for file in rooms.lake.files(source.resource, source.version)]
    listed = ", ".join(literal(path) for path in files)
    rows = f"read_parquet([{listed}], hive_partitioning = false, union_by_name = true)"
    columns = _columns(relation, resource)
    tables.execute(f"CREATE VIEW relation_rows AS {_rows_sql(relation, rows, rooms.buckets)}")
    intent = Intent(
        resource=relation.name,
        digest=made_of,
        kind=DeliveryKind.SNAPSHOT,
        change=Change("relation_rows", tuple(columns), ("subject", "other"), None, whole=True),
        columns=columns,
        periods=source.periods,
        conflicts=source.conflicts,
        state="published",
        result=lambda superseded: {},
        rows=source.rows,
        keep_periods=False,
    )
    return commit_derived(intent, tables, rooms.service)


def _columns(relation: forms.Relation, resource: forms.Resource) -> dict[str, str]:
    extra = {name: column_type(resource.field(name).type) for name in relation.columns}
    return {**HOUSE_COLUMNS, "other": "VARCHAR", **extra}


def _rows_sql(relation: forms.Relation, rows: str, buckets: int) -> str:
    near, far = quoted(relation.subject), quoted(relation.other)
    extra = "".join(f", {quoted(name)}" for name in relation.columns)
    return (
        f"SELECT {near} AS subject, (('0x' || right({near}, 2))::INTEGER & {buckets - 1})::INTEGER AS bucket, period, "
        f"parcel, line, 0::BIGINT AS conflict, {far} AS other{extra}, 'insert' AS operation FROM {rows} "
        f"WHERE {near} <> '' AND {far} <> ''"
    )
