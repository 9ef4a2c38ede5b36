"""Which mapping reads a file: the one that was named, the one whose header fits, or the one that the header
itself is.

A chosen mapping is tied to the file: its `from` names become the engine's columns, and columns that the file
lacks are dropped where the mapping's header does not demand them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from puhui.intake.formats import Records
from puhui.intake.header import comparable
from puhui.intake.propose import Proposal, names_of, propose_mapping
from puhui.model.refusal import Said
from puhui.model.refusals import PackRefused, ParcelUnmapped, UnknownName
from puhui.packs.explain import explain
from puhui.packs.forms import Column, Resource
from puhui.packs.forms import Mapping as MappingForm
from puhui.packs.packset import PackSet
from puhui.packs.yaml_text import YamlMistake, compose, read

__all__ = ["RETURNED", "Proposal", "choose_mapping", "propose_mapping"]
IMPLICIT = "implicit"
RETURNED = ("行号", "原因", "建议")  # the columns that a file of rows set aside has before the delivered ones


def choose_mapping(packs: PackSet, resource: Resource, records: Records, given: str | None) -> MappingForm:
    """The mapping for a file, tied to its columns. `given`: a mapping's name, or the path of a YAML file.

    Raises ParcelUnmapped, UnknownName, and PackRefused for a file with mistakes.
    """
    if given:
        named = packs.mappings.get(given) or _from_file(Path(given))
        if named.resource not in (resource.name, resource.item_id):
            raise _unmapped(f"映射 {named.name} 属于另一资源", f"mapping {named.name} is of another resource", given)
        return _tied(named, records)
    fitting = [m for m in packs.mappings_of(resource.name) if _fits(m, records)]
    if fitting:
        return _tied(max(fitting, key=lambda mapping: (len(mapping.header), mapping.name)), records)
    implicit = implicit_mapping(resource, records)
    if implicit is None:
        raise _unmapped(
            f"没有映射适合该文件的 {len(records.header)} 列表头",
            f"no mapping fits the file's header of {len(records.header)} columns",
            ", ".join(_foreign(resource, records)),
        )
    return implicit


def implicit_mapping(resource: Resource, records: Records) -> MappingForm | None:
    """The mapping of a file whose every column bears the name, a title or an alias of a field of its own."""
    named = names_of(resource)
    columns: dict[str, Column] = {}
    for delivered, column in zip(records.header, records.columns, strict=True):
        if delivered in RETURNED:
            continue
        field = named.get(comparable(delivered))
        if field is None or field in columns:
            return None
        columns[field] = Column(from_=column)
    if not columns:
        return None
    header = [column for name in columns for column in _froms(columns[name])]
    return MappingForm(format=1, name=IMPLICIT, resource=resource.name, header=header, columns=columns)


def _foreign(resource: Resource, records: Records) -> list[str]:
    named = names_of(resource)
    return [name for name in records.header if comparable(name) not in named and name not in RETURNED]


def _from_file(path: Path) -> MappingForm:
    if not path.is_file():
        raise UnknownName(
            Said(f"没有名为 {path.name} 的映射", f"there is no mapping named {path.name}"),
            todo=Said(
                "用数据包中的映射名，或映射文件的路径",
                "name a mapping of a pack, or the path of a mapping file",
            ),
        )
    text = path.read_text(encoding="utf-8")
    try:
        data = read(text, path.name)
    except YamlMistake as error:
        raise PackRefused(error.mistakes) from None
    try:
        return msgspec.convert(data, MappingForm)
    except msgspec.ValidationError:
        raise PackRefused(explain(data, MappingForm, compose(text, path.name), path.name, 1)) from None


def _by_name(records: Records) -> dict[str, str]:
    """Comparable name → engine column; of repeated names the first."""
    pairs = zip(records.header, records.columns, strict=True)
    return {comparable(name): column for name, column in reversed(list(pairs))}


def _fits(mapping: MappingForm, records: Records) -> bool:
    return _by_name(records).keys() >= {comparable(name) for name in mapping.header}


def _tied(mapping: MappingForm, records: Records) -> MappingForm:
    there = _by_name(records)
    missing = [name for name in mapping.header if comparable(name) not in there]
    if missing:
        raise _unmapped(
            f"文件缺少映射 {mapping.name} 要求的列",
            f"the file lacks columns that mapping {mapping.name} demands",
            ", ".join(missing),
        )
    columns = {}
    for field, column in mapping.columns.items():
        froms = [there[comparable(name)] for name in _froms(column) if comparable(name) in there]
        if froms:
            columns[field] = msgspec.structs.replace(column, from_=froms[0] if len(froms) == 1 else froms)
    return msgspec.structs.replace(mapping, columns=columns, operation=_operation(mapping, there))


def _operation(mapping: MappingForm, there: Mapping[str, str]) -> object:
    operation = mapping.operation
    if operation is None or comparable(operation.from_) not in there:
        return None
    return msgspec.structs.replace(operation, from_=there[comparable(operation.from_)])


def _froms(column: Column) -> Sequence[str]:
    return [column.from_] if isinstance(column.from_, str) else column.from_


def _unmapped(zh: str, en: str, where: str) -> ParcelUnmapped:
    return ParcelUnmapped(
        Said(zh, en),
        todo=Said(
            "用 `puhui propose` 生成映射建议，确认后以 --mapping 指定",
            "have a mapping proposed with `puhui propose`, confirm it, and name it with --mapping",
        ),
        where=where,
    )
