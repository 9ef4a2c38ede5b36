"""Attacks of an institution that is recognised: refused by its code, and in the log under the true one."""

from __future__ import annotations

from typing import Any

import pytest

from puhui.model.subject import Identifier

from ...questions.asking import Asker, Request, ask
from ...questions.town import ANNA, BEN, CHILD, FIRM, QUIET, STRANGER, Office
from .table import HIDDEN, Attack, Sends, held_off

NO_CONTRACT, PURPOSE, BAD = (403, "no-contract"), (403, "purpose-refused"), (400, "bad-request")


def of(name: str, about: Any, letter: str = "", **changed: Any) -> Any:
    return lambda office: Asker(office, name).question(about, letter, **changed)


def a(about: Any, letter: str = "", **changed: Any) -> Any:
    return of("bank-a", about, letter, **changed)


def named(kind: str, value: str) -> Any:
    """A question about somebody who is called otherwise."""
    return a(Identifier(kind, value), "firm")


def pseudonym_of_bank_b(office: Office) -> Request:
    """What bank-b knows the firm by, used by bank-a in the place of an identifier."""
    (reply,) = ask(office, Asker(office, "bank-b").question(FIRM, "of-b", product="paid_band"))
    return named("local:pseudonym", reply.told["record"]["about"])(office)


def token(office: Office) -> Request:
    """The zone's own name of the firm."""
    inside = office.questions.log.store.asked_at([office.asked("bank-a")[0].entry])
    return named("local:token", next(iter(inside.values())).subject or "360500a1E" + "A" * 20)(office)


BASIS = {"kind": "letter", "id": "L-" + "a" * 26}

ATTACKS = [
    Attack("a forged letter", a(FIRM, basis=BASIS), HIDDEN, "no-basis"),
    Attack("no letter", a(FIRM), HIDDEN, "no-basis"),
    Attack("a person without a letter", a(ANNA, product="person_loan"), HIDDEN, "no-basis"),
    Attack("the letter of another firm", a(QUIET, "firm"), HIDDEN, "no-basis"),
    Attack("the letter of another person", a(ANNA, "ben", product="person_loan"), HIDDEN, "no-basis"),
    Attack("a firm's letter for its representative", a(ANNA, "firm", product="person_loan"), HIDDEN, "no-basis"),
    Attack("the letter that another bank holds", a(FIRM, "of-b"), HIDDEN, "no-basis"),
    Attack("the letter that a bureau holds for a bank", a(FIRM, "through-c"), HIDDEN, "no-basis"),
    Attack("a letter called an order",
           lambda o: a(FIRM, basis={"kind": "order", "id": o.letters["firm"]})(o), HIDDEN, "no-basis"),
    Attack("a product about persons, asked of a firm", a(FIRM, "firm", product="person_loan"), HIDDEN, "no-basis"),
    Attack("a product of another bank's contract", a(FIRM, "firm", product="paid_band"), NO_CONTRACT, "no-contract"),
    Attack("a product that no pack has", a(FIRM, "firm", product="everything"), NO_CONTRACT, "no-contract"),
    Attack("for an end user of nobody's contract", a(FIRM, "firm", end_user="bank-d"), NO_CONTRACT, "no-contract"),
    Attack("an intermediary that names no end user",
           of("bureau-c", FIRM, "through-c"), NO_CONTRACT, "no-contract", by="bureau-c"),
    Attack("an intermediary for somebody else's end user",
           of("bureau-c", FIRM, "through-c", end_user="bank-b"), NO_CONTRACT, "no-contract", by="bureau-c"),
    Attack("a letter for another end user",
           of("bureau-c", FIRM, "firm", end_user="bank-d"), HIDDEN, "no-basis", by="bureau-c"),
    Attack("a purpose that the contract does not hold",
           a(FIRM, "firm", purpose="guarantee"), PURPOSE, "purpose-refused"),
    Attack("a purpose that is none", a(FIRM, "firm", purpose="curiosity"), PURPOSE, "purpose-refused"),
    Attack("visits to a clinic, for a loan", a(BEN, "ben", product="clinic_history"),
           (403, "prohibited-item"), "prohibited-item", where="WJW-02", article=True),
    Attack("a letter without the tick", a(FIRM, "no-tax"), (403, "missing-tick"), "missing-tick", where="SWJ-06"),
    Attack("a letter that reaches less far back", a(FIRM, "short"),
           (429, "letter-spent"), "letter-spent", where="range_months"),
    Attack("a child, for a loan", a(CHILD, "ben", product="person_loan"), HIDDEN, "subject-refused"),
    Attack("nobody", a(STRANGER, "firm"), HIDDEN, "subject-unknown"),
    Attack("a wrong check character", named("uscc", FIRM.value[:-1] + "0"), HIDDEN, "subject-unknown"),
    Attack("another institution's pseudonym", pseudonym_of_bank_b, HIDDEN, "subject-unknown"),
    Attack("the zone's token", token, HIDDEN, "subject-unknown"),
    Attack("SQL for an identifier", named("local:x", "' OR '1'='1' --"), HIDDEN, "subject-unknown"),
    Attack("SQL for a kind", named("local:x' OR 1=1 --", FIRM.value), BAD, "bad-request"),
    Attack("SQL for a product",
           a(FIRM, "firm", product="firm_loan'; DROP TABLE records_letter; --"), BAD, "bad-request"),
    Attack("SQL for a letter", a(FIRM, basis=BASIS | {"id": "L-1' OR '1'='1"}), BAD, "bad-request"),
    Attack("an identifier in another spelling", named("uscc", FIRM.value.lower()), BAD, "bad-request"),
    Attack("an identifier with a blank", named("uscc", " " + FIRM.value[1:]), BAD, "bad-request"),
    Attack("a field that the interface does not have", a(FIRM, "firm", figures="all"), BAD, "bad-request"),
    Attack("another version", a(FIRM, "firm", v=2), BAD, "bad-request"),
    Attack("an identifier in a query",
           lambda o: Asker(o).get("/v1/trace", f"month=2026-11&uscc={FIRM.value}"), BAD, "bad-request"),
    Attack("the monitor of somebody else",
           lambda o: Asker(o).get("/v1/monitors/M-" + "a" * 26), (403, "scope-refused"), "scope-refused"),
    Attack("a monitor, by who may set none",
           lambda o: Asker(o).post(b"{}", "/v1/monitors"), (403, "scope-refused"), "scope-refused"),
    Attack("a letter that was never proposed",
           lambda o: Asker(o).get("/v1/letters/L-" + "a" * 26), HIDDEN, "no-basis"),
    Attack("a proposal that is none", lambda o: Asker(o).post(b"{}", "/v1/letters"), BAD, "bad-request"),
    Attack("an answer that was never given",
           lambda o: Asker(o).get("/v1/answers/A-" + "a" * 26), HIDDEN, "no-basis"),
    Attack("the answers of everybody", lambda o: Asker(o).get("/v1/trace"), BAD, "bad-request"),
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_refused_by_its_code_and_logged(shared: Office, attack: Attack) -> None:
    ask(shared, Asker(shared).question(FIRM))  # the log knows the firm; see `token`
    reply = held_off(shared, attack)
    assert reply.signed
    assert FIRM.value.encode() not in reply.body


@pytest.mark.parametrize(
    "sends",
    [
        lambda o: Asker(o).post(b"{}"),
        lambda o: Asker(o).post(b"[]", "/v1/answers:batch"),
        lambda o: Asker(o).post(b"{}", "/v1/letters"),
        lambda o: Asker(o).get("/v1/trace"),
    ],
)
def test_the_same_bytes_again_are_told_that_they_are(shared: Office, sends: Sends) -> None:
    request = sends(shared)
    held_off(shared, Attack("", lambda _: request, BAD, "bad-request"))
    for _ in range(2):
        held_off(shared, Attack("", lambda _: request, (401, "replayed"), "replayed"))
    assert shared.check() == []


def about(value: bytes) -> bytes:
    return b'{"v":1,"product":"firm_loan","purpose":"lending","about":{"kind":"local:x","value":"%b"}}' % value


BODIES = {
    "no JSON": b"\xff\xfe",
    "nothing": b"",
    "a list": b"[]",
    "a number beyond JSON": b'{"v":1e999}',
    "NaN": b'{"v":NaN}',
    "a key twice": b'{"v":1,"v":1,"product":"firm_loan","purpose":"lending","about":{"kind":"uscc","value":"1"}}',
    "nested without end": b"[" * 30_000,
    "nested objects": b'{"v":' * 10_000,
    "a lone surrogate": b'{"v":1,"product":"\\ud800"}',
    "a control character": about(b"a\\u0000b"),
    "not NFC": about("e\u0301".encode()),
    "a byte order mark": b"\xef\xbb\xbf{}",
}  # fmt: skip


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", ["/v1/answers", "/v1/answers:batch"])
def test_what_is_no_message_is_told_to_an_institution_alone(shared: Office, body: bytes, path: str) -> None:
    held_off(shared, Attack("", lambda o: Asker(o).post(body, path), BAD, "bad-request"))
    stranger = Asker(shared, "mallory")
    reply = held_off(shared, Attack("", lambda o: stranger.post(body, path), (401, "unknown-key")))
    assert not reply.signed
