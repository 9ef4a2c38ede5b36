"""A hold without an end is lifted by two people; the erasure that it kept back may be approved then."""

from __future__ import annotations

from typing import Any

import pytest

from .test_officers import erased
from .town import Refused, Town, firm, uscc

ARTICLE = "条例 第十二条"


@pytest.fixture
def held(town: Town) -> Town:
    town.firms(firm(1), firm(2))
    hold(town, 1)
    return town


def hold(town: Town, serial: int, article: str = ARTICLE) -> None:
    town.run("subject", "hold", town.home, "--uscc", uscc(serial), "--by", "officer-a", "--article", article)


def lift(
    town: Town, serial: int, article: str = ARTICLE, by: str = "officer-a", reason: str = "the case is over"
) -> Any:
    given = ("--uscc", "-", "--by", by, "--reason", reason, "--article", article)
    return town.run("subject", "lift-hold", town.home, *given, text=uscc(serial) + "\n")


def no_erasure(town: Town, serial: int) -> None:
    with pytest.raises(Refused) as no:
        erased(town, serial)
    assert (no.value.code, no.value.exit_code) == ("legal-hold", 7)


def test_two_people_lift_a_hold(held: Town) -> None:
    no_erasure(held, 1)
    proposal = lift(held, 1)
    no_erasure(held, 1)
    with pytest.raises(Refused) as no:
        held.approve(proposal, by="officer-a")
    assert no.value.code == "not-allowed"
    no_erasure(held, 1)
    done = held.approve(proposal)
    assert done["article"] == ARTICLE
    event = held.events("legal-hold-lifted")[-1]
    assert (event["actor"], event["subject"], event["article"]) == ("officer-b", done["lifted"], ARTICLE)
    assert event["reason"] == "the case is over"
    assert erased(held, 1) == done["lifted"]


def test_the_proposal_holds_no_identifier(held: Town) -> None:
    lift(held, 1)
    (act,) = held.run("acts", held.home)
    assert set(act["arguments"]) == {"token", "article"} and uscc(1) not in str(act)


def test_each_hold_is_lifted_by_its_own_article(held: Town) -> None:
    hold(held, 1, "刑事诉讼法 第五十四条")
    held.approve(lift(held, 1))
    no_erasure(held, 1)
    held.approve(lift(held, 1, "刑事诉讼法 第五十四条"))
    erased(held, 1)


def test_a_hold_that_is_laid_again_runs_again(held: Town) -> None:
    held.approve(lift(held, 1))
    hold(held, 1)
    no_erasure(held, 1)


def test_what_does_not_run_is_not_lifted(held: Town) -> None:
    for serial, article in ((2, ARTICLE), (1, "another article")):
        with pytest.raises(Refused) as no:
            lift(held, serial, article)
        assert (no.value.code, no.value.exit_code) == ("unknown-name", 2)
    for by, reason in (("", "the case is over"), ("officer-a", "x")):
        with pytest.raises(Refused) as no:
            lift(held, 1, by=by, reason=reason)
        assert no.value.code == "not-allowed"
    assert held.run("acts", held.home) == []
