"""Name-only rows: linked when one body bears the name, a steward's when unsure, never for persons."""

from __future__ import annotations

from pathlib import Path

import pytest

from puhui.adapters.names_splink import SplinkNames
from puhui.model.refusals import NoSubject, NotAllowed, UnknownName
from puhui.subjects.lookup import find
from puhui.subjects.resolve import decide, open_cases
from puhui.subjects.vault import Vault

from . import subjects_made as made
from .subjects_made import COURT, REGISTER, TODAY, Always, checks, deliver, open_vault, ric, tokens, uscc

SHARED, ALONE, BRANCH = (
    "新余市昌盛商贸有限公司",
    "江西志群水电建设工程有限公司",
    "江西志群水电建设工程有限公司分宜分公司",
)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    vault = open_vault(tmp_path)
    names = [SHARED, SHARED, ALONE, BRANCH, "分宜县兴农种养专业合作社"]
    deliver(vault, REGISTER, [{"uscc": uscc(n), "ent_name": name} for n, name in enumerate(names, 1)])
    return vault


def token_of(vault: Vault, serial: int) -> str:
    return find(vault, "uscc", uscc(serial), today=TODAY).token


def court(*names: str) -> list[dict[str, str]]:
    return [{"exec_id": "", "exec_name": name} for name in names]


def test_a_name_that_one_firm_bears_is_linked(vault: Vault) -> None:
    linking = deliver(vault, COURT, court(ALONE, "江西 志群水电建设工程有限责任公司", BRANCH))
    assert tokens(linking) == [token_of(vault, 3), token_of(vault, 3), token_of(vault, 4)]
    assert linking.tokens["confidence"].to_pylist() == [1.0] * 3
    assert linking.findings == []


def test_two_firms_of_one_name_are_always_unsure(vault: Vault) -> None:
    linking = deliver(vault, COURT, court(SHARED), matcher=Always(1.0))
    assert tokens(linking) == [None]
    assert checks(linking) == [(1, "name-unsure")]
    (case,) = open_cases(vault)
    assert {candidate.token for candidate in case.candidates} == {token_of(vault, 1), token_of(vault, 2)}
    assert case.name == "新余*******公司"
    assert (case.resource, case.parcels) == ("court", ("p1",))


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("王小明", "person-by-name"),
        ("新余市**有限公司", "name-masked"),
        ("长沙市不在此地有限公司", "name-unknown"),
    ],
)
def test_names_that_are_never_linked(vault: Vault, name: str, check: str) -> None:
    linking = deliver(vault, COURT, court(name))
    assert tokens(linking) == [None]
    assert checks(linking) == [(1, check)]
    assert open_cases(vault) == []


def test_a_person_is_not_found_by_name_even_if_the_vault_knows_it(vault: Vault) -> None:
    people = made.resource([("id", "ric")], name="people", fields=[("person", "name")], names="authoritative")
    deliver(vault, people, [{"id": ric(), "person": "王小明五金店"}])
    assert tokens(deliver(vault, COURT, court("王小明五金店"))) == [None]


def test_the_code_goes_before_the_name(vault: Vault) -> None:
    linking = deliver(vault, COURT, [{"exec_id": uscc(5), "exec_name": ALONE}])
    assert tokens(linking) == [token_of(vault, 5)]


def test_a_former_name_still_finds_its_firm_unless_another_bears_it_now(vault: Vault) -> None:
    deliver(vault, REGISTER, [{"uscc": uscc(3), "ent_name": "江西新名水电有限公司"}])
    assert tokens(deliver(vault, COURT, court(ALONE))) == [token_of(vault, 3)]
    deliver(vault, REGISTER, [{"uscc": uscc(8), "ent_name": ALONE}])
    assert checks(deliver(vault, COURT, court(ALONE))) == [(1, "name-unsure")]


def test_a_match_below_certainty_is_linked_from_the_threshold_on(vault: Vault) -> None:
    asked = court("志群水电建设工程有限公司")
    assert checks(deliver(vault, COURT, asked, matcher=Always(0.98))) == [(1, "name-unsure")]
    linking = deliver(vault, COURT, asked, matcher=Always(0.99))
    assert tokens(linking) == [token_of(vault, 3)]
    assert linking.tokens["confidence"].to_pylist() == [0.99]
    assert open_cases(vault) == []


def test_a_decision_is_remembered_for_the_same_name_of_the_same_source(vault: Vault) -> None:
    deliver(vault, COURT, court(SHARED))
    (case,) = open_cases(vault, resource="court")
    decided = decide(vault, case.id, token_of(vault, 2), by="officer-1", reason="地址一致", at=TODAY)
    assert (decided.state, decided.token) == ("linked", token_of(vault, 2))
    again = deliver(vault, COURT, court("新余市昌盛商贸有限责任公司"), parcel="p2")
    assert tokens(again) == [token_of(vault, 2)]
    assert open_cases(vault) == []
    elsewhere = made.resource([("exec_name", "name")], name="another_court")
    assert checks(deliver(vault, elsewhere, court(SHARED))) == [(1, "name-unsure")]


def test_a_name_that_means_nobody_stays_set_aside(vault: Vault) -> None:
    deliver(vault, COURT, court(SHARED))
    (case,) = open_cases(vault)
    assert decide(vault, case.id, None, by="officer-1", reason="外地企业", at=TODAY).state == "dismissed"
    assert checks(deliver(vault, COURT, court(SHARED))) == [(1, "name-dismissed")]


def test_a_case_collects_the_parcels_that_wait_for_it(vault: Vault) -> None:
    for parcel in ("p1", "p2", "p1"):
        deliver(vault, COURT, court(SHARED), parcel=parcel)
    (case,) = open_cases(vault)
    assert case.parcels == ("p1", "p2")


def test_decisions_need_a_case_an_officer_a_reason_and_a_subject(vault: Vault) -> None:
    deliver(vault, COURT, court(SHARED))
    (case,) = open_cases(vault)
    with pytest.raises(UnknownName):
        decide(vault, "00" * 16, None, by="o", reason="r", at=TODAY)
    with pytest.raises(UnknownName):
        decide(vault, "no hex", None, by="o", reason="r", at=TODAY)
    with pytest.raises(NotAllowed):
        decide(vault, case.id, None, by="o", reason="", at=TODAY)
    with pytest.raises(NoSubject):
        decide(vault, case.id, "360500a1E" + "0" * 20, by="o", reason="r", at=TODAY)
    assert open_cases(vault) == [case]


def test_splink_links_what_only_left_out_a_place_or_form_and_leaves_the_rest(vault: Vault) -> None:
    asked = [
        "志群水电建设工程有限公司",  # place left out
        "江西志群水电建设工程",  # form left out
        "江西志裙水电建设工程有限公司",  # a character typed wrong
        "昌盛商贸有限公司",  # two bear it
        "赣州市兴农种养专业合作社",  # another place
    ]
    linking = deliver(vault, COURT, court(*asked), matcher=SplinkNames())
    assert tokens(linking) == [token_of(vault, 3), token_of(vault, 3), None, None, None]
    assert checks(linking) == [(3, "name-unsure"), (4, "name-unsure"), (5, "name-unknown")]
    confidence = linking.tokens["confidence"].to_pylist()[:2]
    assert all(0.99 <= probability < 1 for probability in confidence)
