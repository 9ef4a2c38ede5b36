"""Reads pack folders: every document into its form, or every mistake at once. Nothing half-loaded comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from puhui.model.refusal import Mistake, Said
from puhui.model.refusals import PackRefused
from puhui.packs import forms
from puhui.packs.check import check_set
from puhui.packs.digests import folder_digest, set_digest
from puhui.packs.explain import explain
from puhui.packs.forms import Form
from puhui.packs.forms_answers import CheckHead, IndicatorHead, Letter, PackTest, Product, PurposeTable, TableRules
from puhui.packs.packset import Contents, Indicator, Pack, PackSet, SqlCheck, merge
from puhui.packs.yaml_text import YamlMistake, compose, line_of, read

YAML_FORMS: dict[str, type[Form]] = {
    "resources": forms.Resource,
    "codes": forms.CodeList,
    "mappings": forms.Mapping,
    "relations": forms.Relation,
    "parameters": forms.Parameter,
    "products": Product,
    "letters": Letter,
    "purposes": PurposeTable,
    "tables": TableRules,
    "tests": PackTest,
}
SQL_FORMS: dict[str, type[IndicatorHead | CheckHead]] = {"indicators": IndicatorHead, "checks": CheckHead}
_PYTHON = (".py", ".pyc", ".pyi", ".so", ".ipynb")
_LOOSE = (".md", ".csv")  # what may lie beside pack.yaml: pages for people and reviewed tables
_HEAD = re.compile(r"\s*/\*(?P<head>.*?)\*/", re.DOTALL)


@dataclass(slots=True, eq=False)
class Reading:
    """One pack while it is read: what was made of it, what is wrong, and which names were broken on the way."""

    folder: Path
    contents: Contents = field(default_factory=Contents)
    head: forms.PackHead | None = None
    mistakes: list[Mistake] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def head_or_stand_in(self) -> forms.PackHead:
        """The head; where it could not be read one that needs nothing, so that the rest is checked too."""
        words = forms.Words(zh="", en="")
        return self.head or forms.PackHead(
            format=1, name=self.folder.resolve().name, version="0.0.0", title=words, owner=words
        )

    def place(self, path: str) -> str:
        """A file as mistakes name it: the pack's folder and the path in it."""
        return f"{self.folder.name}/{path}"

    def note(self, path: str, line: int, code: str, said: Said) -> None:
        self.mistakes.append(Mistake(self.place(path), line, code, said))


def load_pack(folder: Path) -> Pack:
    """One pack by itself; names that its needs would bring are not looked up. Raises PackRefused."""
    reading = read_pack(folder)
    if reading.mistakes:
        raise PackRefused(in_order(reading.mistakes))
    return pack_of(reading)


def load_packs(folders: Sequence[Path]) -> PackSet:
    """The set of these packs, everything cross-checked, every need among them. Raises PackRefused with all
    mistakes."""
    readings = [read_pack(folder) for folder in folders]
    mistakes = [mistake for reading in readings for mistake in reading.mistakes]
    ordered, more = in_need_order(readings)
    packs = [pack_of(reading) for reading in ordered]
    pack_set = merge(packs, set_digest((pack.name, pack.digest) for pack in packs))
    broken = frozenset(name for reading in readings for name in reading.broken)
    mistakes += [*more, *check_set(pack_set, broken)]
    if mistakes:
        raise PackRefused(in_order(mistakes))
    return pack_set


def in_need_order(readings: Sequence[Reading]) -> tuple[list[Reading], list[Mistake]]:
    """The readings, each after those that its head needs; a need that is not there is a mistake."""
    by_name: dict[str, Reading] = {}
    mistakes: list[Mistake] = []
    for reading in readings:
        name = reading.head_or_stand_in.name
        if name in by_name:
            said = Said(f"数据包 {name} 出现两次", f"the pack {name} is here twice")
            mistakes.append(Mistake(reading.place("pack.yaml"), 1, "pack.twice", said))
        else:
            by_name[name] = reading
    ordered: list[Reading] = []
    for reading in by_name.values():
        mistakes += _place_after_needs(reading, by_name, ordered, ())
    return ordered, mistakes


def _place_after_needs(
    reading: Reading, by_name: dict[str, Reading], ordered: list[Reading], above: tuple[str, ...]
) -> Iterator[Mistake]:
    head = reading.head_or_stand_in
    if reading in ordered:
        return
    for index, need in enumerate(head.needs):
        if need not in by_name or need in (*above, head.name):
            cycle = need in by_name
            zh = f"与 {need} 互相依赖" if cycle else f"需要的数据包 {need} 不在场"
            en = f"this pack and {need} need each other" if cycle else f"the pack {need}, which is needed, is not here"
            line = _line_in_head(reading, ("needs", index))
            yield Mistake(reading.place("pack.yaml"), line, f"needs.{'cycle' if cycle else 'missing'}", Said(zh, en))
        else:
            yield from _place_after_needs(by_name[need], by_name, ordered, (*above, head.name))
    ordered.append(reading)


def _line_in_head(reading: Reading, path: tuple[str | int, ...]) -> int:
    return line_of(compose(reading.files["pack.yaml"].decode("utf-8-sig"), "pack.yaml"), path)


def with_needs(folders: Sequence[Path], shelves: Sequence[Path]) -> tuple[Path, ...]:
    """The folders and those of the packs they need, looked for on shelves (folders of packs). A need that is on no
    shelf is left out: load_packs reports it."""
    found: dict[str, Path] = {}
    waiting = list(folders)
    while waiting:
        folder = waiting.pop(0)
        if folder.name in found:
            continue
        found[folder.name] = folder
        head = read_pack_head(folder)
        for need in head.needs if head else ():
            waiting += [shelf / need for shelf in shelves if (shelf / need / "pack.yaml").is_file()][:1]
    return tuple(found.values())


def read_pack_head(folder: Path) -> forms.PackHead | None:
    """The head alone, or None if it cannot be read (loading will say why)."""
    try:
        text = (folder / "pack.yaml").read_text(encoding="utf-8")
        return msgspec.convert(read(text, "pack.yaml"), forms.PackHead)
    except (OSError, ValueError, YamlMistake, msgspec.ValidationError):
        return None


def in_order(mistakes: Sequence[Mistake]) -> list[Mistake]:
    """By file, line and code, each once."""
    return sorted(set(mistakes), key=lambda m: (m.file, m.line, m.code, m.said.en))


def pack_of(reading: Reading) -> Pack:
    """What was made of the reading, as a pack."""
    return Pack(reading.folder, reading.head_or_stand_in, reading.contents, folder_digest(reading.files))


def read_pack(folder: Path) -> Reading:
    """Reads all files of a folder; what is wrong is in `mistakes`."""
    reading = Reading(Path(folder))
    for path in _files(reading):
        reading.files[path] = (reading.folder / path).read_bytes()
    if "pack.yaml" in reading.files:
        _read_head(reading)
    else:
        reading.note("pack.yaml", 1, "file.missing", Said("缺少 pack.yaml", "there is no pack.yaml"))
    for path in reading.files:
        section, _, file_name = path.partition("/")
        if section in YAML_FORMS and file_name.endswith(".yaml"):
            _read_yaml(reading, path, section)
        elif section in SQL_FORMS and file_name.endswith(".sql"):
            _read_sql(reading, path, section)
    return reading


def _files(reading: Reading) -> Iterator[str]:
    """The relative paths of a pack's files, sorted; anything that a pack may not hold is noted and left out."""
    if not reading.folder.is_dir():
        return
    for entry in sorted(reading.folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            yield from _files_of_section(reading, entry)
        elif _allowed(reading, entry, entry.name, entry.name == "pack.yaml" or entry.suffix in _LOOSE):
            yield entry.name


def _files_of_section(reading: Reading, folder: Path) -> Iterator[str]:
    section = folder.name
    if section not in YAML_FORMS and section not in SQL_FORMS:
        said = Said(f"包里不能有文件夹 {section}", f"a pack holds no folder {section}")
        reading.note(section, 1, "folder.unknown", said)
        return
    suffix = ".sql" if section in SQL_FORMS else ".yaml"
    for entry in sorted(folder.iterdir()):
        path = f"{section}/{entry.name}"
        if _allowed(reading, entry, path, entry.suffix == suffix and entry.is_file()):
            yield path


def _allowed(reading: Reading, entry: Path, path: str, expected: bool) -> bool:
    if entry.is_symlink():
        reading.note(path, 1, "file.link", Said("包里不能有符号链接", "a pack holds no symbolic links"))
    elif entry.suffix in _PYTHON:
        reading.note(path, 1, "file.python", Said("包里不能有程序代码", "a pack holds no Python"))
    elif not expected:
        reading.note(path, 1, "file.unknown", Said("包里不应有这个文件", "this file has no place in a pack"))
    else:
        return True
    return False


def _text(reading: Reading, path: str) -> str | None:
    raw = reading.files[path]
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        reading.note(path, line, "file.encoding", Said("文件不是 UTF-8 编码", "the file is not UTF-8"))
        return None


def _document(reading: Reading, path: str, text: str, form: type[Form]) -> Any:
    """The converted document, or None with its mistakes noted."""
    file = reading.place(path)
    try:
        data = read(text, file)
    except YamlMistake as error:
        reading.mistakes += error.mistakes
        return None
    try:
        return msgspec.convert(data, form)
    except msgspec.ValidationError:
        reading.mistakes += explain(data, form, compose(text, file), file, 1)
        return None


def _read_head(reading: Reading) -> None:
    text = _text(reading, "pack.yaml")
    reading.head = _document(reading, "pack.yaml", text, forms.PackHead) if text is not None else None
    folder = reading.folder.resolve().name
    if text is not None and reading.head is not None and reading.head.name != folder:
        line = line_of(compose(text, "pack.yaml"), ("name",))
        said = Said(f"name 应与文件夹名 {folder} 相同", f"name must be the folder's name, {folder}")
        reading.note("pack.yaml", line, "name.folder", said)


def _read_yaml(reading: Reading, path: str, section: str) -> None:
    stem = Path(path).stem
    text = _text(reading, path)
    document = _document(reading, path, text, YAML_FORMS[section]) if text is not None else None
    if document is None or text is None:
        reading.broken.add((section, stem))
        return
    if document.name != stem:
        said = Said(f"name 应与文件名 {stem} 相同", f"name must be the file's name, {stem}")
        reading.note(path, line_of(compose(text, path), ("name",)), "name.file", said)
        reading.broken |= {(section, stem), (section, document.name)}
        return
    reading.contents.section(section)[stem] = document.spread() if section == "codes" else document


def _read_sql(reading: Reading, path: str, section: str) -> None:
    stem, text = Path(path).stem, _text(reading, path)
    found = _HEAD.match(text) if text is not None else None
    if text is None or found is None:
        if text is not None:
            said = Said("文件应以 /* YAML 头 */ 开始", "the file must begin with /* a YAML head */")
            reading.note(path, 1, "sql.no-head", said)
        reading.broken.add((section, stem))
        return
    blank_lines = "\n" * text.count("\n", 0, found.start("head"))
    head = _document(reading, path, blank_lines + found.group("head"), SQL_FORMS[section])
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem):
        said = Said("文件名应是小写 SQL 标识符", "the file's name must be a lower-case SQL identifier")
        reading.note(path, 1, "name.file", said)
    if head is None:
        reading.broken.add((section, stem))
        return
    sql_at = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())
    line = text.count("\n", 0, sql_at) + 1
    make = Indicator if section == "indicators" else SqlCheck
    pack = reading.folder.resolve().name
    one = make(stem, pack, head, text[sql_at:].rstrip(), reading.place(path), line)
    reading.contents.section(section)[stem] = one
