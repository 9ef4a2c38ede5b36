"""From a field of the catalogue to the SQL that types its column and says what is wrong with it.

Text goes in, a typed value comes out or NULL, and each way to fail has a check of its own. The fast way of a
value is the engine's own cast; the other spellings are tried only where that gives nothing. Rules by type:
`docs/reference/values.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as of_field

from puhui.model.tables import literal, quoted
from puhui.packs import forms
from puhui.quality.codes import codes_sql, enum_sql, flag_sql, is_code_sql, is_long, spellings
from puhui.quality.dates import day_sql, moment_sql, month_sql
from puhui.quality.numbers import (
    Decimals,
    amount_sql,
    currency_sql,
    decimal_sql,
    integer_sql,
    precision_sql,
)
from puhui.quality.text import DAMAGED, NULL_WORDS, brackets_sql, clean_sql, narrow_sql

IDENTIFIERS = frozenset({"uscc", "ric", "reg_no", "org_code", "tax_no", "local", "id", "account", "phone"})
CODED = IDENTIFIERS | {"region", "industry", "code", "currency"}  # full width means nothing in these
REGION_OF_USCC = (3, 6)  # first place and length of the area in a credit code (GB 32100)


@dataclass(frozen=True, slots=True)
class Typed:
    """The SQL of one field, in three layers, so that nothing is computed twice.

    `clean_sql` is over the source columns and is to be named `t_<field>`; `value_sql` and `extra` (other
    field → SQL) are over `t_<field>` and are to be named `v_<field>`; the checks are over both. Their SQL is
    never NULL.
    """

    field: str
    clean_sql: str
    value_sql: str
    extra: Mapping[str, str] = of_field(default_factory=dict)
    problem_sql: Mapping[str, str] = of_field(default_factory=dict)  # check → the row is set aside
    warn_sql: Mapping[str, str] = of_field(default_factory=dict)  # check → the row stays


def typed_expression(
    field: forms.Field,
    source: str | Sequence[str],
    *,
    mapping_column: forms.Column | None = None,
    nulls: Sequence[str] = (),
    codes: forms.CodeList | None = None,
    excel: bool = False,
) -> Typed:
    """`source` is a SQL expression of text, or several of which the first filled one counts.

    `nulls` are spellings of null beside the house's own; `excel` says that numbers may be a spreadsheet's
    dates.
    """
    return _Typing(field, mapping_column, nulls_of(field, nulls, codes), codes, excel).typed(source)


def nulls_of(field: forms.Field, nulls: Sequence[str], codes: forms.CodeList | None) -> tuple[str, ...]:
    """The house's words and the mapping's own, without those that mean something in this field."""
    meant = set(spellings(codes)) if codes else set()
    if field.type == "bool":
        meant.add("无")
    return tuple(word for word in dict.fromkeys((*NULL_WORDS, *nulls)) if word not in meant)


class _Typing:
    def __init__(
        self,
        field: forms.Field,
        column: forms.Column | None,
        nulls: tuple[str, ...],
        codes: forms.CodeList | None,
        excel: bool,
    ) -> None:
        self._field = field
        self._column = column
        self._nulls = nulls
        self._codes = codes
        self._excel = excel
        self._text = quoted("t_" + field.name)
        self._value = quoted("v_" + field.name)
        self._as = column.as_ if column else None

    def typed(self, source: str | Sequence[str]) -> Typed:
        sources = [source] if isinstance(source, str) else list(source)
        is_text = self._is_text
        problems, warns = self._problems(is_text), self._warns()
        return Typed(
            field=self._field.name,
            clean_sql=self._clean(sources, is_text),
            value_sql=self._value_sql(),
            extra=self._extra(),
            problem_sql=problems,
            warn_sql=warns,
        )

    @property
    def _is_text(self) -> bool:
        """Text is trimmed at once; of other types only what the engine's own cast does not read."""
        return base_of(self._field.type) in ("str", "text", "code", "json") or self._field.type == "bool"

    def _clean(self, sources: Sequence[str], is_text: bool) -> str:
        if len(sources) == 1 and not is_text:
            return sources[0]
        cleaned = [_clean_any(source, self._nulls) for source in sources]
        return cleaned[0] if len(cleaned) == 1 else f"coalesce({', '.join(cleaned)})"

    def _value_sql(self) -> str:
        text, field = self._text, self._field
        if self._as == "region_of_uscc":
            start, length = REGION_OF_USCC
            return f"CASE WHEN length({text}) = 18 THEN substr({text}, {start}, {length}) END"
        kind = decimals_of(field.type)
        if kind and self._as == "amount":
            return amount_sql(text, kind, self._unit)
        if kind:
            return decimal_sql(text, kind, field.unit)
        return self._plain_value_sql()

    def _plain_value_sql(self) -> str:
        text, field = self._text, self._field
        match base_of(field.type):
            case "int":
                return integer_sql(text, field.unit)
            case "date":
                return day_sql(text, excel=self._excel)
            case "ym":
                return month_sql(text, excel=self._excel)
            case "datetime":
                return moment_sql(text, excel=self._excel)
            case "bool":
                return flag_sql(text)
        if self._codes:
            found = codes_sql(text, self._codes)
            return f"CAST({found} AS {enum_sql(self._codes)})" if is_enumerated(field, self._codes) else found
        if field.semantic == "name":
            return brackets_sql(text)
        if field.semantic in CODED:
            return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {narrow_sql(text)} END"
        return text

    @property
    def _unit(self) -> str:
        return (self._column.unit if self._column else "") or self._field.unit

    def _extra(self) -> dict[str, str]:
        if self._as == "amount" and self._column and self._column.currency_to:
            return {self._column.currency_to: currency_sql(self._text)}
        return {}

    def _is_filled(self) -> str:
        if self._is_text:
            return f"{self._text} IS NOT NULL"
        return f"({_clean_any(self._text, self._nulls)}) IS NOT NULL"

    def _problems(self, is_text: bool) -> dict[str, str]:
        text, value, field = self._text, self._value, self._field
        found: dict[str, str] = {}
        damaged = f"coalesce(starts_with({text}, {literal(DAMAGED)}), FALSE)"
        if self._excel and field.semantic in IDENTIFIERS:
            found["damaged"] = damaged
        if self._as != "amount" and (not is_text or field.type == "bool"):
            found["type"] = f"CASE WHEN {value} IS NULL THEN {self._is_filled()} ELSE FALSE END"
        if self._codes and not self._codes.open:
            found["code_list"] = f"{text} IS NOT NULL AND {value} IS NULL"
        if longest := longest_of(field.type):
            found["length"] = (
                f"CASE WHEN strlen({value}) <= {longest} OR {value} IS NULL THEN FALSE "
                f"ELSE length({value}) > {longest} END"
            )
        if field.required:
            found["required"] = f"CASE WHEN {value} IS NULL THEN NOT ({self._is_filled()}) ELSE FALSE END"
        return found

    def _warns(self) -> dict[str, str]:
        found: dict[str, str] = {}
        kind = decimals_of(self._field.type)
        if self._as == "amount":
            found["amount_text"] = f"CASE WHEN {self._value} IS NULL THEN {self._is_filled()} ELSE FALSE END"
        elif kind:
            found["precision"] = precision_sql(self._text, self._value, kind)
        if self._codes and self._codes.open:
            known = is_code_sql(self._value, self._codes)
            found["code_list"] = f"CASE WHEN {self._value} IS NULL THEN FALSE ELSE NOT {known} END"
        return found


def is_enumerated(field: forms.Field, codes: forms.CodeList) -> bool:
    """Whether the field's values are staged as a type of the engine: all are codes of a short list, and nobody but the
    engine looks at them. Rows take less room, and are written in half the time."""
    short = bool(codes.values) and not is_long(codes)
    return short and not codes.open and field.keep == "lake" and field.semantic not in IDENTIFIERS


def decimals_of(type_name: str) -> Decimals | None:
    """Width and scale of `decimal(p,s)`."""
    found = re.fullmatch(r"decimal\((\d+),(\d+)\)", type_name)
    return Decimals(int(found[1]), int(found[2])) if found else None


def base_of(type_name: str) -> str:
    return type_name.partition("(")[0]


def longest_of(type_name: str) -> int:
    found = re.fullmatch(r"(?:str|code)\((\d+)\)", type_name)
    return int(found[1]) if found else 0


def _clean_any(source: str, nulls: Sequence[str]) -> str:
    """`clean_sql` reads its column several times: a constant or other expression is named first."""
    return clean_sql(source, nulls)
