"""Documents that say what the code says: links lead somewhere, commands are listed, rules name their test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from .source import ROOT, texts

PROPERTIES = ROOT / "docs" / "security-properties.md"
LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)#\s]+)(#[^)\s]*)?\)")
CODE = re.compile(r"`([^`]+)`")
HEADING = "| rule | file that holds it | test that guards it |"
START = "<!-- changes start -->\n"


def links() -> list[tuple[Path, str]]:
    """Every link of a Markdown page to a place in the repository."""
    pages = {file: text for file, text in texts().items() if file.suffix == ".md"}
    return [
        (file, target)
        for file, text in pages.items()
        for target, _ in LINK.findall(text)
        if not re.match(r"[a-z]+:", target)
    ]


def test_every_link_leads_somewhere() -> None:
    lost = [f"{file}: {target}" for file, target in links() if not (ROOT / file.parent / target).exists()]
    assert lost == []


def test_every_page_can_be_reached() -> None:
    """From README.md on, each page under docs/ is linked from a page that is reached."""
    follow: dict[Path, set[Path]] = {}
    for file, target in links():
        follow.setdefault(file, set()).add((ROOT / file.parent / target).resolve().relative_to(ROOT))
    reached, waiting = set(), [Path("README.md")]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            waiting += [target for target in follow.get(page, ()) if target.suffix == ".md"]
            waiting += [inner for target in follow.get(page, ()) for inner in pages_in(target)]
    assert {file for file in texts() if file.parts[0] == "docs" and file.suffix == ".md"} <= reached


def pages_in(target: Path) -> list[Path]:
    """A link to a folder reaches the pages in it."""
    folder = ROOT / target
    return [page.relative_to(ROOT) for page in folder.glob("*.md")] if folder.is_dir() else []


def test_both_readmes_name_the_same_pages() -> None:
    english = {target for file, target in links() if file == Path("README.md")} - {"README.zh-CN.md"}
    chinese = {target for file, target in links() if file == Path("README.zh-CN.md")} - {"README.md"}
    assert english == chinese


def test_every_command_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from docs.make import command_names

    described = (ROOT / "docs/reference/cli.md").read_text("utf-8")
    missing = [name for name in command_names() if f"\n## {name}\n" not in described]
    assert missing == []
    assert len(command_names()) > 20


def test_the_changelog_has_its_start() -> None:
    assert START in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_change_notes_have_a_known_name() -> None:
    names = [path.name for path in (ROOT / "changes").iterdir() if path.name != ".gitkeep"]
    assert [name for name in names if not re.fullmatch(r"\d+(\.\d+)?\.(added|changed|fixed)(\.\d+)?\.md", name)] == []


@pytest.mark.parametrize("record", sorted((ROOT / "docs/adr").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_names_what_gets_worse(record: Path) -> None:
    headings = re.findall(r"^## (.+)$", record.read_text("utf-8"), re.MULTILINE)
    assert headings == ["Context", "Decision", "What gets worse"]


# -- security properties


def rows() -> list[tuple[str, list[str], list[str]]]:
    """Rule, files that hold it, tests that guard it: of the tables with these three columns."""
    found, inside = [], False
    for line in PROPERTIES.read_text("utf-8").splitlines():
        if not line.startswith("|"):
            inside = False
        elif line == HEADING:
            inside = True
        elif inside and not line.startswith("|---"):
            rule, files, tests = (cell.strip() for cell in line.strip("|").split(" | "))
            found.append((rule, CODE.findall(files), CODE.findall(tests)))
    return found


@cache
def test_names(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


test_names.__test__ = False  # type: ignore[attr-defined]


def test_every_property_names_files_and_tests() -> None:
    assert len(rows()) >= 20
    assert [rule for rule, files, tests in rows() if not files or not tests] == []


def test_every_file_of_a_property_stands() -> None:
    assert [f"{rule}: {file}" for rule, files, _ in rows() for file in files if not (ROOT / file).is_file()] == []


def test_every_test_of_a_property_stands() -> None:
    lost = []
    for rule, _, tests in rows():
        for test in tests:
            file, _, name = test.partition("::")
            path = ROOT / file
            if not path.is_file() or (name and name not in test_names(path)):
                lost.append(f"{rule}: {test}")
    assert lost == []
