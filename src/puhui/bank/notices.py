"""A zone's notices at the bank: whether the zone sent one, and what its monitor answered.

Promise: what is returned was signed by a key of the zone, in time, for this very address, and so was the answer in it.
A notice may come twice: whoever takes it knows the second one by its idempotency key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from puhui.model.refusal import Said
from puhui.model.refusals_question import NotVerified
from puhui.wire.answers import AnswerBody, read_answer
from puhui.wire.http_signatures import (
    NOTICE,
    HttpRequest,
    check_signature,
    parse_answer,
    parse_request,
    raw,
    verify_request,
)
from puhui.wire.keys import Verifying
from puhui.wire.messages import NoticeForm, read

NO_REQUEST = b""  # a monitor's answer is to no request: the signature that it covers is empty


@dataclass(frozen=True, slots=True)
class Received:
    """A notice whose signatures held. `crossed`: the items whose limits were crossed."""

    idempotency_key: str
    monitor: str
    snapshot: int
    crossed: tuple[str, ...]
    answer: AnswerBody = field(repr=False)


def receive(request: HttpRequest, zone_keys: Mapping[str, Verifying], now: int) -> Received:
    """The notice of a POST as it came. `zone_keys`: id → key, out of the trust file; `now`: Unix seconds.

    `request.authority`: the name of the registered address. Raises NotVerified, BadSignature, Stale, BadRequest.
    """
    signed = parse_request(request, NOTICE)
    verify_request(signed, _key(zone_keys, signed.key_id), now)
    form = read(NoticeForm, request.body)
    body = form.answer.body.encode()
    answer = parse_answer(form.answer.status, raw(tuple(form.answer.headers.items())), body, NO_REQUEST)
    check_signature(answer, _key(zone_keys, answer.key_id))
    return Received(signed.idempotency_key, form.monitor, form.snapshot, form.crossed, read_answer(body))


def _key(zone_keys: Mapping[str, Verifying], key_id: str) -> Verifying:
    found = zone_keys.get(key_id)
    if found is None:
        raise NotVerified(
            Said("通知由未知密钥签名", "the notice is signed by a key that is not the zone's"),
            todo=Said("不要使用；核对专区公钥", "do not use it; check the zone's keys"),
        )
    return found
