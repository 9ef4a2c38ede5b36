"""How the code looks: short functions, short files, plain names. Limits, so that nobody has to argue."""

from __future__ import annotations

import ast
from statistics import median

import pytest

from .source import ROOT, functions, trees

LONGEST_FUNCTION, LONGEST_FILE, LONGEST_MEDIAN = 60, 400, 12
EMPTY_NAMES = ("Manager", "Helper", "Utils", "Processor")


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{file}:{one.lineno} {one.name} has {length(one)} lines"
        for file, tree in trees("src", "bench").items()
        for one in functions(tree)
        if length(one) > LONGEST_FUNCTION
    ]
    assert long == []


def test_functions_are_short_as_a_rule() -> None:
    lengths = [length(one) for tree in trees("src", "bench").values() for one in functions(tree)]
    assert median(lengths) <= LONGEST_MEDIAN


def length(one: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (one.end_lineno or one.lineno) - one.lineno + 1


@pytest.mark.parametrize("folder", ["src", "bench"])
def test_no_file_is_longer_than_it_can_be_read(folder: str) -> None:
    lines = {file: len((ROOT / file).read_text("utf-8").splitlines()) for file in trees(folder)}
    assert {file: count for file, count in lines.items() if count > LONGEST_FILE} == {}


def test_no_class_has_an_empty_name() -> None:
    classes = [
        f"{file}: {node.name}"
        for file, tree in trees("src", "bench", "tests", "docs").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_NAMES)
    ]
    assert classes == []


def test_every_module_says_what_it_promises() -> None:
    silent = [str(f) for f, tree in trees("src", "bench").items() if tree.body and not ast.get_docstring(tree)]
    assert [file for file in silent if "migrations" not in file] == []


def test_nothing_is_put_off_and_nothing_swallowed() -> None:
    """No note to do it later, no `except` of everything, no ignored type error without its code."""
    later = [
        f"{file}:{number} {line.strip()}"
        for file in trees("src", "bench", "docs")
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1)
        if "TO" + "DO" in line or "FIX" + "ME" in line or line.rstrip().endswith("type: ig" + "nore")
    ]
    swallowed = [
        f"{file}:{node.lineno}"
        for file, tree in trees("src", "bench", "docs").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException"))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert later + swallowed == []
