"""Every refusal has a code of its own, a fault, an exit code, both languages, and a test that provokes it."""

from __future__ import annotations

import ast
import re

import pytest

from puhui.model import refusals, refusals_question
from puhui.model.refusal import Fault, Refusal
from puhui.model.refusals_question import QuestionRefused

from .source import ROOT, calls, name_of, trees

ROOTS = (Refusal, QuestionRefused)
HOMES = {"refusals": refusals, "refusals_question": refusals_question}


def kinds_in(home: str) -> list[type[Refusal]]:
    """The refusals that a file defines, in its order."""
    here = (kind for kind in vars(HOMES[home]).values() if isinstance(kind, type) and issubclass(kind, Refusal))
    return [kind for kind in here if kind.__module__.endswith(f".{home}")]


KINDS = [kind for home in HOMES for kind in kinds_in(home) if kind not in ROOTS]
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_codes_are_unique() -> None:
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes) > 10


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_each_says_whose_fault_it_is_and_what_it_means(kind: type[Refusal]) -> None:
    own = vars(kind)
    inherited = {"fault", "exit_code"} if issubclass(kind, QuestionRefused) else set()  # the caller's, one exit code
    assert {"code", "fault", "exit_code", "meaning"} - inherited <= set(own), "each is stated, not inherited"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    assert isinstance(kind.fault, Fault)
    assert 2 <= kind.exit_code <= 125  # 1 is an unexpected fault; a shell keeps 126 and above
    assert CHINESE.search(kind.meaning.zh)
    assert kind.meaning.en.endswith(".") and not CHINESE.search(kind.meaning.en)
    assert kind.__doc__


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_each_is_provoked_by_a_test(kind: type[Refusal]) -> None:
    word = re.compile(rf"\b{kind.__name__}\b|[\"']{re.escape(kind.code)}[\"']")
    tests = [file for file in (ROOT / "tests").rglob("*.py") if file.parent.name != "architecture"]
    assert any(word.search(file.read_text("utf-8")) for file in tests), f"no test names {kind.code}"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_each_is_raised_somewhere(kind: type[Refusal]) -> None:
    raised = {name_of(call.func) for tree in trees("src").values() for call in calls(tree)}
    assert kind.__name__ in raised


def test_refusals_stand_in_two_files() -> None:
    bases = {kind.__name__ for kind in (*KINDS, *ROOTS)}
    elsewhere = [
        f"{file}: {node.name}"
        for file, tree in trees("src").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and bases & {name_of(base) for base in node.bases}
    ]
    assert sorted(elsewhere) == sorted(
        f"src/puhui/model/{home}.py: {kind.__name__}" for home in HOMES for kind in kinds_in(home)
    )


def test_what_people_see_stands_in_both_languages() -> None:
    """In each `Said(zh, en)` written out: neither stands alone, and the English one is not Chinese."""
    wrong = []
    for file, tree in trees("src").items():
        for call in calls(tree):
            if name_of(call.func) == "Said" and len(call.args) == 2:
                zh, en = (written(argument) for argument in call.args)
                if None not in (zh, en) and (bool(zh) != bool(en) or CHINESE.search(en or "")):
                    wrong.append(f"{file}:{call.lineno}")
    assert wrong == []


def written(node: ast.expr) -> str | None:
    """The text as it stands; a field of an f-string counts as a letter. None: worked out elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None
