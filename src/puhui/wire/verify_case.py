"""What the checks of an answer share: the case that they look at, what a check came to, and how one fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn

from puhui.model.question import Question
from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified
from puhui.wire.answers import AnswerBody, AnswerFile, RecordForm, moment
from puhui.wire.http_signatures import SignedAnswer, SignedRequest
from puhui.wire.letters import AttendedEvidence, PasskeyEvidence
from puhui.wire.notes import Checkpoint, Note, TlogProof
from puhui.wire.trust import Letters, Trust, Zone


class Outcome(StrEnum):
    """What a check came to."""

    HOLDS = "holds"
    FAILS = "fails"
    ABSENT = "absent"  # there was nothing to check, and the answer needs nothing
    UNREACHED = "unreached"  # it stands on a check that failed


@dataclass(frozen=True, slots=True)
class Check:
    """One promise of the answer."""

    name: str
    outcome: Outcome
    said: Said


@dataclass(frozen=True, slots=True)
class EvidenceCheckers:
    """What checks the ways of evidence that need more than a key: given by whoever calls, with the zone's own facts."""

    passkey: Callable[[PasskeyEvidence, bytes, Letters], bool]
    attended: Callable[[AttendedEvidence, str, bytes, Letters], bool]


@dataclass(slots=True)
class Case:
    """What is known so far; each check may read what the checks that it needs have put here."""

    raw: bytes
    trust: Trust
    now: datetime | None
    letters: list[bytes]
    checkers: EvidenceCheckers | None
    file: AnswerFile = field(init=False)
    body: AnswerBody = field(init=False)
    requests: list[SignedRequest] = field(default_factory=list)  # the one that the record names first
    question: Question = field(init=False)
    answer: SignedAnswer = field(init=False)
    zone: Zone = field(init=False)
    notes: list[tuple[Note, Checkpoint]] = field(default_factory=list)
    proof: TlogProof | None = None
    witnesses: tuple[str, ...] = ()

    @property
    def record(self) -> RecordForm:
        return self.body.form.record

    @property
    def asked(self) -> SignedRequest:
        return self.requests[0]

    @property
    def at(self) -> datetime:
        return moment_of(self.record.at)


def moment_of(text: str) -> datetime:
    """The moment of a record's time, `2026-11-22T03:04:05.123Z`. Raises ValueError for any other text."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    if moment(at) != text:
        raise ValueError("a time has one form")
    return at


def fail(zh: str, en: str) -> NoReturn:
    """The check that is running fails."""
    raise NotVerified(Said(zh, en), todo=Said("向专区索取原文件", "ask the zone for the file as it was given"))
