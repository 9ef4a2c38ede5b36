"""Who represents a firm, by the register's own relations as they are known now."""

from __future__ import annotations

from collections.abc import Sequence

from puhui.desk.editions import readable
from puhui.desk.endings import endings_of
from puhui.desk.relations import refresh
from puhui.desk.rooms import DeskRooms
from puhui.model.tables import literal
from puhui.packs import forms

POSITION, POSITIONS = "person_position", "representative_positions"
DEFAULT = ("法定代表人",)


class RelationRegister:
    """`consent.signers.Register` over the relations of the kind `represents`."""

    def __init__(self, rooms: DeskRooms) -> None:
        self._rooms = rooms

    def represents(self, person: str, firm: str) -> bool:
        """Whether the newest published edition of any such relation names the person for the firm, in a position that
        may sign (parameter `representative_positions`)."""
        known = self._rooms.register.editions_at(self._rooms.now())
        relations = [one for one in self._rooms.packs.relations.values() if one.kind == "represents"]
        return any(
            self._names(relation, person, firm)
            for relation in relations
            if relation.from_ in known and refresh(relation, readable(known[relation.from_]), self._rooms).rows
        )

    def ended(self, *tokens: str) -> str:
        """By the newest published editions of the resources that tell it."""
        return next(iter(endings_of(self._rooms, tokens).values()), "")

    def _names(self, relation: forms.Relation, person: str, firm: str) -> bool:
        newest = self._rooms.service.versions(relation.name)[-1]
        files = self._rooms.service.files(relation.name, newest.version)
        if not files:
            return False
        paths = ", ".join(literal(file.path) for file in files)
        told = f"subject = {literal(firm)} AND other = {literal(person)} AND {self._in_position(relation)}"
        with self._rooms.scratch() as scratch:
            rows = scratch.tables.rows(
                f"SELECT 1 FROM read_parquet([{paths}], union_by_name = true) WHERE {told} LIMIT 1"
            )
        return bool(rows)

    def _in_position(self, relation: forms.Relation) -> str:
        if POSITION not in relation.columns:
            return "TRUE"
        return f"{POSITION} IN ({', '.join(literal(position) for position in self._positions())})"

    def _positions(self) -> Sequence[str]:
        parameter = self._rooms.packs.parameters.get(POSITIONS)
        value = parameter.at(self._rooms.now().date()) if parameter is not None else None
        return [str(one) for one in value] if isinstance(value, list | tuple) else DEFAULT
