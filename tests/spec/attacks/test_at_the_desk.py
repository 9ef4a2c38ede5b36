"""Attacks of people at the desk: alone where it takes two, in another's role, with another's hand under a contract."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.contracts.contract import sign_contract
from puhui.desk.acts import ERASE, LIFT, approve_act, propose_act
from puhui.desk.admissions import RESUME, REVOKE_KEY, SUSPEND, revoke_key, suspend
from puhui.desk.agreements import END, SIGN, draft, end_contract
from puhui.desk.bases import lift_basis
from puhui.desk.holds import PROVISION
from puhui.desk.keys import ROTATE, rotate_key
from puhui.desk.looks import LOOK, look
from puhui.desk.officers import public_half
from puhui.desk.refused import OFFICER
from puhui.desk.roles import Role
from puhui.desk.signers import revoke_signer
from puhui.records import models
from puhui.wire.letters import signer_id

from ...questions.town import FIRM, STRANGER, Office, key
from .desk import Does, Try, held_off

WHY = "for the test"


@pytest.fixture(scope="module")
def staffed(shared: Office) -> Iterator[Office]:
    """With an officer of each other role beside anna and bela, who are of `security`."""
    for name, role in (("zhao", Role.AUDIT), ("chen", Role.SYSTEM)):
        shared.desk.officers.add(name, public_half(Ed25519PrivateKey.generate()), role)
    yield shared


def proposed(act: str, by: str, **given: str) -> Does:
    return lambda office: propose_act(office.desk, act, given, by=by, reason=WHY)


def approved(act: str, by: str, **given: str) -> Does:
    return lambda office: approve_act(office.desk, propose_act(office.desk, act, given, by="anna", reason=WHY), by=by)


def unexplained(office: Office) -> None:
    propose_act(office.desk, ERASE, {"uscc": FIRM.value}, by="anna", reason=" ")


def contracted(signer: str = "bank-a/1", *, changed: bool = False, item: str = "") -> Does:
    """A contract with the signature of a key over its document, or over another one."""

    def act(office: Office) -> None:
        now = office.desk.now()
        given = {
            "institution": "bank-a", "products": [{"product": "firm_loan"}], "plan": {"kind": "free"},
            "valid_from": now, "valid_until": now.replace(year=now.year + 1), "items": [item] if item else [],
        }  # fmt: skip
        document = draft(office.desk, given).document
        signature = sign_contract(document + b" " * changed, key(signer)).as_dict()
        said = {"document": document.decode(), "signature": json.dumps(signature)}
        propose_act(office.desk, SIGN, said, by="anna", reason=WHY)

    return act


def officer(does: Does, code: str, act: str, actor: str = "unknown") -> Try:
    return Try(does, code, OFFICER, act, actor)


SIGNER = signer_id("ed25519", key("firm").verifying().public)
TRIES: dict[str, Try] = {
    "one officer erases alone": officer(approved(RESUME, "anna", id="bank-a"), "not-allowed", RESUME, "anna"),
    "a name that is no officer's approves": officer(approved(RESUME, "mallory", id="bank-a"), "not-allowed", RESUME),
    "an auditor approves": officer(approved(RESUME, "zhao", id="bank-a"), "not-allowed", RESUME, "zhao"),
    "an auditor proposes": officer(proposed(RESUME, "zhao", id="bank-a"), "not-allowed", RESUME, "zhao"),
    "a keeper of systems erases": officer(
        proposed(ERASE, "chen", uscc=FIRM.value), "not-allowed", ERASE, "chen"),
    "nobody says why": officer(unexplained, "not-allowed", ERASE, "anna"),
    "guessing who is here": officer(
        proposed(LIFT, "anna", uscc=STRANGER.value, article=PROVISION), "no-subject", LIFT, "anna"),
    "a stranger suspends a bank": officer(
        lambda o: suspend(o.desk, "bank-a", by="mallory", reason=WHY), "not-allowed", SUSPEND),
    "an auditor revokes a bank's key": officer(
        lambda o: revoke_key(o.desk, "bank-a/1", by="zhao", reason=WHY), "not-allowed", REVOKE_KEY, "zhao"),
    "a keeper of systems ends a contract": officer(
        lambda o: end_contract(o.desk, "C-1", by="chen", reason=WHY), "not-allowed", END, "chen"),
    "an auditor revokes a signer": officer(
        lambda o: revoke_signer(o.letter_rooms, SIGNER, by="zhao", reason=WHY), "not-allowed", "revoke-signer", "zhao"),
    "a keeper of systems lifts a court's order": officer(
        lambda o: lift_basis(o.letter_rooms, "B-1", by="chen"), "not-allowed", "lift-basis", "chen"),
    "security renews a key": officer(
        lambda o: rotate_key(o.desk, "zone", by="anna", reason=WHY), "not-allowed", ROTATE, "anna"),
    "a look that nobody gives a reason for": officer(
        lambda o: look(o.desk, FIRM, by="anna", reason=""), "not-allowed", LOOK, "anna"),
    "a look at whoever may be here": officer(
        lambda o: look(o.desk, STRANGER, by="anna", reason=WHY), "no-subject", LOOK, "anna"),
    "a contract signed by another bank": officer(
        contracted("bank-b/1"), "contract-refused", SIGN, "anna"),
    "a contract signed before it was changed": officer(
        contracted(changed=True), "contract-refused", SIGN, "anna"),
    "a contract that names a prohibited item": officer(
        contracted(item="WJW-02"), "prohibited-item", SIGN, "anna"),
}  # fmt: skip


@pytest.mark.parametrize("attack", TRIES.values(), ids=TRIES)
def test_nobody_does_alone_or_in_anothers_role_what_takes_others(staffed: Office, attack: Try) -> None:
    before = [models.Contract.objects.count(), models.Signer.objects.filter(state="enrolled").count()]
    held_off(staffed, attack)
    assert [models.Contract.objects.count(), models.Signer.objects.filter(state="enrolled").count()] == before
