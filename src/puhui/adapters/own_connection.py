"""One database connection a thread, kept open: for the hot path, which Django would give a new one for every question.

Django keeps connections by asynchronous task: a question that is its own task would open and leave one each time.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db import connections


class _Kept:
    """A thread's connection. It is closed when nobody holds it any more: at the end of its thread, or of its owner."""

    def __init__(self, wrapper: Any) -> None:
        self.wrapper = wrapper

    def __del__(self) -> None:
        raw, self.wrapper.connection = self.wrapper.connection, None
        if raw is not None:
            raw.close()  # by the driver: Django's own way asks for the thread that opened it, which may be gone


class OwnConnection:
    """The driver's own connection to the zone's database, of the thread that asks. It is only read with."""

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias
        self._local = threading.local()

    def raw(self) -> Any:
        """The driver's connection, opened at the first call. Raises the errors of the driver and of Django."""
        kept: _Kept | None = getattr(self._local, "kept", None)
        if kept is None:
            kept = self._local.kept = _Kept(connections[self._alias].copy())
        if kept.wrapper.connection is None:
            kept.wrapper.ensure_connection()
        return kept.wrapper.connection

    def close(self) -> None:
        """Leave this thread's connection; the next call opens another. Repeatable."""
        self._local.kept = None
