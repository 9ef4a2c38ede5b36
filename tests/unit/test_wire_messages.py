"""Messages are read strictly, say what is wrong and where, and never repeat what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from puhui.model.question import BasisKind, BasisReference
from puhui.model.refusal import Said
from puhui.model.refusals_question import (
    BadRequest,
    BudgetSpent,
    NoBasis,
    QuestionRefused,
    QuotaSpent,
    SubjectRefused,
    SubjectUnknown,
    TooLarge,
)
from puhui.model.subject import Identifier
from puhui.wire.canonical import is_canonical
from puhui.wire.codes import CODES, HIDDEN_SIZE, encode_refusal, outward_status
from puhui.wire.http_signatures import MAX_BODY, SignedRequest
from puhui.wire.messages import (
    LetterProposalForm,
    MonitorForm,
    digest_in_batch,
    read,
    read_batch,
    read_question,
    standing_question,
)

USCC = "91999999MA00000001"  # of no region
QUESTION: dict[str, Any] = {
    "v": 1,
    "product": "tax_loan_basic",
    "purpose": "lending",
    "about": {"kind": "uscc", "value": USCC},
    "basis": {"kind": "letter", "id": "L-abc"},
    "end_user": "",
}


def signed(nonce: str = "n" * 22, idempotency_key: str = "k" * 32, digest: bytes = bytes(32)) -> SignedRequest:
    return SignedRequest("bank-a/1", "ed25519", b"base", bytes(64), digest, nonce, 1, 2, idempotency_key)


def encoded(**changed: object) -> bytes:
    """A question with some fields changed; `...` takes a field away."""
    return json.dumps({k: v for k, v in (QUESTION | changed).items() if v is not ...}, ensure_ascii=False).encode()


def test_a_question_becomes_the_word() -> None:
    question = read_question(signed(), encoded(end_user="bank-b"))
    assert question.about == Identifier("uscc", USCC)
    assert question.basis == BasisReference(BasisKind.LETTER, "L-abc")
    assert (question.product, question.purpose, question.end_user) == ("tax_loan_basic", "lending", "bank-b")
    assert (question.key_id, question.algorithm, question.signed) == ("bank-a/1", "ed25519", b"base")


def test_basis_and_end_user_may_be_left_out() -> None:
    question = read_question(signed(), encoded(basis=..., end_user=...))
    assert (question.basis, question.end_user) == (None, "")
    assert question == read_question(signed(), encoded(basis=None))


def about(kind: str, value: str) -> dict[str, object]:
    return {"about": {"kind": kind, "value": value}}


WRONG: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"{", ""),
    "nothing": (b"", ""),
    "not UTF-8": (encoded().replace(b"lending", b"lend\xff"), ""),
    "a list": (b"[]", ""),
    "another version": (encoded(v=2), "v"),
    "version as a text": (encoded(v="1"), "v"),
    "version as a float": (encoded().replace(b'"v": 1', b'"v": 1.0'), ""),
    "no product": (encoded(product=...), "product"),
    "no version": (encoded(v=...), "v"),
    "unknown field": (encoded(secret_code="1"), ""),
    "unknown field inside": (encoded(about={"kind": "uscc", "value": USCC, "name": "x"}), "about"),
    "product in capitals": (encoded(product="Tax"), "product"),
    "product of SQL": (encoded(product="x' or '1'='1"), "product"),
    "product with a path": (encoded(product="../x"), "product"),
    "product with a line feed": (encoded(product="tax\n"), "product"),
    "product too long": (encoded(product="p" * 64), "product"),
    "purpose empty": (encoded(purpose=""), "purpose"),
    "basis of another kind": (encoded(basis={"kind": "wish", "id": "L-1"}), "basis.kind"),
    "basis without an id": (encoded(basis={"kind": "letter"}), "basis.id"),
    "basis with a blank": (encoded(basis={"kind": "letter", "id": "L 1"}), "basis.id"),
    "end user in capitals": (encoded(end_user="Bank"), "end_user"),
    "end user null": (encoded(end_user=None), "end_user"),
    "identifier of another kind": (encoded(**about("passport", "E1")), "about.kind"),
    "identifier by form": (encoded(**about("by_form", USCC)), "about.kind"),
    "identifier empty": (encoded(**about("local:e1", "")), "about.value"),
    "identifier too long": (encoded(**about("local:e1", "x" * 65)), "about.value"),
    "identifier too short": (encoded(**about("uscc", USCC[:-1])), "about.value"),
    "identifier in small letters": (encoded(**about("uscc", USCC.lower())), "about.value"),
    "identifier with a blank": (encoded(**about("uscc", USCC[:-1] + " ")), "about.value"),
    "identifier in full width": (encoded(**about("uscc", "９" + USCC[1:])), "about.value"),
    "citizen number of 15 digits": (encoded(**about("ric", "1" * 15)), "about.value"),
    "identifier not NFC": (encoded(**about("local:e1", "e\u0301")), ""),
    "identifier that runs backwards": (encoded(**about("local:e1", "a\u202eb")), "about"),
    "identifier with a nought character": (encoded(**about("local:e1", "a\0b")), "about"),
    "product twice": (encoded().replace(b'"v": 1', b'"v": 1, "product": "other"'), ""),
    "product twice, no end user": (encoded(end_user=...).replace(b'"v": 1', b'"v": 1, "product": "other"'), ""),
    "kind twice": (encoded().replace(b'"kind": "uscc"', b'"kind": "ric", "kind": "uscc"'), ""),
    "basis twice": (encoded(basis=None).replace(b'"v": 1', b'"v": 1, "basis": null'), ""),
    "version twice": (encoded().replace(b'"v": 1', b'"v": 1, "v": 1'), ""),
    "version five times, no basis": (encoded(basis=None).replace(b'"v": 1', b", ".join([b'"v": 1'] * 5)), ""),
    "a key twice, once escaped": (encoded().replace(b'"v": 1', b'"v": 1, "\\u0076": 1'), ""),
}


@pytest.mark.parametrize(("body", "where"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_with_its_place(body: bytes, where: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_question(signed(), body)
    assert refused.value.where == where


def test_a_refusal_repeats_nothing_that_was_sent() -> None:
    secret = "secretvalue"
    bodies = [
        encoded(**{secret: 1}),
        encoded(**about(secret, secret)),
        encoded(basis={"kind": secret, "id": "x"}),
        encoded(product=secret + " "),
        encoded(**{secret: "e\u0301"}),
        encoded(**{secret: 1.5}),
    ]
    for body in bodies:
        with pytest.raises(BadRequest) as refused:
            read_question(signed(), body)
        assert secret not in json.dumps(refused.value.as_dict()) + str(refused.value)


def test_a_large_body_is_not_read() -> None:
    for reader in (read_question, read_batch):
        with pytest.raises(TooLarge):
            reader(signed(), b" " * MAX_BODY + encoded())


def test_escapes_and_order_of_keys_do_not_matter() -> None:
    escaped = encoded().replace(b"lending", b"lend\\u0069ng")
    turned = json.dumps(dict(reversed(QUESTION.items())), indent=3).encode()
    assert read_question(signed(), escaped) == read_question(signed(), turned) == read_question(signed(), encoded())


def test_two_tries_of_one_question_have_one_content() -> None:
    first = read_question(signed(nonce="a" * 22, digest=bytes(32)), encoded())
    again = read_question(signed(nonce="b" * 22, digest=bytes([1]) * 32), encoded(end_user=...))
    assert first.content == again.content
    assert (first.nonce, first.digest) != (again.nonce, again.digest)


@pytest.mark.parametrize(
    "changed",
    [
        {"product": "tax_loan_full"},
        {"purpose": "guarantee"},
        about("uscc", USCC[:-1] + "2"),
        {"basis": None},
        {"basis": {"kind": "letter", "id": "L-abd"}},
        {"basis": {"kind": "order", "id": "L-abc"}},
        {"end_user": "bank-b"},
        {"product": "tax_loan_basicl", "purpose": "ending"},
    ],
)
def test_another_question_has_another_content(changed: dict[str, Any]) -> None:
    assert read_question(signed(), encoded(**changed)).content != read_question(signed(), encoded()).content


def test_what_tables_keep_of_a_question_cannot_be_tried_against_identifiers() -> None:
    """Nonce and idempotency key enter as digests; the content is keyed by the latter, which nobody else knows."""
    one, other = signed(idempotency_key="k" * 32), signed(idempotency_key="l" * 32)
    question = read_question(one, encoded())
    assert one.nonce not in question.nonce and one.idempotency_key not in question.idempotency_key
    assert question.content != read_question(other, encoded()).content
    assert USCC not in repr(question)


def test_a_batch_is_many_questions() -> None:
    items = [QUESTION, QUESTION | {"product": "other"}, QUESTION]
    questions = read_batch(signed(digest=b"d" * 32), json.dumps({"v": 1, "questions": items}).encode())
    assert [one.product for one in questions] == ["tax_loan_basic", "other", "tax_loan_basic"]
    for name in ("nonce", "idempotency_key", "digest", "content"):
        assert len({getattr(one, name) for one in questions}) == 3, name
    assert [one.digest for one in questions] == [digest_in_batch(b"d" * 32, position) for position in range(3)]
    alone = read_question(signed(nonce="n" * 22 + ".0", idempotency_key="k" * 32 + ".0"), encoded())
    assert (alone.nonce, alone.idempotency_key, alone.content) == (
        questions[0].nonce,
        questions[0].idempotency_key,
        questions[0].content,
    )


@pytest.mark.parametrize(
    ("batch", "where"),
    [
        ({"v": 1, "questions": []}, "questions"),
        ({"v": 1, "questions": [QUESTION] * 101}, "questions"),
        ({"v": 1, "questions": [QUESTION, QUESTION | {"v": 2}]}, "questions[1].v"),
        ({"v": 1, "questions": [QUESTION], "x": 1}, ""),
        ({"v": 1, "questions": [QUESTION | about("local:e1", "a\0b")]}, "questions"),
    ],
)
def test_a_batch_is_refused_whole(batch: object, where: str) -> None:
    with pytest.raises(BadRequest) as refused:
        read_batch(signed(), json.dumps(batch).encode())
    assert refused.value.where == where


PROPOSAL: dict[str, Any] = {
    "v": 1,
    "about": {"kind": "uscc", "value": USCC},
    "wording": "tax-loan",
    "purpose": "lending",
    "mode": "periodic",
    "cap": 12,
    "window": "year",
    "range_months": 24,
    "retention_days": 365,
    "life_days": 365,
}


def test_a_proposal_of_a_letter() -> None:
    assert read(LetterProposalForm, json.dumps(PROPOSAL).encode()).cap == 12


@pytest.mark.parametrize(
    ("name", "value"),
    [("cap", 0), ("mode", "always"), ("window", "day"), ("life_days", 0), ("retention_days", -1)],
)
def test_a_proposal_of_another_form(name: str, value: object) -> None:
    with pytest.raises(BadRequest) as refused:
        read(LetterProposalForm, json.dumps(PROPOSAL | {name: value}).encode())
    assert refused.value.where == name


def test_a_monitor_asks_once_after_each_snapshot() -> None:
    limits = [{"item": "tax_paid_12m", "when": "below", "value": "1000"}]
    body = json.dumps({k: v for k, v in QUESTION.items() if k != "end_user"} | {"limits": limits}).encode()
    monitor = read(MonitorForm, body)
    asked = [
        standing_question(monitor, monitor_id="M-1", secret="s", snapshot=n, key_id="b/1", nonce=nonce, now=5)
        for n, nonce in ((3, "a"), (3, "b"), (4, "c"))
    ]
    first, again, later = asked
    assert (first.digest, first.idempotency_key, first.content) == (again.digest, again.idempotency_key, again.content)
    assert first.product == "tax_loan_basic" and first.created == 5
    assert len({one.nonce for one in asked}) == 3
    assert later.digest != first.digest and later.idempotency_key != first.idempotency_key


# --- refusals ---

HIDDEN = (SubjectUnknown, NoBasis, SubjectRefused, BudgetSpent)


def refusal(kind: type[QuestionRefused], length: int = 3) -> QuestionRefused:
    return kind(
        Said("缘" * length, "w" * length), todo=Said("做", "do"), article="第十八条" * length, where="x" * length
    )


def test_hidden_refusals_cannot_be_told_apart() -> None:
    bodies = {encode_refusal("A-" + "a" * 26, refusal(kind, length)) for kind in HIDDEN for length in (1, 500)}
    assert len(bodies) == 1
    body = bodies.pop()
    assert len(body) == HIDDEN_SIZE and is_canonical(body)
    assert json.loads(body)["refused"] == "not-available"
    assert {outward_status(refusal(kind)) for kind in HIDDEN} == {403}


def test_a_refusal_that_depends_on_the_request_says_what_it_is() -> None:
    refused = refusal(QuotaSpent)
    refused.retry_after = 60
    body = encode_refusal("A-x", refused)
    assert is_canonical(body)
    assert json.loads(body) == {
        "v": 1,
        "id": "A-x",
        "refused": "quota-spent",
        "fault": "caller",
        "message": {"zh": "缘缘缘", "en": "www"},
        "todo": {"zh": "做", "en": "do"},
        "article": "第十八条" * 3,
        "where": "xxx",
        "retry_after": 60,
        "pad": "",
    }
    assert outward_status(refused) == 429


def test_the_table_of_codes_has_no_hidden_one() -> None:
    assert {"not-available", "bad-signature", "quota-spent"} <= set(CODES)
    assert not {kind.code for kind in HIDDEN} & set(CODES)
    assert "question-refused" not in CODES
