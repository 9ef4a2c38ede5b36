"""Institutions and contracts by the command line: two officers, roles, keys turned over, everything stopped at once."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from puhui.wire.keys import generate, public_pem, write_private

from .town import SMALL, Refused, Town

LICENCE = "filed_enterprise_bureau,B-0001,2020-01-01"


class Hall:
    """A zone with two security officers, one of the system and one auditor, and the folder of everybody's keys."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town, self.folder = town, folder

    def register(self) -> None:
        for name, role in (("anna", "security"), ("bela", "security"), ("sys", "system"), ("aud", "audit")):
            by = () if name == "anna" else ("--key", self.of("anna"))
            self.run("officer", "add", self.town.home, name, "--role", role, "--out", self.of(name), *by)

    def run(self, *arguments: object) -> Any:
        return self.town.run(*arguments)

    def of(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def bank_key(self, name: str) -> Path:
        """A new key pair of an institution; the public half."""
        pair = generate(f"{name}/1")
        write_private(pair, self.of(name))
        public = self.folder / f"{name}.pub"
        public.write_bytes(public_pem(pair.verifying()))
        return public

    def approve(self, proposal: Any, name: str = "bela") -> Any:
        return self.run("approve", self.town.home, proposal["proposal"], "--key", self.of(name))

    def propose(self, name: str, *options: object, by: str = "anna") -> Any:
        return self.run(
            "institution", "propose", self.town.home, "--name", name, "--key", self.bank_key(name),
            "--key-file", self.of(by), *options,
        )  # fmt: skip

    def contract(self, name: str, *products: str, options: tuple[object, ...] = (), by: str = "anna") -> Any:
        chosen = [part for product in products for part in ("--product", product)]
        return self.run(
            "contract", "propose", self.town.home, "--institution", name, *chosen, "--signing-key", self.of(name),
            "--key-file", self.of(by), *options,
        )  # fmt: skip

    def stop(self, *what: object, by: str = "anna") -> Any:
        return self.run(*what[:2], *what[2:], "--key-file", self.of(by), "--reason", "asked by the regulator")

    def code(self, *arguments: object) -> str:
        with pytest.raises(Refused) as no:
            self.run(*arguments)
        return str(no.value.code)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A zone with its officers, and their keys; to be copied, never written."""
    base = tmp_path_factory.mktemp("market")
    (base / "keys").mkdir()
    town = Town(base / "home")
    town.run("init", town.home, "--pack", SMALL, "--pack", SMALL.parent / "market", "--buckets", "4")
    Hall(town, base / "keys").register()
    return town.home, base / "keys"


@pytest.fixture
def hall(market: tuple[Path, Path], tmp_path: Path) -> Hall:
    shutil.copytree(market[1], tmp_path / "keys")
    return Hall(Town.copy_of(market[0], tmp_path / "home"), tmp_path / "keys")


def test_an_institution_and_its_contract_take_two_people(hall: Hall) -> None:
    home = hall.town.home
    proposal = hall.propose("bank-a", "--licence", LICENCE, "--title-zh", "甲银行", "--network", "203.0.113.0/24")
    assert hall.run("institution", "list", home) == []
    assert hall.code("approve", home, proposal["proposal"], "--key", hall.of("anna")) == "not-allowed"
    for name in ("sys", "aud"):
        assert hall.code("approve", home, proposal["proposal"], "--key", hall.of(name)) == "not-allowed"
    assert hall.approve(proposal)["keys"] == ["bank-a/1"]
    assert hall.code("approve", home, proposal["proposal"], "--key", hall.of("bela")) == "unknown-name"
    (row,) = hall.run("institution", "list", home)
    assert (row["state"], row["name"]["zh"], row["networks"]) == ("admitted", "甲银行", ["203.0.113.0/24"])

    proposal = hall.contract("bank-a", "firm_capital_loan", options=("--quota", "day=5"), by="sys")
    assert hall.run("contract", "list", home) == []
    made = hall.approve(proposal)
    (row,) = hall.run("contract", "list", home, "--institution", "bank-a")
    assert (row["id"], row["state"], row["products"]) == (
        made["contract"],
        "in_force",
        ["firm_capital_loan"],
    )
    assert [one["key_id"] for one in row["signatures"]] == ["bank-a/1", "zone/1"]
    assert hall.stop("contract", "end", home, made["contract"])["state"] == "ended"
    kinds = [event["kind"] for event in hall.town.events()]
    assert kinds[-4:] == ["act-proposed", "contract-signed", "act-approved", "contract-ended"]
    assert "institution-admitted" in kinds


def test_a_contract_may_be_signed_at_the_institution(hall: Hall) -> None:
    home, document, signature = hall.town.home, hall.folder / "contract.json", hall.folder / "signature.json"
    hall.approve(hall.propose("bank-a", "--licence", LICENCE))
    drawn = hall.run(
        "contract", "draft", home, "--institution", "bank-a", "--product", "firm_capital_loan", "--out", document
    )
    signed = hall.run(
        "contract", "sign", document, "--key", hall.of("bank-a"), "--key-id", "bank-a/1", "--out", signature
    )
    assert signed["contract"] == drawn["contract"]
    given = ("--document", document, "--signature", signature, "--key-file", hall.of("anna"))
    assert hall.approve(hall.run("contract", "propose", home, *given))["contract"] == drawn["contract"]
    terms = json.loads(document.read_text("utf-8"))
    document.write_text(document.read_text("utf-8").replace('"valid_until":"202', '"valid_until":"203'), "utf-8")
    assert terms != json.loads(document.read_text("utf-8"))
    assert hall.code("contract", "propose", home, *given) == "contract-refused"


def test_keys_are_turned_over_and_stopped_at_once(hall: Hall) -> None:
    home = hall.town.home
    hall.approve(hall.propose("bank-a", "--licence", LICENCE))
    public = hall.bank_key("bank-a-new")
    added = hall.run("institution", "key", "add", home, "bank-a", "--key", public, "--key-file", hall.of("sys"))
    assert hall.approve(added)["key"] == "bank-a/2"
    for name in ("sys", "aud"):
        with pytest.raises(Refused) as no:
            hall.stop("institution", "key", "revoke", home, "bank-a/1", by=name)
        assert no.value.code == "not-allowed"
    assert hall.stop("institution", "key", "revoke", home, "bank-a/1")["state"] == "revoked"
    refused = ("contract", "propose", home, "--institution", "bank-a", "--product", "firm_capital_loan")
    with_key = ("--key-file", hall.of("anna"), "--signing-key")
    assert hall.code(*refused, *with_key, hall.of("bank-a")) == "contract-refused"
    proposal = hall.run(*refused, *with_key, hall.of("bank-a-new"))
    assert hall.stop("institution", "suspend", home, "bank-a")["state"] == "suspended"
    assert hall.code("approve", home, proposal["proposal"], "--key", hall.of("bela")) == "contract-refused"
    changed = [
        hall.stop("institution", "change", home, "bank-a", *to) for to in (("--rate", 7), ("--title-en", "A Bank"))
    ]
    assert [hall.approve(one)["state"] for one in changed] == ["suspended"] * 2, "a change lets nobody in"
    back = hall.stop("institution", "resume", home, "bank-a")
    assert hall.approve(back)["state"] == "admitted"
    assert hall.approve(proposal)["state"] == "in_force"
    (row,) = hall.run("institution", "list", home)
    assert (row["rate"], row["name"]["en"]) == (7, "A Bank"), "of two changes neither undoes the other"
    assert hall.approve(hall.stop("institution", "end", home, "bank-a"))["state"] == "ended"
    for what in ("change", "resume", "suspend"):
        with pytest.raises(Refused) as no:
            hall.stop("institution", what, home, "bank-a")
        assert no.value.code == "admission-refused"


def test_a_key_of_somebody_else_is_refused(hall: Hall) -> None:
    home = hall.town.home
    hall.approve(hall.propose("bank-a"))
    propose = ("institution", "propose", home, "--key-file", hall.of("anna"))
    assert hall.code(*propose, "--name", "bank-b", "--key", hall.folder / "bank-a.pub") == "admission-refused"
    officers = home / "officers" / "bela.pub"
    assert hall.code(*propose, "--name", "bank-b", "--key", officers) == "admission-refused"
    assert hall.code(*propose, "--name", "bank-a", "--key", hall.bank_key("bank-c")) == "admission-refused"
    assert hall.code(*propose, "--name", "bank-c", "--key", hall.folder / "none.pub") == "key-refused"
    wrong = ("--key", hall.bank_key("bank-d"), "--licence", "a,b")
    assert hall.code(*propose, "--name", "bank-d", *wrong) == "admission-refused"


def test_contracts_that_are_refused_say_why(hall: Hall) -> None:
    hall.approve(hall.propose("bank-a", "--licence", LICENCE))
    hall.approve(hall.propose("bank-b"))
    for name, products, options, code in (
        ("bank-b", ("firm_capital_loan",), (), "contract-refused"),  # no licence
        ("bank-a", ("clinic_history",), ("--purpose", "medical", "--purpose", "research"), "contract-refused"),
        ("bank-a", ("clinic_history",), ("--purpose", "lending"), "prohibited-item"),
        ("bank-a", ("firm_capital_loan", "firm_capital_class"), (), "differencing"),
        ("bank-a", ("unheard",), (), "contract-refused"),
        ("bank-a", ("firm_capital_loan",), ("--purpose", "guarantee"), "contract-refused"),
        ("bank-a", ("firm_capital_loan",), ("--plan", '{"kind": "gold"}'), "contract-refused"),
        ("bank-a", ("firm_capital_loan",), ("--plan", "gold"), "contract-refused"),
        ("bank-a", ("firm_capital_loan",), ("--quota", "day=many"), "contract-refused"),
        ("bank-a", ("firm_capital_loan",), ("--item", "WJW-02"), "prohibited-item"),
        ("bank-z", ("firm_capital_loan",), (), "unknown-name"),
    ):
        with pytest.raises(Refused) as no:
            hall.contract(name, *products, options=options) if name != "bank-z" else hall.run(
                "contract", "propose", hall.town.home, "--institution", name, "--product", *products
            )
        assert (name, products, no.value.code) == (name, products, code)
        assert no.value.answer["article"] if code == "prohibited-item" else True


def test_a_bureaus_licence_carries_its_bank(hall: Hall) -> None:
    hall.approve(hall.propose("bureau-z", "--kind", "bureau", "--licence", LICENCE))
    hall.approve(hall.propose("bank-a"))
    through = hall.contract("bank-a", "firm_capital_loan", options=("--holder", "bureau-z"))
    assert hall.approve(through)["state"] == "in_force"
    for_banks = hall.contract("bureau-z", "firm_capital_loan", options=("--end-user", "bank-a"))
    assert hall.approve(for_banks)["state"] == "in_force"


def test_officers_beyond_the_first_of_a_role_take_two_people(hall: Hall) -> None:
    home = hall.town.home
    third = hall.run(
        "officer", "add", home, "cara", "--role", "security", "--out", hall.of("cara"), "--key", hall.of("sys")
    )
    assert third["state"] == "open"
    waiting = ("institution", "propose", home, "--name", "bank-a", "--key", hall.bank_key("bank-a"))
    assert hall.code(*waiting, "--key-file", hall.of("cara")) == "not-allowed"
    assert hall.approve(third) == {
        "proposal": third["proposal"],
        "act": "add-officer",
        "officer": "cara",
        "role": "security",
    }
    assert hall.run(*waiting, "--key-file", hall.of("cara"))["state"] == "open"
    assert (home / "officers" / "cara.role").read_text("utf-8") == "security"
    for name, role in (("sys2", "system"), ("aud2", "audit")):
        first = hall.run("officer", "add", home, name, "--role", role, "--out", hall.of(name), "--key", hall.of("anna"))
        assert first["role"] == role and "proposal" not in first
    again = ("officer", "add", home, "anna", "--role", "audit", "--out", hall.of("x"), "--key", hall.of("bela"))
    assert hall.code(*again) == "home-refused", "one person has one role"


def test_an_auditor_proposes_nothing(hall: Hall) -> None:
    home = hall.town.home
    propose = ("institution", "propose", home, "--name", "bank-a", "--key", hall.bank_key("bank-a"))
    assert hall.code(*propose, "--key-file", hall.of("aud")) == "not-allowed"
    assert hall.code(*propose, "--by", "anna", "--key-file", hall.of("aud")) == "not-allowed"
    assert hall.code(*propose) == "not-allowed"
    erase = ("subject", "erase", home, "--uscc", "91350100M000100Y43", "--by", "sys", "--key", hall.of("sys"))
    assert hall.code(*erase, "--reason", "asked") == "not-allowed", "erasing is not the system's"
