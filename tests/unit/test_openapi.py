"""What the interface says of itself is what it does: each operation has its handler, each handler its operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from puhui.api.openapi import OPERATIONS, document
from puhui.api.routes import Routes


def handled() -> set[tuple[str, str]]:
    """Method and path, or the beginning of it where a name follows."""
    anything: Any = type("Rooms", (), {"changes": None})()
    routes = Routes(anything, Path(), anything, anything)
    found = {(method.lower(), path) for method, path in routes.signed()}
    return found | {(method.lower(), start) for method, start, _ in routes.signed_under()}


def test_every_signed_operation_is_described_and_done() -> None:
    assert {(one.method, one.path.partition("{id}")[0]) for one in OPERATIONS if one.signed} == handled()


def test_every_form_that_is_named_is_described() -> None:
    told = document()
    named = {ref.rpartition("/")[2] for ref in _refs(told)}
    assert named <= set(told["components"]["schemas"]) | set(told["components"]["headers"])
    assert {"LetterProposalForm", "MonitorForm", "NoticesForm", "AcknowledgeForm"} <= named


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in ([one] if key == "$ref" else _refs(one))]
    return [text for one in value for text in _refs(one)] if isinstance(value, list) else []
