"""Bases that are no letter, by the command line: recorded by two officers, used by a public body, lifted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from puhui.bootstrap import add_officer, now, open_zone
from puhui.desk.admissions import ADMIT
from puhui.wire.letters import text_of

from ..journeys.town import SMALL, Refused, Town, firm
from ..unit.authenticator import Authenticator
from .asking import Asker, ask
from .standing import copy_of
from .town import ANNA, FIRM, LENDER, QUIET, Office, contract, finished, key, office, two_officers

BODIES = Path(__file__).parent / "bodies"
WELFARE, SUPERVISION = "welfare_review", "supervision_review"
TAX = ("--item", "SWJ-06=enterprise_auth")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A town with an agency and a court that have contracts; to be copied, never written."""
    home = tmp_path_factory.mktemp("bodies") / "home"
    town = Town(home)
    folders = (SMALL, SMALL.parent / "market", LENDER, BODIES)
    town.run("init", home, *(part for folder in folders for part in ("--pack", folder)), "--buckets", "4")
    town.firms(firm(1), firm(2))
    town.paid("2026-06", (1, "vat", "2026-06-15", 5000), (2, "vat", "2026-06-15", 700))
    named = [(who.value, ANNA.value, "法定代表人") for who in (FIRM, QUIET)]
    town.deliver("personnel", ("统一社会信用代码", "公民身份号码", "职务"), named)
    town.snapshot()
    zone = open_zone(home)
    for name in ("anna", "bela"):
        add_officer(zone, name, home.parent / f"{name}.key", by="anna")
    for name, kind in (("office", "agency"), ("court", "court")):
        two_officers(zone.desk, ADMIT, body(name, kind))
        contract(zone.desk, name, [(WELFARE, {}), (SUPERVISION, {})])
    finished(home, {})
    return home


def body(name: str, kind: str) -> dict[str, Any]:
    begin = now().replace(second=0, microsecond=0)
    public = {"algorithm": "ed25519", "public": text_of(key(f"{name}/1").verifying().public)}
    public |= {"not_before": begin.isoformat(), "not_after": begin.replace(year=begin.year + 1).isoformat()}
    return {"id": name, "kind": kind, "name": {"zh": name, "en": name}, "scopes": ["answers"], "keys": [public]}


@pytest.fixture
def town(made: Path, tmp_path: Path) -> Town:
    town = Town(copy_of(made, tmp_path))
    for name in ("anna", "bela"):
        (tmp_path / f"{name}.key").write_bytes((made.parent / f"{name}.key").read_bytes())
        (tmp_path / f"{name}.key").chmod(0o600)
    return town


def officers(town: Town, *names: str) -> list[object]:
    """Options of one officer or two, with their keys."""
    first, *second = names
    told: list[object] = ["--by", first, "--key-file", town.home.parent / f"{first}.key"]
    return told + [
        part for name in second for part in ("--second", name, "--second-key-file", town.home.parent / f"{name}.key")
    ]


def record(
    town: Town, kind: str, institution: str, purpose: str, *more: object, by: tuple[str, ...] = ("anna", "bela")
) -> str:
    """A basis of that kind, with its number from standard input; its id."""
    law = ("--article", "税收征收管理法 第五十四条", "--reference", "-")
    given = ("--kind", kind, "--institution", institution, "--purpose", purpose, *TAX, *law, *more)
    told = town.run("basis", "record", town.home, *given, *officers(town, *by), text="第 7 号\n")
    assert (told["basis"], told["state"]) == (kind, "ACTIVE")
    return str(told["letter"])


def asked(opened: Office, name: str, product: str, purpose: str, kind: str, basis: str, about: Any = FIRM) -> Any:
    """The reply to a question under a basis."""
    said = {"product": product, "purpose": purpose, "basis": {"kind": kind, "id": basis}}
    (reply,) = ask(opened, Asker(opened, name).question(about, "", **said))
    return reply


USES = [
    ("application", "office", "welfare", WELFARE, ("--uscc", FIRM.value)),
    ("duty", "office", "supervision", SUPERVISION, ()),
    ("order", "court", "supervision", SUPERVISION, ("--uscc", FIRM.value)),
]


@pytest.mark.parametrize(("kind", "institution", "purpose", "product", "about"), USES)
def test_recorded_used_and_lifted(
    town: Town, kind: str, institution: str, purpose: str, product: str, about: tuple[str, ...]
) -> None:
    basis = record(town, kind, institution, purpose, *about, "--cap", 2)
    other = "office" if institution == "court" else "court"
    with office(town.home) as opened:
        reply = asked(opened, institution, product, purpose, kind, basis)
        assert reply.items == {"paid_lately": "5000.00"}
        assert reply.told["record"]["basis"] | {"digest": ""} == {"kind": kind, "id": basis, "digest": ""}
        assert asked(opened, other, product, purpose, kind, basis).code == "not-available", "it is one body's"
        stranger = asked(opened, institution, product, purpose, kind, basis, QUIET)
        assert (stranger.code or stranger.items) == ({"paid_lately": "700.00"} if kind == "duty" else "not-available")
        assert asked(opened, institution, product, purpose, "letter", basis).code == "not-available"
        assert opened.check() == []
    lifted = town.run("basis", "lift", town.home, basis, *officers(town, "bela"))
    assert (lifted["basis"], lifted["state"]) == (basis, "REVOKED")
    with office(town.home) as opened:
        assert asked(opened, institution, product, purpose, kind, basis).code == "letter-not-in-force"
        assert opened.check() == []


def test_a_cap_holds_for_every_kind(town: Town) -> None:
    basis = record(town, "duty", "office", "supervision")
    with office(town.home) as opened:
        replies = [asked(opened, "office", SUPERVISION, "supervision", "duty", basis).code for _ in range(2)]
    assert replies == ["", "letter-spent"]


def test_an_order_shows_in_the_trace_once_it_was_lifted(town: Town) -> None:
    basis = record(town, "order", "court", "supervision", "--uscc", FIRM.value)
    with office(town.home) as opened:
        assert asked(opened, "court", SUPERVISION, "supervision", "order", basis).code == ""
    look = ("trace", town.home, "--uscc", FIRM.value, *officers(town, "anna"), "--reason", "the subject asked for it")
    assert "court" not in json.dumps(town.run(*look))
    town.run("basis", "lift", town.home, basis, *officers(town, "anna"))
    with office(town.home) as opened:
        opened.questions.rooms.log.pad()
    assert "court" in json.dumps(town.run(*look))


@pytest.mark.parametrize(
    ("kind", "institution", "purpose", "about", "where"),
    [
        ("letter", "office", "welfare", ("--uscc", FIRM.value), "kind"),
        ("order", "office", "supervision", ("--uscc", FIRM.value), "institution"),
        ("application", "office", "supervision", ("--uscc", FIRM.value), "purpose"),
        ("application", "office", "welfare", (), "subject"),
        ("duty", "office", "supervision", ("--uscc", FIRM.value), "subject"),
        ("duty", "nobody", "supervision", (), "institution"),
        ("duty", "office", "supervision", ("--days", 9999), "life_days"),
        ("duty", "office", "supervision", ("--item", "FY-02=prohibited"), "items"),
    ],
)
def test_what_the_rules_of_a_kind_do_not_allow(
    town: Town, kind: str, institution: str, purpose: str, about: tuple[object, ...], where: str
) -> None:
    with pytest.raises(Refused) as told:
        record(town, kind, institution, purpose, *about)
    assert (told.value.code, told.value.answer["where"]) == ("letter-refused", where)


@pytest.mark.parametrize("by", [("anna",), ("anna", "anna")])
def test_one_officer_records_nothing(town: Town, by: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as told:
        record(town, "duty", "office", "supervision", by=by)
    assert told.value.code == "not-allowed"


# --- passkeys ---


def enrol(town: Town, credential: object, *more: object) -> Any:
    file = town.home.parent / "passkey.json"
    file.write_text(json.dumps(credential), "utf-8")
    proof = ("--proof", "licence", "--reference", "EBL-1", "--person", ANNA.value)
    about = more or ("--uscc", FIRM.value)
    return town.run("signer", "enrol", town.home, "--passkey", file, *about, *proof, *officers(town, "anna"))


def passkey_of(town: Town) -> tuple[Authenticator, bytes]:
    """A passkey in software, and the challenge of FIRM that the zone gives."""
    from webauthn.helpers import base64url_to_bytes

    from puhui.bootstrap import relying_party

    options = town.run("signer", "challenge", town.home, "--uscc", FIRM.value)
    party = relying_party(open_zone(town.home).settings)
    assert options["rp"]["id"] == party.rp_id and options["authenticatorSelection"]["userVerification"] == "required"
    assert FIRM.value not in json.dumps(options)
    return Authenticator(party), base64url_to_bytes(options["challenge"])


def test_a_passkey_is_enrolled(town: Town) -> None:
    passkey, challenge = passkey_of(town)
    credential = passkey.create(challenge)
    told = enrol(town, credential)
    assert (told["algorithm"], told["capacity"]) == ("webauthn", "representative")
    with pytest.raises(Refused) as again:
        enrol(town, credential)
    assert (again.value.code, again.value.answer["where"]) == ("signer-refused", "key")
    (event,) = town.events("signer-enrolled")
    assert (event["signer"], event["actor"]) == (told["signer"], "anna")


def test_a_passkey_that_answers_something_else_is_not_enrolled(town: Town) -> None:
    passkey, challenge = passkey_of(town)
    for credential, about in (
        (passkey.create(b"c" * 32), ()),
        (passkey.create(challenge, origin="https://elsewhere.example"), ()),
        (Authenticator(passkey.party, verifies=False).create(challenge), ()),
        (passkey.create(challenge), ("--uscc", QUIET.value)),  # made for another firm
        ({}, ()),
    ):
        with pytest.raises(Refused) as told:
            enrol(town, credential, *about)
        assert told.value.code == "evidence-refused"
    with pytest.raises(Refused) as told:
        enrol(town, ["no object"])
    assert told.value.code == "input-refused"
    with pytest.raises(Refused) as told:
        town.run("signer", "enrol", town.home, "--uscc", FIRM.value, "--reference", "EBL-1", *officers(town, "anna"))
    assert told.value.code == "input-refused"
    assert town.events("signer-enrolled") == []
