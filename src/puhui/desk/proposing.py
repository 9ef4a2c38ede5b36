"""Letters that institutions propose by a signed request, and what they see of them afterwards.

Promises: id and code of a proposal are worked out from the request's idempotency key under a key that stays in the
zone: a try after a lost reply gets the same ones, and the code is still kept nowhere. Nobody is looked up.
"""

from __future__ import annotations

import hashlib

from puhui.consent.letter import State, Terms
from puhui.consent.proposals import CODE_LENGTH, CODE_SIGNS
from puhui.desk.letter_rooms import LetterRooms
from puhui.desk.letters import proposal_state, propose_named
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.model.refusals_question import NoBasis
from puhui.model.subject import Identifier
from puhui.wire.messages import LetterProposalForm
from puhui.wire.short_names import short_name


def propose_by_request(rooms: LetterRooms, form: LetterProposalForm, institution: str, key: str) -> str:
    """The id of the proposal. `key`: digest of the request's idempotency key. Raises BadRequest, LetterRefused."""
    terms = Terms(
        institution=institution,
        end_user=form.end_user or "",
        wording=form.wording,
        purpose=form.purpose,
        range_months=form.range_months,
        mode=form.mode,
        cap=form.cap,
        window=form.window,
        retention_days=form.retention_days,
        life_days=form.life_days,
    )
    about = Identifier(form.about.kind, form.about.value)
    letter_id = _letter_id(rooms, institution, key)
    return propose_named(rooms, terms, about, letter_id, code_of(rooms, letter_id), by=institution).id


def state_shown(rooms: LetterRooms, letter_id: str, institution: str) -> State:
    """A letter as its institution sees it. Raises NoBasis (hidden): another's and none look the same."""
    try:
        return proposal_state(rooms, letter_id, institution)
    except UnknownName:
        raise NoBasis(
            Said("没有这份授权书", "there is no such letter"), todo=Said("核对编号", "check the id")
        ) from None


def code_of(rooms: LetterRooms, letter_id: str) -> str:
    """What the subject types to find a proposal that was made by request."""
    number = int.from_bytes(rooms.index(f"letter-code-of|{letter_id}"))
    return "".join(CODE_SIGNS[number // len(CODE_SIGNS) ** place % len(CODE_SIGNS)] for place in range(CODE_LENGTH))


def _letter_id(rooms: LetterRooms, institution: str, key: str) -> str:
    return "L-" + short_name(hashlib.sha256(rooms.index(f"letter-made|{institution}|{key}")).digest())
