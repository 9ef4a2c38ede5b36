"""The stories of letters: propose one, draft one, sign one. What becomes of it then: `letter_states`.

Promises: what is signed is checked from scratch, by the packs in use and the purposes' limits of the day; no letter is
without its event in the same transaction; nobody but the subject's own signers, or two officers who attended, speaks
for the subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import msgspec
import pyarrow as pa

from puhui.consent.bases import PURPOSES
from puhui.consent.book import SUBJECT_KEY, Sealed, Stored
from puhui.consent.caps import Purposes, check_terms, zone_day
from puhui.consent.drafting import Choices, Frame, check_drafted, check_stated, draft, refused, terms_of
from puhui.consent.letter import Act, Letter, State, Terms, moved
from puhui.consent.proposals import (
    check_may_propose,
    is_letter_id,
    new_code,
    new_letter_id,
    plain_code,
    state_for_proposer,
)
from puhui.consent.sealing import open_sealed, seal
from puhui.consent.wording import Names, shown_text
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letter_signing import check_holds, check_signed, signer_named
from puhui.desk.refused import GUARDED_LETTERS, refusals_noted, token_of
from puhui.desk.refused import LETTER as REFUSED
from puhui.model.identifiers import RIC, USCC, verify
from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.refusals_question import BadRequest
from puhui.model.subject import Identifier, Subject
from puhui.packs import forms_answers
from puhui.wire.letters import (
    LETTER,
    Evidence,
    LetterDocument,
    Named,
    digest_of,
    document_bytes,
    read_letter,
    time_of,
    write_letter_file,
)

PROPOSALS_KEY = "letter-proposals"  # seals what nobody signed yet
Word = Literal["declined", "paused", "resumed", "revoked"]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the proposer gets. The code is for the subject; it is kept nowhere."""

    id: str
    state: State
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the subject is shown and signs: canonical bytes, their digest, and the text."""

    document: bytes = field(repr=False)
    digest: bytes
    text: str = field(repr=False)


class _Sealed(msgspec.Struct, frozen=True):
    """What lies sealed in a proposal: who it is for, and its terms."""

    kind: str
    value: str
    terms: Terms

    def __repr__(self) -> str:
        return "_Sealed('…')"


# --- proposing ---


def propose_letter(rooms: LetterRooms, terms: Terms, about: Identifier, *, by: str) -> Proposed:
    """An officer proposes on behalf of an institution. Raises what `propose_named` raises."""
    with refusals_noted(rooms, REFUSED, "propose-letter", by=by):  # of nobody: nobody is looked up
        return propose_named(rooms, terms, about, new_letter_id(), new_code(), by=by)


def propose_named(
    rooms: LetterRooms, terms: Terms, about: Identifier, letter_id: str, code: str, *, by: str
) -> Proposed:
    """An institution asks a subject for a letter, whose id and code are settled. Nobody is looked up.

    Raises BadRequest, LetterRefused, of which the caller keeps account.
    """
    now = rooms.now()
    about = identifier_of(rooms, about)
    _check_offer(rooms, terms)
    index = _about_index(rooms, about)
    key = rooms.keys.current(PROPOSALS_KEY)
    body = seal(key.secret, msgspec.json.encode(_Sealed(about.kind, about.value, terms)), letter_id)
    stored = Stored(_proposed_row(letter_id, terms, rooms), Sealed(key.id, body), index)
    with rooms.book.one_at_a_time():
        check_may_propose(rooms.book.past(terms.institution, index), rooms.proposals, now)
        rooms.book.add(stored, _code_index(rooms, code), what="proposed", by=by, at=now)
    return Proposed(letter_id, State.PROPOSED, code)


def proposal_state(rooms: LetterRooms, letter_id: str, institution: str) -> State:
    """What the institution sees of its own letter. Raises UnknownName for another's, and for none."""
    stored = rooms.book.stored(letter_id)
    if stored is None or stored.letter.institution != institution:
        raise unknown_letter()
    return state_for_proposer(stored.letter, rooms.now())


def _check_offer(rooms: LetterRooms, terms: Terms) -> Names:
    """Whether the terms may be offered: institutions, wording, purpose, caps. Raises LetterRefused."""
    institution = _admitted(rooms, terms.institution, "institution")
    end_user = _admitted(rooms, terms.end_user, "end_user") if terms.end_user else None
    wording = rooms.packs.letters.get(terms.wording)
    if wording is None:
        raise refused("没有这个授权书文本", "no pack has this wording", "wording")
    if terms.purpose != wording.purpose or terms.purpose not in PURPOSES[BasisKind.LETTER]:
        raise refused("用途与授权书文本不符", "the purpose is not the wording's", "purpose")
    check_terms(terms, Purposes(rooms.packs.purposes).at(terms.purpose, zone_day(rooms.now())))
    return Names(institution, end_user, rooms.packs.purposes[terms.purpose].title)


def _admitted(rooms: LetterRooms, institution: str, part: str) -> Named:
    found = rooms.book.institution(institution)
    if found is None or not found.admitted:
        raise refused(f"{part} 未获准入", f"{part} is not an admitted institution", part)
    return found.name


# --- drafting and signing ---


def draft_letter(
    rooms: LetterRooms, terms: Terms, grantor: Identifier, choices: Choices, *, letter_id: str = ""
) -> Draft:
    """What a subject would sign, by its own start or over a proposal (`letter_id`). Nothing is stored."""
    with refusals_noted(rooms, REFUSED, "draft-letter", about=token_of(rooms.find, grantor)):
        names = _check_offer(rooms, terms)
        frame = Frame(letter_id or new_letter_id(), rooms.zone, identifier_of(rooms, grantor), names)
        wording = rooms.packs.letters[terms.wording]
        document = document_bytes(draft(frame, wording, terms, choices, rooms.now().replace(microsecond=0)))
    return Draft(document, digest_of(document), shown_text(wording, names, terms, choices.language))


def open_proposal(rooms: LetterRooms, grantor: Identifier, *, letter_id: str = "", code: str = "") -> tuple[str, Terms]:
    """Id and terms of a proposal for this very identifier, by its id or the code. Raises UnknownName."""
    whose = token_of(rooms.find, grantor)
    with refusals_noted(rooms, REFUSED, "open-proposal", about=whose, guarded=GUARDED_LETTERS):
        found = rooms.book.stored(letter_id) if letter_id else rooms.book.by_code(_code_index(rooms, plain_code(code)))
        if found is None or found.letter.state is not State.PROPOSED or rooms.now() >= found.letter.end:
            raise unknown_letter()
        held = _open_sealed_proposal(rooms, found)
        about = identifier_of(rooms, grantor)
        if (held.kind, held.value) != (about.kind, about.value):
            raise unknown_letter()
        return found.letter.id, held.terms


def sign_letter(rooms: LetterRooms, raw: bytes, evidence: Evidence, *, person: Identifier | None = None) -> Letter:
    """The signed letter, in force. `person`: who signed for a firm in the presence of two officers.

    Raises LetterRefused, SignerRefused, EvidenceRefused, NotVerified, NoSubject.
    """
    document = read_letter(raw)
    grantor = Identifier(document.grantor.kind, document.grantor.value)
    whose = token_of(rooms.find, grantor)
    with refusals_noted(rooms, REFUSED, "sign-letter", about=whose, guarded=GUARDED_LETTERS):
        return _signed(rooms, raw, document, evidence, identifier_of(rooms, grantor), person)


def _signed(
    rooms: LetterRooms,
    raw: bytes,
    document: LetterDocument,
    evidence: Evidence,
    grantor: Identifier,
    person: Identifier | None,
) -> Letter:
    if not is_letter_id(document.id):
        raise refused("授权书编号的写法不对", "this is no letter's id", "id")
    terms = terms_of(document)
    proposal = _proposal_of(rooms, document, grantor, terms)
    names = _check_offer(rooms, terms)
    wording = rooms.packs.letters[terms.wording]
    check_drafted(document, Frame(document.id, rooms.zone, grantor, names), wording, terms, rooms.now())
    subject = rooms.find(grantor)
    _check_wording_fits(rooms, wording, subject)
    check_signed(rooms, document, evidence, subject, grantor, person)
    check_holds(rooms, evidence, LETTER, digest_of(raw), signer_named(rooms, document.signer))
    letter = _signed_row(rooms, document, subject, digest_of(raw))
    body = seal(rooms.records.record_key(subject.token), write_letter_file(raw, evidence), letter.id)
    stored = Stored(letter, Sealed(SUBJECT_KEY, body), _about_index(rooms, grantor))
    return _kept(rooms, stored, proposal, document, digest_of(document_bytes(evidence)).hex())


def _kept(
    rooms: LetterRooms, stored: Stored, proposal: Stored | None, document: LetterDocument, evidence: str
) -> Letter:
    """The letter as it is kept, unless it states one value too many."""
    letter, now = stored.letter, rooms.now()
    detail = {"evidence": evidence, "signer": document.signer.id}
    by = document.signer.id or "attended"
    with rooms.book.one_at_a_time():
        earlier = [name for one in rooms.book.of_subject(letter.subject) for name in one.stated]
        check_stated(document.stated, letter.wording, rooms.packs, earlier)
        if proposal is None:
            rooms.book.add(stored, b"", what="signed", by=by, at=now, detail=detail)
            return letter
        rooms.book.sign(stored, moved(proposal.letter, Act.SIGN, by=by, at=now, detail=detail))
        return replace(letter, version=proposal.letter.version + 1)


def _proposal_of(rooms: LetterRooms, document: LetterDocument, grantor: Identifier, terms: Terms) -> Stored | None:
    """The proposal that the document answers, if its id is one; it must say the same terms to the same person."""
    found = rooms.book.stored(document.id)
    if found is None:
        return None
    if found.letter.state is not State.PROPOSED:
        raise refused("该授权书已不在待签状态", "the letter does not wait for a signature", "state")
    held_id, held_terms = open_proposal(rooms, grantor, letter_id=document.id)
    if (held_id, held_terms) != (document.id, terms):
        raise refused("授权书与所提出的条款不符", "the letter is not what was proposed", "terms")
    return found


def _check_wording_fits(rooms: LetterRooms, wording: forms_answers.Letter, subject: Subject) -> None:
    kinds = {kind for one in rooms.packs.products.values() if one.letter == wording.name for kind in one.subjects}
    if subject.kind.value not in kinds:
        raise refused("该文本不适用于此类主体", "no product asks this wording of such a subject", "wording")


# --- what they share ---


def identifier_of(rooms: LetterRooms, given: Identifier) -> Identifier:
    """The normal form of a citizen number or credit code. Raises BadRequest, which does not repeat it."""
    verdict = verify(given.kind, pa.array([given.value], pa.string()), zone_day(rooms.now()))
    if given.kind not in (RIC, USCC) or not verdict.valid[0]:
        raise BadRequest(
            Said("标识的种类或写法不正确", "the identifier is not a valid citizen number or credit code"),
            todo=Said("核对统一社会信用代码或身份证号", "check the uscc or the ric"),
            where="about",
        )
    return Identifier(given.kind, verdict.value[0].as_py())


def stored_letter(rooms: LetterRooms, letter_id: str) -> Stored:
    """The row of that id. Raises UnknownName."""
    stored = rooms.book.stored(letter_id)
    if stored is None:
        raise unknown_letter()
    return stored


def unknown_letter() -> UnknownName:
    """One refusal for a letter that is not there, is another's, or waits for somebody else."""
    return UnknownName(
        Said("没有这份授权书", "there is no such letter"),
        todo=Said("核对授权书编号或代码", "check the letter's id or code"),
    )


def _about_index(rooms: LetterRooms, about: Identifier) -> bytes:
    return rooms.index(f"letter-about|{about.kind}|{about.value}")


def _code_index(rooms: LetterRooms, code: str) -> bytes:
    return rooms.index("letter-code|" + code)


def _open_sealed_proposal(rooms: LetterRooms, stored: Stored) -> _Sealed:
    key = rooms.keys.by_id(stored.sealed.key_id)
    return msgspec.json.decode(open_sealed(key.secret, stored.sealed.body, stored.letter.id), type=_Sealed)


def _proposed_row(letter_id: str, terms: Terms, rooms: LetterRooms) -> Letter:
    now = rooms.now()
    return Letter(
        id=letter_id,
        basis=BasisKind.LETTER,
        subject="",
        institution=terms.institution,
        end_user=terms.end_user,
        wording=terms.wording,
        purpose=terms.purpose,
        items={},
        stated=(),
        mode=terms.mode,
        cap=terms.cap,
        window=terms.window,
        range_months=terms.range_months,
        retention_days=terms.retention_days,
        start=now,
        end=now + timedelta(days=rooms.proposals.open_days),
        state=State.PROPOSED,
        version=1,
        digest=b"",
    )


def _signed_row(rooms: LetterRooms, document: LetterDocument, subject: Subject, digest: bytes) -> Letter:
    return replace(
        _proposed_row(document.id, terms_of(document), rooms),
        subject=subject.token,
        items=document.items,
        stated=tuple(document.stated),
        start=time_of(document.start),
        end=time_of(document.end),
        state=State.ACTIVE,
        digest=digest,
        signer=document.signer.id,
    )
