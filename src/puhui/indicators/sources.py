"""What the engine needs to know of a pack: the tables that SQL may read, and the indicators, apart from the forms.

Promise: a table's columns are in the order of the resource's file, so that bit i of `conflict` is column i.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from puhui.model.subject import SubjectKind
from puhui.model.time import months_back
from puhui.packs.forms import Relation, Resource, Retirement
from puhui.packs.sql_tables import Table

_SQL_TYPES = {
    "text": "VARCHAR",
    "json": "VARCHAR",
    "int": "BIGINT",
    "date": "DATE",
    "ym": "DATE",
    "datetime": "TIMESTAMP",
    "bool": "BOOLEAN",
}
SERVICE_COLUMNS = (
    ("subject", "VARCHAR"),
    ("bucket", "INTEGER"),
    ("period", "VARCHAR"),
    ("parcel", "VARCHAR"),
    ("line", "BIGINT"),
    ("conflict", "BIGINT"),
)


def sql_type(type_name: str) -> str:
    """The portable SQL type of a field's type: `decimal(16,2)` → `DECIMAL(16,2)`, `code(2)` → `VARCHAR`."""
    if type_name.startswith("decimal"):
        return type_name.upper()
    return _SQL_TYPES.get(type_name, "VARCHAR")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the lake: its SQL type, and the bit that it has in `conflict` (None: never in conflict)."""

    name: str
    type: str
    bit: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A table that SQL may read: a resource, or a relation derived from one (`derived_from` names it)."""

    name: str
    columns: tuple[Column, ...]
    monthly: bool
    complete: frozenset[SubjectKind]
    retires: tuple[Retirement, ...]
    derived_from: str | None = None
    always: int = 0  # bits of `conflict` that every indicator over the table touches: the near end of a relation

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)

    def completed(self, kinds: frozenset[SubjectKind]) -> Source:
        """The same source, complete for other kinds of subject."""
        return replace(self, complete=kinds)

    def sql_table(self) -> Table:
        """The table as the reader of SQL sees it: the columns that an indicator may name."""
        names = ["subject", "period"] if self.derived_from is None else ["subject"]
        return Table(self.name, {**dict.fromkeys(names, "text"), **{one.name: one.type for one in self.columns}})

    def in_force(self, as_of: date) -> str:
        """The SQL condition that keeps facts that may still be used on a day; empty where nothing retires."""
        fading = (rule for rule in self.retires if rule.rule != "standing")
        return " AND ".join(f"NOT coalesce({_retired(rule, as_of)}, FALSE)" for rule in fading)


def _retired(rule: Retirement, as_of: date) -> str:
    match rule.rule:
        case "years_after":
            limit = months_back(as_of, 12 * (rule.years or 0))
            return f"{rule.field} <= DATE '{limit}'"
        case "end_of":
            return f"{rule.field} < DATE '{as_of}'"
        case _:  # repaired
            values = ", ".join("'" + value.replace("'", "''") + "'" for value in rule.values)
            return f"{rule.field} IN ({values})"


def source_of(resource: Resource) -> Source:
    """The table of a resource."""
    columns = tuple(
        Column(field.name, "VARCHAR" if field.keep == "token" else sql_type(field.type), bit)
        for bit, field in enumerate(resource.fields)
        if field.keep in ("lake", "token")
    )
    return Source(
        name=resource.name,
        columns=columns,
        monthly=resource.period is not None and resource.period.grain == "month",
        complete=frozenset(SubjectKind(kind) for kind in resource.complete),
        retires=tuple(resource.adverse.retires) if resource.adverse else (),
    )


def relation_source(relation: Relation, of: Source) -> Source:
    """The two-ended table of a relation; its columns keep the bits of the resource they come from."""
    named = (("other", relation.other), *((name, name) for name in relation.columns))
    near = of.column(relation.subject)
    columns = []
    for name, origin in named:
        found = of.column(origin)
        columns.append(Column(name, found.type if found else "VARCHAR", found.bit if found else None))
    return Source(
        name=relation.name,
        columns=tuple(columns),
        monthly=of.monthly,
        complete=frozenset(SubjectKind(kind) for kind in relation.complete),
        retires=tuple(rule for rule in of.retires if rule.field in relation.columns),
        derived_from=of.name,
        always=1 << near.bit if near is not None and near.bit is not None else 0,
    )


def months_of_window(window: str) -> int | None:
    """`12M` → 12; `at` and `latest` look at no month in particular."""
    return int(window[:-1]) if window.endswith("M") else None


def sources_of(resources: Mapping[str, Resource], relations: Mapping[str, Relation]) -> dict[str, Source]:
    """All tables of a set of packs by name."""
    found = {name: source_of(resource) for name, resource in resources.items()}
    for name, relation in relations.items():
        found[name] = relation_source(relation, found[relation.from_])
    return found
