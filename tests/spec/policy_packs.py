"""Tiny packs for the spec of the column policy: six resources, two relations, and whatever a case adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from puhui.disclosure.policy import check_policy
from puhui.indicators.portable import check_portable
from puhui.model.refusal import Mistake
from puhui.packs.load import pack_of, read_pack
from puhui.packs.packset import PackSet, merge

Document = dict[str, Any]
ALL_FORMS = ["value", "band", "flag", "count", "sum", "mean", "rank"]
NOT_CREDIT = {"default": "separate_consent", "lending": "prohibited", "guarantee": "prohibited"}
WORDS = {"zh": "词", "en": "word"}


def field(name: str, type_: str, semantic: str, **more: Any) -> Document:
    base = {"grade": "G2", "gate": "enterprise_auth", "use": "score", "release": ["value", "flag", "count"]}
    return {"name": name, "title": WORDS, "type": type_, "semantic": semantic} | base | more


def resource(name: str, item_id: str, fields: list[Document], **more: Any) -> Document:
    base = {
        "format": 1,
        "name": name,
        "item_id": item_id,
        "title": WORDS,
        "agency": WORDS,
        "duty": WORDS,
        "domain": "test",
        "about": "organisation",
        "grade": "G2",
        "credit_gate": "enterprise_auth",
        "use": "score",
        "share_mode": "conditional",
        "cycle": "monthly",
        "keys": ["id_code", "on_day"],
        "identify": [{"field": "id_code", "kind": "uscc"}],
        "fields": fields,
    }
    return base | more


def uscc(**more: Any) -> Document:
    return field("id_code", "str(18)", "uscc", keep="vault", release=[], use="verify") | more


def ric(gate: Any) -> Document:
    return field("id_code", "str(18)", "ric", keep="vault", release=[], use="verify", grade="G4", gate=gate)


TAXES = resource(
    "taxes",
    "SWJ-06",
    [
        uscc(),
        field("on_day", "date", "date", release=["value", "month", "flag", "count"]),
        field("tax_kind", "code(4)", "code"),
        field("paid", "decimal(16,2)", "amount", release=ALL_FORMS),
        field("status", "code(4)", "code", release=["flag"]),
        field("rating", "decimal(16,2)", "amount", grade="G3", release=["band"]),
        field("turnover", "decimal(16,2)", "amount", grade="G3", release=["sum", "band"]),
        field("visits", "int", "count", release=["count"]),
        field("begun_on", "date", "date", release=["month", "flag", "count"]),
        field("payer_name", "str(80)", "name", release=["flag", "count"]),
        field("note", "text", "text", release=[]),
        field("inspector", "text", "text", keep="drop", release=[]),
        field("guarantor", "str(18)", "uscc", keep="token", release=["flag", "count"]),
        field("welfare_mark", "code(4)", "code", use="policy_only"),
        field("service_mark", "code(4)", "code", use="service_only"),
        field("blocked_mark", "code(4)", "code", use="blocked"),
        field("trader_rule", "code(4)", "code", gate={"default": "public", "lending.person": "prohibited"}),
    ],
)
CASES = resource(
    "court_cases",
    "FY-01",
    [
        uscc(),
        field("on_day", "date", "date", gate="public"),
        field("case_no", "str(40)", "id", gate="public", release=["flag", "count"]),
        field("amount", "decimal(16,2)", "amount", gate="public", release=ALL_FORMS),
    ],
    credit_gate="public",
    about="both",
)
ILLNESS = resource(
    "illness",
    "WJW-01",
    [
        ric({"default": "separate_consent", "lending": "prohibited", "guarantee": "prohibited"}),
        field("on_day", "date", "date", gate=NOT_CREDIT, grade="G4", pi="S"),
        field("diagnosis", "code(9)", "code", gate=NOT_CREDIT, grade="G4", pi="S", release=["flag", "count"]),
        field("cost", "decimal(16,2)", "amount", gate=NOT_CREDIT, grade="G4", pi="S", release=ALL_FORMS),
    ],
    about="person",
    credit_gate="prohibited",
    grade="G4",
    use="blocked",
    identify=[{"field": "id_code", "kind": "ric"}],
)
INCOMES = resource(
    "incomes",
    "SWJ-03",
    [
        ric("written_consent"),
        field("on_day", "date", "date", gate="written_consent"),
        field("income", "decimal(16,2)", "amount", gate="written_consent", grade="G4", pi="S", release=["band"]),
        field("secret", "code(9)", "code", gate="written_consent", grade="G4", pi="S", release=[]),
    ],
    about="person",
    credit_gate="written_consent",
    grade="G4",
    identify=[{"field": "id_code", "kind": "ric"}],
)
CONTRIBUTIONS = resource(
    "contributions",
    "RSJ-03",
    [
        ric("consent"),
        field("on_day", "ym", "ym", gate="consent", release=["month", "flag", "count"]),
        field("employer", "str(18)", "uscc", keep="token", gate="consent", release=["flag", "count"]),
        field("wage", "decimal(16,2)", "amount", gate="consent", grade="G3", release=ALL_FORMS),
    ],
    about="person",
    credit_gate="consent",
    grade="G3",
    identify=[{"field": "id_code", "kind": "ric"}],
    aggregate_gate={"gate": "enterprise_auth", "forms": ["count"], "by": "employer", "source": "a test"},
)
REGISTER = resource(
    "register",
    "SCJ-01",
    [
        uscc(gate="public"),
        field("on_day", "date", "date", gate="public"),
        field("legal_rep", "str(18)", "ric", keep="token", gate="public", release=["flag", "count"]),
        field("industry", "code(9)", "code", gate="public"),
    ],
    credit_gate="public",
)
WORKS_FOR = {
    "format": 1,
    "name": "works_for",
    "title": WORDS,
    "from": "contributions",
    "subject": "employer",
    "other": "subject",
    "columns": ["on_day", "wage"],
    "kind": "employs",
}
LED_BY = {
    "format": 1,
    "name": "led_by",
    "title": WORDS,
    "from": "register",
    "subject": "subject",
    "other": "legal_rep",
    "columns": ["industry"],
    "kind": "represents",
}
RESOURCES = (TAXES, CASES, ILLNESS, INCOMES, CONTRIBUTIONS, REGISTER)
RELATIONS = (WORKS_FOR, LED_BY)


def head(**more: Any) -> Document:
    base = {
        "format": 1,
        "id": "X01",
        "title": WORDS,
        "group": "test",
        "subjects": ["enterprise"],
        "type": "decimal(18,2)",
        "window": "at",
        "empty": None,
        "release": ["value"],
        "purposes": ["lending"],
    }
    return base | more


def product(**more: Any) -> Document:
    base = {
        "format": 1,
        "name": "the_product",
        "title": WORDS,
        "kind": "indicators",
        "purpose": "lending",
        "channel": "filed_enterprise_bureau",
        "subjects": ["enterprise"],
        "indicators": ["the_indicator"],
        "letter": "the_letter",
    }
    return base | more


def letter(*ticks: tuple[str, str], **more: Any) -> Document:
    """A letter with a tick per (gate, item)."""
    found = [{"id": f"tick{n}", "gate": gate, "items": [item], "text": WORDS} for n, (gate, item) in enumerate(ticks)]
    base = {
        "format": 1,
        "name": "the_letter",
        "title": WORDS,
        "purpose": "lending",
        "ticks": found,
        "text": WORDS,
    }
    return base | more


def build(
    root: Path,
    sql: str,
    head_: Document,
    products: list[Document] | None = None,
    letters: list[Document] | None = None,
    relations: list[Document] | None = None,
) -> PackSet:
    """Writes a pack of one indicator and loads it. JSON is YAML."""
    folder = root / "tiny"
    documents = {
        "resources": list(RESOURCES),
        "relations": list(RELATIONS) if relations is None else relations,
        "products": products or [],
        "letters": letters or [],
    }
    for section, found in documents.items():
        (folder / section).mkdir(parents=True)
        for one in found:
            (folder / section / f"{one['name']}.yaml").write_text(json.dumps(one), encoding="utf-8")
    (folder / "indicators").mkdir()
    text = f"/*\n{json.dumps(head_)}\n*/\n{sql}\n"
    (folder / "indicators" / "the_indicator.sql").write_text(text, encoding="utf-8")
    start = {"format": 1, "name": "tiny", "version": "1.0.0", "title": WORDS, "owner": WORDS}
    (folder / "pack.yaml").write_text(json.dumps(start), encoding="utf-8")
    reading = read_pack(folder)
    assert reading.mistakes == []
    # The loader's cross checks are left out: the policy must stand without them.
    return merge([pack_of(reading)], "")


def refusals(packs: PackSet) -> list[Mistake]:
    """What the policy refuses."""
    return check_policy(packs)


def mistakes_of_form(packs: PackSet) -> list[Mistake]:
    """What the portable lint refuses."""
    return check_portable(packs)
