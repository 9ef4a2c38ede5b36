"""Who may be enrolled, and who may sign for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from puhui.adapters import django_setup
from puhui.consent.letter import State
from puhui.desk.letter_states import act_document, change_letter
from puhui.desk.signers import Request, SignedAuthority, enrol_key, enrol_passkey, enrol_statement, revoke_signer
from puhui.model.refusals import NoSubject, NotAllowed
from puhui.model.refusals_question import EvidenceRefused, LetterRefused, SignerRefused
from puhui.model.subject import Identifier
from puhui.records import models
from puhui.wire.letters import (
    ACT,
    AUTHORITY,
    ENROL,
    LETTER,
    AuthorityDocument,
    Grantor,
    Proof,
    document_bytes,
    signer_id,
    time_text,
)

from .authenticator import Authenticator
from .consent_made import (
    ANNA,
    ATTENDED,
    BEN,
    CHILD,
    EID,
    FIRM,
    LICENCE,
    NOW,
    OTHER_FIRM,
    PARTY,
    STRANGER,
    TOKENS,
    ZONE,
    Made,
    enrol,
    evidence,
    key,
    make,
    signed,
)
from .subjects_made import uscc


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))


@pytest.fixture
def made(tables: None, tmp_path: Path) -> Made:
    return make(tmp_path)


def refused(made: Made, name: str, *given: object, **more: object) -> str:
    with pytest.raises(SignerRefused) as told:
        enrol(made.rooms, name, *given, **more)  # type: ignore[arg-type]
    return told.value.where


def test_a_person_enrols_for_the_own_self(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    assert (signer.subject, signer.person, signer.capacity, signer.method) == (TOKENS[ANNA], "", "self", "key")
    assert signer.id == signer_id("ed25519", key("anna").verifying().public)
    assert refused(made, "ben", ANNA, person=BEN, capacity="self") == "capacity"
    assert refused(made, "ben", ANNA, person=BEN, capacity="representative") == "register"
    assert refused(made, "ben", ANNA, proof=LICENCE) == "proof"
    assert refused(made, "ben", ANNA, proof=Proof(kind="eid", reference=" ")) == "proof"


def test_a_firms_signer_is_its_registered_representative(made: Made) -> None:
    assert enrol(made.rooms, "anna", FIRM, person=ANNA, proof=LICENCE).person == TOKENS[ANNA]
    assert refused(made, "ben", FIRM, person=BEN) == "register"
    assert refused(made, "ben", OTHER_FIRM, person=ANNA) == "register"
    assert refused(made, "ben", FIRM) == "capacity"
    assert refused(made, "ben", FIRM, person=OTHER_FIRM) == "person"


def test_who_no_longer_represents_a_firm_no_longer_signs_for_it(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    made.register.pairs.clear()
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "anna", signer)
    assert told.value.where == "register"
    pause = act_document(made.rooms, letter.id, "paused")
    paused = change_letter(made.rooms, letter.id, "paused", evidence(key("anna"), ACT, pause))
    again = act_document(made.rooms, letter.id, "resumed")
    with pytest.raises(SignerRefused):
        change_letter(made.rooms, letter.id, "resumed", evidence(key("anna"), ACT, again))
    revoke = act_document(made.rooms, letter.id, "revoked")
    gone = change_letter(made.rooms, letter.id, "revoked", evidence(key("anna"), ACT, revoke))
    assert (paused.state, gone.state) == (State.PAUSED, State.REVOKED)


def test_a_sole_trader_is_proved_by_its_licence(made: Made) -> None:
    trader = Identifier("uscc", uscc(9, "92"))
    TOKENS[trader] = "360500a1I" + "9" * 20
    try:
        assert refused(made, "ben", trader, proof=EID) == "proof"
        assert enrol(made.rooms, "ben", trader, proof=LICENCE).capacity == "self"
    finally:
        del TOKENS[trader]


def test_whoever_enrols_shows_to_hold_the_key(made: Made) -> None:
    public = key("anna").verifying().public
    request = Request(ANNA, "self", EID)
    right = enrol_statement(made.rooms, ANNA, "ed25519", public)
    for wrong in (
        evidence(key("anna"), LETTER, right),  # signed for another purpose
        evidence(key("anna"), ENROL, enrol_statement(made.rooms, BEN, "ed25519", public)),  # for somebody else
        evidence(key("anna"), ENROL, right[:-1]),
    ):
        with pytest.raises(SignerRefused) as told:
            enrol_key(made.rooms, request, wrong, by=["olga"])
        assert told.value.where == "possession"
    enrol_key(made.rooms, request, evidence(key("anna"), ENROL, right), by=["olga"])


def test_a_proof_in_attendance_takes_two_officers(made: Made) -> None:
    for by in (["olga"], ["olga", "olga"], ["olga", " "], []):
        with pytest.raises(NotAllowed):
            enrol(made.rooms, "anna", ANNA, proof=ATTENDED, by=by)
    with pytest.raises(NotAllowed):
        enrol(made.rooms, "anna", ANNA, proof=EID, by=["stranger"])
    assert enrol(made.rooms, "anna", ANNA, proof=ATTENDED, by=["olga", "piet"]).proof == ATTENDED
    event = models.Event.objects.get(kind="signer-enrolled")
    assert (event.actor, event.detail["reference"]) == ("olga, piet", "PAPER-7")


def test_nobody_is_enrolled_whom_the_zone_does_not_know(made: Made) -> None:
    with pytest.raises(NoSubject):
        enrol(made.rooms, "anna", STRANGER)


def test_no_credit_under_18_and_a_guardian_for_the_rest(made: Made) -> None:
    child = enrol(made.rooms, "child", CHILD)
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "child", child, CHILD, wording="farmer_query", ticks=["land"], range_months=12)
    assert told.value.where == "age"
    assert refused(made, "anna", CHILD, person=ANNA, capacity="guardian", proof=EID) == "proof"
    more = {"person": ANNA, "capacity": "guardian", "proof": ATTENDED, "by": ["olga", "piet"]}
    guardian = enrol(made.rooms, "anna", CHILD, **more)  # type: ignore[arg-type]
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "anna", guardian, CHILD, wording="farmer_query", ticks=["land"], range_months=12)
    assert told.value.where == "age"
    letter = signed(made.rooms, "anna", guardian, CHILD, wording="school_fees", purpose="welfare", ticks=["school"],
                    range_months=12, cap=2, retention_days=30)  # fmt: skip
    assert (letter.subject, letter.state) == (TOKENS[CHILD], State.ACTIVE)
    with pytest.raises(SignerRefused) as told:  # the child alone
        signed(made.rooms, "child", child, CHILD, wording="school_fees", purpose="welfare", ticks=["school"],
               range_months=12, cap=2, retention_days=30)  # fmt: skip
    assert told.value.where == "age"
    made.clock.pass_by(days=366 * 2)
    with pytest.raises(SignerRefused) as told:  # who is of age now signs in person
        signed(made.rooms, "anna", guardian, CHILD, wording="school_fees", purpose="welfare", ticks=["school"],
               range_months=12, cap=2, retention_days=30)  # fmt: skip
    assert told.value.where == "age"


def authority(made: Made, *, signer: str = "anna", **changed: object) -> SignedAuthority:
    values = {
        "v": 1, "zone": ZONE, "firm": Grantor(kind="uscc", value=FIRM.value),
        "agent": signer_id("ed25519", key("ben").verifying().public), "purposes": ("lending",),
        "start": time_text(NOW), "end": time_text(NOW + timedelta(days=30)),
    }  # fmt: skip
    document = document_bytes(AuthorityDocument(**(values | changed)))  # type: ignore[arg-type]
    return SignedAuthority(document, evidence(key(signer), AUTHORITY, document))


def enrol_agent(made: Made, given: SignedAuthority | None, subject: Identifier = FIRM) -> str:
    """The agent's signer id."""
    public = key("ben").verifying().public
    possession = evidence(key("ben"), ENROL, enrol_statement(made.rooms, subject, "ed25519", public))
    return enrol_key(made.rooms, Request(subject, "agent", EID, BEN, given), possession, by=["olga"]).id


def test_an_agent_signs_under_a_dated_authority_that_is_itself_signed(made: Made) -> None:
    giver = enrol(made.rooms, "anna", FIRM, person=ANNA)
    for wrong, where in (
        (None, "authority"),
        (authority(made, agent="G-another"), "authority"),
        (authority(made, zone="puhui/360800/b1"), "authority"),
        (authority(made, firm=Grantor(kind="uscc", value=OTHER_FIRM.value)), "authority"),
        (authority(made, start=time_text(NOW + timedelta(days=1))), "authority"),
        (authority(made, end=time_text(NOW)), "authority"),
        (authority(made, signer="ben"), "signer"),
    ):
        with pytest.raises(SignerRefused) as told:
            enrol_agent(made, wrong)
        assert told.value.where == where
    right = authority(made)
    with pytest.raises(EvidenceRefused):
        enrol_agent(made, replace(right, document=authority(made, purposes=("guarantee",)).document))
    agent = made.rooms.signers.signer(enrol_agent(made, right))
    assert agent is not None and agent.authority is not None and agent.authority.by == giver.id
    letter = signed(made.rooms, "ben", agent)
    assert letter.signer == agent.id
    made.clock.pass_by(days=30)
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "ben", agent)
    assert told.value.where == "authority"


def test_an_authority_is_for_its_purposes(made: Made) -> None:
    enrol(made.rooms, "anna", FIRM, person=ANNA)
    agent = made.rooms.signers.signer(enrol_agent(made, authority(made, purposes=("guarantee",))))
    assert agent is not None
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "ben", agent)
    assert told.value.where == "authority"


@pytest.mark.parametrize("lost", ["agent", "giver"])
def test_with_an_agents_authority_its_letters_end(made: Made, lost: str) -> None:
    giver = enrol(made.rooms, "anna", FIRM, person=ANNA)
    agent = made.rooms.signers.signer(enrol_agent(made, authority(made)))
    assert agent is not None
    own, by_agent = signed(made.rooms, "anna", giver), signed(made.rooms, "ben", agent)
    revoke_signer(made.rooms, agent.id if lost == "agent" else giver.id, by="olga", reason="key lost")
    now = {one.id: one.state for one in made.rooms.book.of_subject(TOKENS[FIRM])}
    assert now == {own.id: State.ACTIVE, by_agent.id: State.REVOKED}
    with pytest.raises(SignerRefused) as told:
        signed(made.rooms, "ben", agent)
    assert told.value.where == "signer"
    kinds = [event.kind for event in models.Event.objects.order_by("id")]
    assert kinds[-2:] == ["letter-ended", "letter.refused"] and kinds.count("signer-revoked") == (
        1 if lost == "agent" else 2
    )


def test_a_revoked_signer_says_nothing_more(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    for _ in range(2):
        revoke_signer(made.rooms, signer.id, by="olga", reason="key lost")
    act = act_document(made.rooms, letter.id, "revoked")
    with pytest.raises(SignerRefused):
        change_letter(made.rooms, letter.id, "revoked", evidence(key("anna"), ACT, act))
    assert refused(made, "anna", FIRM, person=ANNA) == "key"  # a lost key does not come back
    with pytest.raises(LetterRefused):
        revoke_signer(made.rooms, "G-nobody", by="olga", reason="key lost")


def test_a_passkey_enrols_and_signs(made: Made) -> None:
    from puhui.consent.drafting import Choices
    from puhui.desk.letter_signing import signed_by
    from puhui.desk.letters import draft_letter, sign_letter

    from .consent_made import terms

    passkey = Authenticator(PARTY)
    request = Request(FIRM, "representative", LICENCE, ANNA)
    signer = enrol_passkey(made.rooms, request, passkey.create(b"c" * 32), b"c" * 32, by=["olga"])
    draft = draft_letter(made.rooms, terms(), FIRM, Choices(("tax",), {}, "zh", signed_by(signer)))
    given = passkey.assert_(draft.digest)
    letter = sign_letter(made.rooms, draft.document, given)
    assert (letter.signer, letter.digest) == (signer.id, draft.digest)
    held = made.rooms.signers.signer(signer.id)
    assert held is not None and (held.sign_count, held.method) == (1, "passkey")
    second = draft_letter(made.rooms, terms(), FIRM, Choices(("tax",), {}, "zh", signed_by(signer)))
    passkey.count = 0
    with pytest.raises(EvidenceRefused):
        sign_letter(made.rooms, second.document, passkey.assert_(second.digest))
