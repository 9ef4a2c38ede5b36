"""What happened once happens no second time: nonces, keys of idempotency, answers of others, subjects erased."""

from __future__ import annotations

import json

import pytest

from puhui.desk.acts import ERASE
from puhui.model.refusals import LegalHold

from ...questions.asking import Asker, ask
from ...questions.town import ERASED, FIRM, QUIET, STRANGER, Office, erase, two_officers
from ...questions.town import office as opened
from .table import HIDDEN


def test_a_nonce_is_good_for_one_try(office: Office) -> None:
    asker = Asker(office)
    first = asker.post(asker.said(FIRM), nonce="N" * 21 + "A")
    other = asker.post(asker.said(FIRM, "", product="firm_capital_loan"), nonce="N" * 21 + "A")
    replies = ask(office, first), ask(office, first), ask(office, other)
    assert [(reply.status, reply.code) for (reply,) in replies] == [(200, ""), (401, "replayed"), (401, "replayed")]
    assert office.codes() == ["", "replayed", "replayed"]
    assert office.check() == []


def test_of_one_nonce_sent_many_times_at_once_one_is_answered(office: Office) -> None:
    replies = ask(office, *[Asker(office).question(FIRM)] * 20)
    assert sorted(reply.code for reply in replies) == [""] + ["replayed"] * 19
    assert sorted(office.codes()) == [""] + ["replayed"] * 19


def test_nonces_outlive_the_process(office: Office) -> None:
    request = Asker(office).question(FIRM)
    ask(office, request)
    with opened(office.home) as restarted:
        restarted.clock.now = office.clock.now
        (reply,) = ask(restarted, request)
        assert (reply.status, reply.code) == (401, "replayed")


def test_an_idempotency_key_is_of_one_content(office: Office) -> None:
    asker = Asker(office)
    once = "once-and-for-all-1"
    sent = [
        asker.post(asker.said(FIRM), idempotency=once),
        asker.post(asker.said(FIRM), idempotency=once),
        asker.post(asker.said(FIRM, "", product="firm_capital_loan"), idempotency=once),
        asker.post(asker.said(QUIET, ""), idempotency=once),
        Asker(office, "bank-b").post(asker.said(FIRM, "of-b", product="paid_band"), idempotency=once),
    ]
    replies = [ask(office, one)[0] for one in sent]
    assert [one.code for one in replies] == ["", "", "idempotency-conflict", "not-available", ""]
    assert replies[0].body == replies[1].body, "the same content is given the same answer"
    assert office.codes() == ["", "idempotency-conflict", "no-basis"]
    assert [row.price_fen for row in office.asked("bank-a")] == [100, 0, 0]
    assert office.check() == []


def test_a_batch_is_as_many_questions(office: Office) -> None:
    """Each is refused or answered by itself, as it would be alone; 101 are too many."""
    asker = Asker(office)
    asked = [asker.said(FIRM), asker.said(QUIET), asker.said(FIRM, product="paid_band"), asker.said(STRANGER)]
    (reply,) = ask(office, asker.post({"v": 1, "questions": asked}, "/v1/answers:batch"))
    bodies = [json.loads(one["body"]) for one in reply.told["answers"]]
    assert [body.get("refused", "") for body in bodies] == ["", "not-available", "no-contract", "not-available"]
    assert len({len(one["body"]) for one in reply.told["answers"][1::2]}) == 1
    assert sorted(office.codes()) == ["", "no-basis", "no-contract", "subject-unknown"]
    (many,) = ask(office, asker.post({"v": 1, "questions": [asker.said(FIRM)] * 101}, "/v1/answers:batch"))
    assert (many.status, many.code, len(office.codes())) == (400, "bad-request", 5)


def test_what_another_was_answered_is_nobodys(office: Office) -> None:
    (reply,) = ask(office, Asker(office).question(FIRM))
    path = f"/v1/answers/{reply.told['id']}"
    own, others, refused = ask(
        office, Asker(office).get(path), Asker(office, "bank-b").get(path), Asker(office).get(path[:-1] + "x")
    )
    assert own.body == reply.body
    assert (others.status, others.code) == (refused.status, refused.code) == HIDDEN
    assert len(others.body) == len(refused.body) == 1024
    assert (office.codes(), office.codes("bank-b")) == (["", "no-basis"], ["no-basis"])


def test_each_institution_knows_a_subject_by_another_name(office: Office) -> None:
    of_a, of_b = ask(
        office, Asker(office).question(FIRM), Asker(office, "bank-b").question(FIRM, "of-b", product="paid_band")
    )
    told = of_a.told["record"]["about"], of_b.told["record"]["about"]
    assert len(set(told)) == 2
    token = office.asked("bank-a")[0].subject
    assert token and not any(token.encode() in reply.body for reply in (of_a, of_b))


def test_an_erased_subject_is_as_unknown_as_a_stranger(office: Office) -> None:
    asker = Asker(office)
    kept = "kept-before-it-was-erased"
    (before,) = ask(office, asker.post(asker.said(ERASED, "erased"), idempotency=kept))
    with pytest.raises(LegalHold):  # what was provided is to be kept for three years
        two_officers(office.desk, ERASE, {"uscc": ERASED.value})
    erase(office.desk, ERASED.value)
    again = asker.post(asker.said(ERASED, "erased"), idempotency=kept)
    replies = ask(office, asker.question(ERASED, "erased"), again, asker.get(f"/v1/answers/{before.told['id']}"))
    assert [(one.status, one.code, len(one.body)) for one in replies] == [(*HIDDEN, 1024)] * 3
    assert office.codes() == ["", "subject-unknown", "subject-unknown", "subject-unknown"]
    assert office.check() == [], "the proof of the answer stands, its record is nobody's to read"
