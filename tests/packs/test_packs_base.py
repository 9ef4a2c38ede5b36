"""packs/base: the whole catalogue is there, agrees with its proposals, and keeps shut what must be shut."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from puhui.packs import PackSet, load_packs
from puhui.packs.forms import GATES, Field, Resource

ROOT = Path(__file__).parents[2]
BASE = ROOT / "packs" / "base"
DATA = Path(os.environ.get("PUHUI_REAL_DATA", ROOT.parent / "shared" / "data"))
DOMAIN = DATA.parent / "domain"
IDENTIFYING = ("uscc", "ric", "reg_no", "org_code", "tax_no", "local", "name", "phone", "address")


@pytest.fixture(scope="module")
def base() -> PackSet:
    return load_packs([BASE])


@pytest.fixture(scope="module")
def proposals() -> list[dict[str, str]]:
    with (BASE / "proposals.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def flow(value: object) -> str:
    """A value as the table writes it."""
    match value:
        case str():
            return value
        case Mapping():
            return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(flow(item) for item in value) + "]"
        case _:
            return str(value)


def written(resource: Resource, field: Field | None, attribute: str) -> str:
    """What the pack says where the table says `attribute`."""
    match attribute:
        case "release" if field is not None:
            return " ".join(field.release)
        case "field" if field is not None:
            return field.type
        case "duty":
            return resource.duty.zh
        case "adverse":
            rules = msgspec.to_builtins(resource.adverse)["retires"]
            return "; ".join(flow(in_table_order(rule)) for rule in rules)
        case "ends":
            endings = msgspec.to_builtins(resource.ends)
            return "; ".join(flow({key: part for key, part in one.items() if key != "source"}) for one in endings)
        case "period" | "aggregate_gate":
            part = msgspec.to_builtins(getattr(resource, attribute))
            return flow({key: item for key, item in part.items() if key != "source"})
        case _:
            return flow(getattr(field if field is not None else resource, attribute))


def in_table_order(rule: dict[str, object]) -> dict[str, object]:
    return {key: rule[key] for key in ("rule", "field", "years", "values") if key in rule}


def test_every_item_of_the_catalogue_is_a_resource(base: PackSet) -> None:
    own = [one for one in base.resources.values() if base.pack_of["resources", one.name] == "base"]
    assert len(own) == 189
    assert len({one.item_id for one in own}) == 189


def test_every_field_of_the_catalogue_is_there(base: PackSet, proposals: list[dict[str, str]]) -> None:
    added = {(row["item_id"], row["field"]) for row in proposals if row["attribute"] == "field"}
    fields = {(one.item_id, field.name) for one in base.resources.values() for field in one.fields}
    assert added <= fields
    assert len(fields - added) == 1620


@pytest.mark.skipif(not DOMAIN.is_dir(), reason="the domain tables are not beside the real data")
def test_names_and_items_are_those_of_the_domain_tables(base: PackSet) -> None:
    with (DOMAIN / "fields.csv").open(encoding="utf-8", newline="") as file:
        wanted = {(row["item_id"], row["field"], row["name_zh"]) for row in csv.DictReader(file)}
    found = {(one.item_id, field.name, field.title.zh) for one in base.resources.values() for field in one.fields}
    assert wanted <= found
    with (DOMAIN / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["item_id"]: row for row in csv.DictReader(file)}
    for resource in base.resources.values():
        row = rows[resource.item_id]
        assert (resource.title.zh, resource.grade) == (row["item_zh"], row["sensitivity_grade"])
        assert (resource.credit_gate, resource.cycle) == (row["credit_gate"], row["update_cycle"])


def test_resources_and_the_table_of_proposals_agree(base: PackSet, proposals: list[dict[str, str]]) -> None:
    differ = []
    for row in proposals:
        resource = base.resource(row["item_id"])
        field = resource.field(row["field"]) if row["field"] else None
        if row["attribute"] == "gate" and field is None:
            continue  # the gate of a whole item is that of its fields, each in a row of its own
        found = written(resource, field, row["attribute"])
        if found != row["value"]:
            differ.append((row["item_id"], row["field"], row["attribute"], row["value"], found))
    assert differ == []


def test_gate_and_release_of_every_field_stand_in_the_table(base: PackSet, proposals: list[dict[str, str]]) -> None:
    listed = {(row["item_id"], row["field"], row["attribute"]) for row in proposals}
    for resource in base.resources.values():
        for field in resource.fields:
            assert {
                (resource.item_id, field.name, "gate"),
                (resource.item_id, field.name, "release"),
            } <= listed
    assert all(row["rule"] and row["origin"] for row in proposals)


def test_lending_is_never_more_open_than_the_item_says_for_persons(base: PackSet) -> None:
    for resource in base.resources.values():
        if resource.about not in ("person", "both"):
            continue
        for field in resource.fields:
            gate = field.gate_for("lending", "person")
            assert GATES.index(gate) >= GATES.index(resource.credit_gate), (resource.name, field.name)


PROHIBITED = [
    "severe_mental_disorders",
    "hiv_risk_persons",
    "serious_illness_assistance",
    "medical_insurance_expenses",
    "inpatient_stays",
    "outpatient_visits",
    "health_checkups",
    "inpatient_reimbursements",
    "drug_users",
    "petitioners",
    "at_risk_youths",
    "students",
]


@pytest.mark.parametrize("name", PROHIBITED)
@pytest.mark.parametrize("purpose", ["lending", "guarantee"])
def test_what_may_never_be_lent_upon(base: PackSet, name: str, purpose: str) -> None:
    for field in base.resource(name).fields:
        assert field.gate_for(purpose, "person") == "prohibited", field.name


def test_drug_users_are_provided_for_no_purpose(base: PackSet) -> None:
    for field in base.resource("drug_users").fields:
        assert (field.gate, field.release) == ("prohibited", [])


def test_blood_type_is_never_taken_in(base: PackSet) -> None:
    donations = base.resource("WJW-05")
    field = donations.field("blood_type")
    assert (field.keep, field.gate) == ("drop", "prohibited")
    refusing = [check for check in donations.checks if check.severity == "refuse"]
    assert [check.holds for check in refusing] == ["blood_type IS NULL"]


def test_police_penalties_on_persons_are_set_aside(base: PackSet) -> None:
    for item in ("FGW-05", "YYD-02"):
        ids = {check.id: check.severity for check in base.resource(item).checks}
        assert ids["no_police_penalty_on_persons"] == "set_aside"


@pytest.mark.parametrize("item", ["SWJ-01", "SWJ-02", "SWJ-04", "SWJ-06"])
def test_a_sole_traders_tax_asks_for_written_consent_and_a_firms_does_not(base: PackSet, item: str) -> None:
    for field in base.resource(item).fields:
        assert field.gate_for("lending", "sole_trader") == "written_consent"
        assert field.gate_for("lending", "enterprise") == "enterprise_auth"


@pytest.mark.parametrize("item", ["ZRZY-01", "ZRZY-02", "ZRZY-03", "ZRZY-04", "ZRZY-05"])
def test_person_only_rules_do_not_bind_a_firms_property(base: PackSet, item: str) -> None:
    for field in base.resource(item).fields:
        assert field.gate_for("lending", "person") == "written_consent"
        assert field.gate_for("lending", "sole_trader") == "written_consent"
        assert field.gate_for("lending", "enterprise") == "enterprise_auth"


def test_utilities_and_telecom_need_the_suppliers_consent(base: PackSet) -> None:
    needs = {one.item_id.split("-")[0] for one in base.resources.values() if one.operation_consent == "required"}
    assert needs == {"DL", "RQ", "SW", "CMCC", "CT", "CU"}


def test_no_identifier_stays_in_the_lake_and_none_is_let_out(base: PackSet) -> None:
    for resource in base.resources.values():
        for field in resource.fields:
            if field.semantic in IDENTIFYING:
                assert field.keep != "lake", (resource.name, field.name)
                assert set(field.release) <= {"flag", "count"}, (resource.name, field.name)


def test_blocked_and_prohibited_fields_let_nothing_out(base: PackSet) -> None:
    for resource in base.resources.values():
        for field in resource.fields:
            if field.use == "blocked" or field.gate == "prohibited":
                assert field.release == [], (resource.name, field.name)


def test_income_and_balances_of_persons_are_never_let_out_as_they_are(base: PackSet) -> None:
    for item, name in (("GJJ-02", "hf_base"), ("GJJ-03", "hf_balance"), ("SWJ-03", "pit_income")):
        assert "value" not in base.resource(item).field(name).release


def test_counts_by_employer_have_a_gate_of_their_own(base: PackSet) -> None:
    for item in ("RSJ-03", "RSJ-04", "SWJ-03"):
        gate = base.resource(item).aggregate_gate
        assert gate is not None
        assert (gate.gate, gate.forms) == ("enterprise_auth", ["count"])


def test_the_current_divisions_are_known_by_code(base: PackSet) -> None:
    regions = {value.code: value.title.zh for value in base.codes["regions_gbt2260"].values}
    assert len(regions) > 3000
    assert regions["360500"] == "新余市"


@pytest.mark.skipif(not DATA.is_dir(), reason="the real data are not here (PUHUI_REAL_DATA)")
@pytest.mark.parametrize(
    ("file", "mapping"),
    [
        ("registry_xinyu.csv", "registry_open_csv"),
        ("registry_jian.csv", "registry_open_csv"),
        ("dishonest_debtors_sample.csv", "dishonest_debtors_open_csv"),
    ],
)
def test_the_layouts_of_real_files_are_known(base: PackSet, file: str, mapping: str) -> None:
    with (DATA / file).open(encoding="utf-8-sig", newline="") as lines:
        header = next(csv.reader(lines))
    fitting = [one for one in base.mappings.values() if set(one.header) <= set(header)]
    assert [one.name for one in fitting] == [mapping]
    columns = [source for column in fitting[0].columns.values() for source in sources(column.from_)]
    assert set(header) <= {*columns, *fitting[0].ignore}


def sources(from_: str | list[str]) -> list[str]:
    return [from_] if isinstance(from_, str) else from_
