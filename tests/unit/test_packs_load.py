"""Loading packs: what a set offers, and every mistake with its file, line and code."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from puhui.model.refusals import HomeRefused, PackRefused, UnknownName
from puhui.packs import definition_digest, load_pack, load_packs, new_pack, schema_texts, with_needs

ROOT = Path(__file__).parents[2]
PARAMETER = """format: 1
name: floor
title: {zh: 下限, en: Floor}
values:
  - {from: 2020-01-01, value: 1, source: a}
  - {from: 2024-01-01, value: 2, source: b}
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """The skeleton that `puhui pack new` writes, with a parameter."""
    folder = new_pack(tmp_path, "tax-loan")
    (folder / "parameters").mkdir()
    (folder / "parameters" / "floor.yaml").write_text(PARAMETER, encoding="utf-8")
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def mistakes_of(*folders: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(PackRefused) as caught:
        load_packs(folders)
    return [(m.file, m.line, m.code) for m in caught.value.mistakes]


def test_a_new_pack_passes_the_check(pack: Path) -> None:
    packs = load_packs([pack])
    resource = packs.resource("tax_loan")
    assert packs.resource(resource.item_id) is resource
    assert resource.lake_keys == ("subject", "month", "state")
    assert [field.name for field in resource.lake_fields] == ["month", "state", "amount"]
    assert packs.indicator("TAXLOAN-A1").sql.startswith("SELECT subject")
    assert packs.tests["tax_loan_amount_12m"].as_of == date(2026, 6, 30)


def test_new_refuses_a_bad_name_and_an_existing_folder(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        new_pack(tmp_path, "Tax Loan")
    new_pack(tmp_path, "tax-loan")
    with pytest.raises(HomeRefused):
        new_pack(tmp_path, "tax-loan")


def test_sql_keeps_its_line(pack: Path) -> None:
    indicator = load_packs([pack]).indicators["tax_loan_amount_12m"]
    text = (pack / "indicators" / "tax_loan_amount_12m.sql").read_text(encoding="utf-8")
    assert text.splitlines()[indicator.sql_line - 1] == indicator.sql.splitlines()[0]


def test_a_parameter_has_the_newest_value_that_is_in_force(pack: Path) -> None:
    packs = load_packs([pack])
    assert packs.value_at("floor", date(2023, 12, 31)) == 1
    assert packs.value_at("floor", date(2024, 1, 1)) == 2
    with pytest.raises(UnknownName):
        packs.value_at("floor", date(2019, 12, 31))


@pytest.mark.parametrize("ask", ["resource", "indicator", "mapping", "parameter"])
def test_an_unknown_name_is_a_refusal(pack: Path, ask: str) -> None:
    with pytest.raises(UnknownName):
        getattr(load_packs([pack]), ask)("nothing_here")


def test_digests_change_with_any_byte_and_with_nothing_else(pack: Path) -> None:
    before = load_packs([pack])
    assert load_packs([pack]).digest == before.digest
    replace(pack / "pack.yaml", "New pack", "A new pack")
    after = load_packs([pack])
    assert after.digest != before.digest
    name = "tax_loan_amount_12m"
    assert definition_digest(after.indicators[name], after) == definition_digest(before.indicators[name], before)


def test_a_definition_includes_the_parameters_that_it_names(pack: Path) -> None:
    replace(pack / "indicators" / "tax_loan_amount_12m.sql", "*/", "parameters: [floor]\n*/")
    before = load_packs([pack])
    replace(pack / "parameters" / "floor.yaml", "value: 2", "value: 3")
    after = load_packs([pack])
    indicator = before.indicators["tax_loan_amount_12m"]
    assert definition_digest(indicator, before) != definition_digest(indicator, after)


RESOURCE, INDICATOR = "resources/tax_loan.yaml", "indicators/tax_loan_amount_12m.sql"
CODES, TEST, FLOOR = "codes/tax_loan_state.yaml", "tests/tax_loan_amount_12m.yaml", "parameters/floor.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "code"),
    [
        ("pack.yaml", "name: tax-loan", "name: tax-laon", 2, "name.folder"),
        ("pack.yaml", "needs: []", "needs: [base]", 7, "needs.missing"),
        ("pack.yaml", "replaces: []", "replaces: [tax_loan]", 8, "replaces.unknown"),
        ("pack.yaml", "format: 1", "format: 2", 1, "form.closed-list"),
        ("pack.yaml", "0.1.0", "'0.1'", 3, "form.pattern"),
        (RESOURCE, "name: tax_loan", "name: tax_lend", 2, "name.file"),
        (RESOURCE, "grade: G2", "grade: G5", 9, "form.closed-list"),
        (RESOURCE, "lag_days: 20", "lag_days: soon", 14, "form.type"),
        (RESOURCE, "lag_days: 20", "lag_days: -1", 14, "form.value"),
        (RESOURCE, "cycle: monthly\n", "", 1, "form.missing-key"),
        (RESOURCE, "use: score", "use: rule", 11, "adverse.no-retirement"),
        (RESOURCE, "lag_days: 20", "adverse: {retires: []}", 14, "adverse.no-retirement"),
        (
            RESOURCE,
            "lag_days: 20",
            "adverse: {retires: [{rule: years_after, field: month, source: s}]}",
            14,
            "adverse.rule",
        ),
        (
            RESOURCE,
            "lag_days: 20",
            "adverse: {retires: [{rule: end_of, field: gone, source: s}]}",
            14,
            "adverse.field",
        ),
        (RESOURCE, "lag_days: 20", "threshold: 1.5", 14, "resource.threshold"),
        (RESOURCE, "{field: uscc, kind: uscc}", "{field: usc, kind: uscc}", 16, "identify.field"),
        (RESOURCE, "{field: uscc, kind: uscc}", "{field: uscc, kind: 'local:x'}", 16, "identify.local"),
        (RESOURCE, "about: organisation", "about: none", 16, "identify.about"),
        (RESOURCE, "keys: [uscc, month, state]", "keys: [uscc, gone]", 17, "keys.field"),
        (RESOURCE, "period: {field: month", "period: {field: gone", 18, "period.field"),
        (RESOURCE, "period: {field: month", "period: {field: amount", 18, "period.type"),
        (RESOURCE, "keep: vault", "keep: lake", 28, "field.identifier-in-lake"),
        (RESOURCE, "code_list: tax_loan_state", "code_list: gone", 46, "field.code-list"),
        (RESOURCE, "release: [month]", "keep: token", 37, "field.token"),
        (RESOURCE, "name: amount", "name: line", 47, "field.reserved"),
        (RESOURCE, "gate: public", "gate: {lending: public}", 26, "gate.default"),
        (RESOURCE, "gate: public", "gate: {default: public, loans: public}", 26, "gate.key"),
        (RESOURCE, "gate: public", "gate: secret", 26, "form.closed-list"),
        (RESOURCE, "holds: amount >= 0", "holds: amount >=", 59, "check.sql"),
        (RESOURCE, "holds: amount >= 0", "holds: (SELECT true)", 59, "check.sql"),
        (RESOURCE, "holds: amount >= 0", "holds: amuont >= 0", 59, "check.field"),
        (RESOURCE, "holds: amount >= 0", "holds: amount * 1000 >= 0", 59, "check.decimal-product"),
        (CODES, "also: [生效]", "also: [失效]", 7, "code.twice"),
        (FLOOR, "from: 2024-01-01", "from: 2020-01-01", 6, "parameter.twice"),
        (FLOOR, "value: 2", "value: 2024-05-05", 6, "parameter.type"),
        (FLOOR, "source: b", "source: ''", 6, "form.value"),
        (INDICATOR, "window: 12M", "window: year", 9, "form.pattern"),
        (INDICATOR, "[10000, 100000]", "[100000, 10000]", 12, "indicator.bands"),
        (INDICATOR, "empty: 0", "empty: none", 10, "indicator.empty"),
        (INDICATOR, 'direction: "+"', "parameters: [gone]", 14, "indicator.parameter"),
        (INDICATOR, "/*\n", "--\n", 1, "sql.no-head"),
        (TEST, "indicator: tax_loan_amount_12m", "indicator: gone", 6, "test.indicator"),
        (TEST, "      tax_loan:", "      tax_lend:", 9, "test.table"),
        (TEST, "amount: 20.00", "sum: 20.00", 10, "test.column"),
        (TEST, "unknown(absent)", "unknown(soon)", 12, "test.figure"),
    ],
)
def test_each_mistake_is_found_where_it_is(pack: Path, file: str, old: str, new: str, line: int, code: str) -> None:
    replace(pack / file, old, new)
    assert (f"tax-loan/{file}", line, code) in mistakes_of(pack)


ADDED = {
    "mappings/csv.yaml": """format: 1
name: csv
resource: tax_loan
header: [a, b]
columns:
  uscc: {from: a}
  month: {from: b}
""",
    "relations/works_for.yaml": """format: 1
name: works_for
title: {zh: 受雇, en: Works for}
from: tax_loan
subject: employer
other: subject
kind: employs
""",
    "checks/one_a_month.sql": """/*
format: 1
resource: tax_loan
severity: warn
title: {zh: 每月一行, en: One row a month}
*/
SELECT line FROM rows QUALIFY count(*) OVER (PARTITION BY uscc, month) > 1
""",
    "letters/query.yaml": """format: 1
name: query
title: {zh: 查询授权书, en: Letter}
purpose: lending
ticks:
  - {id: tax, gate: enterprise_auth, items: [TAXLOAN-01], text: {zh: 同意, en: I agree}}
text: {zh: 授权, en: I authorise}
""",
    "products/basic.yaml": """format: 1
name: basic
title: {zh: 产品, en: Product}
kind: indicators
purpose: lending
channel: filed_enterprise_bureau
subjects: [enterprise]
indicators: [tax_loan_amount_12m]
letter: query
""",
}


@pytest.fixture
def full_pack(pack: Path) -> Path:
    """The skeleton with a document of every kind."""
    for path, text in ADDED.items():
        (pack / path).parent.mkdir(exist_ok=True)
        (pack / path).write_text(text, encoding="utf-8")
    employer = """  - name: employer
    title: {zh: 雇主, en: Employer}
    type: str(18)
    semantic: uscc
    grade: G1
    gate: public
    use: verify
    keep: token
checks:"""
    replace(pack / RESOURCE, "checks:", employer)
    return pack


def test_a_pack_with_every_kind_of_document_passes(full_pack: Path) -> None:
    packs = load_packs([full_pack])
    assert [one.name for one in packs.mappings_of("tax_loan")] == ["csv"]
    assert [one.name for one in packs.checks_of("tax_loan")] == ["one_a_month"]
    assert [one.name for one in packs.relations_of("tax_loan")] == ["works_for"]
    assert packs.products["basic"].letter in packs.letters


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "code"),
    [
        ("mappings/csv.yaml", "resource: tax_loan", "resource: gone", 3, "mapping.resource"),
        ("mappings/csv.yaml", "  month: {from: b}", "  mont: {from: b}", 7, "mapping.field"),
        ("mappings/csv.yaml", "  month: {from: b}\n", "", 6, "mapping.required"),
        ("mappings/csv.yaml", "columns:", "constants: {uscc: x}\ncolumns:", 5, "mapping.twice"),
        ("mappings/csv.yaml", "{from: a}", "{from: a, as: money}", 6, "form.closed-list"),
        ("relations/works_for.yaml", "from: tax_loan", "from: gone", 4, "relation.resource"),
        ("relations/works_for.yaml", "subject: employer", "subject: amount", 5, "relation.end"),
        ("relations/works_for.yaml", "subject: employer", "subject: subject", 6, "relation.end"),
        ("relations/works_for.yaml", "kind:", "columns: [uscc]\nkind:", 7, "relation.column"),
        (
            "relations/works_for.yaml",
            "kind: employs",
            "kind: employs\naggregate_gate: {gate: public, forms: [count, sum], source: s}",
            8,
            "aggregate.forms",
        ),
        ("relations/works_for.yaml", "kind: employs", "kind: knows", 7, "form.closed-list"),
        ("checks/one_a_month.sql", "resource: tax_loan", "resource: gone", 3, "check.resource"),
        ("checks/one_a_month.sql", "SELECT line", "SELECT *", 7, "check.sql"),
        ("checks/one_a_month.sql", "FROM rows", "FROM tax_loan", 7, "check.table"),
        ("checks/one_a_month.sql", "uscc, month", "uscc, mont", 7, "check.field"),
        ("checks/one_a_month.sql", "uscc, month", "amount * amount", 7, "check.decimal-product"),
        ("letters/query.yaml", "TAXLOAN-01", "TAXLOAN-09", 6, "letter.item"),
        ("letters/query.yaml", "purpose: lending", "purpose: medical", 9, "product.purpose"),
        ("products/basic.yaml", "[tax_loan_amount_12m]", "[gone]", 8, "product.indicator"),
        ("products/basic.yaml", "letter: query", "letter: gone", 9, "product.letter"),
    ],
)
def test_each_mistake_between_documents(full_pack: Path, file: str, old: str, new: str, line: int, code: str) -> None:
    replace(full_pack / file, old, new)
    assert (line, code) in [(at, found) for _, at, found in mistakes_of(full_pack)]


def test_an_aggregate_gate_lets_out_counts_of_a_token_and_nothing_else(full_pack: Path) -> None:
    gate = "lag_days: 20\naggregate_gate: {gate: public, forms: [sum], by: amount, source: s}"
    replace(full_pack / RESOURCE, "lag_days: 20", gate)
    codes = {code for _, _, code in mistakes_of(full_pack)}
    assert codes == {"aggregate.forms", "aggregate.by"}


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("resources/run.py", "file.python"),
        ("setup.py", "file.python"),
        ("resources/notes.txt", "file.unknown"),
        ("resources/other.yml", "file.unknown"),
        ("scripts/x.yaml", "folder.unknown"),
    ],
)
def test_what_a_pack_may_not_hold(pack: Path, path: str, code: str) -> None:
    (pack / path).parent.mkdir(exist_ok=True)
    (pack / path).write_text("x", encoding="utf-8")
    assert code in [found for _, _, found in mistakes_of(pack)]


def test_a_link_out_of_the_pack_is_refused(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("format: 1\n", encoding="utf-8")
    (pack / "codes" / "secret.yaml").symlink_to(tmp_path / "secret.yaml")
    assert ("tax-loan/codes/secret.yaml", 1, "file.link") in mistakes_of(pack)


def test_a_file_that_is_not_utf8_names_the_line(pack: Path) -> None:
    path = pack / CODES
    path.write_bytes(path.read_bytes().replace("有效".encode(), "有效".encode("gbk")))
    assert (f"tax-loan/{CODES}", 6, "file.encoding") in mistakes_of(pack)


def test_a_broken_document_causes_no_mistakes_elsewhere(pack: Path) -> None:
    replace(pack / CODES, "open: false", "open: maybe")
    assert [code for _, _, code in mistakes_of(pack)] == ["form.type"]


def second(pack: Path, needs: str = "[tax-loan]", replaces: str = "[]") -> Path:
    """Another pack that holds a resource of the same name."""
    other = new_pack(pack.parent, "overlay")
    for folder in ("codes", "indicators", "tests"):
        for path in (other / folder).iterdir():
            path.unlink()
    text = (pack / RESOURCE).read_text(encoding="utf-8").replace("New resource", "Replaced")
    (other / "resources" / "overlay.yaml").unlink()
    (other / RESOURCE).write_text(text, encoding="utf-8")
    replace(other / "pack.yaml", "needs: []", f"needs: {needs}")
    replace(other / "pack.yaml", "replaces: []", f"replaces: {replaces}")
    return other


def test_a_clash_is_an_error_unless_it_says_replaces(pack: Path) -> None:
    other = second(pack)
    assert mistakes_of(other, pack) == [("overlay/resources/tax_loan.yaml", 2, "clash.resources")]
    replace(other / "pack.yaml", "replaces: []", "replaces: [tax_loan]")
    packs = load_packs([other, pack])
    assert [one.name for one in packs.packs] == ["tax-loan", "overlay"]
    assert packs.resource("tax_loan").title.en == "Replaced"
    assert packs.pack_of["resources", "tax_loan"] == "overlay"


def test_two_packs_may_not_define_one_indicator_or_item(pack: Path) -> None:
    other = new_pack(pack.parent, "tax-lo-an")
    replace(other / "resources" / "tax_lo_an.yaml", "TAXLOAN-01", "TAXLOAN-01")
    codes = {code for _, _, code in mistakes_of(pack, other)}
    assert {"item-id.twice", "indicator.id-twice"} <= codes


def test_packs_that_need_each_other_are_refused(pack: Path) -> None:
    other = second(pack)
    replace(pack / "pack.yaml", "needs: []", "needs: [overlay]")
    assert "needs.cycle" in [code for _, _, code in mistakes_of(pack, other)]


def test_needs_are_found_on_a_shelf(pack: Path) -> None:
    other = second(pack)
    assert with_needs([other], [pack.parent]) == (other, pack)


def test_one_pack_by_itself(pack: Path) -> None:
    replace(pack / "pack.yaml", "needs: []", "needs: [base]")
    assert load_pack(pack).name == "tax-loan"
    replace(pack / "pack.yaml", "format: 1", "format: one")
    with pytest.raises(PackRefused):
        load_pack(pack)


def test_a_refusal_prints_every_mistake(pack: Path) -> None:
    replace(pack / CODES, "open: false", "open: maybe\nopne: x")
    with pytest.raises(PackRefused) as caught:
        load_packs([pack])
    printed = caught.value.as_dict()
    assert [entry["code"] for entry in printed["mistakes"]] == ["form.type", "form.unknown-key"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(schema_texts()))
def test_the_published_schemas_are_up_to_date(name: str) -> None:
    published = (ROOT / "docs" / "reference" / "schemas" / name).read_text(encoding="utf-8")
    assert published == schema_texts()[name], "call puhui.packs.write_schemas on docs/reference/schemas"
