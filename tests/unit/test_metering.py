"""Prices and statements: each plan by hand, caps exact, statements that reconcile to what was counted."""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puhui.ledger.store import AskedRow
from puhui.metering.prices import parse_plan, price_of
from puhui.metering.statement import COLUMNS, Statement, statement_of
from puhui.model.refusals_question import ContractRefused

from .ledger_made import NOW

TIERS = [{"from": 1, "fen": 200}, {"from": 3, "fen": 150}]


@pytest.mark.parametrize(
    ("plan", "prices"),
    [
        ({"kind": "free"}, [0, 0, 0, 0]),
        ({"kind": "per_call", "fen": 150}, [150, 150, 150, 150]),
        ({"kind": "per_product", "fen": {"a": 10, "b": 20}}, [10, 10, 10, 10]),
        ({"kind": "monthly", "fen": 5000}, [5000, 0, 0, 0]),
        ({"kind": "tiers", "tiers": TIERS}, [200, 200, 150, 150]),
        ({"kind": "tiers", "tiers": TIERS, "cap_fen": 500}, [200, 200, 100, 0]),
        ({"kind": "per_call", "fen": 150, "cap_fen": 0}, [0, 0, 0, 0]),
    ],
)
def test_a_month_of_each_plan(plan: dict[str, object], prices: list[int]) -> None:
    found: list[int] = []
    for answered in range(4):
        found.append(price_of(json.dumps(plan), "a", answered=answered, of_product=answered, fen=sum(found)))
    assert found == prices


@pytest.mark.parametrize(
    "plan",
    [
        "",
        "{}",
        '{"kind":"gift"}',
        '{"kind":"per_call"}',
        '{"kind":"per_call","fen":-1}',
        '{"kind":"per_call","fen":1.5}',
        '{"kind":"per_call","fen":"150"}',
        '{"kind":"free","fen":1}',
        '{"kind":"tiers","tiers":[]}',
        '{"kind":"tiers","tiers":[{"from":2,"fen":1}]}',
        '{"kind":"tiers","tiers":[{"from":1,"fen":2},{"from":1,"fen":1}]}',
        '{"kind":"per_product","fen":{}}',
    ],
)
def test_what_is_no_plan_is_refused(plan: str) -> None:
    with pytest.raises(ContractRefused):
        parse_plan(plan)


def test_a_product_without_a_price_cannot_be_billed() -> None:
    with pytest.raises(ContractRefused):
        price_of('{"kind":"per_product","fen":{"a":1}}', "b", answered=0, of_product=0, fen=0)


@given(st.integers(0, 500), st.integers(0, 50_000), st.integers(1, 300))
def test_no_month_costs_more_than_its_cap(fen: int, cap: int, answers: int) -> None:
    plan, bill = json.dumps({"kind": "per_call", "fen": fen, "cap_fen": cap}), 0
    for answered in range(answers):
        bill += price_of(plan, "a", answered=answered, of_product=answered, fen=bill)
    assert bill == min(cap, fen * answers)


def asked(entry: int, product: str, price: int, code: str = "") -> tuple[AskedRow, bytes]:
    row = AskedRow(
        entry,
        "bank-a",
        1,
        "n",
        None,
        b"c",
        f"A-{entry}",
        "C-1",
        product,
        "",
        "token",
        "L-1",
        1,
        3,
        code,
        "2026-11",
        price,
        NOW,
    )
    return row, sha256(b"%d" % entry).digest()


def made() -> Statement:
    lines = [asked(3, "b", 150), asked(5, "a", 200), asked(9, "b", 0, "no-basis"), asked(11, "b", 150)]
    return statement_of("bank-a", "2026-11", lines, tree_size=64)


def test_a_statement_adds_up_by_contract_and_product() -> None:
    said = made().as_dict()
    assert (said["questions"], said["answered"], said["fen"], said["tree_size"]) == (4, 3, 500, 64)
    assert said["totals"] == [
        {"contract": "C-1", "product": "a", "asked": 1, "answered": 1, "fen": 200},
        {"contract": "C-1", "product": "b", "asked": 3, "answered": 2, "fen": 300},
    ]
    assert [line["entry"] for line in said["lines"]] == [3, 5, 9, 11]


def test_its_digest_is_made_from_entries_and_prices_alone() -> None:
    lines = made().as_dict()["lines"]
    text = "".join(f"{one['entry']} {one['commitment']} {one['price_fen']}\n" for one in lines)
    assert made().digest == sha256(text.encode()).hexdigest()
    assert made().digest != statement_of("bank-a", "2026-11", [asked(3, "b", 151)], tree_size=64).digest


def test_csv_and_json_say_the_same_and_no_subject() -> None:
    statement = made()
    rows = list(csv.DictReader(io.StringIO(statement.as_csv())))
    assert tuple(rows[0]) == COLUMNS
    assert rows == [{name: str(line[name]) for name in COLUMNS} for line in statement.as_dict()["lines"]]
    assert "token" not in statement.as_csv() + json.dumps(statement.as_dict())
