"""One YAML document: exact values, and every refusal with its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from puhui.packs.yaml_text import YamlMistake, compose, line_of, read


def test_plain_values_have_no_surprises() -> None:
    text = "a: 002\nb: 1.50\nc: no\nd: 2020-01-01\ne:\nf: [x, 'y', 12, 1e5]\ng: 2026-06\nh: 12:30\ni: true\n"
    assert read(text, "f") == {
        "a": "002",
        "b": Decimal("1.50"),
        "c": "no",
        "d": date(2020, 1, 1),
        "e": None,
        "f": ["x", "y", 12, "1e5"],
        "g": "2026-06",
        "h": "12:30",
        "i": True,
    }


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 3),
        ("a:\n  - {x: 1, x: 2}\n", "yaml.duplicate-key", 2),
        ("a:\n\tb: 1\n", "yaml.tab", 2),
        ("a: &here 1\nb: *here\n", "yaml.anchor", 1),
        ("", "yaml.empty", 1),
        ("a: [1\nb: 3\n", "yaml.syntax", 2),
        ("a: 1\nb: 2020-13-01\n", "yaml.date", 2),
        ("a: !!python/name:os.system x\n", "yaml.tag", 1),
        ("a: 1\n? [b, c]\n: 2\n", "yaml.key", 2),
        ("a: 1\n---\nb: 2\n", "yaml.syntax", 2),
        ("a: " + "[" * 200_000, "yaml.too-deep", 1),
        ("a: " + "['}}', " * 200_000, "yaml.too-deep", 1),
        ("a: " + "[\n" * 500 + "]" * 500, "yaml.too-deep", 64),
        ("a:\n  " + "- " * 200_000, "yaml.too-deep", 1),
        ("".join(" " * depth + "a:\n" for depth in range(200)), "yaml.too-deep", 1),
    ],
)
def test_a_mistake_names_its_line(text: str, code: str, line: int) -> None:
    with pytest.raises(YamlMistake) as caught:
        read(text, "here.yaml")
    assert [(m.file, m.line, m.code) for m in caught.value.mistakes] == [("here.yaml", line, code)]


def test_all_mistakes_of_a_document_come_at_once() -> None:
    with pytest.raises(YamlMistake) as caught:
        read("a: 1\na: 2\nb: 2021-02-30\n", "f")
    assert [m.line for m in caught.value.mistakes] == [2, 3]


def test_lines_are_those_of_the_nearest_thing_that_exists() -> None:
    node = compose("a:\n  b:\n    - x\n    - y\n", "f")
    assert line_of(node, ("a", "b", 1)) == 4
    assert line_of(node, ("a", "b", 7)) == 3
    assert line_of(node, ("a", "b"), key=True) == 2
    assert line_of(node, ("z",), first_line=10) == 10
