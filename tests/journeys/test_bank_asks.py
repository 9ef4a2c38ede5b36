"""A bank's client before the real zone: asked through the whole interface, kept, found again, verified."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from puhui.bank.client import AsyncClient, Patience, question
from puhui.bank.exchange import Answered, Refused
from puhui.wire.answers import read_answer, write_answer_file
from puhui.wire.verify import verify_answer

from ..questions.town import ANNA, AUTHORITY, FIRM, STRANGER, Office, key

ASKED = ("firm_loan", "lending", ("uscc", FIRM.value))
ADDRESS = ("203.0.113.7", 50000)


class _LosesReplies(httpx.AsyncBaseTransport):
    """The zone gets every request; the first `lost` replies never arrive."""

    def __init__(self, office: Office, lost: int) -> None:
        self._zone, self._lost = httpx.ASGITransport(office.app, client=ADDRESS), lost

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        reply = await self._zone.handle_async_request(request)
        self._lost -= 1
        if self._lost >= 0:
            raise httpx.ReadError("gone")
        return reply


def asked(office: Office, story: Callable[[AsyncClient], Awaitable[Any]], lost: int = 0) -> Any:
    """What a story of bank-a's client brings."""

    async def run() -> Any:
        zone_key = office.questions.rooms.signing.verifying()
        async with AsyncClient(
            f"http://{AUTHORITY}", key("bank-a/1"), {zone_key.id: zone_key}, transport=_LosesReplies(office, lost),
            clock=lambda: float(office.clock.seconds), patience=Patience(first=0.0),
        ) as client:  # fmt: skip
            return await story(client)

    return asyncio.run(run())


def of_letter(office: Office, name: str = "firm") -> dict[str, object]:
    return question(*ASKED, basis=("letter", office.letters[name]))


def check(office: Office, found: Answered) -> None:
    """Anybody can check the file offline."""
    from puhui.bootstrap import open_zone
    from puhui.bootstrap.questions import trust_file

    trust = trust_file(open_zone(office.home))
    report = verify_answer(write_answer_file(found.file), trust, office.clock.now)
    assert report.valid, report.as_dict()


def test_an_answer_is_taken_and_verifies(office: Office) -> None:
    found = asked(office, lambda client: client.ask(of_letter(office)))
    assert found.body.form.record.product == "firm_loan"
    check(office, found)


@pytest.mark.parametrize("lost", [1, 3])
def test_lost_replies_cost_one_answer(office: Office, lost: int) -> None:
    found = asked(office, lambda client: client.ask(of_letter(office)), lost)
    assert office.codes().count("") == 1
    check(office, found)


def test_the_same_idempotency_key_finds_the_answer_in_another_run(office: Office) -> None:
    """With the earlier try at hand, as `puhui-bank` keeps it beside --out."""
    from puhui.bank.exchange import ANSWERS, Ask, Unanswered

    kept: list[Any] = []

    async def first(client: AsyncClient) -> None:
        client.patience = Patience(tries=1)
        exchange = client.exchange(Ask(ANSWERS, document=of_letter(office)), "k" * 20, kept.append)
        with pytest.raises(Unanswered):
            await client.carry(exchange)

    async def second(client: AsyncClient) -> Answered:
        exchange = client.exchange(Ask(ANSWERS, document=of_letter(office)), "k" * 20, None, kept)
        return exchange.answered(await client.carry(exchange))

    asked(office, first, lost=1)
    check(office, asked(office, second))
    assert office.codes().count("") == 1


def test_a_stranger_and_a_revoked_letter_are_refused(office: Office) -> None:
    stranger = question("firm_loan", "lending", ("uscc", STRANGER.value), basis=("letter", office.letters["firm"]))
    office.change("firm", "revoked")
    for what, code in ((stranger, "not-available"), (of_letter(office), "letter-not-in-force")):
        with pytest.raises(Refused) as found:
            asked(office, lambda client, what=what: client.ask(what))
        assert (found.value.code, found.value.signed) == (code, True)


def test_a_batch_brings_each_its_own(office: Office) -> None:
    about_a_person = question("firm_loan", "lending", ("ric", ANNA.value), basis=("letter", office.letters["firm"]))
    first, second = asked(office, lambda client: client.ask_batch([of_letter(office), about_a_person]))
    check(office, first)
    assert isinstance(second, Refused)


def test_what_an_institution_sees_of_itself(office: Office) -> None:
    found = asked(office, lambda client: client.ask(of_letter(office)))
    name, month = found.body.form.id, office.clock.now.strftime("%Y-%m")
    assert read_answer(asked(office, lambda client: client.answer(name))) == found.body
    assert [one["answer"] for one in asked(office, lambda client: client.trace(month))] == [name]
    assert "firm_loan" in {one["product"] for one in asked(office, lambda client: client.products())}
    assert {one["product"] for one in asked(office, lambda client: client.mandates())} >= {"firm_loan"}
