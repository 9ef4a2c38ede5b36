"""The tables that an indicator's SQL may name: resources and relations, as the lake shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from puhui.packs import forms

RESERVED = (
    "bucket",
    "parcel",
    "line",
    "conflict",
)  # columns of the lake that are about the row's way, not its subject
SYSTEM = {"subject": "text", "period": "text"}


class Documents(Protocol):
    """What is needed of a set of packs."""

    @property
    def resources(self) -> Mapping[str, forms.Resource]: ...
    @property
    def relations(self) -> Mapping[str, forms.Relation]: ...


@dataclass(frozen=True, slots=True)
class Table:
    """A table's columns with their pack types; `ends` name whole subjects, `key` makes rows distinct.

    `kept_out` are fields whose values never reach the lake. `about` is the end that the rows are facts about;
    empty: neither is.
    """

    name: str
    columns: Mapping[str, str]
    key: tuple[str, ...] = ()
    ends: tuple[str, ...] = ("subject",)
    about: str = "subject"
    kept_out: frozenset[str] = frozenset()
    open: bool = False  # an undeclared table: nothing is known of its columns

    @classmethod
    def anything(cls, name: str) -> Table:
        return cls(name, {}, open=True)

    def has(self, column: str) -> bool:
        return self.open or column in self.columns


def tables_of(packs: Documents) -> dict[str, Table]:
    """Every resource and relation by name. A relation over an unknown resource is left out (the loader reports it)."""
    found = {name: _of_resource(resource) for name, resource in packs.resources.items()}
    for name, relation in packs.relations.items():
        source = packs.resources.get(relation.from_)
        if source is not None:
            found[name] = _of_relation(relation, source)
    return found


def field_of(resource: forms.Resource, name: str) -> forms.Field | None:
    """The field of that name, or None."""
    return next((field for field in resource.fields if field.name == name), None)


def _of_resource(resource: forms.Resource) -> Table:
    columns = SYSTEM | {field.name: field.type for field in resource.lake_fields}
    kept_out = frozenset(field.name for field in resource.fields if field.keep in ("vault", "drop"))
    return Table(resource.name, columns, resource.lake_keys, kept_out=kept_out)


def _of_relation(relation: forms.Relation, source: forms.Resource) -> Table:
    columns = {"subject": "text", "other": "text"}
    columns |= {field.name: field.type for field in source.lake_fields if field.name in relation.columns}
    kept_out = frozenset(relation.columns) - columns.keys()
    about = {relation.subject: "subject", relation.other: "other"}.get("subject", "")
    return Table(relation.name, columns, tuple(columns), ("subject", "other"), about, kept_out)
