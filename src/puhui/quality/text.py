"""How delivered text is cleaned, as SQL for the engine, and as plain Python that says the same more slowly.

Each `…_sql` takes a SQL expression of type VARCHAR and gives one; its twin of the same name takes and gives
str or None. Property tests hold both equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from puhui.model.tables import literal

BLANKS = " \t\n\r\u00a0\u3000\ufeff\u200b"  # trimmed at both ends, the invisible ones too
NULL_WORDS = (
    "空", "无", "暂无", "不详", "未知", "——", "—", "－", "-", "--", "---", "/", "\\", "\\N",
    "N/A", "n/a", "NA", "#N/A", "null", "NULL", "Null", "none", "None", "NONE", "NaN", "nan",
)  # fmt: skip
DAMAGED = "\ufffd"  # leads the text of a number that a spreadsheet had rounded: its last digits are lost
_FULL = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000￥\u2010\u2011\u2012\u2013\u2014\u2212"
_HALF = "".join(chr(code) for code in range(0x21, 0x7F)) + " ¥------"
_NARROW = str.maketrans(_FULL, _HALF)
_BRACKETS = str.maketrans("（）", "()")


def trim_sql(text: str) -> str:
    """Without outer BLANKS. A value that starts and ends with a plain character is not looked at twice."""
    return f"trim({text}, {literal(BLANKS)})"


def trim(text: str) -> str:
    return text.strip(BLANKS)


def clean_sql(text: str, nulls: Sequence[str]) -> str:
    """Trimmed; NULL where empty or one of `nulls`. `text` is the name of a column or variable."""
    # nearly all values have plain characters at both ends: only the others pay for the trim that knows all
    # blanks
    return (
        f"CASE WHEN {no_blank_sql(text)} AND {no_blank_sql(text + '[-1]')} THEN {_without_nulls_sql(text, nulls)} "
        f"ELSE {let_sql('trimmed', trim_sql(text), _without_nulls_sql('trimmed', nulls))} END"
    )


def _without_nulls_sql(text: str, nulls: Sequence[str]) -> str:
    longest = max((len(word.encode()) for word in nulls), default=0)
    is_null = " OR ".join(f"{text} = {literal(word)}" for word in ("", *nulls))
    return f"CASE WHEN strlen({text}) > {longest} THEN {text} WHEN {is_null} THEN NULL ELSE {text} END"


def no_blank_sql(text: str) -> str:
    """Whether the first character is none of BLANKS: between "!" and U+009F, or U+3001 and U+FEFE."""
    return f"({text} >= '!' AND {text} < '\u00a0' OR {text} >= '\u3001' AND {text} < '\ufeff')"


def clean(text: str | None, nulls: Iterable[str]) -> str | None:
    if text is None:
        return None
    trimmed = trim(text)
    return None if not trimmed or trimmed in set(nulls) else trimmed


def narrow_sql(text: str) -> str:
    """Full-width letters, digits and signs as half-width ones; any dash as "-"."""
    return f"translate({text}, {literal(_FULL)}, {literal(_HALF)})"


def narrow(text: str) -> str:
    return text.translate(_NARROW)


def narrow_if_wide_sql(text: str) -> str:
    """As `narrow_sql`, at no cost for plain ASCII."""
    return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {narrow_sql(text)} END"


def brackets_sql(text: str) -> str:
    """Full-width brackets as half-width ones; nothing else of a name is touched."""
    return (
        f"CASE WHEN contains({text}, '（') OR contains({text}, '）') "
        f"THEN translate({text}, '（）', '()') ELSE {text} END"
    )


def brackets(text: str) -> str:
    return text.translate(_BRACKETS)


def let_sql(name: str, value: str, body: str) -> str:
    """`body`, in which `name` stands for `value`, computed once. For slow paths: it makes a list of one."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"
