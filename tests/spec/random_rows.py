"""Random rows for every table that a plan reads, made to meet its conditions: its own texts, days at window edges."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from puhui.indicators.compile import Plan
from puhui.indicators.referee_figures import Held
from puhui.indicators.sources import Column, Source
from puhui.model.subject import SubjectKind, bucket_of
from puhui.model.time import month_end, months_back
from puhui.packs.packset import PackSet

Texts = dict[str, list[str]]


def held_rows(plan: Plan, packs: PackSet, seed: int, *, rows: int = 90, months: int = 60) -> dict[str, Held]:
    """Rows of every source of the plan. Rows of one key are one row, as the lake promises but for conflicts."""
    draw = random.Random(seed)
    texts = _texts(plan)
    tokens = [_token(draw, kind) for kind in SubjectKind for _ in range(3)]
    last = month_end(plan.as_of)
    periods = frozenset(f"{months_back(last, back):%Y-%m}" for back in range(months))
    found = {}
    for name, source in plan.sources.items():
        made = [_row(draw, source, tokens, texts, plan.as_of, packs) for _ in range(rows)]
        complete = frozenset(kind.value for kind in source.complete)
        found[name] = Held(source, _one_of_a_key(made, _keys(source, packs)), periods, complete)
    return found


def subjects_of(held: Iterable[Held]) -> list[str]:
    """All subjects of the rows, and one of each kind that has none."""
    absent = [f"000000t1{kind.letter}{'0' * 20}" for kind in SubjectKind]
    return sorted({row["subject"] for one in held for row in one.rows} | set(absent))


def _token(draw: random.Random, kind: SubjectKind) -> str:
    return f"000000t1{kind.letter}{draw.getrandbits(80):020x}"


def _texts(plan: Plan) -> Texts:
    """The texts that the SQL compares a column with."""
    found: Texts = {}
    for one in plan.indicators:
        for node in one.bound.find_all(exp.EQ, exp.NEQ, exp.In, exp.Like, exp.StartsWith, exp.Contains):
            names = [column.name for column in node.find_all(exp.Column)]
            literals = [text.name.strip("%") for text in node.find_all(exp.Literal) if text.is_string]
            for name in names:
                found.setdefault(name, []).extend(literals)
    return found


def _row(
    draw: random.Random, source: Source, tokens: list[str], texts: Texts, as_of: date, packs: PackSet
) -> dict[str, Any]:
    subject = draw.choice(tokens)
    conflict = 1 << draw.randrange(12) if draw.random() < 0.01 else 0
    row = {
        "subject": subject,
        "bucket": bucket_of(subject, 16),
        "period": "",
        "parcel": "p",
        "line": 1,
        "conflict": conflict,
    }
    for column in source.columns:
        row[column.name] = _value(draw, column, tokens, texts, as_of, _field_type(source, column, packs))
    return row


def _field_type(source: Source, column: Column, packs: PackSet) -> str:
    if column.name == "other":
        return "token"
    field = packs.resources[source.derived_from or source.name].field(column.name)
    return "token" if field.keep == "token" else field.type


def _value(draw: random.Random, column: Column, tokens: list[str], texts: Texts, as_of: date, kind: str) -> Any:
    if draw.random() < 0.12:
        return None
    match column.type.split("(")[0]:
        case "DECIMAL":
            digits, scale = (int(part) for part in column.type[8:-1].split(","))
            top = 10 ** min(digits, 7)
            return Decimal(draw.choice([0, 1, draw.randrange(-min(top - 1, 50), top)])).scaleb(-scale)
        case "BIGINT":
            return draw.choice([0, 1, 2, as_of.year, as_of.year - 1, draw.randrange(-3, 400)])
        case "BOOLEAN":
            return draw.random() < 0.5
        case "DATE":
            day = _day(draw, as_of)
            return month_end(day) if kind == "ym" else day
        case "TIMESTAMP":
            return None
        case _:
            return draw.choice(tokens) if kind == "token" else _text(draw, texts.get(column.name, []))


def _text(draw: random.Random, known: list[str]) -> str:
    return draw.choice(known) if known and draw.random() < 0.8 else draw.choice(["", "甲", "乙", "x1"])


def _day(draw: random.Random, as_of: date) -> date:
    """A day of the last four years, often at the edge of a window, sometimes after the day asked."""
    if draw.random() < 0.3:
        edge = months_back(as_of, draw.choice([0, 1, 3, 6, 12, 24, 36]))
        return edge + timedelta(days=draw.choice([-1, 0, 1]))
    return as_of - timedelta(days=draw.randrange(-40, 4 * 365))


def _keys(source: Source, packs: PackSet) -> tuple[str, ...]:
    if source.derived_from is not None:
        return ("subject", *(column.name for column in source.columns))
    return packs.resources[source.name].lake_keys


def _one_of_a_key(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> list[dict[str, Any]]:
    return list({tuple(row.get(key) for key in keys): row for row in rows}.values())
