"""The plain spelling of a field's values: what nearly every cell of a good export looks like, told at little cost.

Law: where `holds_sql` is TRUE, `value_sql` is what `values.typed_expression` gives, and none of the field's own checks
is broken. It may be FALSE for a good cell (which is then typed the full way); it is never TRUE for another value or a
bad cell. `tests/property/test_staging_forms.py` holds both ways equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puhui.model.tables import literal, quoted
from puhui.packs import forms
from puhui.quality.codes import LONG, enum_sql, is_one_of_sql
from puhui.quality.numbers import Decimals
from puhui.quality.text import brackets_sql, no_blank_sql
from puhui.quality.values import CODED, base_of, decimals_of, is_enumerated, longest_of, nulls_of


@dataclass(frozen=True, slots=True)
class Plain:
    """The SQL of one field. `value_sql` and `last_sql` (the last character, where it is asked for) are over the source
    column and to be named `v_<field>` and `e_<field>`; `holds_sql` is over all three and may be NULL or FALSE for an
    empty cell."""

    field: str
    source: str
    value_sql: str
    holds_sql: str
    required: bool
    last_sql: str = ""

    @property
    def columns_sql(self) -> str:
        """What stands in the first SELECT."""
        last = f", {self.last_sql} AS {quoted('e_' + self.field)}" if self.last_sql else ""
        return f"{self.value_sql} AS {quoted('v_' + self.field)}{last}"

    @property
    def is_plain_sql(self) -> str:
        """SQL: TRUE where the cell is plainly written, or empty where that is allowed; else FALSE or NULL."""
        return self.holds_sql if self.required else f"({self.source} IS NULL OR {self.holds_sql})"


def plain_form(
    field: forms.Field,
    source: str,
    column: forms.Column,
    nulls: Sequence[str],
    codes: forms.CodeList | None,
) -> Plain | None:
    """The plain form of a field that one source column fills; None where it has none and is typed the full way."""
    if column.as_ is not None or not isinstance(column.from_, str):
        return None
    found = _form(field, source, quoted("v_" + field.name), nulls_of(field, nulls, codes), codes)
    if found is None:
        return None
    last = f"{source}[-1]" if quoted("e_" + field.name) in found[1] else ""
    return Plain(field.name, source, *found, field.required, last)


def _form(
    field: forms.Field, source: str, value: str, nulls: Sequence[str], codes: forms.CodeList | None
) -> tuple[str, str] | None:
    kind = decimals_of(field.type)
    if kind:
        return f"TRY_CAST({source} AS {kind.sql})", _decimal_holds(source, value, kind)
    match base_of(field.type):
        case "int":
            return f"TRY_CAST({source} AS BIGINT)", f"(CAST({value} AS VARCHAR) = {source})"
        case "date":
            return f"TRY_CAST({source} AS DATE)", _day_holds(source, value)
        case "str" | "text" | "code":
            return _code_form(source, value, codes, field) if codes else _text_form(field, source, nulls)
    return None


def _decimal_holds(source: str, value: str, kind: Decimals) -> str:
    """The engine reads it, and there are no digits beyond the scale; most amounts have just as many as the scale."""
    places = f"NOT contains({source}, '.') OR strlen({source}) - instr({source}, '.') <= {kind.scale}"
    if kind.scale:
        places = f"CASE WHEN {source} LIKE '%.{'_' * kind.scale}' THEN TRUE ELSE {places} END"
    return f"({value} IS NOT NULL AND ({places}))"


def _day_holds(source: str, value: str) -> str:
    """Digits first, and a year of four digits: the engine's own cast also knows 'epoch' and years of other lengths."""
    digits = f"strlen({source}) <= 10 AND {source} BETWEEN '1' AND '9999999999'"
    return f"({digits} AND {value} BETWEEN DATE '1000-01-01' AND DATE '9999-12-31')"


def _code_form(source: str, value: str, codes: forms.CodeList, field: forms.Field) -> tuple[str, str] | None:
    """The codes themselves; a long list is looked up the full way."""
    longest = longest_of(field.type)
    known = [v.code for v in codes.values if not longest or len(v.code) <= longest]
    if not known or len(known) > LONG or any(code != code.strip() for code in known):
        return None
    if not is_enumerated(field, codes):
        return source, is_one_of_sql(source, known)
    holds = f"({value} IS NOT NULL)" if len(known) == len(codes.values) else is_one_of_sql(source, known)
    return f"TRY_CAST({source} AS {enum_sql(codes)})", holds


def _text_form(field: forms.Field, source: str, nulls: Sequence[str]) -> tuple[str, str]:
    """Nothing to trim, no word for null, not too long; codes without full-width signs."""
    longest, allowed = max((len(word.encode()) for word in nulls), default=0), longest_of(field.type)
    last = quoted("e_" + field.name)
    if field.semantic in CODED and allowed > 2 * longest:  # an identifier: hardly one is as short as a word for null
        return source, f"(strlen({source}) BETWEEN {longest + 1} AND {allowed} AND {_is_code_sql(source, last)})"
    words = " OR ".join(f"{source} = {literal(word)}" for word in ("", *nulls))
    is_word = f"CASE WHEN strlen({source}) > {longest} THEN FALSE ELSE {words} END"
    holds = [f"NOT {is_word}"]
    if allowed:
        holds.append(f"CASE WHEN strlen({source}) <= {allowed} THEN TRUE ELSE length({source}) <= {allowed} END")
    if field.semantic in CODED:
        holds.append(_is_code_sql(source, last))
    else:
        holds += [no_blank_sql(source), no_blank_sql(last)]
    value = brackets_sql(source) if field.semantic == "name" else source
    return value, f"({' AND '.join(holds)})"


def _is_code_sql(source: str, last: str) -> str:
    """Plain ASCII with nothing to trim: no blank has a code from "!" on."""
    return f"strlen({source}) = length({source}) AND {source} >= '!' AND {last} >= '!'"
