"""What the subject did not tick never leaves: by no kind of product, by no mixed figure, not by a monitor's silence."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from puhui.bootstrap import add_officer, now, open_letters, open_zone
from puhui.desk.admissions import ADMIT
from puhui.wire.letters import text_of

from ...journeys.town import RATINGS, SMALL, Town, firm, uscc
from ...questions.asking import Asker, Reply, ask
from ...questions.standing import Bank
from ...questions.town import (
    ANNA,
    FIRM,
    LENDER,
    QUIET,
    Office,
    contract,
    enrol,
    finished,
    key,
    office,
    sign,
    two_officers,
)

CHOOSER = Path(__file__).parents[2] / "questions" / "chooser"
PRODUCTS = ("choice", "choice_free", "choice_watch", "choice_report", "choice_check")
POINTS = 77  # what is not ticked
NOT_TICKED = "not-ticked"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town whose firm has taxes and a rating; to be copied, never written."""
    home = tmp_path_factory.mktemp("chooser") / "home"
    town = Town(home)
    folders = (SMALL, SMALL.parent / "market", LENDER, CHOOSER)
    town.run("init", home, *(part for folder in folders for part in ("--pack", folder)), "--buckets", "4")
    town.firms(firm(1), firm(2))
    town.paid("2026-06", (1, "vat", "2026-06-15", 5000), (2, "vat", "2026-06-15", 700))
    rated(town, POINTS)
    named = [(who.value, ANNA.value, "法定代表人") for who in (FIRM, QUIET)]
    town.deliver("personnel", ("统一社会信用代码", "公民身份号码", "职务"), named)
    town.snapshot()
    zone = open_zone(home)
    for name in ("anna", "bela"):
        add_officer(zone, name, home.parent / f"{name}.key", by="anna")
    two_officers(zone.desk, ADMIT, bank())
    contract(zone.desk, "bank-a", [(name, {}) for name in PRODUCTS])
    letters, _ = open_letters(home)
    enrol(letters, "firm", FIRM, ANNA)
    said = {"wording": "choice_letter", "stated": {"stated_paid": "100", "stated_points": str(POINTS)}}
    chosen = {"tax": ("tax",), "rating": ("rating",), "both": ("tax", "rating")}
    signed = {name: sign(letters, "firm", FIRM, ticks=ticks, **said).id for name, ticks in chosen.items()}  # type: ignore[arg-type]
    finished(home, signed)
    return home


def rated(town: Town, points: int) -> None:
    town.deliver("ratings", RATINGS, [(uscc(1), points)])
    edition = town.editions("ratings")[-1]["edition"]
    held = town.home.parent / "anna.key"
    town.run(
        "edition", "release", town.home, "ratings", edition, "--by", "anna", *(["--key", held] if held.exists() else [])
    )


def bank() -> dict[str, Any]:
    begin = now().replace(second=0, microsecond=0)
    public = {"algorithm": "ed25519", "public": text_of(key("bank-a/1").verifying().public)}
    public |= {"not_before": begin.isoformat(), "not_after": begin.replace(year=begin.year + 1).isoformat()}
    licence = {"channel": "filed_enterprise_bureau", "record": "R-1", "from": "2026-01-01", "until": "2027-12-31"}
    return {
        "id": "bank-a", "kind": "bank", "name": {"zh": "甲", "en": "A"}, "licences": [licence],
        "scopes": ["answers", "letters", "monitors", "reports"], "keys": [public],
    }  # fmt: skip


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "home", symlinks=True)
    for name in ("letters.json", "anna.key"):
        shutil.copy(made.parent / name, tmp_path / name)
    return tmp_path / "home"


@pytest.fixture
def opened(home: Path) -> Iterator[Office]:
    with patch("puhui.bootstrap.questions.Monitoring", lambda looks: nullcontext()), office(home) as one:
        yield one


def asked(office: Office, product: str, letter: str) -> Reply:
    (reply,) = ask(office, Asker(office).question(FIRM, letter, product=product))
    return reply


def withheld(reply: Reply) -> dict[str, str]:
    """Item → why, of what is withheld; it has no value."""
    items = [item for item in reply.told["record"]["items"] if item["form"] == "withheld"]
    assert all("value" not in item and not item["known"] for item in items)
    return {item["name"]: item["reason"] for item in items}


LEAVES: Sequence[tuple[str, set[str]]] = [
    ("choice", {"points_now", "paid_and_points"}),
    ("choice_free", {"points_now", "paid_and_points"}),
    ("choice_report", {"points_now"}),
    ("choice_check", {"stated_points"}),
]


@pytest.mark.parametrize(("product", "kept"), LEAVES)
def test_an_unticked_item_never_leaves(opened: Office, product: str, kept: set[str]) -> None:
    """Whatever reads the unticked resource is withheld by name, a figure that mixes it with a ticked one too."""
    reply = asked(opened, product, "tax")
    assert reply.status == 200, reply.body
    assert withheld(reply) == dict.fromkeys(kept, NOT_TICKED)
    assert str(POINTS) not in json.dumps(reply.told["record"]["items"])
    assert withheld(asked(opened, product, "both")) == {}, "with the tick everything leaves"
    assert opened.codes() == ["", ""] and opened.check() == []


def test_what_the_product_needs_is_needed(opened: Office) -> None:
    """`tax` is no optional tick of `choice`; of `choice_free` it is, but not both at once."""
    needed = asked(opened, "choice", "rating")
    assert (needed.code, needed.told["where"]) == ("missing-tick", "SWJ-06")
    assert withheld(asked(opened, "choice_free", "rating")) == dict.fromkeys(("paid_1m", "paid_and_points"), NOT_TICKED)


def test_a_monitor_over_what_is_not_ticked_tells_nothing(home: Path) -> None:
    with patch("puhui.bootstrap.questions.Monitoring", lambda looks: nullcontext()), office(home) as one:
        a = Bank(one)
        limits = [{"item": name, "when": "above", "value": "80"} for name in ("points_now", "paid_and_points")]
        limits += [{"item": name, "when": "changed"} for name in ("points_now", "paid_and_points")]
        body = a.asker.said(FIRM, "tax", product="choice_watch") | {"limits": limits}
        assert a.post("/v1/monitors", body).status == 200
    rated(Town(home), 99)
    Town(home).snapshot()
    with patch("puhui.bootstrap.questions.Monitoring", lambda looks: nullcontext()), office(home) as one:
        a = Bank(one)
        assert a.round() == (1, 0) and a.notices() == [] and one.codes() == []
