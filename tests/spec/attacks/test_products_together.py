"""Attacks through what stands side by side: two products, a number stated in a letter, another's hand on a letter."""

from __future__ import annotations

import pytest

from puhui.desk.agreements import SIGN, end_contract
from puhui.desk.refused import LETTER
from puhui.model.refusal import Refusal
from puhui.model.refusals_question import Differencing

from ...questions.asking import Asker, ask
from ...questions.town import ANNA, FIRM, QUIET, Office, contract, enrol, sign
from .desk import refused_acts, size
from .table import HIDDEN


def test_two_products_that_show_more_together_are_not_contracted_together(office: Office) -> None:
    before = size(office)
    with pytest.raises(Differencing) as refused:
        contract(office.desk, "bank-b", [("paid_check", {})])
    assert refused.value.code == "differencing"
    with pytest.raises(Differencing):
        contract(office.desk, "bank-d", [("paid_band", {}), ("paid_check", {})])
    assert [(one["actor"], one["detail"]) for one in refused_acts(office, before)] == [
        ("anna", {"act": SIGN, "code": "differencing", "count": count}) for count in (1, 2)
    ]


def test_nor_asked_one_after_the_other(office: Office) -> None:
    """The band by one contract; that one ended, the check against a stated number by another."""
    asker = Asker(office, "bank-b")
    (band,) = ask(office, asker.question(FIRM, "of-b", product="paid_band"))
    assert band.code == ""
    (row,) = office.desk.partners.contracts.states("bank-b")
    end_contract(office.desk, row["id"], by="anna", reason="another one is wanted")
    contract(office.desk, "bank-b", [("paid_check", {})])
    letter = sign(office.letter_rooms, "firm", FIRM, institution="bank-b", stated={"paid": "4000"})
    (check,) = ask(office, asker.question(FIRM, letter.id, product="paid_check"))
    assert (check.status, check.code, len(check.body)) == (*HIDDEN, 1024)
    assert office.codes("bank-b") == ["", "budget-spent"]
    assert office.check() == []


def test_a_stated_value_is_no_probe(office: Office) -> None:
    """A check's number is what the subject signed: not the caller's, and three of them at most."""
    (row,) = office.desk.partners.contracts.states("bank-b")
    end_contract(office.desk, row["id"], by="anna", reason="another one is wanted")
    contract(office.desk, "bank-b", [("paid_check", {})])
    asker = Asker(office, "bank-b")
    told = []
    for value in ("4000", "6000", "5000"):
        letter = sign(office.letter_rooms, "firm", FIRM, institution="bank-b", stated={"paid": value})
        (reply,) = ask(office, asker.question(FIRM, letter.id, product="paid_check"))
        told.append(reply.items["paid"])
    assert told == [True, False, True]
    before = size(office)
    with pytest.raises(Refusal) as fourth:
        sign(office.letter_rooms, "firm", FIRM, institution="bank-b", stated={"paid": "5500"})
    assert (fourth.value.code, fourth.value.where) == ("letter-refused", "stated")
    (entry,) = refused_acts(office, before)
    assert (entry["event"], entry["detail"]["code"]) == (LETTER, "letter-refused")
    assert entry["sealed"] == office.letter_rooms.find(FIRM).token
    own = asker.post(asker.said(FIRM, letter.id, product="paid_check") | {"stated": {"paid": "5500"}})
    (reply,) = ask(office, own)
    assert (reply.status, reply.code) == (400, "bad-request")


def test_a_paused_letter_resumes_and_a_revoked_one_does_not(office: Office) -> None:
    asker = Asker(office)
    office.change("firm", "paused")
    office.change("firm", "resumed")
    (again,) = ask(office, asker.question(FIRM))
    assert again.code == ""
    office.change("firm", "revoked")
    before = size(office)
    with pytest.raises(Refusal):
        office.change("firm", "resumed")
    assert [one["detail"]["act"] for one in refused_acts(office, before)] == ["resume-letter"]
    (refused,) = ask(office, asker.question(FIRM))
    assert refused.code == "letter-not-in-force" and "第十五条" in refused.told["article"]


def test_nobody_else_revokes_resumes_or_pauses(office: Office) -> None:
    enrol(office.letter_rooms, "quiet", QUIET, ANNA)
    before = size(office)
    for word in ("paused", "revoked"):
        for stranger in ("quiet", "ben", "bank-a/1"):
            with pytest.raises(Refusal) as refused:
                office.change("firm", word, stranger)  # type: ignore[arg-type]
            assert refused.value.code == "signer-refused"
    told = [(one["sealed"], one["detail"]["act"], one["detail"]["code"]) for one in refused_acts(office, before)]
    token = office.letter_rooms.find(FIRM).token
    assert told == [(token, f"{act}-letter", "signer-refused") for act in ("pause", "revoke") for _ in range(3)]
    (still,) = ask(office, Asker(office).question(FIRM))
    assert still.code == ""
