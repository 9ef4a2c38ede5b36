"""A word of the delivery chain is made in one package only: a skipped step has nothing to pass on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .source import calls, functions, name_of, trees

MAKERS = {
    "Parcel": "intake",
    "Landing": "lake",
    "Checked": "quality",
    "Linked": "subjects",
    "Edition": "lake",
    "Snapshot": "indicators",
    "Figures": "indicators",
    "Subject": "subjects",
    "Question": "wire",
    "Caller": "institutions",
    "Mandate": "contracts",
    "Permit": "consent",
    "Release": "disclosure",
    "Receipt": "ledger",
    "Answer": "gateway",
}
READ_BACK = {  # (file in src/puhui, word) → why it may
    ("adapters/register_django.py", "Edition"): "reads back, row by row, the editions that the lake made",
    ("adapters/figures_lmdb.py", "Figures"): "reads back the point-read file that indicators wrote",
    ("indicators/in_memory.py", "Edition"): "rows written in a pack's own tests stand for an edition",
    ("indicators/referee_figures.py", "Subject"): "asks a token for its kind; the token came in with the row",
    ("gateway/replay.py", "Subject"): "the token of the log's own entry, whose answer is computed again",
    ("desk/grouping.py", "Subject"): "the tokens of a snapshot itself, read one after the other for a table",
    ("desk/upkeep.py", "Subject"): "a token that an approved proposal holds; the vault is asked about it",
}


def made_words(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The words that a module constructs, by call or by `dataclasses.replace`, with the line."""
    alias = _imported_words(tree)
    for call in calls(tree):
        if isinstance(call.func, ast.Name) and call.func.id in alias:
            yield alias[call.func.id], call.lineno
        elif _is_word_of_model(call.func):
            yield name_of(call.func), call.lineno
    yield from _replaced_words(tree, alias)


def _is_word_of_model(called: ast.expr) -> bool:
    """`delivery.Edition` and the like."""
    modules = ("delivery", "figures", "subject", "question")
    return isinstance(called, ast.Attribute) and called.attr in MAKERS and name_of(called.value) in modules


def _imported_words(tree: ast.Module) -> dict[str, str]:
    """Local name → word of the model."""
    return {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("puhui.model.")
        for alias in node.names
        if alias.name in MAKERS
    }


def _replaced_words(tree: ast.Module, alias: dict[str, str]) -> Iterator[tuple[str, int]]:
    """`replace(x, …)` where the module's own annotations tell that x is a word."""
    returned = {f.name: word for f in functions(tree) if (word := _annotated(f.returns, alias))}
    for function in functions(tree):
        arguments = [*function.args.args, *function.args.kwonlyargs]
        held = {a.arg: word for a in arguments if (word := _annotated(a.annotation, alias))}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                name = name_of(node.value.func)
                word = alias.get(name) or returned.get(name)
                held.update({name_of(target): word for target in node.targets if word})
        for call in calls(function):
            if name_of(call.func) == "replace" and call.args and name_of(call.args[0]) in held:
                yield held[name_of(call.args[0])], call.lineno


def _annotated(annotation: ast.expr | None, alias: dict[str, str]) -> str:
    if isinstance(annotation, ast.BinOp):  # Word | None
        return _annotated(annotation.left, alias) or _annotated(annotation.right, alias)
    return alias.get(name_of(annotation), "") if annotation else ""


def found() -> list[tuple[Path, str, int]]:
    """Every place in src/puhui that makes a word of the chain, the model itself left out."""
    modules = {file.relative_to("src/puhui"): tree for file, tree in trees("src").items()}
    return [(file, word, line) for file, tree in modules.items() for word, line in made_words(tree)]


def test_each_word_is_made_in_its_package_only() -> None:
    strangers = [
        f"{file}:{line} makes a {word}, which is made in {MAKERS[word]}"
        for file, word, line in found()
        if file.parts[0] != MAKERS[word] and (file.as_posix(), word) not in READ_BACK
    ]
    assert strangers == []


def test_every_word_is_made_somewhere() -> None:
    assert {word for _, word, _ in found()} == set(MAKERS)


def test_no_exception_outlives_its_reason() -> None:
    assert {(file.as_posix(), word) for file, word, _ in found()} >= set(READ_BACK)


@pytest.mark.parametrize(
    "code",
    [
        "from puhui.model.delivery import Edition\nEdition(resource='a')",
        "from puhui.model.delivery import Edition as E\nE(resource='a')",
        "from puhui.model import delivery\ndelivery.Edition(resource='a')",
        "from dataclasses import replace\nfrom puhui.model.delivery import Edition\n"
        "def f(old: Edition | None):\n    return replace(old, number=2)",
        "import dataclasses\nfrom puhui.model.delivery import Edition\n"
        "def g() -> Edition: ...\ndef f():\n    made = g()\n    return dataclasses.replace(made, number=2)",
    ],
)
def test_the_scan_sees_every_way_to_make_a_word(code: str) -> None:
    assert [word for word, _ in made_words(ast.parse(code))] == ["Edition"]
