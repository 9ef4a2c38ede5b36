"""Replies: signed by the zone for the request that they answer; refusals in the one form, the hidden ones all alike."""

from __future__ import annotations

from typing import Any

from puhui.api.http import Reply
from puhui.model.refusal import Refusal, Said
from puhui.model.refusals_question import (
    AddressRefused,
    BadSignature,
    LogUnavailable,
    QuestionRefused,
    Stale,
    UnknownKey,
)
from puhui.wire.answers import answer_id
from puhui.wire.canonical import canonical
from puhui.wire.http_signatures import SignedRequest, sign_answer, unsigned
from puhui.wire.keys import Signing
from puhui.wire.messages import encode_refusal, outward_status

STRANGERS = (UnknownKey, BadSignature, Stale, AddressRefused)  # nobody was recognised: nothing is signed for them
_PLAIN = (("content-type", "application/json"), ("x-content-type-options", "nosniff"))


def signed(status: int, document: dict[str, Any], request: SignedRequest, key: Signing, created: int) -> Reply:
    """A document (RFC 8785) as the signed reply to a request."""
    body = canonical(document)
    return Reply(status, sign_answer(status, body, request.signature, key=key, created=created), body)


def refused(refusal: QuestionRefused, request: SignedRequest | None, key: Signing, created: int) -> Reply:
    """A refusal, signed where the caller was recognised. `request`: None where it could not even be parsed."""
    name = answer_id(request.digest) if request else ""
    body = encode_refusal(name, refusal)
    status = outward_status(refusal)
    if request is None or isinstance(refusal, STRANGERS):
        headers = unsigned(body)
    else:
        headers = sign_answer(status, body, request.signature, key=key, created=created)
    if refusal.retry_after is not None and not refusal.hidden:
        headers = (*headers, ("retry-after", str(refusal.retry_after)))
    return Reply(status, headers, body)


def plain(status: int, document: dict[str, Any]) -> Reply:
    """A document for anybody, unsigned."""
    return Reply(status, _PLAIN, canonical(document))


def nothing_here(status: int = 404, allow: str = "") -> Reply:
    """No such path, or not by this method."""
    more = (("allow", allow),) if allow else ()
    reply = plain(status, {"v": 1, "refused": "no-such-path" if status == 404 else "no-such-method"})
    return Reply(reply.status, (*reply.headers, *more), reply.body)


def as_question_refusal(refusal: Refusal) -> QuestionRefused:
    """A refusal from deeper in the house, as a caller may see it: what is wrong is the zone's, and nothing leaves."""
    if isinstance(refusal, QuestionRefused):
        return refusal
    return LogUnavailable(
        Said("专区暂不能作答", "the zone cannot answer at the moment"), todo=Said("稍后再试", "try again later")
    )
