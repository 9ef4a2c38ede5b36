"""Three roles, one a person: which act needs which, as one table; and officers as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from puhui.adapters.officers_files import OfficerFiles, make_key
from puhui.desk.acts import ACTS
from puhui.desk.roles import DEFAULT, WHO, Role, check_may_approve, check_may_propose
from puhui.model.refusals import HomeRefused, NotAllowed

SYSTEM, SECURITY, AUDIT = Role


@dataclass
class Staff:
    """An OfficerBook with one officer a role, called by it."""

    held: Mapping[str, Role] = field(default_factory=lambda: {role.value: role for role in Role})

    def keys(self) -> Mapping[str, bytes]:
        return {}

    def roles(self) -> Mapping[str, Role]:
        return self.held

    def add(self, name: str, public: bytes, role: Role) -> None: ...


def may(check: object, act: str, by: str) -> bool:
    try:
        check(Staff(), act, by=by)  # type: ignore[operator]
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize("act", sorted(WHO))
@pytest.mark.parametrize("role", list(Role))
def test_the_table_is_what_is_kept(act: str, role: Role) -> None:
    assert may(check_may_propose, act, role.value) is (role in WHO[act].proposes)
    assert may(check_may_approve, act, role.value) is (role in WHO[act].approves)
    assert not may(check_may_propose, act, "nobody") and not may(check_may_propose, act, "")


def test_every_dangerous_act_stands_in_the_table() -> None:
    assert set(ACTS) <= set(WHO)
    assert all(WHO[act].approves for act in ACTS)


def test_an_auditor_changes_nothing() -> None:
    assert [act for act, who in WHO.items() if AUDIT in who.proposes] == ["make-table"], "it reads, and changes nothing"
    assert [act for act, who in WHO.items() if AUDIT in who.approves] == ["open-sealed-entry"]


def test_admissions_and_contracts_are_securitys_to_approve() -> None:
    for act in ("admit-institution", "change-institution", "add-institution-key", "sign-contract", "add-officer"):
        assert WHO[act].approves == {SECURITY}
    for act in ("suspend-institution", "revoke-institution-key", "end-contract"):
        assert WHO[act].proposes == {SECURITY} and not WHO[act].approves, "stopping something waits for nobody"


def test_a_zone_without_officers_asks_for_no_role() -> None:
    check_may_propose(Staff({}), "erase-subject", by="anybody")
    check_may_approve(Staff({}), "erase-subject", by="somebody")


def test_an_act_that_nobody_placed_is_nobodys() -> None:
    with pytest.raises(KeyError):
        check_may_propose(Staff(), "unheard-of", by="security")


@pytest.fixture
def officers(tmp_path: Path) -> OfficerFiles:
    return OfficerFiles(tmp_path / "officers")


def test_an_officer_has_a_role_from_the_first_moment(officers: OfficerFiles, tmp_path: Path) -> None:
    assert (officers.keys(), officers.roles()) == ({}, {})
    for _ in range(2):
        officers.add("anna", b"a" * 32, AUDIT)
    assert OfficerFiles(tmp_path / "officers").roles() == {"anna": AUDIT}
    assert officers.keys() == {"anna": b"a" * 32}
    assert (tmp_path / "officers").stat().st_mode & 0o777 == 0o700
    (tmp_path / "officers" / "bela.role").write_text("audit")
    assert "bela" not in officers.roles(), "a role without a key is nobody: a stop came between the two"


def test_who_was_registered_before_there_were_roles(officers: OfficerFiles, tmp_path: Path) -> None:
    (tmp_path / "officers").mkdir()
    (tmp_path / "officers" / "old.pub").write_bytes(b"o" * 32)
    assert officers.roles() == {"old": DEFAULT}


@pytest.mark.parametrize(
    ("name", "public", "role"),
    [
        ("anna", b"b" * 32, SYSTEM),
        ("anna", b"a" * 32, AUDIT),
        ("bela", b"a" * 32, AUDIT),
        ("../bela", b"b" * 32, AUDIT),
        ("", b"b" * 32, AUDIT),
        ("b" * 61, b"b" * 32, AUDIT),
    ],
)
def test_one_person_has_one_role(officers: OfficerFiles, name: str, public: bytes, role: Role) -> None:
    officers.add("anna", b"a" * 32, SYSTEM)
    with pytest.raises(HomeRefused):
        officers.add(name, public, role)
    assert officers.roles() == {"anna": SYSTEM}


def test_a_key_file_is_its_owners_alone_and_never_written_over(tmp_path: Path) -> None:
    public = make_key(tmp_path / "a.key")
    assert len(public) == 32 and (tmp_path / "a.key").stat().st_mode & 0o777 == 0o600
    with pytest.raises(HomeRefused):
        make_key(tmp_path / "a.key")
