"""The three levels of the catalogue: duty, data, table, under the agency that has the duty."""

from __future__ import annotations

from dataclasses import dataclass

from puhui.packs.forms import Resource, Words
from puhui.packs.packset import PackSet


@dataclass(frozen=True, slots=True)
class DutyNode:
    """One duty of an agency and the resources that come of it, by item_id; their `fields` are the third level."""

    title: Words
    resources: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Agency:
    """One supplier and its duties, in the order of their first item."""

    title: Words
    duties: tuple[DutyNode, ...]


def tree(packs: PackSet) -> tuple[Agency, ...]:
    """Every active resource in exactly one place: agency → duty → resource → fields. By item_id
    throughout."""
    grouped: dict[str, dict[str, list[Resource]]] = {}
    for resource in sorted(packs.resources.values(), key=_place):
        duties = grouped.setdefault(resource.agency.zh, {})
        duties.setdefault(resource.duty.zh, []).append(resource)
    return tuple(_agency(duties) for duties in grouped.values())


def _place(resource: Resource) -> tuple[str, int]:
    agency, _, number = resource.item_id.rpartition("-")
    return agency, int(number)


def _agency(duties: dict[str, list[Resource]]) -> Agency:
    nodes = []
    for resources in duties.values():
        duty = resources[0].duty
        nodes.append(DutyNode(Words(zh=duty.zh, en=duty.en), tuple(resources)))
    return Agency(nodes[0].resources[0].agency, tuple(nodes))
