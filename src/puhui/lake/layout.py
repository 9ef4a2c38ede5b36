"""What a row of the lake looks like: the house's columns first, then the fields that a resource keeps there."""

from __future__ import annotations

import re

from puhui.packs.forms import Field, Resource

HOUSE_COLUMNS = {
    "subject": "VARCHAR",
    "bucket": "INTEGER",
    "period": "VARCHAR",
    "parcel": "VARCHAR",
    "line": "BIGINT",
    "conflict": "BIGINT",
}
_PLAIN = {"int": "BIGINT", "date": "DATE", "ym": "DATE", "datetime": "TIMESTAMPTZ", "bool": "BOOLEAN"}
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")


def column_type(type_name: str) -> str:
    """The DuckDB type of a field's `type` (docs/explanation/delivery-contract.md)."""
    if match := _DECIMAL.fullmatch(type_name.replace(" ", "")):
        return f"DECIMAL({match[1]},{match[2]})"
    return _PLAIN.get(type_name, "VARCHAR")


def kept_fields(resource: Resource) -> list[Field]:
    """The fields whose values stand in the lake: as they are, or as the token of another subject."""
    return [field for field in resource.fields if field.keep in ("lake", "token")]


def columns_of(resource: Resource) -> dict[str, str]:
    """Name → DuckDB type of every column of the resource's table, in order."""
    kept = {f.name: "VARCHAR" if f.keep == "token" else column_type(f.type) for f in kept_fields(resource)}
    return {**HOUSE_COLUMNS, **kept}


def key_columns(resource: Resource) -> list[str]:
    """The lake's columns that make two rows one fact: subject, period where there is one, and the kept key fields."""
    kept = {field.name for field in kept_fields(resource)}
    period = ["period"] if resource.period is not None else []
    return ["subject", *period, *(key for key in resource.keys if key in kept)]
