"""The thread that looks and sends: it goes on after a fault, and ends when its zone does."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from puhui.gateway import monitoring
from puhui.gateway.monitoring import Monitoring
from puhui.ledger.refused import log_unavailable
from puhui.ledger.store import StoreFault


def test_it_goes_on_after_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[BaseException] = [StoreFault("gone"), OSError("full"), log_unavailable()]
    worked, rounds = threading.Event(), 0

    async def one_round(_: Any) -> tuple[int, int]:
        nonlocal rounds
        rounds += 1
        if faults:
            raise faults.pop()
        worked.set()
        return 0, 0

    monkeypatch.setattr(monitoring, "one_round", one_round)
    with Monitoring(None, period=0.001) as running:  # type: ignore[arg-type]
        assert worked.wait(10)
    assert rounds >= 4 and running.fault == ""


def test_a_fault_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    async def one_round(_: Any) -> tuple[int, int]:
        tried.set()
        raise log_unavailable()

    monkeypatch.setattr(monitoring, "one_round", one_round)
    with Monitoring(None, period=0.001) as running:  # type: ignore[arg-type]
        assert tried.wait(10)
    assert running.fault == "log-unavailable"
