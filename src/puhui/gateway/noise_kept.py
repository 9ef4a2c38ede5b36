"""The security log of a serving process: refusals of strangers go to the day's file, the file's digest to the ledger.

Promises: `note` costs its caller a look at a table and a place in a list; a thread writes about once a second. A kill
loses at most what came within that second, the loss of power what the system had not written out yet. A day's file
stops growing at its cap, but for the lines that say how many more there were. Once an hour in which something came, at
the turn of the day and when serving ends, the ledger gets an entry of the file as it is on the disk; where the ledger
cannot be written it is tried again. Old files go after the days that they are to be kept.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Protocol

import structlog

from puhui.gateway.noise import Refused, Shares, line_of, more_line
from puhui.ledger.entries import Intent
from puhui.ledger.security import FileState, day_of, name_of, security_intent
from puhui.model.question import Receipt
from puhui.model.refusal import Refusal

PERIOD = 1.0  # seconds between writes
SETTLED = timedelta(hours=1)  # between entries of the ledger
AGAIN = timedelta(minutes=1)  # after an entry that failed
WAITING = 10_000  # lines that wait for the next write; what comes beyond is counted
_log = structlog.get_logger("puhui.security")


class Files(Protocol):
    """The files of the security log."""

    def names(self) -> Sequence[str]:
        """The names of the files that are there, oldest first."""

    def append(self, name: str, lines: Sequence[bytes], *, cap: int | None) -> int:
        """How many of the lines, the first ones, were added without the file growing beyond `cap` bytes.

        A line is whole or not there; one that a stop tore is closed first. Not durable before `settled`. OSError.
        """

    def settled(self, name: str) -> FileState:
        """The file as it is, durably. OSError."""

    def remove(self, name: str) -> None:
        """The file is gone. Repeatable. OSError."""


class Ledger(Protocol):
    """Where digests go: the sequencer."""

    def append_blocking(self, intents: Sequence[Intent]) -> list[Receipt]: ...


class KeptNoise:
    """`Noise` over files. Use as a context manager; it ends before the sequencer does."""

    def __init__(
        self,
        files: Files,
        ledger: Ledger,
        clock: Callable[[], datetime],
        *,
        origin: str,
        cap: int,
        keep_days: int,
        shares: Shares | None = None,
    ) -> None:
        self._files = files
        self._ledger = ledger
        self._clock = clock
        self._origin = origin
        self._cap = cap
        self._keep_days = keep_days
        self._noting, self._writing = threading.Lock(), threading.Lock()
        self._shares = shares or Shares()  # under _noting, as the next two
        self._waiting: list[Refused] = []
        self._more: Counter[str] = Counter()
        self._day = _day(clock())  # under _writing, as all that follows
        self._open = set(self._files.names()[-1:])  # files with something that no entry covers; a kill may have left it
        self._due = clock() + SETTLED
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="security-log", daemon=True)

    def __enter__(self) -> KeptNoise:
        self._thread.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._end.set()
        self._thread.join()
        self.settle()

    def note(self, refused: Refused) -> None:
        with self._noting:
            if len(self._waiting) < WAITING and self._shares.take(refused):
                self._waiting.append(refused)
            else:
                self._more[refused.code] += 1

    def write(self) -> None:
        """Writes what waits; turns the day, and logs what is due."""
        with self._writing:
            self._write()
            if (self._open or self._more) and self._clock() >= self._due:
                self._settle()

    def settle(self) -> None:
        """Writes what waits, and logs the digests of everything that no entry covers."""
        with self._writing:
            self._write()
            self._settle()

    def _run(self) -> None:
        while not self._end.wait(PERIOD):
            self.write()

    def _write(self) -> None:
        with self._noting:
            waiting, self._waiting = self._waiting, []
        for day, noted in groupby(waiting, key=lambda refused: _day(refused.at)):
            self._turn(day)
            self._lines(list(noted))
        self._turn(_day(self._clock()))

    def _lines(self, noted: Sequence[Refused]) -> None:
        name = name_of(self._day)
        try:
            fitted = self._files.append(name, list(map(line_of, noted)), cap=self._cap)
        except OSError as fault:
            _log.warning("the security log cannot be written", fault=type(fault).__name__)
            fitted = 0
        if fitted:
            self._open.add(name)
        with self._noting:
            self._more.update(refused.code for refused in noted[fitted:])

    def _turn(self, day: date) -> None:
        """A new day: the file before is complete. A clock that was set back turns nothing."""
        if day <= self._day:
            return
        self._settle()
        self._day = day
        oldest = day - timedelta(days=self._keep_days)
        try:
            for name in self._files.names():
                written = day_of(name)
                if written and written < oldest and name not in self._open:
                    self._files.remove(name)
        except OSError as fault:
            _log.warning("an old file of the security log stays", fault=type(fault).__name__)

    def _settle(self) -> None:
        """What remains open is tried again."""
        self._rest()
        self._due = self._clock() + SETTLED
        try:
            for name in sorted(self._open):
                self._logged(name)
                self._open.discard(name)
        except (OSError, Refusal) as fault:
            _log.warning("the security log waits for the ledger", fault=type(fault).__name__)
            self._due = self._clock() + AGAIN

    def _logged(self, name: str) -> None:
        try:
            state = self._files.settled(name)
        except FileNotFoundError:
            _log.error("a file of the security log is gone", file=name)
            return
        self._ledger.append_blocking([security_intent(state, self._origin)])

    def _rest(self) -> None:
        """What got no line of its own, a line for each code: beyond the cap too, for codes are few."""
        with self._noting:
            more, self._more = self._more, Counter()
        if not more:
            return
        lines = [more_line(code, number, self._clock()) for code, number in sorted(more.items())]
        try:
            self._files.append(name_of(self._day), lines, cap=None)
            self._open.add(name_of(self._day))
        except OSError:
            with self._noting:
                self._more.update(more)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
