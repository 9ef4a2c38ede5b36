"""Whether somebody is registered, erased, a child, or has signed for others cannot be told from a refusal."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest

from puhui.api import app as interface

from ...questions.asking import Asker, Reply, Request, ask
from ...questions.town import ANNA, CHILD, ERASED, FIRM, QUIET, STRANGER, Office

KINDS: dict[str, tuple[Any, str, str]] = {
    "nobody": (STRANGER, "firm", "firm_loan"),
    "somebody who signed nothing": (QUIET, "", "firm_loan"),
    "somebody else's letter": (QUIET, "firm", "firm_loan"),
    "a letter of another bank": (FIRM, "of-b", "firm_loan"),
    "a forged letter": (ERASED, "L-" + "b" * 26, "firm_loan"),
    "a person without a letter": (ANNA, "", "person_loan"),
    "a child": (CHILD, "ben", "person_loan"),
}


def all_of_them(office: Office) -> list[Request]:
    asker = Asker(office)
    return [asker.question(who, letter, product=product) for who, letter, product in KINDS.values()]


def outside(reply: Reply) -> tuple[Any, ...]:
    """Everything of a reply but what is of its own request: the id, and the signature over it."""
    told = reply.told | {"id": "", "pad": ""}
    own = (b"signature", b"content-digest")
    headers = [(name, len(value) if name in own else value) for name, value in reply.headers]
    return reply.status, len(reply.body), json.dumps(told, sort_keys=True), headers


def test_they_are_one_outside_and_many_inside(shared: Office) -> None:
    replies = ask(shared, *all_of_them(shared))
    assert len({repr(outside(reply)) for reply in replies}) == 1
    assert {len(reply.body) for reply in replies} == {1024}
    assert set(shared.codes()[-len(KINDS) :]) == {"subject-unknown", "no-basis", "subject-refused"}


class Times:
    """A loop's clock that jumps by what the work on a request is made to take; what is slept is kept."""

    def __init__(self, worked: float) -> None:
        self.now, self.worked, self.slept = 1000.0, worked, 0.0

    def time(self) -> float:
        before, self.now = self.now, self.now + self.worked
        return before

    async def sleep(self, seconds: float) -> None:
        self.slept += seconds

    def take_the_place_of_the_loop(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = SimpleNamespace(get_running_loop=lambda: self, sleep=self.sleep)
        monkeypatch.setattr(interface, "asyncio", loop)


@pytest.mark.parametrize("worked", [0.0, 0.0004, 0.0499, 0.05, 0.0501, 0.12, 1.0], ids=str)
def test_they_leave_at_a_multiple_of_the_time_class(
    shared: Office, monkeypatch: pytest.MonkeyPatch, worked: float
) -> None:
    for request in all_of_them(shared):
        times = Times(worked)
        monkeypatch.setattr(
            interface, "asyncio", SimpleNamespace(get_running_loop=lambda t=times: t, sleep=times.sleep)
        )
        (reply,) = ask(shared, request)
        left = (worked + times.slept) / interface.TIME_CLASS
        assert reply.code == "not-available"
        assert left == pytest.approx(round(left)) and times.slept > 0


def test_a_batch_of_one_tells_no_more_by_its_time(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times(0.013)
    times.take_the_place_of_the_loop(monkeypatch)
    asker = Asker(shared)
    ask(shared, asker.post({"v": 1, "questions": [asker.said(STRANGER)]}, "/v1/answers:batch"))
    assert times.slept == pytest.approx(interface.TIME_CLASS - 0.013)


def test_what_does_not_depend_on_the_subject_is_not_kept_back(shared: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    times = Times(0.013)
    times.take_the_place_of_the_loop(monkeypatch)
    (refused,) = ask(shared, Asker(shared).question(FIRM, product="everything"))
    assert (refused.code, times.slept) == ("no-contract", 0.0)


def test_asking_again_shows_nothing_new(shared: Office) -> None:
    """Bisecting a band by asking: the answer is the same for a basis, a product and a snapshot."""
    asker = Asker(shared, "bank-b")
    replies = ask(shared, *(asker.question(FIRM, "of-b", product="paid_band") for _ in range(5)))
    assert {json.dumps(reply.told["record"]["items"]) for reply in replies} == {
        json.dumps(replies[0].told["record"]["items"])
    }
    assert {reply.items["paid_class"] for reply in replies} == {"[1000,10000)"}


def test_the_loop_is_the_running_one() -> None:
    """The tests above replace the module's clock; this is what it is otherwise."""
    assert interface.asyncio is asyncio
