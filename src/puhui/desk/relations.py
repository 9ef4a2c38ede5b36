"""Relations as editions of the service layer (服务库): two ends of one row, keyed and bucketed by the near end."""

from __future__ import annotations

from puhui.desk.rooms import DeskRooms
from puhui.indicators.relations import relation_sql
from puhui.lake.apply import Change
from puhui.lake.editions import Intent, commit_derived, edition_of
from puhui.lake.layout import HOUSE_COLUMNS, column_type
from puhui.model.delivery import DeliveryKind, Edition
from puhui.model.tables import Tables, quoted
from puhui.packs import forms


def refresh(relation: forms.Relation, source: Edition, rooms: DeskRooms) -> Edition:
    """The relation's edition over one edition of its resource: the one that is there, or a new one."""
    shape = ",".join((relation.subject, relation.other, *relation.columns))
    made_of = f"{relation.name}({shape})@{source.resource}#{source.number}"
    with rooms.service.lease(relation.name):
        for committed in reversed(rooms.service.versions(relation.name)):
            if committed.note["digest"] == made_of:
                return edition_of(committed)
        with rooms.scratch() as scratch:
            return _commit(relation, source, made_of, scratch.tables, rooms)


def _commit(relation: forms.Relation, source: Edition, made_of: str, tables: Tables, rooms: DeskRooms) -> Edition:
    columns = _columns(relation, rooms.packs.resource(relation.from_))
    files = rooms.lake.files(source.resource, source.version)
    rows = relation_sql(relation, files, rooms.buckets) if files else _no_rows(columns)
    tables.execute(f"CREATE VIEW relation_rows AS SELECT *, 'insert' AS operation FROM ({rows})")
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


def _no_rows(columns: dict[str, str]) -> str:
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {quoted(name)}" for name, kind in columns.items())
    return f"SELECT {nulls} WHERE FALSE"
