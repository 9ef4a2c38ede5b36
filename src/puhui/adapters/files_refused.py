"""How a file that cannot be read is refused: what is wrong, where, and what the supplier can do. No cell
text."""

from __future__ import annotations

from puhui.model.refusal import Said
from puhui.model.refusals import ParcelUnreadable


def unreadable(zh: str, en: str, *, todo_zh: str, todo_en: str, where: str = "") -> ParcelUnreadable:
    """A refusal to raise; `where` is an offset, sheet or member name, never content."""
    return ParcelUnreadable(Said(zh, en), todo=Said(todo_zh, todo_en), where=where)


def empty_file(name: str) -> ParcelUnreadable:
    return unreadable(
        "文件为空或没有表头",
        "the file is empty or has no header",
        todo_zh="请检查导出是否成功后重新交付",
        todo_en="check the export and deliver again",
        where=name,
    )
