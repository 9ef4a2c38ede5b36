"""The same checks of the same file by others: file in, good rows out as Parquet, every bad cell named with its check.

Runs in a venv of its own (`requirements-checking.txt`) and knows nothing of Puhui. The checks, of 12 columns as text:
form and check digit of credit code and tax number (GB 32100), two code lists, length of a name, four dates, three
amounts of at most two decimals, and that a period does not end before it starts. The check digit is the same few lines
of numpy for everybody; all else is written as each library's own documentation shows it.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NAMES = (
    "uscc", "ent_name", "tax_no", "tax_item", "tax_kind", "tax_period_from", "tax_period_to",
    "tax_sales", "tax_payable", "tax_paid", "tax_treasury_date", "tax_filing_date",
)  # fmt: skip
CODES = ("uscc", "tax_no")
DATES = ("tax_period_from", "tax_period_to", "tax_treasury_date", "tax_filing_date")
AMOUNTS = ("tax_sales", "tax_payable", "tax_paid")
ITEMS = (
    "10101", "10102", "10104", "10106", "10107", "10109", "10110", "10111", "10112", "10113", "10114", "10116",
    "10118", "10119", "10121", "30203", "30216",
)  # fmt: skip
KINDS = ("正税", "滞纳金", "罚款", "查补")
FORM = r"^[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}$"
AMOUNT = r"^-?[0-9]{1,14}(\.[0-9]{1,2})?$"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1], np.int32)
_VALUES = np.zeros(256, np.int32)
_VALUES[np.frombuffer(_ALPHABET.encode(), np.uint8)] = np.arange(31)


def check_digits(codes: pa.Array | pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether each code's check digit is right; a code of another length is left to the form."""
    text = (codes.combine_chunks() if isinstance(codes, pa.ChunkedArray) else codes).cast(pa.large_string())
    right = np.ones(len(text), np.bool_)
    where = np.flatnonzero(pc.fill_null(pc.equal(pc.binary_length(text), 18), False).to_numpy(zero_copy_only=False))
    chosen = text.take(pa.array(where))
    if len(chosen):
        data = np.frombuffer(chosen.buffers()[2], np.uint8)[: 18 * len(chosen)].reshape(-1, 18)
        sums = np.zeros(len(data), np.int32)
        for place in range(18):
            sums += _VALUES[data[:, place]] * _WEIGHTS[place]
        right[where] = sums % 31 == 0
    return right


def pandera(path: str, out: Path) -> tuple[int, int]:
    """pandera[polars]: one lazy validation that collects every failure."""
    import pandera.polars as pandera_polars
    import polars as pl

    def digits(data: pandera_polars.PolarsData) -> pl.LazyFrame:
        right = pl.col(data.key).map_batches(lambda s: pl.Series(check_digits(s.to_arrow())), return_dtype=pl.Boolean)
        return data.lazyframe.select(right)

    def dates(data: pandera_polars.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).str.to_date("%Y-%m-%d", strict=False).is_not_null())

    def order(data: pandera_polars.PolarsData) -> pl.LazyFrame:
        day = {name: pl.col(name).str.to_date("%Y-%m-%d", strict=False) for name in DATES[:2]}
        return data.lazyframe.select((day["tax_period_to"] >= day["tax_period_from"]).fill_null(True))

    check, column = pandera_polars.Check, pandera_polars.Column
    columns = {name: column(str, [check.str_matches(FORM), check(digits, name="check_digit")]) for name in CODES}
    columns |= {"ent_name": column(str, check.str_length(max_value=200))}
    columns |= {"tax_item": column(str, check.isin(ITEMS)), "tax_kind": column(str, check.isin(KINDS))}
    columns |= {name: column(str, check(dates, name="date")) for name in DATES}
    columns |= {name: column(str, check.str_matches(AMOUNT)) for name in AMOUNTS}
    schema = pandera_polars.DataFrameSchema(columns, checks=[check(order, name="order")])
    frame = pl.read_csv(path, infer_schema=False, new_columns=list(NAMES))
    try:
        schema.validate(frame, lazy=True)
        bad = pl.DataFrame(
            {"index": [], "column": [], "check": []}, schema={"index": pl.Int32, "column": str, "check": str}
        )
    except pandera_polars.errors.SchemaErrors as errors:
        bad = errors.failure_cases.select("index", "column", "check")
    good = frame.with_row_index("index").join(
        bad.select(pl.col("index").cast(pl.UInt32)).unique(), on="index", how="anti"
    )
    typed(good).write_parquet(out / "good.parquet")
    bad.write_parquet(out / "bad.parquet")
    return len(good), len(bad)


def typed(frame: Any) -> Any:
    """Good rows with their types."""
    import polars as pl

    days = [pl.col(name).str.to_date("%Y-%m-%d") for name in DATES]
    return frame.with_columns(*days, *(pl.col(name).cast(pl.Decimal(16, 2)) for name in AMOUNTS))


def dataframely(path: str, out: Path) -> tuple[int, int]:
    """dataframely: one `filter` into good rows and failures, the failures told rule by rule."""
    import dataframely as dy
    import polars as pl

    def day(name: str) -> pl.Expr:
        return pl.col(name).str.to_date("%Y-%m-%d", strict=False)

    def digits(expr: pl.Expr) -> pl.Expr:
        return expr.map_batches(lambda s: pl.Series(check_digits(s.to_arrow())), return_dtype=pl.Boolean)

    def date_text(expr: pl.Expr) -> pl.Expr:
        return expr.str.to_date("%Y-%m-%d", strict=False).is_not_null()

    class Payments(dy.Schema):
        row = dy.UInt32()
        uscc = dy.String(nullable=True, regex=FORM, check=digits)
        ent_name = dy.String(nullable=True, max_length=200)
        tax_no = dy.String(nullable=True, regex=FORM, check=digits)
        tax_item = dy.String(nullable=True, check=lambda expr: expr.is_in(ITEMS))
        tax_kind = dy.String(nullable=True, check=lambda expr: expr.is_in(KINDS))
        tax_period_from = dy.String(nullable=True, check=date_text)
        tax_period_to = dy.String(nullable=True, check=date_text)
        tax_sales = dy.String(nullable=True, regex=AMOUNT)
        tax_payable = dy.String(nullable=True, regex=AMOUNT)
        tax_paid = dy.String(nullable=True, regex=AMOUNT)
        tax_treasury_date = dy.String(nullable=True, check=date_text)
        tax_filing_date = dy.String(nullable=True, check=date_text)

        @dy.rule()
        def order(cls) -> pl.Expr:
            return (day("tax_period_to") >= day("tax_period_from")).fill_null(True)

    frame = pl.read_csv(path, infer_schema=False, new_columns=list(NAMES)).with_row_index("row")
    good, failure = Payments.filter(frame)
    typed(good).write_parquet(out / "good.parquet")
    details = failure.details()
    rules = [name for name in details.columns if name not in frame.columns]
    bad = details.select("row", *rules).unpivot(rules, index="row").filter(pl.col("value").cast(str) == "invalid")
    bad.write_parquet(out / "bad.parquet")
    return len(good), len(bad)


def great_expectations(path: str, out: Path) -> tuple[int, int]:
    """Great Expectations on pandas: one suite, complete results with the row's number."""
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    frame = pd.read_csv(path, dtype=str, header=0, names=list(NAMES))
    frame["row"] = np.arange(len(frame))
    for name in CODES:
        frame[f"{name}_digit"] = check_digits(pa.array(frame[name], pa.large_string()))
    for name in DATES:
        frame[f"{name}_day"] = pd.to_datetime(frame[name], format="%Y-%m-%d", errors="coerce")
    frame["order"] = ~(frame["tax_period_to_day"] < frame["tax_period_from_day"])
    expectations = [gxe.ExpectColumnValuesToMatchRegex(column=name, regex=FORM) for name in CODES]
    expectations += [gxe.ExpectColumnValuesToBeInSet(column=f"{name}_digit", value_set=[True]) for name in CODES]
    expectations += [gxe.ExpectColumnValueLengthsToBeBetween(column="ent_name", max_value=200)]
    expectations += [gxe.ExpectColumnValuesToBeInSet(column="tax_item", value_set=list(ITEMS))]
    expectations += [gxe.ExpectColumnValuesToBeInSet(column="tax_kind", value_set=list(KINDS))]
    expectations += [gxe.ExpectColumnValuesToNotBeNull(column=f"{name}_day") for name in DATES]
    expectations += [gxe.ExpectColumnValuesToMatchRegex(column=name, regex=AMOUNT) for name in AMOUNTS]
    expectations += [gxe.ExpectColumnValuesToBeInSet(column="order", value_set=[True])]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("bench").add_dataframe_asset("file").add_batch_definition_whole_dataframe("all")
    )
    suite = gx.ExpectationSuite(name="payments", expectations=expectations)
    found = batch.get_batch(batch_parameters={"dataframe": frame}).validate(
        suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["row"]}
    )
    cells = [
        (case["row"], one.expectation_config.kwargs["column"], one.expectation_config.type)
        for one in found.results
        for case in one.result.get("unexpected_index_list") or []
    ]
    bad = pd.DataFrame(cells, columns=["row", "column", "check"])
    good = frame[~frame["row"].isin(bad["row"])]
    days = {name: good[f"{name}_day"] for name in DATES}
    table = pa.Table.from_pandas(good[list(NAMES)].assign(**days), preserve_index=False)
    for name in AMOUNTS:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.decimal128(16, 2)))
    import pyarrow.parquet as pq

    pq.write_table(table, out / "good.parquet")
    bad.to_parquet(out / "bad.parquet")
    return len(good), len(bad)


def main(name: str, path: str) -> dict[str, Any]:
    work: dict[str, Callable[[str, Path], tuple[int, int]]] = {
        "pandera": pandera, "dataframely": dataframely, "great_expectations": great_expectations
    }  # fmt: skip
    __import__({"pandera": "pandera.polars"}.get(name, name), fromlist=["_"])  # its import is no part of the time
    with tempfile.TemporaryDirectory(dir=Path(path).parent) as scratch:
        started = time.perf_counter()
        good, bad = work[name](path, Path(scratch))
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": round(seconds, 3), "good": good, "bad_cells": bad, "peak_mib": round(peak, 1)}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
