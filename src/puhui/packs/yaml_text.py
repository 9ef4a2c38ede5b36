"""Reads one YAML document strictly: exact decimals, no surprises of YAML 1.1, and the line of everything.

Differences from plain YAML 1.1: only `true` and `false` are booleans (`no` and `on` are text), numbers
with a leading zero are text (codes keep their zeros), numbers with a point are `Decimal`, nothing is octal or
sexagesimal, a repeated key is a mistake, and anchors, tags and tabs are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

from puhui.model.refusal import Mistake, Said

_STR, _INT, _FLOAT, _BOOL, _NULL, _DATE = (
    f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp")
)
_MAP, _SEQ = yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG
_PATTERNS = (
    (re.compile(r"[-+]?(0|[1-9][0-9]*)"), _INT),
    (re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+"), _FLOAT),
    (re.compile(r"true|false"), _BOOL),
    (re.compile(r"null|~|"), _NULL),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), _DATE),
)


@lru_cache(maxsize=20_000)
def _plain_tag(text: str) -> str:
    for pattern, tag in _PATTERNS:
        if pattern.fullmatch(text):
            return tag
    return _STR


class _Loader(yaml.CSafeLoader):
    """The C parser, with our own idea of what a plain scalar is."""

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _plain_tag(value or "") if implicit[0] else _STR
        return str(_MAP if kind is yaml.MappingNode else _SEQ)


class YamlMistake(Exception):
    """The text is not a YAML document as we take it; `mistakes` lists why. Caught by the loader."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("not a YAML document")
        self.mistakes = tuple(mistakes)


_MAKE: dict[str, Callable[[str], Any]] = {
    _STR: str,
    _INT: int,
    _FLOAT: Decimal,
    _BOOL: lambda text: text == "true",
    _NULL: lambda text: None,
    _DATE: date.fromisoformat,
}


class _Reader:
    """Turns nodes into plain data and notes what is not allowed."""

    def __init__(self, file: str, first_line: int) -> None:
        self.file = file
        self.first_line = first_line
        self.mistakes: list[Mistake] = []
        self.depth = 0

    def note(self, node: yaml.Node, code: str, said: Said) -> None:
        self.mistakes.append(Mistake(self.file, node.start_mark.line + self.first_line, code, said))

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if self.depth >= _DEEPEST:
            self.note(node, "yaml.too-deep", _too_deep())
            return None
        self.depth += 1
        listed = isinstance(node, yaml.SequenceNode)
        found = [self.value(item) for item in node.value] if listed else self.mapping(node)
        self.depth -= 1
        return found

    def scalar(self, node: yaml.ScalarNode) -> Any:
        make = _MAKE.get(node.tag)
        if make is None:
            self.note(node, "yaml.tag", Said("不允许使用 YAML 标签", "YAML tags are not allowed"))
            return node.value
        try:
            return make(node.value)
        except ValueError:
            self.note(node, "yaml.date", Said("日期不存在", "there is no such day"))
            return node.value

    def mapping(self, node: yaml.Node) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            if not isinstance(key, str):
                self.note(key_node, "yaml.key", Said("键必须是文字", "a key must be text"))
                continue
            if key in found:
                self.note(key_node, "yaml.duplicate-key", Said(f"键 {key} 重复", f"the key {key} is repeated"))
            found[key] = self.value(value_node)
        return found


def compose(text: str, file: str, first_line: int = 1) -> yaml.Node | None:
    """The node tree of one document; YamlMistake with the line if it is none."""
    loader = _Loader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.YAMLError as error:
        raise YamlMistake([_syntax_mistake(error, text, file, first_line)]) from error
    finally:
        loader.dispose()
    return node


def read(text: str, file: str, first_line: int = 1) -> Any:
    """The data of one document. Raises YamlMistake with every mistake found in it."""
    if _is_too_deep(text):
        raise YamlMistake([Mistake(file, first_line, "yaml.too-deep", _too_deep())])
    if "&" in text or "*" in text:
        _refuse_anchors(text, file, first_line)
    node = compose(text, file, first_line)
    if node is None:
        empty = Said("文件是空的", "the document is empty")
        raise YamlMistake([Mistake(file, first_line, "yaml.empty", empty)])
    reader = _Reader(file, first_line)
    data = reader.value(node)
    if reader.mistakes:
        raise YamlMistake(reader.mistakes)
    return data


_DEEPEST = 64  # no document needs more
_MANY_BRACKETS = 2_000
_BLOCK_IS_DEEP = re.compile(r"(?:[-?] +){64}|^ {128}", re.MULTILINE)


def _too_deep() -> Said:
    return Said(f"嵌套超过 {_DEEPEST} 层", f"nested deeper than {_DEEPEST} levels")


def _is_too_deep(text: str) -> bool:
    """Whether the parser's recursion might crash the process: looked at closely only where it could."""
    if text.count("[") + text.count("{") < _MANY_BRACKETS and not _BLOCK_IS_DEEP.search(text):
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                return True
    except yaml.YAMLError:
        return False  # composing it will say why
    return False


def _refuse_anchors(text: str, file: str, first_line: int) -> None:
    """Anchors and aliases hide what a document says (and can swell it without end)."""
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if getattr(event, "anchor", None) is not None:
                said = Said("不允许使用 YAML 锚点和别名", "YAML anchors and aliases are not allowed")
                line = first_line + (event.start_mark.line if event.start_mark else 0)
                raise YamlMistake([Mistake(file, line, "yaml.anchor", said)])
    except yaml.YAMLError as error:
        raise YamlMistake([_syntax_mistake(error, text, file, first_line)]) from error


def _syntax_mistake(error: yaml.YAMLError, text: str, file: str, first_line: int) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    line = mark.line if mark is not None else 0
    lines = text.splitlines()
    if line < len(lines) and "\t" in lines[line]:
        said = Said("行首不能用制表符，请改用空格", "a tab indents this line; use blanks")
        return Mistake(file, line + first_line, "yaml.tab", said)
    problem = getattr(error, "problem", None) or "cannot be read"
    said = Said(f"YAML 语法错误：{problem}", f"not valid YAML: {problem}")
    return Mistake(file, line + first_line, "yaml.syntax", said)


def line_of(node: yaml.Node | None, path: Sequence[str | int], first_line: int = 1, *, key: bool = False) -> int:
    """The line of what stands at `path`, or of the nearest thing above it that exists; of its key with `key`."""
    line = first_line
    for step in path:
        found = _step(node, step)
        if found is None:
            break
        key_node, node = found
        mark = (key_node if key else node).start_mark
        line = first_line + (mark.line if mark is not None else 0)
    return line


def _step(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None
