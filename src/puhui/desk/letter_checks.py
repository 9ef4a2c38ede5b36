"""Every letter at rest held against what its subject signed: document, evidence, and the row that questions read.

Promises: whoever changed a row, a sealed document or its evidence in the tables is found by the letter's id and the
part that is wrong; nothing of a letter is shown. Letters of erased subjects cannot be opened, and are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from puhui.consent.book import Stored
from puhui.consent.drafting import terms_of
from puhui.consent.evidence import attended_holds, passkey_holds
from puhui.consent.letter import Letter
from puhui.consent.sealing import open_sealed
from puhui.desk.letter_rooms import LetterRooms
from puhui.model.refusals import Broken, NoSubject
from puhui.model.refusals_question import NotVerified
from puhui.model.subject import Identifier
from puhui.wire.letters import LetterDocument, LetterFile, check_letter_file, read_form, time_of

PAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a letter: `sealed`, `form`, `digest`, `signer`, `evidence`, `subject`, or a column's name."""

    letter: str
    part: str


@dataclass(frozen=True, slots=True)
class LetterReport:
    """How many letters were looked at, how many of them belong to erased subjects, and what was found."""

    letters: int
    erased: int
    findings: tuple[Finding, ...]


def check_letters(rooms: LetterRooms) -> LetterReport:
    """Look at every signed letter. Reads everything, changes nothing."""
    letters = erased = 0
    findings: list[Finding] = []
    for stored in _signed(rooms):
        letters += 1
        try:
            findings += [Finding(stored.letter.id, part) for part in _wrong(rooms, stored)]
        except NoSubject:
            erased += 1
    return LetterReport(letters, erased, tuple(findings))


def _signed(rooms: LetterRooms) -> Iterator[Stored]:
    after = ""
    while page := rooms.book.signed_after(after, PAGE):
        yield from page
        after = page[-1].letter.id


def _wrong(rooms: LetterRooms, stored: Stored) -> list[str]:
    """The parts of one letter that do not hold. Raises NoSubject where it was erased."""
    letter = stored.letter
    key = rooms.records.record_key(letter.subject)
    try:
        raw = open_sealed(key, stored.sealed.body, letter.id)
    except Broken:
        return ["sealed"]
    try:
        document = read_form(raw, LetterFile).document
        checked = check_letter_file(
            raw,
            passkey=lambda evidence, digest: passkey_holds(evidence, digest, rooms.party),
            attended=lambda evidence, domain, digest: attended_holds(evidence, domain, digest, rooms.officers.keys()),
        )
    except NotVerified:
        return ["form"]
    parts = [("digest", checked.digest == letter.digest), ("signer", checked.signer), ("evidence", checked.evidence)]
    wrong = [part for part, holds in parts if not holds]
    return wrong + _columns(letter, document) + ([] if _is_about(rooms, letter, document) else ["subject"])


def _columns(letter: Letter, document: LetterDocument) -> list[str]:
    """The columns of the row that say something else than the document."""
    terms = msgspec.to_builtins(terms_of(document))
    del terms["life_days"]
    said = terms | {
        "id": document.id,
        "items": dict(document.items),
        "stated": tuple(sorted(document.stated)),
        "start": time_of(document.start),
        "end": time_of(document.end),
        "signer": document.signer.id,
    }
    held = {name: getattr(letter, name) for name in said}
    held |= {"items": dict(letter.items), "stated": tuple(sorted(letter.stated))}
    return sorted(name for name in said if held[name] != said[name])


def _is_about(rooms: LetterRooms, letter: Letter, document: LetterDocument) -> bool:
    return rooms.find(Identifier(document.grantor.kind, document.grantor.value)).token == letter.subject
