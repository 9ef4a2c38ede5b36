"""Attacks through letters: whoever signs, enrols or draws up a letter for somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.consent.drafting import Choices
from puhui.consent.letter import Terms
from puhui.desk.letter_signing import attended_by
from puhui.desk.letters import draft_letter, sign_letter
from puhui.desk.refused import LETTER as LETTER_REFUSED
from puhui.desk.refused import SIGNER as SIGNER_REFUSED
from puhui.desk.signers import Request, enrol_key, enrol_statement
from puhui.model.subject import Identifier
from puhui.records import models
from puhui.wire.letters import ENROL, LETTER, Proof

from ...questions.town import ANNA, BEN, CHILD, FIRM, QUIET, Office, evidence, key, sign
from .desk import Does, Try, held_off

EID = Proof(kind="eid", reference="R-1")


def enrolled_as(holder: str, about: Identifier, person: Identifier | None, by: tuple[str, ...]) -> Does:
    """Enrol the key of that name for a subject."""

    def act(office: Office) -> None:
        rooms, mine = office.letter_rooms, key(holder)
        capacity: Any = "representative" if person else "self"
        proof = Proof(kind="attended", reference="R-1") if len(by) == 2 else EID
        statement = enrol_statement(rooms, about, "ed25519", mine.verifying().public)
        enrol_key(rooms, Request(about, capacity, proof, person), evidence(mine, ENROL, statement), by=by)

    return act


def without_the_key(office: Office) -> None:
    """The public half of somebody's key, and another's signature."""
    rooms, theirs = office.letter_rooms, key("anna-herself").verifying()
    statement = enrol_statement(rooms, ANNA, "ed25519", theirs.public)
    forged = evidence(key("mallory"), ENROL, statement)
    shown = type(forged)(v=1, algorithm="ed25519", public=forged.public, signature="A" * 86 + "==")
    enrol_key(rooms, Request(ANNA, "self", EID), shown, by=("anna",))


def signed_by_the_bank(office: Office) -> None:
    """The firm's letter with the bank's signature under it."""
    rooms = office.letter_rooms
    terms = Terms("bank-a", "", "firm_letter", "lending", 24, "periodic", 24, "letter", 365, 9)
    named = attended_by("representative", "R-1")
    document = draft_letter(rooms, terms, FIRM, Choices(("tax",), {}, "zh", named)).document
    sign_letter(rooms, document, evidence(key("bank-a/1"), LETTER, document))


def signed_for(name: str, about: Identifier, **changed: Any) -> Does:
    return lambda office: sign(office.letter_rooms, name, about, **changed)


def signing(does: Does, code: str, about: Identifier, act: str = "sign-letter") -> Try:
    return Try(does, code, LETTER_REFUSED, act, about=about)


def enrolling(does: Does, code: str, about: Identifier, actor: str = "anna, bela") -> Try:
    return Try(does, code, SIGNER_REFUSED, "enrol-signer", actor, about)


DRAFT = "draft-letter"
PERSON: dict[str, Any] = {"wording": "person_letter", "ticks": ("insured",), "range_months": 0}
TWO = ("anna", "bela")
TRIES: dict[str, Try] = {
    "a bank enrols its own key for a firm": enrolling(
        enrolled_as("bank-a/1", QUIET, ANNA, TWO), "signer-refused", QUIET),
    "a bank enrols its own key for a person": enrolling(
        enrolled_as("bank-b/1", ANNA, None, TWO), "signer-refused", ANNA),
    "a bank enrols a fresh key by itself": enrolling(
        enrolled_as("fresh", ANNA, None, ("bank-a",)), "not-allowed", ANNA, "unknown"),
    "one officer says that two attended": enrolling(
        enrolled_as("fresh", ANNA, None, ("anna", "anna")), "not-allowed", ANNA, "anna"),
    "somebody else for a firm": enrolling(enrolled_as("fresh", FIRM, BEN, TWO), "signer-refused", FIRM),
    "a firm for itself": enrolling(enrolled_as("fresh", FIRM, None, ("anna",)), "signer-refused", FIRM, "anna"),
    "a key that its holder does not have": enrolling(without_the_key, "signer-refused", ANNA, "anna"),
    "a key for a second subject": enrolling(enrolled_as("firm", QUIET, ANNA, TWO), "signer-refused", QUIET),
    "a bank signs the firm's letter": signing(signed_by_the_bank, "evidence-refused", FIRM),
    "a firm's key signs for another firm": signing(signed_for("firm", QUIET), "signer-refused", QUIET),
    "a person's key signs for another person": signing(signed_for("ben", ANNA, **PERSON), "signer-refused", ANNA),
    "a child's letter for a loan": signing(signed_for("ben", CHILD, **PERSON), "signer-refused", CHILD),
    "more uses than the purpose allows": signing(signed_for("firm", FIRM, cap=1001), "letter-refused", FIRM, DRAFT),
    "a longer life than the purpose allows": signing(
        signed_for("firm", FIRM, life_days=367), "letter-refused", FIRM, DRAFT),
    "a wider range than the purpose allows": signing(
        signed_for("firm", FIRM, range_months=37), "letter-refused", FIRM, DRAFT),
    "kept longer than the purpose allows": signing(
        signed_for("firm", FIRM, retention_days=1827), "letter-refused", FIRM, DRAFT),
    "another purpose than the wording's": signing(
        signed_for("firm", FIRM, purpose="medical"), "letter-refused", FIRM, DRAFT),
    "for an institution that nobody admitted": signing(
        signed_for("firm", FIRM, institution="bank-z"), "letter-refused", FIRM, DRAFT),
}  # fmt: skip


@pytest.mark.parametrize("attack", TRIES.values(), ids=TRIES)
def test_nobody_else_speaks_for_the_subject(shared: Office, attack: Try) -> None:
    before = models.Letter.objects.count(), models.Signer.objects.count()
    held_off(shared, attack)
    assert (models.Letter.objects.count(), models.Signer.objects.count()) == before
