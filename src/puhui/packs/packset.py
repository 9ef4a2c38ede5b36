"""What a loaded pack is, and the set of active packs with everything in it by name. Immutable once made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.packs import forms
from puhui.packs.forms_answers import CheckHead, IndicatorHead, Letter, PackTest, Product, PurposeTable, TableRules

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator: its head, its SELECT as written, and where that begins (`sql_line`, from 1, in `file`)."""

    name: str
    pack: str
    head: IndicatorHead
    sql: str
    file: str
    sql_line: int


@dataclass(frozen=True, slots=True)
class SqlCheck:
    """One whole-table check: a SELECT of `line` of the bad rows FROM `rows`."""

    name: str
    pack: str
    head: CheckHead
    sql: str
    file: str
    sql_line: int


@dataclass(frozen=True, slots=True)
class Contents:
    """The documents of one pack or of a set, by name."""

    resources: dict[str, forms.Resource] = field(default_factory=dict)
    codes: dict[str, forms.CodeList] = field(default_factory=dict)
    mappings: dict[str, forms.Mapping] = field(default_factory=dict)
    indicators: dict[str, Indicator] = field(default_factory=dict)
    relations: dict[str, forms.Relation] = field(default_factory=dict)
    parameters: dict[str, forms.Parameter] = field(default_factory=dict)
    checks: dict[str, SqlCheck] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    letters: dict[str, Letter] = field(default_factory=dict)
    purposes: dict[str, PurposeTable] = field(default_factory=dict)
    tables: dict[str, TableRules] = field(default_factory=dict)
    tests: dict[str, PackTest] = field(default_factory=dict)

    def section(self, name: str) -> dict[str, object]:
        """The documents of one folder of a pack."""
        found: dict[str, object] = getattr(self, name)
        return found


SECTIONS = (
    "resources",
    "codes",
    "mappings",
    "indicators",
    "relations",
    "parameters",
    "checks",
    "products",
    "letters",
    "purposes",
    "tables",
    "tests",
)


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack as read from its folder. `digest`: sha256 over its sorted relative paths and bytes, hex."""

    folder: Path
    head: forms.PackHead
    contents: Contents
    digest: str

    @property
    def name(self) -> str:
        return self.head.name


@dataclass(frozen=True, slots=True)
class PackSet:
    """Active packs in order (a pack after those it needs), and their documents with `replaces` applied.

    `pack_of` names the pack of each document by (section, name). `digest` is of the whole set.
    """

    packs: tuple[Pack, ...]
    contents: Contents
    pack_of: Mapping[tuple[str, str], str]
    digest: str
    _by_item: Mapping[str, forms.Resource]

    @property
    def resources(self) -> Mapping[str, forms.Resource]:
        return self.contents.resources

    @property
    def codes(self) -> Mapping[str, forms.CodeList]:
        return self.contents.codes

    @property
    def mappings(self) -> Mapping[str, forms.Mapping]:
        return self.contents.mappings

    @property
    def indicators(self) -> Mapping[str, Indicator]:
        return self.contents.indicators

    @property
    def relations(self) -> Mapping[str, forms.Relation]:
        return self.contents.relations

    @property
    def parameters(self) -> Mapping[str, forms.Parameter]:
        return self.contents.parameters

    @property
    def checks(self) -> Mapping[str, SqlCheck]:
        return self.contents.checks

    @property
    def products(self) -> Mapping[str, Product]:
        return self.contents.products

    @property
    def letters(self) -> Mapping[str, Letter]:
        return self.contents.letters

    @property
    def purposes(self) -> Mapping[str, PurposeTable]:
        return self.contents.purposes

    @property
    def tables(self) -> Mapping[str, TableRules]:
        return self.contents.tables

    @property
    def tests(self) -> Mapping[str, PackTest]:
        return self.contents.tests

    def resource(self, name_or_item_id: str) -> forms.Resource:
        """The resource of that name or item_id. Raises UnknownName."""
        found = self.resources.get(name_or_item_id) or self._by_item.get(name_or_item_id)
        if found is None:
            raise _unknown(Said("资源", "resource"), name_or_item_id)
        return found

    def indicator(self, name_or_id: str) -> Indicator:
        """The indicator of that name or id (`T01`). Raises UnknownName."""
        found = self.indicators.get(name_or_id)
        if found is None:
            found = next((one for one in self.indicators.values() if one.head.id == name_or_id), None)
        if found is None:
            raise _unknown(Said("指标", "indicator"), name_or_id)
        return found

    def mapping(self, name: str) -> forms.Mapping:
        """The mapping of that name. Raises UnknownName."""
        return _found(self.mappings, name, Said("映射", "mapping"))

    def parameter(self, name: str) -> forms.Parameter:
        """The parameter of that name. Raises UnknownName."""
        return _found(self.parameters, name, Said("参数", "parameter"))

    def value_at(self, name: str, as_of: date) -> forms.ParameterValue:
        """The value of a parameter in force on a day. Raises UnknownName, also before its first value."""
        value = self.parameter(name).at(as_of)
        if value is None:
            raise _unknown(Said("该日的参数值", "value on that day"), name)
        return value

    def mappings_of(self, resource: str) -> tuple[forms.Mapping, ...]:
        """The mappings whose rows become rows of a resource, by name."""
        return tuple(one for _, one in sorted(self.mappings.items()) if one.resource == resource)

    def checks_of(self, resource: str) -> tuple[SqlCheck, ...]:
        """The whole-table checks of a resource, by name."""
        return tuple(one for _, one in sorted(self.checks.items()) if one.head.resource == resource)

    def relations_of(self, resource: str) -> tuple[forms.Relation, ...]:
        """The relations that are read from a resource, by name."""
        return tuple(one for _, one in sorted(self.relations.items()) if one.from_ == resource)


def _found(things: Mapping[str, T], name: str, what: Said) -> T:
    found = things.get(name)
    if found is None:
        raise _unknown(what, name)
    return found


def _unknown(what: Said, name: str) -> UnknownName:
    return UnknownName(
        Said(f"没有名为 {name} 的{what.zh}", f"there is no {what.en} named {name}"),
        todo=Said("检查名称；`puhui pack check` 会列出已加载的内容", "check the name against the active packs"),
    )


def merge(packs: Sequence[Pack], digest: str) -> PackSet:
    """The set of ordered packs; a later pack's document takes the place of one that it replaces."""
    contents, pack_of = Contents(), {}
    for pack in packs:
        for section in SECTIONS:
            documents = pack.contents.section(section)
            contents.section(section).update(documents)
            pack_of.update({(section, name): pack.name for name in documents})
    by_item = {resource.item_id: resource for resource in contents.resources.values()}
    return PackSet(tuple(packs), contents, pack_of, digest, by_item)
