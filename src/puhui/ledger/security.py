"""The security log in the ledger: what is committed of its files, and whether the files are still what was committed.

The refusals of strangers stand in files of lines, one a UTC day, not in the ledger: whoever need not sign would decide
how long it grows. An entry of the kind `security` says of one file how long it was and what its first bytes hashed to.

Promises: a byte that is changed, cut off or lost within what an entry covers is found and its file named. What was
written since the newest entry of a file nobody vouches for yet; its length is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

import msgspec

from puhui.ledger.checking import Finding
from puhui.ledger.entries import Intent
from puhui.wire.answers import moment
from puhui.wire.canonical import canonical

KIND = "security"
_PREFIX, _SUFFIX = "strangers-", ".jsonl"


@dataclass(frozen=True, slots=True)
class FileState:
    """One day's file as it stood. `size`: bytes; `digest`: SHA-256 of them, hex; `counts`: refusals by code."""

    name: str
    size: int
    digest: str
    counts: Mapping[str, int] = field(default_factory=dict)


class SecurityFiles(Protocol):
    """The files, as a check reads them."""

    def names(self) -> Sequence[str]:
        """The names of the files that are there, oldest first."""

    def read(self, name: str) -> bytes | None:
        """The whole file; None where there is none."""


@dataclass(frozen=True, slots=True)
class SecurityReport:
    """What was checked. `unlogged`: bytes that no entry covers yet, by file."""

    files: int
    entries: int
    unlogged: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON says it."""
        findings = [{"code": one.code, "where": one.where} for one in self.findings]
        return {
            "ok": self.ok, "files": self.files, "entries": self.entries, "unlogged": dict(self.unlogged),
            "findings": findings,
        }  # fmt: skip


def name_of(day: date) -> str:
    """The name of a day's file."""
    return f"{_PREFIX}{day.isoformat()}{_SUFFIX}"


def day_of(name: str) -> date | None:
    """The day of a file; None where this is no such name."""
    try:
        day = date.fromisoformat(name.removeprefix(_PREFIX).removesuffix(_SUFFIX))
    except ValueError:
        return None
    return day if name_of(day) == name else None


def state_of(name: str, data: bytes) -> FileState:
    """What an entry says of a file that holds these bytes."""
    return FileState(name, len(data), sha256(data).hexdigest(), counts_of(data))


def counts_of(data: bytes) -> dict[str, int]:
    """Refusals by code: a line is one, or `more` of them. A line that a stop tore off counts nothing."""
    counts: dict[str, int] = {}
    for line in data.splitlines():
        try:
            one = _LINE.decode(line)
        except msgspec.DecodeError:
            continue
        counts[one.code] = counts.get(one.code, 0) + one.more
    return dict(sorted(counts.items()))


class _Counted(msgspec.Struct):
    code: str
    more: int = 1


_LINE = msgspec.json.Decoder(_Counted)


def security_intent(state: FileState, origin: str) -> Intent:
    """The entry of a file's state. It says nothing of a subject: the month's zone key seals it."""

    def record(at: datetime) -> bytes:
        return canonical(
            {
                "at": moment(at),
                "counts": dict(state.counts),
                "digest": state.digest,
                "file": state.name,
                "kind": KIND,
                "size": state.size,
                "v": 1,
                "zone": origin,
            }
        )

    return Intent(kind=KIND, record=record)


class _RecordForm(msgspec.Struct):
    file: str
    size: int
    digest: str
    counts: dict[str, int]


def state_in(record: bytes) -> FileState:
    """What a record of the kind `security` says."""
    form = msgspec.json.decode(record, type=_RecordForm)
    return FileState(form.file, form.size, form.digest, form.counts)


def check_files(logged: Iterable[FileState], files: SecurityFiles, *, today: date, keep_days: int) -> SecurityReport:
    """Holds the files against everything that the ledger's entries ever said of them.

    Findings: `missing` a file that is to be kept still, `cut` one that is shorter than it was, `changed` one whose
    first bytes are others, `counts` a newest entry that counts otherwise than its bytes, `unlogged` a file of a day
    before yesterday that no entry names.
    """
    by_file: dict[str, list[FileState]] = {}
    for state in logged:
        by_file.setdefault(state.name, []).append(state)
    findings: list[Finding] = []
    unlogged: dict[str, int] = {}
    here = files.names()
    for name in sorted({*by_file, *here}):
        states = sorted(by_file.get(name, ()), key=lambda state: state.size)
        data = files.read(name) if day_of(name) else None
        if data is None:
            findings += _missing(name, today, keep_days)
            continue
        findings += _compared(states, data)
        covered = states[-1].size if states else 0
        if len(data) > covered:
            unlogged[name] = len(data) - covered
        if not states and (day := day_of(name)) and day < today - timedelta(days=1):
            findings.append(Finding("unlogged", name))
    entries = sum(map(len, by_file.values()))
    return SecurityReport(len(here), entries, unlogged, tuple(findings))


def _missing(name: str, today: date, keep_days: int) -> list[Finding]:
    day = day_of(name)
    return [] if day and day < today - timedelta(days=keep_days) else [Finding("missing", name)]


def _compared(states: Sequence[FileState], data: bytes) -> list[Finding]:
    """The first contradiction of a file: what comes after a changed byte hashes otherwise too."""
    running, done = sha256(), 0
    for state in states:
        if state.size > len(data):
            return [Finding("cut", state.name)]
        running.update(data[done : state.size])
        done = state.size
        if running.copy().hexdigest() != state.digest:
            return [Finding("changed", state.name)]
    if states and counts_of(data[:done]) != states[-1].counts:
        return [Finding("counts", states[-1].name)]
    return []
