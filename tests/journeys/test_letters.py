"""From a register's file to a letter in force, by the command line alone; every step as a person would do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from puhui.wire.keys import generate, write_private
from puhui.wire.letters import check_letter_file

from ..unit.subjects_made import ric, uscc
from .town import Refused, Town

REGISTERED = ("uscc", "ent_name", "est_date")
PERSONNEL = ("uscc", "ent_name", "name", "id_no", "person_position", "appoint_date")
FIRM, ANNA, BEN = uscc(1), ric("19800101"), ric("19810202")
WORDING = ("--institution", "bank-a", "--wording", "tax_loan_enterprise")


@pytest.fixture
def town(shipped_town: Town, tmp_path: Path) -> Town:
    """A firm with a representative and a manager, and a bank that is admitted."""
    town = shipped_town
    town.deliver("SCJ-01", REGISTERED, [(FIRM, "甲有限公司", "2020-01-02")])
    people = [("安娜", ANNA, "法定代表人"), ("本", BEN, "经理")]
    town.deliver(
        "SCJ-05", PERSONNEL, [(FIRM, "甲有限公司", name, ric_, job, "2020-01-02") for name, ric_, job in people]
    )
    admit(town)
    for name in ("anna", "ben"):
        write_private(generate(name), tmp_path / f"{name}.pem")
    return town


def admit(town: Town) -> None:
    """A bank in the tables; how it comes to be there is another journey's."""
    from puhui.bootstrap import open_zone
    from puhui.records import models

    open_zone(town.home)
    models.Institution.objects.create(
        id="bank-a", name={"zh": "甲银行", "en": "Bank A"}, kind="bank", state="admitted", pseudonym_key="x"
    )


def enrol(town: Town, name: str, person: str, *more: object) -> str:
    proof = ("--proof", "licence", "--reference", "EBL-1", "--by", "olga")
    key = town.home.parent / f"{name}.pem"
    answer = town.run("signer", "enrol", town.home, "--key", key, "--uscc", "-", "--person", person, *proof, *more,
                      text=FIRM + "\n")  # fmt: skip
    return str(answer["signer"])


def test_a_letter_from_proposal_to_revocation(town: Town, tmp_path: Path) -> None:
    anna = tmp_path / "anna.pem"
    signer = enrol(town, "anna", ANNA)
    with pytest.raises(Refused) as told:  # a manager is no representative
        enrol(town, "ben", BEN)
    assert (told.value.code, told.value.answer["where"]) == ("signer-refused", "register")
    proposed = town.run("letter", "propose", town.home, *WORDING, "--uscc", FIRM, "--by", "olga", "--months", 24)
    with pytest.raises(Refused) as told:
        town.run("letter", "propose", town.home, *WORDING, "--uscc", FIRM, "--by", "olga")
    assert told.value.code == "letter-refused"
    by_code = ("--code", proposed["code"], "--uscc", FIRM, "--key", anna)
    with pytest.raises(Refused):  # nothing is ticked by itself
        town.run("letter", "sign", town.home, *by_code)
    signed = town.run("letter", "sign", town.home, *by_code, "--tick", "tax", "--tick", "public_credit")
    assert (signed["letter"], signed["state"], signed["signer"]) == (proposed["letter"], "ACTIVE", signer)
    assert signed["items"]["SWJ-06"] == "enterprise_auth" and "JH-04" not in signed["items"]
    letter = signed["letter"]
    for word, state in (("pause", "PAUSED"), ("resume", "ACTIVE"), ("revoke", "REVOKED")):
        assert town.run("letter", word, town.home, letter, "--key", anna)["state"] == state
    with pytest.raises(Refused) as told:
        town.run("letter", "resume", town.home, letter, "--key", anna)
    assert told.value.answer["where"] == "state"
    kinds = [event["kind"] for event in town.run("events", town.home)]
    assert kinds[-10:] == [
        *("signer-enrolled", "signer.refused", "letter-proposed", "letter.refused", "letter.refused"),
        *("letter-signed", "letter-paused", "letter-resumed", "letter-revoked", "letter.refused"),
    ]


def test_a_letter_of_the_subjects_own_start_is_checked_offline(town: Town, tmp_path: Path) -> None:
    enrol(town, "anna", ANNA)
    file = tmp_path / "letter.json"
    signed = town.run("letter", "sign", town.home, *WORDING, "--uscc", FIRM, "--key", tmp_path / "anna.pem",
                      "--tick", "all", "--cap", 4)  # fmt: skip
    with pytest.raises(Refused):
        town.run("letter", "show", town.home, signed["letter"], "--file", file)
    shown = town.run("letter", "show", town.home, signed["letter"], "--file", file, "--by", "olga", "--reason", "court")
    checked = check_letter_file(file.read_bytes())
    assert (checked.digest.hex(), checked.evidence, checked.signer) == (shown["digest"], True, True)
    heard = "".join(town.heard)
    assert FIRM not in heard and ANNA not in heard  # what a command prints names nobody
    ended = town.run("letter", "end", town.home, "--uscc", FIRM, "--by", "olga", "--reason", "deregistered")
    assert ended == {"ended": [signed["letter"]]}


def test_an_agents_or_strangers_key_signs_nothing(town: Town, tmp_path: Path) -> None:
    with pytest.raises(Refused) as told:
        town.run("letter", "sign", town.home, *WORDING, "--uscc", FIRM, "--key", tmp_path / "ben.pem", "--tick", "tax")
    assert told.value.code == "signer-refused"
    signer = enrol(town, "anna", ANNA)
    assert town.run("signer", "revoke", town.home, signer, "--by", "olga", "--reason", "key lost")["state"] == "revoked"
    with pytest.raises(Refused) as told:
        town.run("letter", "sign", town.home, *WORDING, "--uscc", FIRM, "--key", tmp_path / "anna.pem", "--tick", "tax")
    assert told.value.code == "signer-refused"


TOLD = [  # a delivery of the shipped catalogue, and why the firm's letters end (empty: they do not)
    ("SCJ-10", ("uscc", "ent_name", "cancel_date"), (FIRM, "甲有限公司", "2026-01-05"), "deregistered"),
    ("SCJ-09", ("uscc", "ent_name", "revoke_date"), (FIRM, "甲有限公司", "2026-01-05"), "licence-revoked"),
    ("SCJ-01", (*REGISTERED, "reg_status"), (FIRM, "甲有限公司", "2020-01-02", "已注销"), "deregistered"),
    ("SCJ-01", (*REGISTERED, "reg_status"), (FIRM, "甲有限公司", "2020-01-02", "迁出"), ""),
    ("GAJ-01", ("id_no", "name", "alive_status"), (ANNA, "安娜", "死亡"), "death"),
]


@pytest.mark.parametrize(("item", "header", "row", "reason"), TOLD)
def test_the_catalogue_says_who_is_no_more(
    town: Town, tmp_path: Path, item: str, header: tuple[str, ...], row: tuple[str, ...], reason: str
) -> None:
    """A dead person's key signs no more for the firm, whose letter stays its own."""
    signer = enrol(town, "anna", ANNA)
    signed = town.run("letter", "sign", town.home, *WORDING, "--uscc", FIRM, "--key", tmp_path / "anna.pem",
                      "--tick", "all", "--cap", 4)  # fmt: skip
    assert town.run("letter", "check", town.home) == {"letters": 1, "erased": 0, "findings": []}
    town.deliver(item, header, [row])
    ended = town.run("letter", "sweep", town.home)["ended"]
    told = [(one["reason"], one["letters"], one["signers"]) for one in ended]
    letters = [] if reason == "death" else [signed["letter"]]
    assert told == ([(reason, letters, [signer])] if reason else [])
    assert town.run("letter", "sweep", town.home) == {"ended": []}
