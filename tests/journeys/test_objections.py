"""A subject disputes an item: recorded, listed with its last day, settled by one officer or rejected by two."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from .town import Refused, Town, firm, uscc


@pytest.fixture
def disputed(town: Town) -> Town:
    town.firms(firm(1), firm(2))
    return town


def dispute(town: Town, item: str = "SWJ-06", serial: int = 1) -> Any:
    given = ("--item", item, "--uscc", "-", "--by", "officer-a")
    return town.run("objection", "open", town.home, *given, text=uscc(serial) + "\n")


def settle(town: Town, objection: str, outcome: str, reason: str = "the agency looked into it") -> Any:
    given = ("--as", outcome, "--by", "officer-a", "--reason", reason)
    return town.run("objection", "close", town.home, objection, *given)


def code(town: Town, *what: object) -> str:
    with pytest.raises(Refused) as no:
        town.run(*what)
    return no.value.code


def test_one_officer_settles_what_was_corrected(disputed: Town) -> None:
    made = dispute(disputed)
    opened = date.fromisoformat(made["opened_at"][:10])
    assert date.fromisoformat(made["settle_by"]) == opened + timedelta(days=20)
    (listed,) = disputed.run("objection", "list", disputed.home)
    assert (listed["objection"], listed["item"], listed["token"]) == (made["objection"], "SWJ-06", made["token"])
    assert settle(disputed, made["objection"], "corrected")["state"] == "corrected"
    assert disputed.run("objection", "list", disputed.home) == []
    event = disputed.events("objection-corrected")[-1]
    assert (event["actor"], event["item"], event["subject"]) == ("officer-a", "SWJ-06", made["token"])


def test_two_officers_reject(disputed: Town) -> None:
    made = dispute(disputed)
    proposal = settle(disputed, made["objection"], "rejected")
    assert len(disputed.run("objection", "list", disputed.home)) == 1
    assert code(disputed, "approve", disputed.home, proposal["proposal"], "--by", "officer-a") == "not-allowed"
    assert disputed.approve(proposal)["state"] == "rejected"
    event = disputed.events("objection-rejected")[-1]
    assert event["actor"] == "officer-a, officer-b" and uscc(1) not in str(disputed.events())


def test_what_cannot_be_disputed_or_settled(disputed: Town) -> None:
    made = dispute(disputed)
    again = ("objection", "open", disputed.home, "--item", "SWJ-06", "--uscc", uscc(1), "--by", "officer-a")
    assert code(disputed, *again) == "not-allowed"
    other = ("objection", "open", disputed.home, "--item", "NO-1", "--uscc", uscc(1), "--by", "officer-a")
    assert code(disputed, *other) == "unknown-name"
    reason = ("--by", "officer-a", "--reason", "the agency looked into it")
    close = ("objection", "close", disputed.home)
    assert code(disputed, *close, "O-none", "--as", "corrected", *reason) == "unknown-name"
    assert code(disputed, *close, made["objection"], "--as", "forgotten", *reason) == "not-allowed"
