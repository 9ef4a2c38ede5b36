"""XML of any declared encoding (GBK too) as rows: the repeated element is the row, its leaves are the
columns.

The text is decoded strictly before it is parsed, and any document type, and with it every entity, is refused.
Of `<column name="企业名称">…</column>` the attribute is the column's name. Leaves below the row's children
are named `child.leaf`; a leaf that repeats within a row is joined with ";".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from xml.parsers import expat

from puhui.adapters.files_refused import empty_file, unreadable
from puhui.adapters.files_rows import TextRows
from puhui.adapters.files_scan import digest_of, scan
from puhui.adapters.files_text import HEAD, decode_to_utf8, encoding_of
from puhui.intake.formats import FileKind, Form, Records
from puhui.intake.header import unique_columns

MOST_DEEP = 64
MOST_COLUMNS = 2000
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CHINESE = {"gbk", "gb2312", "gb18030", "cp936", "ms936"}
Path_ = tuple[str, ...]


def open_xml(path: Path, workdir: Path) -> Records:
    """Open an XML file. Raises ParcelUnreadable."""
    digest, size = digest_of(path)
    text = workdir / f"{digest[:16]}.utf8.xml"
    decode_to_utf8(path, text, _encoding(path))
    shape = _Shape()
    _parse(text, shape.start, shape.end, shape.text)
    header = tuple(shape.names())
    if not header:
        raise empty_file(path.name)
    target = workdir / f"{digest[:16]}.rows.parquet"
    columns = unique_columns(header)
    with TextRows(target, columns) as rows:
        reader = _Reader(shape.row(), header, rows)
        _parse(text, reader.start, reader.end, reader.text)
    return Records(
        kind=FileKind.XML,
        form=Form.PARQUET,
        path=target,
        source=path,
        header=header,
        columns=columns,
        lines=reader.line,
        digest=digest,
        size=size,
    )


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD)
    declared = _DECLARED.match(head.removeprefix(codecs.BOM_UTF8))
    if declared is None or head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return encoding_of(head, scan(path))[0]
    name = declared[1].decode("ascii").lower()
    if name in _CHINESE:
        return "gb18030"
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise _refused(f"未知的编码 {name}", f"unknown encoding {name}") from None


def _parse(
    path: Path,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> None:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        with path.open("r", encoding="utf-8", newline="") as file:
            head = file.read(HEAD)
            declaration = _DECLARATION.match(head)
            parser.Parse(head[declaration.end() :] if declaration else head, False)
            while part := file.read(HEAD):
                parser.Parse(part, False)
            parser.Parse("", True)
    except expat.ExpatError as broken:
        raise _refused(f"第 {broken.lineno} 行不是有效的 XML", f"line {broken.lineno} is not valid XML") from None


def _refuse_doctype(*_: object) -> None:
    raise _refused("XML 含文档类型声明（DTD），不予解析", "the XML has a document type, which is not read")


def _refused(zh: str, en: str) -> Exception:
    return unreadable(
        zh,
        en,
        todo_zh="请去掉 DTD 和实体，重新导出",
        todo_en="export again without a document type and entities",
    )


class _Walk:
    """Where the parser stands: the names of the open elements, and the text of a leaf."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.parts: list[str] = []
        self.is_leaf = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self.path) >= MOST_DEEP:
            raise _refused(f"嵌套超过 {MOST_DEEP} 层", f"elements are nested deeper than {MOST_DEEP}")
        self.path.append(attributes.get("name") or tag.rpartition(":")[2])
        self.parts.clear()
        self.is_leaf = True

    def text(self, text: str) -> None:
        if self.is_leaf:
            self.parts.append(text)

    def leaf(self) -> str | None:
        """The text of the element that closes, if it has no children."""
        found = "".join(self.parts) if self.is_leaf else None
        self.is_leaf = False
        self.parts.clear()
        return found


class _Shape(_Walk):
    """The first reading: which element repeats, and which leaves its rows have."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[Path_, int] = {}
        self.leaves: dict[Path_, None] = {}

    def end(self, tag: str) -> None:
        here = tuple(self.path)
        if self.leaf() is not None:
            self.leaves.setdefault(here)
            if len(self.leaves) > MOST_COLUMNS:
                raise _refused(f"列超过 {MOST_COLUMNS} 个", f"there are more than {MOST_COLUMNS} columns")
        else:
            self.counts[here] = self.counts.get(here, 0) + 1
        self.path.pop()

    def row(self) -> Path_:
        """The outermost element with children that repeats; in a file of one record the one that holds the
        leaves."""
        repeated = [path for path, count in self.counts.items() if count > 1]
        if repeated:
            return min(repeated, key=lambda path: (len(path), -self.counts[path]))
        return max(self.counts, key=lambda path: self._leaves_of(path), default=())

    def _leaves_of(self, path: Path_) -> int:
        return sum(leaf[:-1] == path for leaf in self.leaves)

    def names(self) -> list[str]:
        row = self.row()
        depth = len(row)
        return [".".join(leaf[depth:]) for leaf in self.leaves if depth and leaf[:depth] == row]


class _Reader(_Walk):
    """The second reading: rows out."""

    def __init__(self, row: Path_, header: tuple[str, ...], rows: TextRows) -> None:
        super().__init__()
        self.row = list(row)
        self.at = {name: number for number, name in enumerate(header)}
        self.rows = rows
        self.values: list[str | None] = [None] * len(header)
        self.line = 0

    def end(self, tag: str) -> None:
        value, depth = self.leaf(), len(self.row)
        if value is not None and self.path[:depth] == self.row and len(self.path) > depth:
            column = self.at[".".join(self.path[depth:])]
            before = self.values[column]
            self.values[column] = value if before is None else f"{before};{value}"
        elif self.path == self.row:
            self.line += 1
            self.rows.add(self.line, self.values)
            self.values = [None] * len(self.at)
        self.path.pop()
