"""The repository's own Python as syntax trees, read once: what the architecture tests look at."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "puhui"


@cache
def trees(*folders: str) -> dict[Path, ast.Module]:
    """Path from the root → module, of every Python file in these folders."""
    files = (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")))
    return {file.relative_to(ROOT): ast.parse(file.read_text("utf-8")) for file in files}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, inner ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node


def name_of(node: ast.AST) -> str:
    """The last name of `name` or `some.name`; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = (name.decode() for name in listed.stdout.split(b"\0") if name)
    return tuple(path for path in (ROOT / name for name in names) if path.is_file())


@cache
def texts() -> dict[Path, str]:
    """Path from the root → text, of every file of the repository that is text."""
    found = {}
    for path in repository_files():
        try:
            found[path.relative_to(ROOT)] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return found
