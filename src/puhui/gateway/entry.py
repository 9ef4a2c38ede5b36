"""From a release to its entry in the log, and from the log's receipt to the bytes that leave."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime

import msgspec

from puhui.disclosure.history import WINDOW_DAYS
from puhui.gateway.prepared import Prepared
from puhui.gateway.record import Asking, answer_record, refusal_record
from puhui.gateway.rooms import Rooms
from puhui.ledger.entries import AskedLine, Intent
from puhui.model.question import Answer, Caller, Mandate, Question, Receipt, Release
from puhui.model.refusals_question import QuestionRefused
from puhui.wire.answers import answer_id, encode_answer
from puhui.wire.http_signatures import sign_answer


def entry_of(release: Release, question: Question, product: Prepared, rooms: Rooms) -> Intent:
    """The entry of an answer, with everything that is checked once more when it is written."""
    permit = release.permit
    mandate = permit.mandate
    institution = mandate.caller.institution
    asked = AskedLine(
        institution=institution,
        nonce=question.nonce,
        content=question.content,
        answer_id=answer_id(question.digest),
        product=mandate.product,
        idempotency_key=question.idempotency_key,
        key_id=question.key_id,
        contract=mandate.contract,
        contract_digest=mandate.digest,
        end_user=mandate.end_user,
        subject=permit.subject.token,
        letter=permit.basis.id if permit.basis else "",
        version=permit.version,
        snapshot=release.snapshot,
        quotas=mandate.quotas,
        plan=mandate.plan,
        clashes=product.clashes,
        clash_days=WINDOW_DAYS,
    )
    return Intent(
        kind="answer",
        record=lambda at: answer_record(release, question, rooms.origin, at),
        subject=permit.subject.token,
        institution=institution,
        asked=asked,
        refused=lambda refusal, _: refusal_entry(refusal, question, mandate.caller, rooms.origin),
        template=product.template,
    )


def refusal_entry(refusal: QuestionRefused, question: Asking, caller: Caller, origin: str) -> Intent:
    """The entry of a refusal, under its true code. It is sealed under the month's key: it says nothing of a subject."""

    def record(at: datetime) -> bytes:
        return refusal_record(refusal, question, caller.institution, origin, at)

    asked = AskedLine(
        institution=caller.institution,
        nonce=question.nonce,
        content=question.content,
        answer_id=answer_id(question.digest),
        product=question.product,
        contract=refusal.contract,
        end_user=question.end_user,
        code=refusal.code,
    )
    return Intent(kind="refusal", record=record, institution=caller.institution, asked=asked)


@contextmanager
def counted_toward(mandate: Mandate) -> Iterator[None]:
    """A refusal in here counts toward the quota of the mandate's contract: refusals are free, and not without end."""
    try:
        yield
    except QuestionRefused as refusal:
        refusal.contract = mandate.contract
        raise


@asynccontextmanager
async def refusals_logged(question: Asking, caller: Caller, rooms: Rooms) -> AsyncIterator[None]:
    """A refusal goes on to the caller once it is in the log; LogUnavailable goes where it cannot be written."""
    try:
        yield
    except QuestionRefused as refusal:
        await rooms.log.append(refusal_entry(refusal, question, caller, rooms.origin))
        raise


def signed_answer(question: Question, receipt: Receipt, rooms: Rooms) -> Answer:
    """The bytes that leave: the body as the log holds it, signed by the zone for this very request."""
    return _signed(answer_id(question.digest), question, receipt, rooms)


async def answer_again(index: int, question: Question, rooms: Rooms) -> Answer:
    """The answer that the same content was given before, byte for byte; only the signature is of this request."""
    receipt = await asyncio.to_thread(rooms.again.receipt, index)
    asked = msgspec.json.decode(receipt.record)["question"]
    return _signed(answer_id(b64decode(asked)), question, receipt, rooms)


def _signed(name: str, question: Question, receipt: Receipt, rooms: Rooms) -> Answer:
    body = encode_answer(name, receipt)
    created = int(receipt.at.timestamp())
    headers = sign_answer(200, body, question.signature, key=rooms.signing, created=created)
    return Answer(name, 200, headers, body)
