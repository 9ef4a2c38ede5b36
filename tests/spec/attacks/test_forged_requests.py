"""Attacks of whoever is not the institution: nobody is recognised, so nothing is signed for them or counted, and
the security log has it instead of the ledger.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from puhui.wire.http_signatures import NOTICE, sign_request
from puhui.wire.keys import Signing

from ...questions.asking import Asker, Request
from ...questions.town import AUTHORITY, FIRM, Office, key
from .table import Attack, held_off

FORGED, UNKNOWN, STALE, ELSEWHERE = (
    (401, "bad-signature"),
    (401, "unknown-key"),
    (401, "stale"),
    (403, "address-refused"),
)
BAD = (400, "bad-request")


def under(name: str, of: str) -> Signing:
    """Somebody's key that goes by another name."""
    return replace(key(of), id=name)


def question(office: Office, name: str = "bank-a", **asker: object) -> Request:
    return Asker(office, name, **asker).question(FIRM)  # type: ignore[arg-type]


def of_bank_b(office: Office, **asker: object) -> Request:
    one = Asker(office, "bank-b", **asker)  # type: ignore[arg-type]
    return one.question(FIRM, "of-b", product="paid_band")


def without(request: Request, name: str) -> Request:
    return request.but(headers=tuple(pair for pair in request.headers if pair[0] != name))


def twice(request: Request, name: str) -> Request:
    return request.but(headers=(*request.headers, (name, dict(request.headers)[name])))


def beside(request: Request, name: str, value: str) -> Request:
    return request.but(headers=(*request.headers, (name, value)))


def other_body(office: Office) -> Request:
    request = question(office)
    return request.but(chunks=(request.chunks[0].replace(b"firm_loan", b"paid_band"),))


def other_body_and_digest(office: Office) -> Request:
    """All but the signature is of a body that the bank never sent."""
    asker = Asker(office)
    sent, wanted = asker.question(FIRM), asker.question(FIRM, product="paid_band")
    digest = dict(wanted.headers)["content-digest"]
    return sent.header("content-digest", digest).but(chunks=wanted.chunks)


def notice(office: Office) -> Request:
    """Signed as a webhook, which institutions may be made to sign for others."""
    request = question(office)
    headers = sign_request(
        "POST", AUTHORITY, "/v1/answers", body=request.chunks[0], key=key("bank-a/1"), created=office.clock.seconds,
        nonce="A" * 22, idempotency_key="k" * 20, tag=NOTICE,
    )  # fmt: skip
    return request.but(headers=headers)


def long_lived(office: Office) -> Request:
    request = question(office)
    end = office.clock.seconds
    return request.changed("signature-input", f"expires={end + 300}", f"expires={end + 3600}")


ATTACKS = [
    Attack("no signature at all", lambda o: without(question(o), "signature"), FORGED),
    Attack("no covered list", lambda o: without(question(o), "signature-input"), FORGED),
    Attack("the body left out of the list",
           lambda o: question(o).changed("signature-input", '"content-digest" ', ""), FORGED),
    Attack("the path left out of the list", lambda o: question(o).changed("signature-input", '"@path" ', ""), FORGED),
    Attack("the list reordered",
           lambda o: question(o).changed("signature-input", '"@method" "@authority"', '"@authority" "@method"'),
           FORGED),
    Attack("a second label",
           lambda o: question(o).changed("signature-input", "puhui=", "other=();created=1, puhui="), FORGED),
    Attack("two signatures", lambda o: twice(question(o), "signature"), FORGED),
    Attack("two covered lists", lambda o: twice(question(o), "signature-input"), FORGED),
    Attack("two digests", lambda o: twice(question(o), "content-digest"), FORGED),
    Attack("two idempotency keys", lambda o: beside(question(o), "idempotency-key", "another-key-of-mine"), FORGED),
    Attack("another body", other_body, FORGED),
    Attack("another body with its digest", other_body_and_digest, FORGED),
    Attack("another idempotency key", lambda o: question(o).header("idempotency-key", "another-key-of-mine"), FORGED),
    Attack("signed for another path", lambda o: question(o).but(path="/v1/answers:batch"), FORGED),
    Attack("signed for another zone", lambda o: question(o, authority="zone.elsewhere"), FORGED),
    Attack("signed to be read, sent to be answered",
           lambda o: question(o).but(headers=Asker(o).get("/v1/answers").headers), FORGED),
    Attack("a notice passed on as a question", notice, FORGED),
    Attack("a stranger's key under the bank's name",
           lambda o: question(o, signing=under("bank-a/1", "mallory")), FORGED),
    Attack("bank-b under bank-a's name",
           lambda o: question(o, signing=under("bank-a/1", "bank-b/1")), FORGED),
    Attack("another algorithm than the key's",
           lambda o: question(o).changed("signature-input", 'alg="ed25519"', 'alg="sm2-sm3"'), FORGED),
    Attack("an algorithm that is none",
           lambda o: question(o).changed("signature-input", 'alg="ed25519"', 'alg="none"'), FORGED),
    Attack("a signature without end", long_lived, FORGED),
    Attack("a key that nobody has", lambda o: question(o, signing=key("bank-z/1")), UNKNOWN),
    Attack("a version that was never made", lambda o: question(o, signing=key("bank-a/2")), UNKNOWN),
    Attack("the zone's own name", lambda o: question(o, signing=key("zone/1")), UNKNOWN),
    Attack("a signer's key", lambda o: question(o, signing=key("firm")), UNKNOWN),
    Attack("an institution without a key here", lambda o: question(o, signing=key("bank-d/2")), UNKNOWN),
    Attack("a clock far behind", lambda o: question(o, skew=-361), STALE),
    Attack("a clock ahead", lambda o: question(o, skew=61), STALE),
    Attack("from another network", lambda o: of_bank_b(o, address="198.51.100.7"), ELSEWHERE),
    Attack("from no address at all", lambda o: of_bank_b(o, address=""), ELSEWHERE),
    Attack("a header that claims the right network",
           lambda o: beside(of_bank_b(o, address="198.51.100.7"), "x-forwarded-for", "203.0.113.7"), ELSEWHERE),
    Attack("an identifier in the query of a question", lambda o: question(o).but(query=f"uscc={FIRM.value}"), BAD),
    Attack("a body that is called something else",
           lambda o: question(o).header("content-type", "text/plain"), BAD),
    Attack("a guessable idempotency key", lambda o: question(o).header("idempotency-key", "1"), BAD),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_nobody_is_recognised(shared: Office, attack: Attack) -> None:
    reply = held_off(shared, attack)
    assert not reply.signed
    assert FIRM.value.encode() not in reply.body


def test_what_is_not_forged_is_answered(shared: Office) -> None:
    """The tables above would prove nothing if this were refused too."""
    from ...questions.asking import ask

    answered, from_b = ask(shared, question(shared), of_bank_b(shared))
    assert (answered.code, from_b.code) == ("", "")
    assert answered.items["paid_1m"] == "5000.00"
    assert from_b.items["paid_class"] == "[1000,10000)"
