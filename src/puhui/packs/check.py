"""The cross checks over a set of packs: what one document says of another must be true. Every mistake, with line."""

from __future__ import annotations

from collections.abc import Iterator

from puhui.model.refusal import Mistake
from puhui.packs import check_answers, check_resources, check_rows
from puhui.packs.finding import Check, Checking, both, repeated
from puhui.packs.packset import SECTIONS, PackSet


def check_set(packs: PackSet, broken: frozenset[tuple[str, str]] = frozenset()) -> list[Mistake]:
    """Every mistake that shows only between documents. `broken`: documents that exist but could not be read."""
    checking = Checking(packs, broken)
    return [mistake for check in CHECKS for mistake in check(checking)]


def clashes(checking: Checking) -> Iterator[Mistake]:
    """Two packs with one name: an error unless the later one says `replaces`."""
    packs = checking.packs.packs
    for section in SECTIONS:
        owner: dict[str, str] = {}
        for pack in packs:
            for name in pack.contents.section(section):
                if name in owner and name not in pack.head.replaces:
                    said = both(
                        f"{name} 与数据包 {owner[name]} 重名；如要替换，请写入 replaces",
                        f"{name} is in the pack {owner[name]} too; list it under replaces to take its place",
                    )
                    yield checking.mistake(section, name, ["name"], f"clash.{section}", said, pack=pack)
                owner[name] = pack.name


def replaces(checking: Checking) -> Iterator[Mistake]:
    """What a pack replaces must be in a pack before it, and in itself."""
    before: set[str] = set()
    for pack in checking.packs.packs:
        own = {name for section in SECTIONS for name in pack.contents.section(section)}
        for index, name in enumerate(pack.head.replaces):
            if name not in before or name not in own:
                said = both(
                    f"replaces 的 {name} 在所依赖的包或本包中不存在",
                    f"{name} is not in a needed pack and in this one",
                )
                yield checking.head_mistake(pack, ["replaces", index], "replaces.unknown", said)
        before |= own


def item_ids(checking: Checking) -> Iterator[Mistake]:
    """One item of the catalogue is one resource; one table name is a resource or a relation, not both."""
    resources = checking.packs.resources
    for index, item in repeated(resource.item_id for resource in resources.values()):
        name = list(resources)[index]
        said = both(f"item_id {item} 已被其他资源使用", f"another resource has the item_id {item}")
        yield checking.mistake("resources", name, ["item_id"], "item-id.twice", said)
    for name in checking.packs.relations:
        if name in resources:
            said = both(f"{name} 已是资源名", f"{name} is the name of a resource already")
            yield checking.mistake("relations", name, ["name"], "clash.table", said)


def local_kinds(checking: Checking) -> Iterator[Mistake]:
    """A namespace of local codes is declared once."""
    seen: set[str] = set()
    for pack in checking.packs.packs:
        for index, kind in enumerate(pack.head.local_kinds):
            if kind.name in seen:
                said = both(f"命名空间 {kind.name} 已被声明", f"the namespace {kind.name} is declared already")
                yield checking.head_mistake(pack, ["local_kinds", index, "name"], "local-kind.twice", said)
            seen.add(kind.name)


CHECKS: tuple[Check, ...] = (
    clashes,
    replaces,
    item_ids,
    local_kinds,
    *check_resources.CHECKS,
    *check_rows.CHECKS,
    *check_answers.CHECKS,
)
