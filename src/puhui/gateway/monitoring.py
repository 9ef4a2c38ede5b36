"""The thread of the serving process that looks at new snapshots for the monitors and sends their notices.

Promises: it holds no state of its own, so a restart goes on where the tables stand; whatever fails is tried again in
the next round and never holds an answer up.
"""

from __future__ import annotations

import asyncio
import threading

import structlog

from puhui.gateway.monitor_looks import LookRooms, one_round
from puhui.ledger.store import StoreFault
from puhui.model.refusal import Refusal

PERIOD = 1.0  # seconds between rounds that found nothing to do
_log = structlog.get_logger("puhui.monitors")


class Monitoring:
    """Use as a context manager. `fault`: the code of the newest round's fault, or empty."""

    def __init__(self, tools: LookRooms, period: float = PERIOD) -> None:
        self._tools = tools
        self._period = period
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitoring", daemon=True)
        self.fault = ""

    def __enter__(self) -> Monitoring:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        idle = True
        while not self._end.wait(self._period if idle else 0):
            idle = not self._round()

    def _round(self) -> bool:
        """Whether there was something to do, so that more may wait."""
        try:
            looks, notices = asyncio.run(one_round(self._tools))
            self.fault = ""
            return bool(looks or notices)
        except (Refusal, StoreFault, OSError) as fault:
            self.fault = fault.code if isinstance(fault, Refusal) else type(fault).__name__
            _log.warning("monitors wait", fault=self.fault)
            return False
