"""Linking: the first filled identifier wins, others are adopted, contradictions reported, nothing merged."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from puhui.model.delivery import Severity
from puhui.model.identifiers import verify
from puhui.model.refusals import NoSubject
from puhui.model.subject import SubjectKind
from puhui.subjects.link import link_others
from puhui.subjects.lookup import find, history
from puhui.subjects.vault import Vault

from . import subjects_made as made
from .subjects_made import REGISTER, checks, deliver, open_vault, org_code, reg_no, ric, tokens, uscc

FIRM = uscc(1)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path)


def test_a_code_gets_one_token_for_good(vault: Vault) -> None:
    first = deliver(vault, REGISTER, [{"uscc": FIRM, "ent_name": "甲厂"}])
    again = deliver(vault, REGISTER, [{"uscc": FIRM, "ent_name": "甲厂"}])
    assert tokens(first) == tokens(again)
    assert (first.new_subjects, again.new_subjects) == (1, 0)
    assert first.findings == again.findings == []


def test_a_token_says_city_zone_and_kind_and_its_bucket_follows(vault: Vault) -> None:
    linking = deliver(vault, REGISTER, [{"uscc": FIRM}, {"uscc": uscc(2, "92")}, {"uscc": uscc(3, "12")}])
    found = [token or "" for token in tokens(linking)]
    assert [token[:9] for token in found] == ["360500a1E", "360500a1I", "360500a1U"]
    assert all(len(token) == 29 for token in found)
    assert linking.tokens["bucket"].to_pylist() == [int(token[-2:], 16) % 16 for token in found]
    assert linking.tokens["confidence"].to_pylist() == [1.0, 1.0, 1.0]


def test_the_spelling_of_a_code_does_not_matter(vault: Vault) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in FIRM)
    linking = deliver(vault, REGISTER, [{"uscc": FIRM}, {"uscc": f" {FIRM.lower()} "}, {"uscc": wide}])
    assert len(set(tokens(linking))) == 1


def test_the_cross_walk_leads_every_code_to_one_subject(vault: Vault) -> None:
    rows = [{"uscc": FIRM, "reg_no": reg_no(11)}]
    (token,) = tokens(deliver(vault, REGISTER, rows))
    tax = "360502" + org_code(1)
    for kind, value in (
        ("uscc", FIRM), ("reg_no", reg_no(11)), ("org_code", org_code(1)),
        ("org_code", f"{org_code(1)[:8]}-{FIRM[16]}"),
        ("tax_no", FIRM), ("by_form", org_code(1)),
    ):  # fmt: skip
        assert find(vault, kind, value, today=made.TODAY).token == token
    by_tax = deliver(vault, made.resource([("tax_no", "tax_no")]), [{"tax_no": tax}])
    assert tokens(by_tax) == [token]
    assert by_tax.new_subjects == 0


def test_a_firm_known_by_an_old_number_keeps_its_token_when_its_credit_code_comes(vault: Vault) -> None:
    (old,) = tokens(deliver(vault, REGISTER, [{"reg_no": reg_no(11)}]))
    linking = deliver(vault, REGISTER, [{"uscc": FIRM, "reg_no": reg_no(11)}])
    assert tokens(linking) == [old]
    assert checks(linking) == []


def test_within_one_parcel_too(vault: Vault) -> None:
    rows = [{"reg_no": reg_no(11)}, {"uscc": FIRM, "reg_no": reg_no(11)}, {"uscc": FIRM}]
    linking = deliver(vault, REGISTER, rows)
    assert len(set(tokens(linking))) == 1
    assert linking.new_subjects == 1


def test_an_identifier_of_another_subject_is_reported_and_nothing_is_merged(vault: Vault) -> None:
    rows = [{"uscc": FIRM, "reg_no": reg_no(11)}, {"uscc": uscc(2), "reg_no": reg_no(12)}]
    before = tokens(deliver(vault, REGISTER, rows))
    crossed = deliver(vault, REGISTER, [{"uscc": FIRM, "reg_no": reg_no(12)}])
    assert tokens(crossed) == before[:1]
    assert checks(crossed) == [(1, "identifier-conflict")]
    assert crossed.findings[0].severity is Severity.WARN
    assert find(vault, "reg_no", reg_no(12), today=made.TODAY).token == before[1]


def test_a_second_credit_code_does_not_come_in_through_a_shared_number(vault: Vault) -> None:
    rows = [{"uscc": FIRM, "reg_no": reg_no(11)}, {"uscc": uscc(2), "reg_no": reg_no(11)}]
    linking = deliver(vault, REGISTER, rows)
    assert len(set(tokens(linking))) == 2
    assert checks(linking) == [(2, "identifier-conflict")]


def test_a_sole_trader_is_not_a_company_of_the_same_number(vault: Vault) -> None:
    rows = [{"reg_no": reg_no(11)}, {"uscc": uscc(2, "92"), "reg_no": reg_no(11)}]
    linking = deliver(vault, REGISTER, rows)
    first, second = (token or "" for token in tokens(linking))
    assert (first[8], second[8]) == ("E", "I")
    assert checks(linking) == [(2, "identifier-conflict")]


def test_an_institution_first_known_by_its_organisation_code_keeps_it_and_the_kind_is_reported(
    vault: Vault,
) -> None:
    by_org = deliver(vault, made.resource([("org", "org_code")]), [{"org": org_code(5)}])
    linking = deliver(vault, REGISTER, [{"uscc": uscc(5, "12")}])
    assert tokens(linking) == tokens(by_org)
    assert checks(linking) == [(1, "kind-differs")]


def test_contradicting_codes_in_one_row_are_reported(vault: Vault) -> None:
    both = made.resource([("uscc", "uscc"), ("org", "org_code"), ("tax_no", "tax_no")])
    linking = deliver(vault, both, [{"uscc": FIRM, "org": org_code(2), "tax_no": uscc(3)}])
    assert checks(linking) == [(1, "identifier-conflict"), (1, "identifier-conflict")]
    with pytest.raises(NoSubject):
        find(vault, "org_code", org_code(2), today=made.TODAY)


def test_a_persons_number_never_becomes_a_firms_identifier(vault: Vault) -> None:
    owner = made.resource([("uscc", "uscc"), ("owner", "ric")])
    linking = deliver(vault, owner, [{"uscc": FIRM, "owner": ric()}, {"uscc": "", "owner": ric()}])
    firm, person = (token or "" for token in tokens(linking))
    assert (firm[8], person[8]) == ("E", "P")
    assert linking.findings == []


def test_an_identifier_told_by_its_form(vault: Vault) -> None:
    codes = [FIRM, org_code(1), ric(), "36050219800101", "3605****1234", "360502800101001"]
    linking = deliver(vault, made.COURT, [{"exec_id": code} for code in codes])
    found = tokens(linking)
    assert found[0] == found[1]
    assert [token and token[8] for token in found] == ["E", "E", "P", None, None, "P"]
    assert (4, "identifier-length") in checks(linking)
    assert (5, "identifier-masked") in checks(linking)
    assert sorted(f.identity for f in linking.findings if f.severity is Severity.SET_ASIDE) == [4, 5]


def test_a_citizen_number_that_passes_for_a_credit_code_is_a_persons(vault: Vault) -> None:
    births = (f"19{n // 336 % 100:02d}{n // 28 % 12 + 1:02d}{n % 28 + 1:02d}" for n in range(3000))
    both = next(number for birth in births if (number := ric(birth, area="110101")) and is_credit_code(number))
    linking = deliver(vault, made.COURT, [{"exec_id": both}])
    assert (tokens(linking)[0] or "")[8] == "P"
    by_tax = deliver(vault, made.resource([("tax_no", "tax_no")]), [{"tax_no": both}])
    assert tokens(by_tax) == tokens(linking)


def is_credit_code(text: str) -> bool:
    return bool(verify("uscc", pa.array([text]), made.TODAY).valid[0])


def test_fifteen_digits_that_fit_both_forms_are_nobodys(vault: Vault) -> None:
    both = next(
        number
        for number in (reg_no(80_01_01_00 + serial) for serial in range(100))
        if verify("ric", pa.array([number]), made.TODAY).valid[0]
    )
    ways = made.resource([("id", "ric"), ("id", "reg_no")])
    linking = deliver(vault, ways, [{"id": both}])
    assert tokens(linking) == [None]
    assert checks(linking)[0] == (1, "identifier-ambiguous")


def test_an_invalid_first_identifier_is_reported_and_the_next_one_counts(vault: Vault) -> None:
    (known,) = tokens(deliver(vault, REGISTER, [{"uscc": FIRM, "reg_no": reg_no(11)}]))
    wrong = FIRM[:-1] + ("A" if FIRM[-1] != "A" else "B")
    linking = deliver(vault, REGISTER, [{"uscc": wrong, "reg_no": reg_no(11)}, {"uscc": "9136O5020000000112"}])
    assert tokens(linking) == [known, None]
    assert checks(linking) == [
        (1, "identifier-check-digit"), (2, "identifier-letter-for-digit"),
    ]  # fmt: skip


def test_two_names_under_one_code_are_reported_and_both_kept(vault: Vault) -> None:
    rows = [
        {"uscc": FIRM, "ent_name": "新余市甲商贸有限公司"},
        {"uscc": FIRM, "ent_name": "新余市甲商贸有限公司第一分店"},
    ]
    linking = deliver(vault, REGISTER, rows)
    assert checks(linking) == [(1, "one-code-two-names"), (2, "one-code-two-names")]
    subject = find(vault, "uscc", FIRM, today=made.TODAY)
    assert {entry.name for entry in history(vault, subject).names} == {row["ent_name"] for row in rows}
    again = deliver(vault, REGISTER, rows, parcel="p2")
    assert len(history(vault, subject).names) == 2
    assert tokens(again) == tokens(linking)


def test_spellings_of_one_name_are_no_second_name(vault: Vault) -> None:
    rows = [
        {"uscc": FIRM, "ent_name": "新余甲（集团）有限公司"},
        {"uscc": FIRM, "ent_name": "新余甲(集团)有限责任公司"},
    ]
    assert checks(deliver(vault, REGISTER, rows)) == []


def test_two_firms_of_one_name_are_told_apart_by_their_codes(vault: Vault) -> None:
    rows = [{"uscc": uscc(n), "ent_name": "新余市甲商贸有限公司"} for n in (1, 2)]
    linking = deliver(vault, REGISTER, rows)
    assert len(set(tokens(linking))) == 2
    assert checks(linking) == [(1, "one-name-two-codes"), (2, "one-name-two-codes")]


def test_a_rename_keeps_the_old_name(vault: Vault) -> None:
    for n, name in enumerate(["甲商贸有限公司", "乙商贸有限公司", "乙商贸有限公司", "甲商贸有限公司"]):
        deliver(vault, REGISTER, [{"uscc": FIRM, "ent_name": name, "phone": "0790-1"}], parcel=f"p{n}")
    held = history(vault, find(vault, "uscc", FIRM, today=made.TODAY))
    assert [(e.name, e.parcel) for e in held.names] == [
        ("甲商贸有限公司", "p0"), ("乙商贸有限公司", "p1"), ("甲商贸有限公司", "p3"),
    ]  # fmt: skip
    assert [(d.field, d.value, d.parcel) for d in held.details] == [("phone", "0790-1", "p0")]
    assert SubjectKind.ENTERPRISE is held.subject.kind


def test_local_codes_stand_for_the_subjects_of_their_resource(vault: Vault) -> None:
    firms = made.resource([("firm", "local:cumcm")])
    linking = deliver(vault, firms, [{"firm": "E1"}, {"firm": "E2"}, {"firm": "e1"}])
    assert len(set(tokens(linking))) == 3
    assert find(vault, "local:cumcm", " E1 ", today=made.TODAY).token == tokens(linking)[0]


def test_other_ends_of_a_row_become_tokens_and_strangers_are_adopted(vault: Vault) -> None:
    (known,) = tokens(deliver(vault, REGISTER, [{"uscc": FIRM}]))
    values = pa.array([FIRM, uscc(9), None, "nonsense", uscc(9)])
    found = link_others(vault, ("uscc", "ric"), values, today=made.TODAY).to_pylist()
    assert found[0] == known
    assert found[1] == found[4] == find(vault, "uscc", uscc(9), today=made.TODAY).token
    assert found[2] is found[3] is None


def test_a_batch_that_fails_adopts_nobody(vault: Vault) -> None:
    with pytest.raises(KeyError), vault.batch():
        deliver(vault, REGISTER, [{"uscc": FIRM}])
        raise KeyError
    with pytest.raises(NoSubject):
        find(vault, "uscc", FIRM, today=made.TODAY)
    assert deliver(vault, REGISTER, [{"uscc": FIRM}]).new_subjects == 1


def test_an_empty_parcel_links_nothing(vault: Vault) -> None:
    table = pa.table({"identity": pa.array([], pa.int64()), "uscc": pa.array([], pa.string())})
    source = made.SourceOfNames("p", "", made.TODAY)
    linking = made.link(vault, REGISTER, table, source=source, today=made.TODAY, matcher=made.NobodyNear())
    assert (linking.tokens.num_rows, linking.findings, linking.new_subjects) == (0, [], 0)


def test_a_name_does_not_mend_a_wrong_code(vault: Vault) -> None:
    deliver(vault, REGISTER, [{"uscc": FIRM, "ent_name": "新余华泰百货有限公司"}])
    wrong = FIRM[:-1] + ("A" if FIRM[-1] != "A" else "B")
    linking = deliver(vault, made.COURT, [{"exec_id": wrong, "exec_name": "新余华泰百货有限公司"}])
    assert tokens(linking) == [None]
    assert [(f.check, f.severity) for f in linking.findings] == [("identifier-check-digit", Severity.SET_ASIDE)]
