"""Attacks through letters: whoever signs, enrols or draws up a letter for somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from puhui.adapters import django_setup  # noqa: F401  settings before models
from puhui.consent.drafting import Choices
from puhui.consent.letter import Terms
from puhui.desk.letters import attended_by, draft_letter, sign_letter
from puhui.desk.signers import Request, enrol_key, enrol_statement
from puhui.model.refusal import Refusal
from puhui.model.subject import Identifier
from puhui.records import models
from puhui.wire.letters import ENROL, LETTER, Proof

from ...questions.town import ANNA, BEN, CHILD, FIRM, QUIET, Office, evidence, key, sign

Does = Callable[[Office], Any]
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


TRIES: dict[str, tuple[Does, str]] = {
    "a bank enrols its own key for a firm": (enrolled_as("bank-a/1", QUIET, ANNA, ("anna", "bela")), "signer-refused"),
    "a bank enrols its own key for a person": (enrolled_as("bank-b/1", ANNA, None, ("anna", "bela")), "signer-refused"),
    "a bank enrols a fresh key by itself": (enrolled_as("fresh", ANNA, None, ("bank-a",)), "not-allowed"),
    "one officer says that two attended": (enrolled_as("fresh", ANNA, None, ("anna", "anna")), "not-allowed"),
    "somebody else for a firm": (enrolled_as("fresh", FIRM, BEN, ("anna", "bela")), "signer-refused"),
    "a firm for itself": (enrolled_as("fresh", FIRM, None, ("anna",)), "signer-refused"),
    "a key that its holder does not have": (without_the_key, "signer-refused"),
    "a key for a second subject": (enrolled_as("firm", QUIET, ANNA, ("anna", "bela")), "signer-refused"),
    "a bank signs the firm's letter": (signed_by_the_bank, "evidence-refused"),
    "a firm's key signs for another firm": (signed_for("firm", QUIET), "signer-refused"),
    "a person's key signs for another person": (
        signed_for("ben", ANNA, wording="person_letter", ticks=("insured",), range_months=0), "signer-refused"),
    "a child's letter for a loan": (
        signed_for("ben", CHILD, wording="person_letter", ticks=("insured",), range_months=0), "signer-refused"),
    "more uses than the purpose allows": (signed_for("firm", FIRM, cap=1001), "letter-refused"),
    "a longer life than the purpose allows": (signed_for("firm", FIRM, life_days=367), "letter-refused"),
    "a wider range than the purpose allows": (signed_for("firm", FIRM, range_months=37), "letter-refused"),
    "kept longer than the purpose allows": (signed_for("firm", FIRM, retention_days=1827), "letter-refused"),
    "another purpose than the wording's": (signed_for("firm", FIRM, purpose="medical"), "letter-refused"),
    "for an institution that nobody admitted": (signed_for("firm", FIRM, institution="bank-z"), "letter-refused"),
}  # fmt: skip


@pytest.mark.parametrize(("does", "code"), TRIES.values(), ids=TRIES)
def test_nobody_else_speaks_for_the_subject(shared: Office, does: Does, code: str) -> None:
    before = models.Letter.objects.count(), models.Signer.objects.count()
    with pytest.raises(Refusal) as refused:
        does(shared)
    assert refused.value.code == code
    assert (models.Letter.objects.count(), models.Signer.objects.count()) == before
    for value in (FIRM.value, QUIET.value, ANNA.value, BEN.value, CHILD.value):
        assert value not in f"{refused.value} {refused.value.todo}"
