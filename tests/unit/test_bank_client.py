"""A bank's client: what it sends, when it tries again, what it takes for an answer. Sync and async alike."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from msgspec import UNSET

from puhui.bank.client import Patience, letter_proposal, question
from puhui.bank.exchange import Refused, Unanswered
from puhui.model.refusals_question import (
    LetterNotInForce,
    LogUnavailable,
    NoBasis,
    NotVerified,
    QuotaSpent,
    TooFast,
    UnknownKey,
)
from puhui.wire.answers import (
    answer_id,
    encode_answer,
    encode_record,
    kept_headers,
    read_answer_file,
    write_answer_file,
)
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import SignedRequest, sign_answer
from puhui.wire.messages import LetterProposalForm, QuestionForm, digest_in_batch, encode_refusal, read

from .answers_made import NOW, ZONE, receipt, record
from .bank_made import (
    QUESTION,
    STRANGER,
    Asker,
    FakeZone,
    answer,
    answer_to_another_question,
    changed_on_the_way,
    for_another_request,
    page,
    refuse,
    replied,
    reply_lost,
    say,
    signed_by_a_stranger,
    unreachable,
    unsigned_answer,
)


@pytest.fixture(params=["sync", "async"])
def asker(request: pytest.FixtureRequest) -> Asker:
    return Asker(FakeZone(), request.param == "async")


def after(asker: Asker, *acts: Any) -> Asker:
    asker.zone.acts = list(acts)
    return asker


# --- what is sent ---


def test_a_question_is_sent_as_its_canonical_form_and_answered(asker: Asker) -> None:
    found = asker.ask()
    assert asker.zone.bodies == [canonical(QUESTION)]
    assert found.value("tax_paid_12m") == "120000.00"
    assert found.value("court_cases") is None
    assert found.checked
    with pytest.raises(KeyError):
        found.value("not_asked")


def test_the_file_is_canonical_and_holds_both_messages(asker: Asker) -> None:
    file = read_answer_file(write_answer_file(asker.ask().file))
    assert file.request.body == canonical(QUESTION).decode()
    assert file.response.body.encode() == asker.zone.given[file.request.headers["idempotency-key"]]
    assert file.earlier is UNSET


def test_bodies_are_of_the_interface_s_forms() -> None:
    asked = question("tax_loan_basic", "lending", ("uscc", "9" * 18), basis=("letter", "L-1"), end_user="bank-b")
    assert read(QuestionForm, canonical(asked)).product == "tax_loan_basic"
    for uses, mode in ((0, "once"), (3, "periodic")):
        proposed = letter_proposal("tax_loan_enterprise", "lending", ("uscc", "9" * 18), uses=uses)
        assert read(LetterProposalForm, canonical(proposed)).mode == mode


# --- trying again ---


@pytest.mark.parametrize("trouble", [unreachable, reply_lost, page(502), page(503), page(504), page(500), page(429)])
def test_trouble_on_the_way_is_tried_again_under_the_same_idempotency_key(asker: Asker, trouble: Any) -> None:
    after(asker, trouble, trouble).ask()
    assert len({one.idempotency_key for one in asker.zone.asked}) == 1
    assert len({one.nonce for one in asker.zone.asked}) == len(asker.zone.asked) == 3
    assert len(asker.zone.given) == 1


def test_waits_grow(asker: Asker) -> None:
    after(asker, unreachable, unreachable, unreachable).ask()
    first, second, third = asker.time.waits
    assert 0.5 <= first <= 1.0 <= second <= 2.0 <= third <= 4.0


def test_what_the_zone_asks_is_waited_for(asker: Asker) -> None:
    after(asker, refuse(TooFast, 7), refuse(LogUnavailable, 9), page(503, **{"retry-after": "11"})).ask()
    assert [round(wait) for wait in asker.time.waits] == [7, 9, 11]


def test_a_retry_after_that_is_a_date_is_no_time_to_wait(asker: Asker) -> None:
    after(asker, page(503, **{"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"})).ask()
    assert asker.time.waits[0] <= 1.0


def test_the_number_of_tries_is_bounded(asker: Asker) -> None:
    with pytest.raises(Unanswered) as found:
        after(asker, *[unreachable] * 9).ask(idempotency_key="k" * 20)
    assert len(asker.zone.asked) == 4
    assert (found.value.idempotency_key, found.value.last) == ("k" * 20, None)


def test_no_try_begins_after_the_deadline(asker: Asker) -> None:
    asker.patience = Patience(tries=50, first=1.0, longest=8.0, within=10.0)
    with pytest.raises(Unanswered):
        after(asker, *[unreachable] * 50).ask()
    assert asker.time.now < 10.0
    assert 3 <= len(asker.zone.asked) < 9


def test_a_wait_beyond_the_deadline_is_not_begun(asker: Asker) -> None:
    with pytest.raises(Unanswered) as found:
        after(asker, refuse(LogUnavailable, 3600)).ask()
    assert asker.time.waits == []
    assert found.value.last is not None
    assert found.value.last.refused == "log-unavailable"


@pytest.mark.parametrize(
    ("refusal", "status"), [(refuse(LetterNotInForce), 403), (refuse(QuotaSpent, 3600), 429), (refuse(NoBasis), 403)]
)
def test_a_refusal_is_final(asker: Asker, refusal: Any, status: int) -> None:
    with pytest.raises(Refused) as found:
        after(asker, refusal).ask()
    assert len(asker.zone.asked) == 1
    assert (found.value.status, found.value.signed) == (status, True)


def test_a_stranger_is_refused_without_a_signature(asker: Asker) -> None:
    with pytest.raises(Refused) as found:
        after(asker, refuse(UnknownKey, key=None)).ask()
    assert (found.value.code, found.value.signed) == ("unknown-key", False)


# --- lost replies ---


def test_a_lost_reply_is_found_again_and_both_tries_are_in_the_file(asker: Asker) -> None:
    file = after(asker, reply_lost).ask().file
    first, second = asker.zone.asked
    assert file.earlier is not UNSET
    assert first.signature != second.signature
    assert b64encode(first.signature).decode() in file.earlier.headers["signature"]
    assert b64encode(second.signature).decode() in file.request.headers["signature"]
    assert len(asker.zone.given) == 1


def test_an_earlier_try_of_another_run_is_known(asker: Asker) -> None:
    """The answer of a try whose process was killed is bound to that try: without it nobody could take it."""
    lost = after(replace(asker, patience=Patience(tries=1)), reply_lost)
    with pytest.raises(Unanswered):
        lost.ask(idempotency_key="k" * 20)
    with pytest.raises(NotVerified):
        asker.ask(idempotency_key="k" * 20)


# --- what is not taken ---


@pytest.mark.parametrize(
    "lie",
    [
        signed_by_a_stranger,
        for_another_request,
        answer_to_another_question,
        unsigned_answer,
        changed_on_the_way,
        page(200),
        page(302),
        page(404),
        refuse(LetterNotInForce, key=STRANGER),
        refuse(LogUnavailable, key=STRANGER),
    ],
)
def test_what_the_zone_did_not_sign_for_this_question_is_not_taken(asker: Asker, lie: Any) -> None:
    with pytest.raises(NotVerified):
        after(asker, lie).ask()
    assert len(asker.zone.asked) == 1


def test_without_keys_nothing_is_checked_and_the_answer_says_so(asker: Asker) -> None:
    asker.trusts = False
    assert not after(asker, signed_by_a_stranger).ask().checked
    with pytest.raises(NotVerified):
        after(replace(asker, zone=FakeZone()), answer_to_another_question).ask()
    with pytest.raises(Refused) as found:
        after(replace(asker, zone=FakeZone()), refuse(LetterNotInForce)).ask()
    assert not found.value.signed


# --- batches, and the rest of the interface ---


def batch(zone: FakeZone, seen: SignedRequest) -> Any:
    """Two questions: one answered, one refused."""
    digest = digest_in_batch(seen.digest, 0)
    body = encode_answer(answer_id(digest), receipt(encode_record(record(b64encode(digest).decode()))))
    refusal = LetterNotInForce(LetterNotInForce.meaning, todo=LetterNotInForce.meaning)
    said = encode_refusal(answer_id(digest_in_batch(seen.digest, 1)), refusal)
    each = [
        {
            "body": one.decode(),
            "headers": kept_headers(sign_answer(status, one, seen.signature, key=ZONE, created=NOW)),
            "status": status,
        }
        for status, one in ((200, body), (403, said))
    ]
    return replied(200, canonical({"answers": each, "v": 1}), seen)


def test_each_question_of_a_batch_has_its_own_outcome(asker: Asker) -> None:
    first, second = after(asker, unreachable, batch).call("ask_batch", [QUESTION, QUESTION])
    assert first.file.position == 0
    assert first.value("tax_paid_12m") == "120000.00"
    assert isinstance(second, Refused)
    assert second.code == "letter-not-in-force"
    assert asker.zone.bodies[-1] == canonical({"questions": [QUESTION, QUESTION], "v": 1})


@pytest.mark.parametrize(
    ("method", "arguments", "path", "key"),
    [
        ("products", (), b'"/v1/products"', "products"),
        ("mandates", (), b"/v1/mandates", "mandates"),
        ("trace", ("2026-11",), b"?month=2026-11", "questions"),
    ],
)
def test_lists_are_signed_gets(asker: Asker, method: str, arguments: Any, path: bytes, key: str) -> None:
    assert after(asker, page(503), say({key: [{"a": 1}], "v": 1})).call(method, *arguments) == [{"a": 1}]
    assert path.strip(b'"') in asker.zone.asked[-1].signed
    assert asker.zone.bodies == [b"", b""]


def test_a_letter_is_proposed_and_looked_at(asker: Asker) -> None:
    state = {"v": 1, "id": "L-1", "state": "PROPOSED"}
    proposed = letter_proposal("tax_loan_enterprise", "lending", ("uscc", "9" * 18))
    assert after(asker, say(state), say(state)).call("propose_letter", proposed) == state
    assert asker.call("letter", "L-1") == state
    assert json.loads(asker.zone.bodies[0])["wording"] == "tax_loan_enterprise"


def test_an_answer_is_given_again_by_its_id(asker: Asker) -> None:
    body = encode_answer(answer_id(bytes(32)), receipt(encode_record(record())))
    give = lambda zone, seen: replied(200, body, seen)  # noqa: E731
    assert after(asker, give, give).call("answer", answer_id(bytes(32))) == body
    with pytest.raises(NotVerified):
        asker.call("answer", "A-" + "a" * 26)


def test_a_get_that_somebody_else_signed_is_not_taken(asker: Asker) -> None:
    lie = lambda zone, seen: replied(200, canonical({"products": [], "v": 1}), seen, STRANGER)  # noqa: E731
    with pytest.raises(NotVerified):
        after(asker, lie).call("products")


def test_an_answer_is_asked_for_once_where_all_is_well(asker: Asker) -> None:
    after(asker, answer).ask()
    assert asker.time.waits == []
    assert len(asker.zone.asked) == 1
