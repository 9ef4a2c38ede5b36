"""Values of code lists and flags: spellings that become a code, and the words for yes and no."""

from __future__ import annotations

from collections.abc import Iterable

from puhui.model.tables import enum_type, literal
from puhui.packs import forms
from puhui.quality.text import let_sql, narrow, narrow_if_wide_sql

YES = ("是", "Y", "YES", "1", "TRUE", "T", "有", "真", "对", "√")
NO = ("否", "N", "NO", "0", "FALSE", "F", "无", "没有", "假", "×", "非")


def spellings(codes: forms.CodeList) -> dict[str, str]:
    """Every spelling that a list knows, and the code that it becomes; a code itself goes before another's
    spelling."""
    found = {spelling: value.code for value in codes.values for spelling in (value.title.zh, *value.also)}
    return {**found, **{value.code: value.code for value in codes.values}}


LONG = 64  # from so many codes on a list is a type of the engine
FEW = 16  # so many words are compared one by one; more are halved first


def is_one_of_sql(text: str, words: Iterable[str]) -> str:
    """Whether `text` (a column) is one of `words`: a search by halves, written out.

    Never as IN: from five words on the engine makes a join of it, and a join loses the order of the rows,
    which is what numbers the records.
    """
    listed = sorted(set(words))  # by code point, which is the engine's order of bytes too
    if len(listed) <= FEW:
        return "(" + (" OR ".join(f"{text} = {literal(word)}" for word in listed) or "FALSE") + ")"
    half = len(listed) // 2
    below, above = is_one_of_sql(text, listed[:half]), is_one_of_sql(text, listed[half:])
    return f"CASE WHEN {text} < {literal(listed[half])} THEN {below} ELSE {above} END"


def is_long(codes: forms.CodeList) -> bool:
    """Whether the list's spellings are looked up in a type of the engine instead of being written out."""
    return len(codes.values) > LONG


def lookup_statements(codes: forms.CodeList) -> tuple[str, ...]:
    """What the engine must be told of a long list once, before its SQL is used: its spellings as a type, whose n-th
    value means the n-th of its codes, and its codes as a type. Written out they would take seconds to plan."""
    found = spellings(codes)
    codes_in_order = ", ".join(literal(code) for code in found.values())
    distinct = dict.fromkeys(found.values())
    return (
        f"CREATE TYPE IF NOT EXISTS {_type('spelling_of', codes)} AS ENUM ({', '.join(map(literal, found))})",
        f"CREATE TYPE IF NOT EXISTS {_type('code_of', codes)} AS ENUM ({', '.join(map(literal, distinct))})",
        f"SET VARIABLE {_type('codes_of', codes)} = [{codes_in_order}]",
    )


def _type(what: str, codes: forms.CodeList) -> str:
    return f"{what}_{codes.name}"


def is_code_sql(text: str, codes: forms.CodeList) -> str:
    """Whether `text` (a column, not NULL) is a code of the list; never NULL."""
    if is_long(codes):
        return f"(try_cast({text} AS {_type('code_of', codes)}) IS NOT NULL)"
    return is_one_of_sql(text, (value.code for value in codes.values))


def enum_sql(codes: forms.CodeList) -> str:
    """The list's codes as a type of the engine."""
    return enum_type(value.code for value in codes.values)


def _long_codes_sql(text: str, codes: forms.CodeList) -> str:
    other = text if codes.open else "NULL"
    place = f"enum_code(try_cast(w AS {_type('spelling_of', codes)}))"
    body = f"coalesce(getvariable({literal(_type('codes_of', codes))})[{place} + 1], {other})"
    slow = let_sql("w", narrow_if_wide_sql(text), body)
    return f"CASE WHEN {text} IS NULL OR {is_code_sql(text, codes)} THEN {text} ELSE {slow} END"


def codes_sql(text: str, codes: forms.CodeList) -> str:
    """The code of cleaned `text` (a column); other text stays as it is in an open list and is NULL in a
    closed one. Of a long list only after its `lookup_statements`."""
    if is_long(codes):
        return _long_codes_sql(text, codes)
    known = [value.code for value in codes.values]
    others = {also: code for also, code in spellings(codes).items() if also != code}
    arms = " ".join(f"WHEN w = {literal(also)} THEN {literal(code)}" for also, code in others.items())
    other = text if codes.open else "NULL"
    body = f"CASE WHEN {is_one_of_sql('w', known)} THEN w {arms} ELSE {other} END"
    slow = let_sql("w", narrow_if_wide_sql(text), body)
    return f"CASE WHEN {text} IS NULL OR {is_one_of_sql(text, known)} THEN {text} ELSE {slow} END"


def code(text: str | None, codes: forms.CodeList) -> str | None:
    if text is None:
        return None
    known = spellings(codes)
    if text in {value.code for value in codes.values}:
        return text
    if (found := known.get(narrow(text))) is not None:
        return found
    return text if codes.open else None


def flag_sql(text: str) -> str:
    """Cleaned `text` (a column) as a BOOLEAN or NULL."""
    body = f"CASE WHEN {is_one_of_sql('w', YES)} THEN TRUE WHEN {is_one_of_sql('w', NO)} THEN FALSE END"
    slow = let_sql("w", f"upper({narrow_if_wide_sql(text)})", body)
    plain = "WHEN '1' THEN TRUE WHEN '0' THEN FALSE WHEN '是' THEN TRUE WHEN '否' THEN FALSE"
    return f"CASE {text} {plain} ELSE {slow} END"


def flag(text: str | None) -> bool | None:
    word = None if text is None else narrow(text).upper()
    return True if word in YES else False if word in NO else None
