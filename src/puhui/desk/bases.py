"""The stories of the bases that are no letter: an application, a duty, an order, as two officers record and lift them.

Promises: two officers record one; an order stays out of its subject's trace until it has ended, and is logged
all the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace

from puhui.consent.bases import PublicBasis, check_public
from puhui.consent.book import Sealed, Stored
from puhui.consent.caps import Purposes, check_terms, zone_day
from puhui.consent.drafting import refused
from puhui.consent.letter import Act, Letter, State, Terms, moved
from puhui.consent.sealing import seal
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letters import stored_letter
from puhui.desk.refused import by_officer
from puhui.desk.roles import check_may_propose
from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals import NotAllowed
from puhui.wire.canonical import canonical
from puhui.wire.letters import digest_of, time_text
from puhui.wire.short_names import SIZE, short_name

BASES_KEY = "bases"  # seals the documents: an order is not to be read with its subject's key


@by_officer("record-basis")
def record_basis(rooms: LetterRooms, given: PublicBasis, *, by: Sequence[str]) -> Letter:
    """The basis, in force from its start. Raises NotAllowed, LetterRefused that names the attribute."""
    _check_two(rooms, by)
    institution = rooms.book.institution(given.institution)
    if institution is None or not institution.admitted:
        raise refused("机构未获准入", "the institution is not admitted", "institution")
    basis = replace(given, body=institution.kind)
    check_public(basis)
    now = rooms.now()
    check_terms(_terms(basis), Purposes(rooms.packs.purposes).at(basis.purpose, zone_day(now)))
    basis_id = "B-" + short_name(secrets.token_bytes(SIZE))
    document = _document(rooms, basis, basis_id)
    key = rooms.keys.current(BASES_KEY)
    letter = _row(basis, basis_id, digest_of(document))
    stored = Stored(letter, Sealed(key.id, seal(key.secret, document, basis_id)), b"")
    rooms.book.add(stored, b"", what="recorded", by=", ".join(by), at=now)
    return letter


@by_officer("lift-basis")
def lift_basis(rooms: LetterRooms, basis_id: str, *, by: str) -> Letter:
    """End an application, a duty or an order before its time. What an order hid is open from then on."""
    check_may_propose(rooms.officers, "end-letters", by=by)
    letter = stored_letter(rooms, basis_id).letter
    if letter.basis is BasisKind.LETTER:
        raise refused("授权书由其主体撤回", "a letter is its subject's to revoke", "kind")
    return rooms.book.move(moved(letter, Act.END, by=by, at=rooms.now(), detail={"reason": "by-law"}))


def _check_two(rooms: LetterRooms, by: Sequence[str]) -> None:
    for name in by:
        check_may_propose(rooms.officers, "record-basis", by=name)
    if len({name for name in by if name.strip()}) < 2:
        raise NotAllowed(
            Said("须由两名不同的经办人登记", "two different officers record a basis"),
            todo=Said("请另一位经办人一同办理", "a second officer takes part"),
        )


def _terms(basis: PublicBasis) -> Terms:
    return Terms(
        institution=basis.institution,
        end_user="",
        wording="",
        purpose=basis.purpose,
        range_months=basis.range_months,
        mode="periodic",
        cap=basis.cap,
        window=basis.window,
        retention_days=basis.retention_days,
        life_days=(basis.end - basis.start).days,
    )


def _document(rooms: LetterRooms, basis: PublicBasis, basis_id: str) -> bytes:
    return canonical(
        {
            "v": 1,
            "id": basis_id,
            "zone": rooms.zone,
            "kind": basis.kind.value,
            "institution": basis.institution,
            "subject": basis.subject,
            "purpose": basis.purpose,
            "items": dict(basis.items),
            "article": basis.article,
            "reference": basis.reference,
            "start": time_text(basis.start),
            "end": time_text(basis.end),
        }
    )


def _row(basis: PublicBasis, basis_id: str, digest: bytes) -> Letter:
    return Letter(
        id=basis_id,
        basis=basis.kind,
        subject=basis.subject,
        institution=basis.institution,
        end_user="",
        wording="",
        purpose=basis.purpose,
        items=dict(basis.items),
        stated=(),
        mode="periodic",
        cap=basis.cap,
        window=basis.window,
        range_months=basis.range_months,
        retention_days=basis.retention_days,
        start=basis.start,
        end=basis.end,
        state=State.ACTIVE,
        version=1,
        digest=digest,
    )
