"""What a new version of a pack changes: every kind of document, and what of it lets more leave."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from puhui.packs import definition_digest, load_packs, new_pack
from puhui.packs.diff import Change, changed_packs, loosened, pack_changes

MORE = {
    "parameters/floor.yaml": """format: 1
name: floor
title: {zh: 下限, en: Floor}
values:
  - {from: 2020-01-01, value: 1, source: a decree}
  - {from: 2024-01-01, value: 2.50, source: another}
""",
    "products/basic.yaml": """format: 1
name: basic
title: {zh: 基本, en: Basic}
kind: indicators
purpose: lending
channel: filed_enterprise_bureau
subjects: [enterprise]
indicators: [water_pilot_amount_12m]
letter: query
""",
    "letters/query.yaml": """format: 1
name: query
title: {zh: 授权书, en: Letter}
purpose: lending
ticks:
  - id: water
    gate: enterprise_auth
    items: [WATERPILOT-01]
    text: {zh: 同意, en: We agree}
text: {zh: 授权, en: We authorise}
""",
    "purposes/lending.yaml": """format: 1
name: lending
title: {zh: 贷款, en: Lending}
values:
  - from: 2020-01-01
    range_months: 36
    uses: {month: 4}
    life_days: 365
    retention_days: 1825
    sources: {range_months: a, uses: b, life_days: c, retention_days: d}
""",
    "checks/all_paid.sql": """/*
format: 1
resource: water_pilot
severity: set_aside
title: {zh: 都有金额, en: All have an amount}
*/
SELECT line FROM rows WHERE amount IS NULL
""",
}
PURPOSE = "purposes/lending.yaml"
RESOURCE, CODES = "resources/water_pilot.yaml", "codes/water_pilot_state.yaml"
INDICATOR, PRODUCT, LETTER = "indicators/water_pilot_amount_12m.sql", "products/basic.yaml", "letters/query.yaml"
CHECK, PARAMETER, TEST = "checks/all_paid.sql", "parameters/floor.yaml", "tests/water_pilot_amount_12m.yaml"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pack = new_pack(tmp_path_factory.mktemp("old"), "water-pilot")
    for name, text in MORE.items():
        (pack / name).parent.mkdir(exist_ok=True)
        (pack / name).write_text(text, encoding="utf-8")
    return pack


@pytest.fixture
def new(old: Path, tmp_path: Path) -> Path:
    return shutil.copytree(old, tmp_path / "new" / old.name)


def edit(pack: Path, name: str, was: str, now: str) -> None:
    text = (pack / name).read_text(encoding="utf-8")
    assert was in text
    (pack / name).write_text(text.replace(was, now, 1), encoding="utf-8")


def changes(old: Path, new: Path) -> list[Change]:
    return pack_changes(old.name, load_packs([old]), load_packs([new]))


def test_nothing_changed(old: Path, new: Path) -> None:
    assert changes(old, new) == []
    assert changed_packs(load_packs([old]), load_packs([new])) == []


AMOUNT = "    unit: CNY\n    grade: G2\n    gate: enterprise_auth\n    use: score\n    release: [value, band, sum]"
EDITS: dict[str, tuple[str, str, str, str, str]] = {  # file, was, now → part, effect
    "grade lower": (RESOURCE, "    grade: G2\n", "    grade: G1\n", "fields.amount.grade", "loosened"),
    "grade higher": (RESOURCE, "    grade: G2\n", "    grade: G3\n", "fields.amount.grade", "tightened"),
    "gate opened": (RESOURCE, AMOUNT, AMOUNT.replace("enterprise_auth", "public"), "fields.amount.gate", "loosened"),
    "gate closed": (RESOURCE, AMOUNT, AMOUNT.replace("enterprise_auth", "consent"), "fields.amount.gate", "tightened"),
    "use narrower": (RESOURCE, AMOUNT, AMOUNT.replace("score", "verify"), "fields.amount.use", "tightened"),
    "a form more": (RESOURCE, "[value, band, sum]", "[value, band, sum, mean]", "fields.amount.release", "loosened"),
    "a form less": (RESOURCE, "release: [value, count]", "release: [count]", "fields.state.release", "tightened"),
    "out of the vault": (RESOURCE, "keep: vault", "keep: drop", "fields.uscc.keep", "tightened"),
    "not required": (RESOURCE, "required: true\n    grade", "grade", "fields.uscc.required", "loosened"),
    "masked": (RESOURCE, "keep: vault", "keep: vault\n    mask: keep_ends", "fields.uscc.mask", "tightened"),
    "of a person": (RESOURCE, "keep: vault", "keep: vault\n    pi: P", "fields.uscc.pi", "tightened"),
    "a title": (RESOURCE, "en: Unified social credit code", "en: Credit code", "fields.uscc.title", "neutral"),
    "item gate": (RESOURCE, "credit_gate: enterprise_auth", "credit_gate: public", "credit_gate", "loosened"),
    "item use": (RESOURCE, "use: score\nshare", "use: policy_only\nshare", "use", "tightened"),
    "a steward": (RESOURCE, "lag_days: 20", "lag_days: 20\nsteward_release: true", "steward_release", "tightened"),
    "threshold": (RESOURCE, "lag_days: 20", "lag_days: 20\nthreshold: 0.5", "threshold", "loosened"),
    "signed": (
        RESOURCE,
        "lag_days: 20",
        "lag_days: 20\nmanifest_signature: required",
        "manifest_signature",
        "tightened",
    ),
    "a severer check": (
        RESOURCE,
        "severity: warn",
        "severity: refuse",
        "checks.amount_not_negative.severity",
        "tightened",
    ),
    "a check renamed": (
        RESOURCE,
        "id: amount_not_negative",
        "id: amount_fits",
        "checks.amount_not_negative",
        "loosened",
    ),
    "a code": (CODES, "also: [生效]", "also: [生效, 在用]", "values.有效.also", "neutral"),
    "a figure's form": (INDICATOR, "release: [value, band]", "release: [band]", "release", "tightened"),
    "a purpose more": (INDICATOR, "purposes: [lending]", "purposes: [lending, guarantee]", "purposes", "loosened"),
    "subjects more": (INDICATOR, "[enterprise]", "[enterprise, social_organisation]", "subjects", "loosened"),
    "form of a product": (PRODUCT, "letter: query", "letter: query\nform: band", "form", "tightened"),
    "no letter": (PRODUCT, "letter: query\n", "", "letter", "loosened"),
    "channel": (PRODUCT, "filed_enterprise_bureau", "own_pull", "channel", "neutral"),
    "a stricter tick": (LETTER, "gate: enterprise_auth", "gate: consent", "ticks.water.gate", "loosened"),
    "an item less": (LETTER, "items: [WATERPILOT-01]", "items: []", "ticks.water.items", "tightened"),
    "other words": (LETTER, "en: We authorise", "en: We allow", "text", "neutral"),
    "a milder check": (CHECK, "severity: set_aside", "severity: warn", "severity", "loosened"),
    "another check": (CHECK, "amount IS NULL", "amount < 0", "sql", "neutral"),
    "a value later": (PARAMETER, "2024-01-01, value: 2.50", "2024-01-01, value: 3", "from.2024-01-01", "neutral"),
    "longer": (PURPOSE, "life_days: 365", "life_days: 366", "from.2020-01-01.life_days", "loosened"),
    "seldomer": (PURPOSE, "{month: 4}", "{month: 3}", "from.2020-01-01.uses", "tightened"),
    "in the year too": (PURPOSE, "{month: 4}", "{month: 4, year: 9}", "from.2020-01-01.uses", "loosened"),
    "cases": (TEST, "month: 2025-06, amount: 1.00", "month: 2025-06, amount: 2.00", "", "neutral"),
}


@pytest.mark.parametrize("name", EDITS)
def test_one_edit_is_one_change_with_its_effect(old: Path, new: Path, name: str) -> None:
    file, was, now, part, effect = EDITS[name]
    edit(new, file, was, now)
    found = [change for change in changes(old, new) if change.part == part]
    assert [(change.section, change.effect.value) for change in found] == [(file.partition("/")[0], effect)]
    assert bool(loosened(changes(old, new))) == (effect == "loosened")


def test_a_gate_says_for_which_purposes_and_kinds_it_opens(old: Path, new: Path) -> None:
    by_purpose = "{default: enterprise_auth, lending.organisation: public, medical: prohibited}"
    edit(new, RESOURCE, AMOUNT, AMOUNT.replace("gate: enterprise_auth", f"gate: {by_purpose}"))
    (change,) = changes(old, new)
    assert change.effect.value == "loosened", "what opens in one place is not made good by what closes in another"
    assert set(change.where) == {
        f"lending.{kind}" for kind in ("enterprise", "public_institution", "social_organisation")
    }
    assert change.now["lending.organisation"] == "public"


def test_an_indicator_is_another_by_its_digest(old: Path, new: Path) -> None:
    edit(new, INDICATOR, "sum(amount)", "sum(amount + 0)")
    before, after = load_packs([old]), load_packs([new])
    whole, sql = changes(old, new)
    assert (whole.part, sql.part) == ("", "sql")
    name = "water_pilot_amount_12m"
    assert whole.was == definition_digest(before.indicators[name], before)
    assert whole.now == definition_digest(after.indicators[name], after)
    assert whole.was != whole.now


def test_documents_and_parts_come_and_go(old: Path, new: Path) -> None:
    (new / PRODUCT).unlink()
    (new / CHECK).unlink()
    edit(new, PARAMETER, "  - {from: 2020-01-01, value: 1, source: a decree}\n", "")
    (new / PARAMETER).write_text((new / PARAMETER).read_text("utf-8") + "  - {from: 2027-01-01, value: 9, source: x}\n")
    edit(new, "pack.yaml", "0.1.0", "0.2.0")
    told = {(c.section, c.name, c.part): (c.kind, c.effect.value) for c in changes(old, new)}
    assert told == {
        ("pack", "water-pilot", "version"): ("changed", "neutral"),
        ("parameters", "floor", "from.2020-01-01"): ("removed", "neutral"),
        ("parameters", "floor", "from.2027-01-01"): ("added", "neutral"),
        ("checks", "all_paid", ""): ("removed", "loosened"),
        ("products", "basic", ""): ("removed", "neutral"),
    }
    added = next(c for c in changes(old, new) if c.part == "from.2027-01-01")
    assert added.now == {"from": "2027-01-01", "value": 9, "source": "x"}


def test_a_pack_that_was_not_there_is_all_new(old: Path, tmp_path: Path) -> None:
    other = new_pack(tmp_path, "other")
    before, after = load_packs([other]), load_packs([other, old])
    assert [pack.name for pack in changed_packs(before, after)] == ["water-pilot"]
    found = pack_changes("water-pilot", before, after)
    assert {change.kind for change in found} == {"added"}
    assert {change.section for change in found} >= {"resources", "indicators", "products", "letters"}


@pytest.mark.parametrize(("months", "effect"), [(35, "tightened"), (36, "neutral"), (37, "loosened")])
def test_limits_that_begin_later_are_measured_by_those_before(old: Path, new: Path, months: int, effect: str) -> None:
    text = (new / PURPOSE).read_text("utf-8")
    later = (
        text[text.index("  - from") :].replace("2020", "2027").replace("range_months: 36", f"range_months: {months}")
    )
    (new / PURPOSE).write_text(text + later, encoding="utf-8")
    (change,) = changes(old, new)
    assert (change.part, change.kind, change.effect.value) == ("from.2027-01-01", "added", effect)


ADVERSE = """adverse:
  retires:
    - {rule: years_after, field: month, years: 5, source: art. 16}
"""


@pytest.mark.parametrize(
    ("now", "effect"),
    [
        (ADVERSE.replace("years: 5", "years: 6"), "loosened"),
        (ADVERSE.replace("years: 5", "years: 3"), "tightened"),
        (ADVERSE + "    - {rule: end_of, field: month, source: art. 17}\n", "tightened"),
        ("", "loosened"),
    ],
)
def test_adverse_facts_that_fade_later_are_a_loosening(
    old: Path, new: Path, now: str, effect: str, tmp_path: Path
) -> None:
    before = shutil.copytree(old, tmp_path / "before" / old.name)
    for pack, text in ((before, ADVERSE), (new, now)):
        edit(pack, RESOURCE, "lag_days: 20\n", f"lag_days: 20\n{text}")
    (change,) = changes(before, new)
    assert (change.part, change.effect.value) == ("adverse", effect)


def test_a_change_is_json(old: Path, new: Path) -> None:
    edit(new, RESOURCE, "    grade: G2\n", "    grade: G1\n")
    (change,) = changes(old, new)
    told: dict[str, Any] = change.as_dict()
    assert told == {
        "section": "resources",
        "name": "water_pilot",
        "part": "fields.amount.grade",
        "kind": "changed",
        "was": "G2",
        "now": "G1",
        "effect": "loosened",
        "where": [],
    }
