"""Rows of a parcel find their subjects and their repeats, also where two identities have one number."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.adapters.tables_duckdb import DuckTables
from puhui.model.delivery import Checked
from puhui.model.identifiers import TAX_NO, USCC
from puhui.packs.forms import Resource
from puhui.quality import repeats
from puhui.quality.repeats import find_repeats, seeking_repeats
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.reading import read_fields, ways_of, written
from puhui.subjects.rows import (
    FACT,
    IDENTITY,
    LINKED,
    UNLINKED,
    LinkedRows,
    facts_before_linking,
    identity_sql,
    link_rows,
)

from . import subjects_made as made

KEYS = ["subject", "item"]
PAYMENTS: Resource = made.resource(
    [("uscc", "uscc"), ("tax_no", "tax_no")], name="payments", fields=[("item", "text"), ("amount", "text")]
)
FIRMS = [made.uscc(n) for n in range(1, 4)]
BAD = FIRMS[0][:17] + ("0" if FIRMS[0][17] != "0" else "1")
ROWS = [  # uscc, tax_no, item, amount
    (FIRMS[0], FIRMS[0], "a", "1"),
    (FIRMS[0], FIRMS[0], "a", "1"),  # stands twice
    (BAD, FIRMS[0], "a", "2"),  # another identity of the same subject: contradicts
    (FIRMS[1], None, "a", "1"),
    (FIRMS[1], FIRMS[1], "b", "1"),
    (FIRMS[2], FIRMS[2], "a", "7"),
    (BAD, None, "a", "1"),  # nobody
]


def linked(tmp_path: Path, identity: str = "") -> tuple[DuckTables, LinkedRows]:
    tables = DuckTables(tmp_path)
    columns = {name: pa.array([row[i] for row in ROWS]) for i, name in enumerate(("uscc", "tax_no", "item", "amount"))}
    numbers = pa.array(range(1, len(ROWS) + 1), pa.int64())
    tables.register("cells", pa.table({**columns, "line": numbers}))
    number = identity or identity_sql(PAYMENTS)
    tables.execute(
        f"CREATE TABLE numbered AS SELECT *, 'insert' AS operation, 0::HUGEINT AS bad, 0::HUGEINT AS warn, "
        f"{number} AS {IDENTITY}, hash({number}, item) AS {FACT} FROM cells"
    )
    checked = Checked(landing=None, table="numbered", issues=(), lines=len(ROWS))  # type: ignore[arg-type]
    vault = made.open_vault(tmp_path / "vault")
    source = SourceOfNames(parcel="p", period="", at=made.TODAY)
    rows = link_rows(checked, PAYMENTS, KEYS, "''", tables, vault, made.NobodyNear(), source=source, today=made.TODAY)
    return tables, rows


@pytest.mark.parametrize("identity", ["", "(length(uscc) % 2)::UBIGINT"])
def test_rows_find_their_subjects_and_repeats(identity: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "_PART", 2)  # the numbers are compared in several parts
    tables, rows = linked(tmp_path, identity)
    subject = dict(tables.rows(f"SELECT line, subject FROM {LINKED}"))
    assert subject[1] == subject[2] == subject[3]
    assert subject[4] == subject[5]
    assert len(set(subject.values())) == 3
    assert (rows.rows, rows.unlinked) == (6, 1)
    assert tables.rows(f"SELECT DISTINCT line FROM {UNLINKED}") == [(7,)]
    found = find_repeats(
        LINKED, KEYS, ["uscc", "tax_no", "item", "amount"], ["amount"], tables,
        last_wins=False, rows=rows.rows, facts=rows.facts,
    )  # fmt: skip
    assert (found.duplicates, found.conflicts) == (1, 2)
    assert tables.rows("SELECT line FROM repeated_lines") == [(2,)]
    assert sorted(line for (line,) in tables.rows("SELECT line FROM conflicting_lines")) == [1, 3]
    assert sorted(line for (line,) in tables.rows(rows.warned_sql)) == [3]


@pytest.mark.parametrize(("rows_said", "begun"), [(len(ROWS), False), (len(ROWS), True), (10**9, True)])
def test_repeats_sought_before_linking_are_the_same(rows_said: int, begun: bool, tmp_path: Path) -> None:
    tables, rows = linked(tmp_path)
    checked = Checked(landing=None, table="numbered", issues=(), lines=len(ROWS))  # type: ignore[arg-type]
    query = facts_before_linking(checked, PAYMENTS, KEYS)
    assert query == rows.facts[0][0]
    with seeking_repeats(query, rows_said, tables) as sought:
        if begun:
            sought.begin()
        early = sought.found(query)
        assert (early is not None) == (begun and rows_said == len(ROWS))
        assert sought.found("another") is None
        found = find_repeats(
            LINKED, KEYS, ["uscc", "tax_no", "item", "amount"], ["amount"], tables,
            last_wins=False, rows=rows.rows, facts=rows.facts, sought=sought,
        )  # fmt: skip
    assert (found.duplicates, found.conflicts) == (1, 2)


def test_keys_that_become_tokens_cannot_be_sought_before_linking() -> None:
    checked = Checked(landing=None, table="numbered", issues=(), lines=0)  # type: ignore[arg-type]
    employer = made.resource([("uscc", "uscc")], name="staff", fields=[("employer", "text")])
    token = msgspec.structs.replace(employer.field("employer"), keep="token")
    fields = [token if field.name == "employer" else field for field in employer.fields]
    held = msgspec.structs.replace(employer, fields=fields)
    assert facts_before_linking(checked, employer, ["subject", "employer"])
    assert not facts_before_linking(checked, held, ["subject", "employer"])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [*FIRMS, BAD, made.uscc(5, "51"), made.ric(), " " + FIRMS[0], FIRMS[0].lower(), "x", "", None]
            ),
            st.sampled_from([None, FIRMS[1], made.ric(), "360502" + made.org_code(1), BAD]),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_tax_number_that_repeats_the_credit_code_is_read_as_any_other(rows: list[tuple[Any, Any, bool]]) -> None:
    codes = [code for code, _, _ in rows]
    taxes = [code if same else other for code, other, same in rows]
    numbers = pa.array(range(len(rows)), pa.int64())
    table = pa.table(
        {"identity": numbers, "uscc": pa.array(codes, pa.string()), "tax_no": pa.array(taxes, pa.string())}
    )
    columns, findings = read_fields(ways_of(PAYMENTS), table, date(2026, 9, 1))
    for column, values, kind in ((columns[0], codes, USCC), (columns[1], taxes, TAX_NO)):
        texts, error = written(pa.array(values, pa.string()), (kind,), date(2026, 9, 1))
        assert column.to_pylist() == texts.to_pylist()
        field = "uscc" if kind == USCC else "tax_no"
        assert {one.identity for one in findings if one.field == field} == set(np.nonzero(error)[0].tolist())
