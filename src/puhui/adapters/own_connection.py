"""One database connection a thread, kept open: for the hot path, which Django would give a new one for every question.

Django keeps connections by asynchronous task: a question that is its own task would open and leave one each time.
"""

from __future__ import annotations

import threading
from typing import Any

from django.db import connections


class OwnConnection:
    """The driver's own connection to the zone's database, of the thread that asks. It is only read with."""

    def __init__(self, alias: str = "default") -> None:
        self._alias = alias
        self._local = threading.local()

    def raw(self) -> Any:
        """The driver's connection, opened at the first call. Raises the errors of the driver and of Django."""
        wrapper = getattr(self._local, "wrapper", None)
        if wrapper is None:
            wrapper = self._local.wrapper = connections[self._alias].copy()
        if wrapper.connection is None:
            wrapper.ensure_connection()
        return wrapper.connection

    def close(self) -> None:
        """Leave this thread's connection; the next call opens another. Repeatable."""
        wrapper = getattr(self._local, "wrapper", None)
        if wrapper is not None:
            self._local.wrapper = None
            wrapper.close()
