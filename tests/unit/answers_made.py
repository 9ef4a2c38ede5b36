"""An answer as the zone makes it, for tests of what reads it."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

from msgspec import UNSET

from puhui.model.question import Receipt
from puhui.wire.answers import (
    AnswerFile,
    BasisForm,
    ItemForm,
    RecordForm,
    RequestForm,
    ResponseForm,
    answer_id,
    encode_answer,
    encode_record,
    kept_headers,
)
from puhui.wire.http_signatures import HttpRequest, parse_request, raw, sign_answer, sign_request
from puhui.wire.keys import Ed25519Signing

NOW = 1_795_000_000
BANK = Ed25519Signing.of_seed("bank-a/1", bytes(range(32)))
ZONE = Ed25519Signing.of_seed("zone/1", bytes([7]) * 32)
BODY = '{"v":1,"product":"tax_loan_basic"}'
CHECKPOINT = f"puhui/999999/a1\n9\n{'A' * 43}=\n\n— puhui/999999/a1 {'A' * 43}=\n"


def item(name: str = "tax_paid_12m", **changed: object) -> ItemForm:
    parts = {"definition": "d" * 64, "form": "value", "known": True, "name": name, "unit": "CNY", "value": "120000.00"}
    return ItemForm(**(parts | changed))


def record(question: str = "", **changed: object) -> RecordForm:
    parts: dict[str, object] = {
        "about": "S-pseudonym",
        "as_of": "2026-10-31",
        "at": "2026-11-22T03:04:05.123Z",
        "basis": BasisForm(digest="", id="L-abc", kind="letter"),
        "channel": "enterprise-bureau",
        "contract": "C-1",
        "editions": (("tax_paid", 4, "e" * 64),),
        "end_user": "",
        "institution": "bank-a",
        "items": (item(), item("court_cases", known=False, reason="absent", coverage=(7, 12), value=UNSET)),
        "key_id": "bank-a/1",
        "kind": "answer",
        "known_at": "2026-11-01T00:00:00.000Z",
        "pack_set": "p" * 64,
        "product": "tax_loan_basic",
        "purpose": "lending",
        "question": question,
        "retention_days": 365,
        "snapshot": 3,
        "v": 1,
        "zone": "puhui/999999/a1",
    }
    return RecordForm(**(parts | changed))


def receipt(committed: bytes) -> Receipt:
    return Receipt(
        index=7,
        tree_size=9,
        proof=(sha256(b"1").digest(), sha256(b"2").digest()),
        checkpoint=CHECKPOINT,
        record=committed,
        salt=bytes(range(32)),
        at=datetime(2026, 11, 22, 3, 4, 5, 123_000, tzinfo=UTC),
    )


def answer_file() -> AnswerFile:
    """A question and its answer, both signed."""
    sent = sign_request(
        "POST",
        "zone.example",
        "/v1/answers",
        body=BODY.encode(),
        key=BANK,
        created=NOW,
        nonce="AAECAwQFBgcICQoLDA0ODw",
        idempotency_key="k" * 32,
    )
    asked = parse_request(HttpRequest("POST", "zone.example", "/v1/answers", "", raw(sent), BODY.encode()))
    body = encode_answer(answer_id(asked.digest), receipt(encode_record(record())))
    came = sign_answer(200, body, asked.signature, key=ZONE, created=NOW)
    return AnswerFile(
        request=RequestForm(
            authority="zone.example",
            body=BODY,
            headers=kept_headers(sent),
            method="POST",
            path="/v1/answers",
            query="",
        ),
        response=ResponseForm(body=body.decode(), headers=kept_headers(came), status=200),
        v=1,
    )
