"""Adopt packs: check them, say what a new version changes, activate changed ones. A refused pack loads nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from puhui.desk.rooms import DeskRooms
from puhui.disclosure.policy import check_policy
from puhui.indicators.behind import behind
from puhui.indicators.portable import check_portable
from puhui.lake.layout import columns_of
from puhui.model.refusal import Mistake, Said
from puhui.model.refusals import Broken, NoSnapshot, NotAllowed, PackRefused
from puhui.packs.diff import Change, changed_packs, loosened, pack_changes
from puhui.packs.load import load_packs, with_needs
from puhui.packs.packset import PackSet
from puhui.packs.sql import readings_of


def checked_packs(folders: Sequence[Path]) -> PackSet:
    """The set of these packs, or PackRefused with every mistake of every kind."""
    packs = load_packs(folders)
    readings = readings_of(packs)
    mistakes = [*check_portable(packs, readings), *check_policy(packs, readings)]
    if mistakes:
        raise PackRefused(sorted(mistakes, key=lambda m: (m.file, m.line, m.code)))
    return packs


def check_one(folder: Path, shelves: Sequence[Path]) -> PackSet:
    """A pack with those it needs, found on the shelves (folders of packs)."""
    return checked_packs(with_needs([folder], shelves))


def compare_packs(old: Path, new: Path, shelf: Path) -> list[Change]:
    """What the pack in `new` changes against its older version in `old`. Needs lie beside them or on the shelf.

    Raises PackRefused where one cannot be read, or where they are not two versions of one pack.
    """
    beside = [new.resolve().parent, old.resolve().parent, shelf]
    before, after = load_packs(with_needs([old], beside[1:])), load_packs(with_needs([new], beside))
    name = new.resolve().name
    if name not in {pack.name for pack in before.packs if pack.folder.resolve() == old.resolve()}:
        said = Said("两个文件夹不是同一数据包的两个版本", "the folders are not two versions of one pack")
        raise PackRefused([Mistake(f"{new.name}/pack.yaml", 1, "diff.other-pack", said)])
    return pack_changes(name, before, after)


def proposed_packs(rooms: DeskRooms, folders: Sequence[Path]) -> dict[str, Any]:
    """What a proposal to activate packs holds. The set is checked and kept, so that what is approved is what was seen.

    Raises PackRefused, NotAllowed where nothing changes or rows that are held would lose their columns.
    """
    given = {folder.resolve().name for folder in folders}
    staying = [pack.folder for pack in rooms.packs.packs if pack.name not in given]
    packs = checked_packs([*staying, *folders])
    changed = changed_packs(rooms.packs, packs)
    if not changed:
        raise NotAllowed(
            Said("这些数据包正在使用，没有变化", "these packs are in use: nothing changes"),
            todo=Said("先修改数据包", "change a pack first"),
        )
    _refuse_lost_columns(rooms, packs)
    changes = [change for pack in changed for change in pack_changes(pack.name, rooms.packs, packs)]
    return {
        "over": rooms.packs.digest,
        "set": rooms.sets.keep([*staying, *folders]),
        "packs": {pack.name: pack.digest for pack in changed},
        "changes": len(changes),
        "loosened": [f"{c.section}/{c.name} {c.part}".strip() for c in loosened(changes)],
    }


def activate_packs(rooms: DeskRooms, arguments: Mapping[str, Any], *, by: str) -> dict[str, Any]:
    """Use the proposed set from now on: one row and its event. Snapshots stay; what they lack is in `behind`.

    Repeatable. Raises NotAllowed where another set is in use than the proposal was made over.
    """
    packs = checked_packs(rooms.sets.folders(arguments["set"]))
    if packs.digest != arguments["set"]:
        raise Broken(
            Said("所提议的数据包被改动过", "the packs that were proposed have been changed"),
            todo=Said("重新提议", "propose them again"),
        )
    if rooms.packs.digest != packs.digest:
        _refuse_lost_columns(rooms, packs)
        digests = {pack.name: pack.digest for pack in packs.packs}
        over = str(arguments["over"])
        if not rooms.register.activate_packs(packs.digest, digests, by, rooms.now(), over=over):
            raise NotAllowed(
                Said("提议之后，使用中的数据包已经变化", "other packs are in use than when this was proposed"),
                todo=Said("重新提议", "propose it again"),
            )
    rooms.sets.show(packs.digest)
    return {"set": packs.digest, "packs": dict(arguments["packs"]), "behind": _behind(rooms, packs)}


def _behind(rooms: DeskRooms, packs: PackSet) -> list[str]:
    """Indicators that the current snapshot does not have by their new definition; none without a snapshot."""
    try:
        reader = rooms.figures.reader()
    except NoSnapshot:
        return []
    try:
        return list(behind(reader.snapshot, packs))
    finally:
        reader.close()


def _refuse_lost_columns(rooms: DeskRooms, packs: PackSet) -> None:
    lost = list(_lost_columns(rooms, packs))
    if lost:
        raise NotAllowed(
            Said(f"已有版本的列不能去掉或改类型：{', '.join(lost)}", f"editions hold these columns: {', '.join(lost)}"),
            todo=Said("保留原字段，另立新字段", "keep the field as it is, and add another"),
        )


def _lost_columns(rooms: DeskRooms, packs: PackSet) -> Iterator[str]:
    """Resources with editions that would be gone, and columns of them that would be gone or of another type."""
    for name in sorted({edition.resource for edition in rooms.register.editions()} & set(rooms.packs.resources)):
        if name not in packs.resources:
            yield name
            continue
        now = columns_of(packs.resources[name])
        for column, kind in columns_of(rooms.packs.resources[name]).items():
            if now.get(column) != kind:
                yield f"{name}.{column}"
