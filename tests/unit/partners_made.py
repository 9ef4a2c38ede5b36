"""Institutions, contracts and offers made for tests, and a directory and a book over them that need no database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from puhui.contracts.contract import Contract, draw_up, text_of
from puhui.contracts.mandate import Line
from puhui.contracts.offer import Forbidden, Offer, Offers
from puhui.institutions.rates import Rates
from puhui.institutions.recognise import KnownKey
from puhui.model.institution import Institution, Licence, Standing
from puhui.model.question import Caller, Question
from puhui.model.refusal import Said
from puhui.model.subject import Identifier
from puhui.wire.http_signatures import HttpRequest, SignedRequest, parse_request, raw, sign_request
from puhui.wire.keys import Signing, generate

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
ARTICLE = "征信业管理条例第十四条第一款"
BODY = b'{"v":1}'


def key(name: str = "bank-a/1") -> Signing:
    """The same key whenever it is asked for by its name."""
    return _key(name)


_key = lru_cache(generate)


def institution(**more: Any) -> Institution:
    values = {
        "id": "bank-a",
        "name": Said("甲银行", "Bank A"),
        "kind": "bank",
        "uscc": "",
        "standing": Standing.ADMITTED,
        "scopes": frozenset({"answers", "letters"}),
        "licences": (Licence("filed_enterprise_bureau", "B-1", date(2026, 1, 1), date(2026, 12, 31)),),
        **more,
    }
    return Institution(**values)


def known(signing: Signing | None = None, **more: Any) -> KnownKey:
    values = {
        "key": (signing or key()).verifying(),
        "institution": institution(),
        "not_before": NOW - timedelta(days=1),
        "not_after": NOW + timedelta(days=1),
        "revoked_at": None,
        "pseudonym_key": b"p" * 32,
        **more,
    }
    return KnownKey(**values)


@dataclass
class Listed:
    """A Directory over a dictionary."""

    keys: dict[str, KnownKey] = field(default_factory=lambda: {"bank-a/1": known()})
    rates: Rates = field(default_factory=Rates)

    def key(self, key_id: str) -> KnownKey | None:
        return self.keys.get(key_id)

    def keys_of(self, institution: str) -> list[KnownKey]:
        return [known for known in self.keys.values() if known.institution.id == institution]


def request(signing: Signing | None = None, at: datetime = NOW) -> SignedRequest:
    """A question's signed request, parsed as the zone's server does."""
    headers = sign_request(
        "POST", "zone.example", "/v1/answers", body=BODY, key=signing or key(), created=int(at.timestamp()),
        nonce="A" * 22, idempotency_key="k" * 20,
    )  # fmt: skip
    return parse_request(HttpRequest("POST", "zone.example", "/v1/answers", "", raw(headers), BODY))


def question(**more: Any) -> Question:
    values = {
        "key_id": "bank-a/1",
        "algorithm": "ed25519",
        "signed": b"",
        "signature": b"",
        "digest": b"d" * 32,
        "content": b"c" * 32,
        "nonce": "n",
        "created": 0,
        "expires": 0,
        "idempotency_key": "k",
        "product": "tax_loan",
        "purpose": "lending",
        "about": Identifier("uscc", "x"),
        "basis": None,
        **more,
    }
    return Question(**values)


CALLER = Caller("bank-a", "bank-a/1", frozenset({"answers", "letters"}), b"p" * 32)


def offer(name: str = "tax_loan", **more: Any) -> Offer:
    values = {
        "product": name,
        "kind": "indicators",
        "purpose": "lending",
        "channel": "filed_enterprise_bureau",
        "items": frozenset({"SWJ-06"}),
        "forbidden": {},
        "shown": (),
        **more,
    }
    return Offer(**values)


def offers(*listed: Offer, closed: Mapping[tuple[str, str], str] | None = None) -> Offers:
    return Offers("digest", {one.product: one for one in listed or (offer(),)}, closed or {})


def closed_offer(purpose: str = "lending") -> Offer:
    return offer("clinic", purpose="medical", channel="none", forbidden={purpose: Forbidden("WJW-05", ARTICLE)})


def line(**more: Any) -> Line:
    values = {
        "contract": "C-1",
        "digest": b"g" * 32,
        "product": "tax_loan",
        "purposes": frozenset({"lending"}),
        "end_users": frozenset(),
        "channel": "filed_enterprise_bureau",
        "holder": "bank-a",
        "record": "B-1",
        "valid_from": NOW - timedelta(days=1),
        "valid_until": NOW + timedelta(days=1),
        "quotas": {"day": 10},
        "plan": '{"kind":"free"}',
        **more,
    }
    return Line(**values)


@dataclass
class Pages:
    """A Book over lists."""

    held: Sequence[Line] = (line(),)
    institutions: Sequence[Institution] = (institution(),)

    def lines(self, institution: str, product: str) -> Sequence[Line]:
        return [one for one in self.held if one.product == product and institution == "bank-a"]

    def licensed(self, holder: str, channel: str, record: str, day: date) -> bool:
        return any(
            one.id == holder and licence == replace(licence, channel=channel, record=record) and licence.in_force(day)
            for one in self.institutions
            for licence in one.licences
        )

    def admitted(self, institution: str) -> bool:
        return any(one.id == institution for one in self.institutions)


def terms(**more: Any) -> dict[str, Any]:
    return {
        "v": 1,
        "zone": "puhui/360500/a1",
        "institution": "bank-a",
        "made": text_of(NOW),
        "valid_from": text_of(NOW),
        "valid_until": text_of(NOW + timedelta(days=30)),
        "products": [granted()],
        "plan": {"kind": "free"},
        "end_users": [],
        "items": [],
        **more,
    }


def granted(product: str = "tax_loan", **more: Any) -> dict[str, Any]:
    through = {"channel": "filed_enterprise_bureau", "holder": "bank-a", "record": "B-1"}
    return {"product": product, "purposes": ["lending"], "through": through, "quotas": {"day": 10}, **more}


def contract(**more: Any) -> Contract:
    return draw_up(terms(**more))
