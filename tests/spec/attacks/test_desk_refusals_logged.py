"""What the log says of refused acts at the desk: whose trace they are in, how often, and what it leaves out."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest

from puhui.adapters.officers_files import make_key
from puhui.adapters.refusals_django import DjangoRefusals
from puhui.bootstrap import open_zone
from puhui.bootstrap.questions import trace_rooms
from puhui.contracts.contract import sign_contract
from puhui.desk.acts import approve_act, propose_act
from puhui.desk.admissions import revoke_key, suspend
from puhui.desk.agreements import SIGN, draft
from puhui.desk.letter_states import act_document, change_letter
from puhui.desk.officers import acting_officer
from puhui.desk.refused import LETTER, OFFICER
from puhui.gateway.trace import trace
from puhui.model.refusals import NotAllowed, UnknownName
from puhui.model.refusals_question import ContractRefused, SignerRefused
from puhui.wire.letters import ACT

from ...questions.town import QUIET, Office, evidence, key, sign
from .desk import refused_acts, size

WHY = "for the test"


def test_a_subject_sees_who_tried_to_sign_in_its_name(office: Office) -> None:
    """In the trace, like every use; whoever tried is no officer, so it is nobody that the zone could name."""
    with pytest.raises(SignerRefused):
        sign(office.letter_rooms, "firm", QUIET)
    size(office)
    subject = office.letter_rooms.find(QUIET)
    told = [use.says for use in trace(subject, trace_rooms(open_zone(office.home)))]
    assert [(one["event"], one["actor"], one["detail"]) for one in told] == [
        (LETTER, "unknown", {"act": "sign-letter", "code": "signer-refused", "count": 1})
    ]


def test_whoever_tries_again_and_again_fills_no_log(office: Office) -> None:
    before = size(office)
    for _ in range(45):
        with pytest.raises(SignerRefused):
            sign(office.letter_rooms, "firm", QUIET)
    assert [entry["detail"]["count"] for entry in refused_acts(office, before)] == [*range(1, 11), 20, 40]
    office.clock.pass_by(hours=1)
    with pytest.raises(SignerRefused):
        sign(office.letter_rooms, "firm", QUIET)
    assert [entry["detail"]["count"] for entry in refused_acts(office, before)][-1] == 1


def test_anothers_key_proves_no_officer(office: Office, tmp_path: Path) -> None:
    make_key(tmp_path / "mallory.key")
    for name in ("anna", ""):
        before = size(office)
        with pytest.raises(NotAllowed):
            acting_officer(name, tmp_path / "mallory.key", office.desk)
        (entry,) = refused_acts(office, before)
        assert (entry["event"], entry["actor"], entry["detail"]["act"]) == (OFFICER, "unknown", "prove-officer")


def test_a_mistyped_command_leaves_no_entry(office: Office) -> None:
    """But of letters: there a wrong name may be somebody else's."""
    before = size(office)
    with pytest.raises(UnknownName):
        approve_act(office.desk, 4711, by="anna")
    with pytest.raises(UnknownName):
        suspend(office.desk, "bank-z", by="anna", reason=WHY)
    assert refused_acts(office, before) == []
    act = act_document(office.letter_rooms, office.letters["firm"], "revoked")
    with pytest.raises(UnknownName):
        change_letter(office.letter_rooms, "L-none", "revoked", evidence(key("firm"), ACT, act))
    assert [(one["event"], one["detail"]["code"]) for one in refused_acts(office, before)] in (
        [],
        [(LETTER, "unknown-name")],
    )


def test_what_cannot_be_noted_is_refused_all_the_same(office: Office) -> None:
    with patch.object(DjangoRefusals, "note", side_effect=OSError("the disk is full")), pytest.raises(NotAllowed):
        suspend(office.desk, "bank-a", by="mallory", reason=WHY)
    assert office.desk.partners.admissions.institution("bank-a").standing.value == "admitted"  # type: ignore[union-attr]


def test_what_is_refused_when_it_is_approved_is_noted_once(office: Office) -> None:
    """The contract was in order when it was proposed; by then the bank's key is revoked."""
    now = office.desk.now()
    given = {"institution": "bank-a", "products": [{"product": "firm_loan"}], "plan": {"kind": "free"},
             "valid_from": now, "valid_until": now.replace(year=now.year + 1)}  # fmt: skip
    document = draft(office.desk, given).document
    signature = json.dumps(sign_contract(document, key("bank-a/1")).as_dict())
    said = {"document": document.decode(), "signature": signature}
    number = propose_act(office.desk, SIGN, said, by="anna", reason=WHY)
    revoke_key(office.desk, "bank-a/1", by="anna", reason=WHY)
    before = size(office)
    with pytest.raises(ContractRefused):
        approve_act(office.desk, number, by="bela")
    (entry,) = refused_acts(office, before)
    assert (entry["actor"], entry["detail"]["act"], entry["detail"]["code"]) == ("bela", SIGN, "contract-refused")
