"""What was allowed and no more is: letters, keys, institutions, contracts, licences, quotas. At the next question."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from puhui.adapters.directory_django import DjangoDirectory
from puhui.adapters.keys_file import FileKeys
from puhui.api.app import App
from puhui.api.routes import Routes
from puhui.desk.admissions import CHANGE, revoke_key, suspend
from puhui.desk.agreements import end_contract

from ...questions.asking import Asker, Reply, ask
from ...questions.town import AUTHORITY, FIRM, LETTER_DAYS, LICENCE_DAYS, QUIET, Office, key, two_officers
from .table import noted

Happens = Callable[[Office], Any]


def contracts_end(office: Office) -> None:
    for row in office.desk.partners.contracts.states("bank-a"):
        end_contract(office.desk, row["id"], by="anna", reason="asked by the regulator")


EVENTS: dict[str, tuple[Happens, tuple[int, str], str]] = {
    "the letter has expired": (
        lambda o: o.clock.pass_by(days=LETTER_DAYS), (403, "letter-not-in-force"), "letter-not-in-force"),
    "the letter is paused": (
        lambda o: o.change("firm", "paused"), (403, "letter-not-in-force"), "letter-not-in-force"),
    "the letter is revoked": (
        lambda o: o.change("firm", "revoked"), (403, "letter-not-in-force"), "letter-not-in-force"),
    "the contract is ended": (contracts_end, (403, "no-contract"), "no-contract"),
    "the contract has run out": (lambda o: o.clock.pass_by(days=366), (403, "no-contract"), "no-contract"),
    "the channel's licence has run out": (
        lambda o: o.clock.pass_by(days=LICENCE_DAYS + 1), (403, "channel-refused"), "channel-refused"),
    "the institution lost the scope": (
        lambda o: two_officers(o.desk, CHANGE, {"id": "bank-a", "scopes": ["letters"]}),
        (403, "scope-refused"), "scope-refused"),
    "the institution is suspended": (
        lambda o: suspend(o.desk, "bank-a", by="anna", reason="asked by the regulator"), (401, "unknown-key"), ""),
    "the key is revoked": (
        lambda o: revoke_key(o.desk, "bank-a/1", by="anna", reason="it was lost"), (401, "unknown-key"), ""),
    "the key has run out": (lambda o: o.clock.pass_by(days=701), (401, "unknown-key"), ""),
}  # fmt: skip


@pytest.mark.parametrize(("happens", "told", "logged"), EVENTS.values(), ids=EVENTS)
def test_at_the_next_question(office: Office, happens: Happens, told: tuple[int, str], logged: str) -> None:
    asker, kept = Asker(office), "asked-before-and-after"
    (before,) = ask(office, asker.post(asker.said(FIRM), idempotency=kept))
    assert before.code == ""
    happens(office)
    for request in (asker.question(FIRM), asker.post(asker.said(FIRM), idempotency=kept)):
        (reply,) = ask(office, request)
        assert (reply.status, reply.code) == told
        assert reply.signed == bool(logged)
    assert [row.code for row in every(office)] == ["", *([logged] * 2 if logged else [])]
    assert noted(office) == Counter([] if logged else [told[1]] * 2)


def every(office: Office) -> list[Any]:
    """The bank's questions, whichever month the clock shows."""
    entries = range(office.questions.log.store.tree().size)
    return [row for row in office.questions.log.store.asked_at(list(entries)).values() if row.institution == "bank-a"]


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        (EVENTS["the key is revoked"][0], (401, "unknown-key")),
        (EVENTS["the institution is suspended"][0], (403, "channel-refused")),  # its licence counts for nothing
    ],
)
def test_a_gateway_that_has_not_heard_of_it_answers_nothing_either(
    office: Office, stop: Happens, told: tuple[int, str]
) -> None:
    """The directory is up to 50 ms old; the log's transaction is not."""
    rooms = office.questions.rooms
    stale = DjangoDirectory(FileKeys(office.home / "keys"), clock=lambda: 0.0)
    assert stale.key("bank-a/1")
    stop(office)
    office.app = App(Routes(replace(rooms, directory=stale), office.questions.files), AUTHORITY)
    (reply,) = ask(office, Asker(office).question(FIRM))
    assert (reply.status, reply.code) == told
    assert office.codes() == [told[1]]
    stale.close()


def test_a_letter_for_one_use_is_used_once_however_many_ask_at_once(office: Office) -> None:
    replies = ask(office, *(Asker(office).question(FIRM, "once") for _ in range(8)))
    assert sorted((reply.status, reply.code) for reply in replies) == [(200, "")] + [(429, "letter-spent")] * 7
    assert sorted(office.codes()) == [""] + ["letter-spent"] * 7
    assert office.check() == []


def test_a_quota_holds_and_says_when_to_come_again(office: Office) -> None:
    asker = Asker(office)
    replies = ask(office, *(asker.question(QUIET, "", product="firm_capital_loan") for _ in range(5)))
    assert sorted(reply.code for reply in replies) == ["", "", "", "quota-spent", "quota-spent"]
    spent = [reply for reply in replies if reply.code]
    assert {reply.status for reply in spent} == {429}
    waits = {reply.told["retry_after"] for reply in spent}
    assert all(0 < wait <= 86_400 for wait in waits)
    assert {dict(reply.headers)[b"retry-after"] for reply in spent} == {str(wait).encode() for wait in waits}
    office.clock.pass_by(seconds=max(waits))
    (again,) = ask(office, asker.question(QUIET, "", product="firm_capital_loan"))
    assert again.code == ""


def test_a_rate_holds_and_a_stranger_cannot_use_it_up(office: Office) -> None:
    two_officers(office.desk, CHANGE, {"id": "bank-a", "rate": 2})
    asker, mallory = Asker(office), replace(Asker(office), signing=replace(key("mallory"), id="bank-a/1"))
    ask(office, *(mallory.question(FIRM) for _ in range(20)))
    replies: list[Reply] = ask(office, *(asker.question(FIRM) for _ in range(6)))
    assert [reply.code for reply in replies].count("") == 4
    fast = [reply for reply in replies if reply.code]
    assert {(reply.status, reply.code) for reply in fast} == {(429, "too-fast")}
    assert noted(office) == Counter({"bad-signature": 20, "too-fast": 2})
    assert office.codes() == [""] * 4, "a limit that costs a durable write is no limit"
    (lines,) = (file.read_text() for file in (office.home / "security").iterdir())
    claimed = [(line["code"], line["key"], line.get("institution")) for line in map(json.loads, lines.splitlines())]
    assert claimed == [("bad-signature", "bank-a/1", None)] * 20 + [("too-fast", "bank-a/1", "bank-a")] * 2
    office.clock.pass_by(seconds=fast[0].told["retry_after"])
    (again,) = ask(office, asker.question(FIRM))
    assert again.code == ""
