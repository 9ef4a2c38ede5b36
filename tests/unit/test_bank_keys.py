"""An institution's key files: the id stands in the text before the PEM; nothing is overwritten; others cannot read."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from puhui.bank.keys import new_key, read_key, trusted_keys, zone_keys
from puhui.model.refusals_question import KeyRefused
from puhui.wire.keys import generate, public_of_pem, write_private
from puhui.wire.trust import write_trust

from ..answered import AT, ZONE, key, trust_of, trusted, zone_of


def test_a_key_is_read_back_under_the_id_that_its_file_states(tmp_path: Path) -> None:
    made, public = new_key("bank-a", tmp_path / "signing.pem", version=3)
    read = read_key(tmp_path / "signing.pem")
    assert (made.id, read.id) == ("bank-a/3", "bank-a/3")
    assert read.sign(b"x") == made.sign(b"x")
    assert public_of_pem(public.read_bytes(), "bank-a/3") == made.verifying()
    assert public.name == "signing.pub"


def test_other_programs_read_the_same_files(tmp_path: Path) -> None:
    _, public = new_key("bank-a", tmp_path / "signing.pem")
    private = load_pem_private_key((tmp_path / "signing.pem").read_bytes(), password=None)
    assert private.public_key() == load_pem_public_key(public.read_bytes())


def test_the_private_half_is_for_its_owner_alone(tmp_path: Path) -> None:
    new_key("bank-a", tmp_path / "signing.pem")
    assert stat.S_IMODE((tmp_path / "signing.pem").stat().st_mode) == 0o600


def test_a_file_without_an_id_is_version_1_of_its_name(tmp_path: Path) -> None:
    write_private(generate("bank-b/7"), tmp_path / "bank-b.pem")
    assert read_key(tmp_path / "bank-b.pem").id == "bank-b/1"
    assert read_key(tmp_path / "bank-b.pem", "bank-b/7").id == "bank-b/7"


@pytest.mark.parametrize("name", ["bank-a.pem", "bank-a.pub"])
def test_no_file_is_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(KeyRefused):
        new_key("bank-a", tmp_path / "bank-a.pem")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, b"mine")]


@pytest.mark.parametrize("institution", ["", "Bank", "bank a", "bank-a/1", "../x"])
def test_an_id_is_an_institution_s(tmp_path: Path, institution: str) -> None:
    with pytest.raises(KeyRefused):
        new_key(institution, tmp_path / "k.pem")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("raw", [b"", b"Key-Id: bank-a/1\n", b"Key-Id: bank-a/1\n-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "bank-a.pem").write_bytes(raw)
    with pytest.raises(KeyRefused):
        read_key(tmp_path / "bank-a.pem")
    with pytest.raises(KeyRefused):
        read_key(tmp_path / "missing.pem")


def test_only_keys_in_force_are_the_zone_s() -> None:
    ended = trusted(key("zone/1"), end="2026-06-01T00:00:00Z")
    now = trusted(key("zone/2"), start="2026-06-01T00:00:00Z")
    trust = trust_of(zones=(zone_of(answer_keys=(ended, now)),))
    assert list(zone_keys(trust, AT)) == ["zone/2"]
    assert list(zone_keys(trust, datetime(2026, 3, 1, tzinfo=UTC))) == ["zone/1"]


def test_two_zones_whose_keys_differ_must_be_told_apart(tmp_path: Path) -> None:
    other = zone_of(origin="puhui/360500/b2", answer_keys=(trusted(key("zone/1", "other")),))
    same = zone_of(origin="puhui/360500/c3")
    file = tmp_path / "TRUST.json"
    file.write_bytes(write_trust(trust_of(zones=(zone_of(), same))))
    assert trusted_keys(file)["zone/1"] == ZONE.verifying()
    file.write_bytes(write_trust(trust_of(zones=(zone_of(), other))))
    with pytest.raises(KeyRefused):
        trusted_keys(file)
    assert trusted_keys(file, "puhui/360500/b2")["zone/1"] == key("zone/1", "other").verifying()
