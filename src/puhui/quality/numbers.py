"""Numbers and amounts out of text: SQL for the engine and its Python twin.

A number is written plainly, with thousands separators in groups of three, with a sign or in brackets
(negative), with an exponent, in full width, or with its unit behind it. Digits beyond the declared scale are
rounded half away from zero and reported by `precision_sql` (a warning). A value that does not fit the
declared width is no value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

from puhui.model.tables import literal
from puhui.quality.currencies import CURRENCIES, MULTIPLES, currency_pattern
from puhui.quality.text import BLANKS, let_sql, narrow, narrow_sql, trim, trim_sql

_PLAIN = r"[-+]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]*)?([eE]\+?[0-9]{1,2})?"
_BRACKETED = r"\(([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]+)?\)"
_FAST = re.compile(r"[-+]?(?:[0-9](?:_?[0-9])*\.?(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][-+]?[0-9]+)?")
_UNITS = {
    "CNY": r"(人民币)?[元圆](整|人民币)?|CNY|RMB",
    "CNY 10k": r"(人民币)?万元?(人民币)?",
    "ratio": "",
}
_UNITS["元"] = _UNITS["CNY"]
_UNITS["万"] = _UNITS["万元"] = _UNITS["CNY 10k"]
LONG_MAX = 1 << 63


@dataclass(frozen=True, slots=True)
class Decimals:
    """A DECIMAL type: `precision` digits in all, `scale` of them after the point."""

    precision: int
    scale: int

    @property
    def sql(self) -> str:
        return f"DECIMAL({self.precision},{self.scale})"

    def fit(self, value: Decimal) -> Decimal | None:
        """Rounded half away from zero to the scale; None where it has too many digits."""
        exact = Context(prec=len(value.as_tuple().digits) + abs(value.adjusted()) + self.scale + 2)
        rounded = value.quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP, exact)
        return rounded if abs(rounded) < Decimal(10) ** (self.precision - self.scale) else None


def unit_pattern(unit: str) -> str:
    """What may stand behind a number of this unit: its own sign only, never one that would change the
    value."""
    return _UNITS.get(unit, re.escape(unit) if unit else "")


def _number_text_sql(text: str, unit: str) -> str:
    """The number in `text` written plainly, or NULL. `text` is an expression; for the slow path."""
    suffix = unit_pattern(unit)
    bare = f"trim({narrow_sql(trim_sql(text))})"
    if suffix:
        bare = f"regexp_replace({bare}, {literal(f' *({suffix})$')}, '')"
    body = (
        f"CASE WHEN regexp_full_match(n, {literal(_PLAIN)}) AND regexp_matches(n, '^[-+]?[.]?[0-9]') "
        f"THEN replace(n, ',', '') WHEN regexp_full_match(n, {literal(_BRACKETED)}) "
        f"THEN '-' || replace(n[2:-2], ',', '') END"
    )
    return let_sql("n", bare, body)


def number_text(text: str, unit: str) -> str | None:
    bare = narrow(trim(text)).strip(" ")
    suffix = unit_pattern(unit)
    if suffix:
        bare = re.sub(rf" *({suffix})\Z", "", bare, count=1)
    if re.fullmatch(_PLAIN, bare) and re.match(r"[-+]?[.]?[0-9]", bare):
        return bare.replace(",", "")
    if re.fullmatch(_BRACKETED, bare):
        return "-" + bare[1:-1].replace(",", "")
    return None


def decimal_sql(text: str, kind: Decimals, unit: str) -> str:
    """`text` (a column) as a DECIMAL or NULL: the engine's own cast first, the other ways where that gives
    nothing."""
    slow = f"CASE WHEN {text} IS NOT NULL THEN TRY_CAST({_number_text_sql(text, unit)} AS {kind.sql}) END"
    return f"coalesce(TRY_CAST({text} AS {kind.sql}), {slow})"


def decimal(text: str | None, kind: Decimals, unit: str) -> Decimal | None:
    if text is None:
        return None
    blank = text.strip(" \t\n\r\v\f")
    plain = blank.replace("_", "") if _FAST.fullmatch(blank) else number_text(text, unit)
    return None if plain is None else kind.fit(Decimal(plain))


def precision_sql(text: str, value: str, kind: Decimals) -> str:
    """Whether `text`, which gave `value`, says more digits after the point than the type keeps."""
    more = literal(rf"[.][0-9]{{{kind.scale}}}[0-9]*[1-9]0*[^0-9eE]*$")
    return (
        f"CASE WHEN {value} IS NULL THEN FALSE WHEN contains({text}, '.') THEN "
        f"CASE WHEN strlen({text}) - instr({text}, '.') <= {kind.scale} THEN FALSE "
        f"ELSE regexp_matches({text}, {more}) END "
        f"WHEN contains({text}, '．') THEN regexp_matches({narrow_sql(text)}, {more}) ELSE FALSE END"
    )


def integer_sql(text: str, unit: str) -> str:
    """`text` (a column) as a BIGINT or NULL; 12.00 is 12, and 12.5 is no integer (the engine's own cast would
    round)."""
    number = _number_text_sql(text, unit)
    whole = (
        "CASE WHEN NOT regexp_matches(m, '[.][0-9]*[1-9]') OR regexp_matches(m, '[eE]') "
        "THEN CASE WHEN TRY_CAST(m AS DECIMAL(38,6)) = trunc(TRY_CAST(m AS DECIMAL(38,6))) "
        "THEN TRY_CAST(trunc(TRY_CAST(m AS DECIMAL(38,6))) AS BIGINT) END END"
    )
    return (
        f"CASE WHEN CAST(TRY_CAST({text} AS BIGINT) AS VARCHAR) = {text} THEN TRY_CAST({text} AS BIGINT) "
        f"WHEN {text} IS NOT NULL THEN {let_sql('m', number, whole)} END"
    )


def integer(text: str | None, unit: str) -> int | None:
    plain = None if text is None else number_text(text, unit)
    if plain is None:
        return None
    value = Decimals(38, 6).fit(Decimal(plain))
    exact = "e" in plain.lower() or not re.search(r"[.][0-9]*[1-9]", plain)
    if value is None or not exact or value != int(value) or not -LONG_MAX <= value < LONG_MAX:
        return None
    return int(value)


# -- amounts: a number, perhaps a multiple, perhaps a currency, in any of the orders that registers print
# ----------

_TIGHT = rf"[{re.escape(BLANKS)}()\[\]【】〔〕:;，。]"
_NUMBER = r"([-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)"
_WORDS = currency_pattern()
_TIMES = "|".join(sorted(MULTIPLES, key=len, reverse=True))
_REST = rf"({_WORDS})?({_TIMES})?({_WORDS}|[元圆]|[元圆]整|[元圆]({_WORDS}))?"
_UNIT_POWER = {"万": 4, "万元": 4, "CNY 10k": 4, "亿": 8, "亿元": 8, "千元": 3, "百万": 6, "百万元": 6}


def unit_power(unit: str) -> int:
    """The power of ten that one of the unit is: 4 for 万."""
    return _UNIT_POWER.get(unit, 0)


def _tight_sql(text: str) -> str:
    return f"upper(regexp_replace({narrow_sql(text)}, {literal(_TIGHT)}, '', 'g'))"


def tight(text: str) -> str:
    """The text without blanks and brackets, in half width and upper case: 1,000（万元人民币） →
    1,000万元人民币."""
    return re.sub(_TIGHT, "", narrow(text)).upper()


def _rest_sql(name: str) -> str:
    return f"regexp_replace({name}, {literal(_NUMBER)}, '')"


def amount_sql(text: str, kind: Decimals, unit: str) -> str:
    """`text` (a column) as an amount in `unit`. A bare number is in `unit` already; `5000元` in 万 is 0.5."""
    power = unit_power(unit)
    times = "".join(f"WHEN '{word}' THEN {_factor(exponent - power)} " for word, exponent in MULTIPLES.items())
    named = f"CASE regexp_extract(r, {literal(_TIMES)}) {times}ELSE {_factor(-power)} END"
    factor = f"CASE WHEN r = '' THEN {_factor(0)} ELSE {named} END"
    # DECIMAL(20,6) times DECIMAL(18,8) stays below 10^24, which DECIMAL(38,14) holds: the product cannot
    # overflow
    number = f"TRY_CAST(replace(regexp_extract(a, {literal(_NUMBER)}, 1), ',', '') AS DECIMAL(20,6))"
    value = f"TRY_CAST({number} * {let_sql('r', _rest_sql('a'), factor)} AS {kind.sql})"
    body = f"CASE WHEN regexp_full_match(a, {literal(_NUMBER)}) OR ({_is_amount_sql('a')}) THEN {value} END"
    return f"CASE WHEN {text} IS NOT NULL THEN {let_sql('a', _tight_sql(text), body)} END"


def _is_amount_sql(name: str) -> str:
    return (
        f"regexp_matches({name}, {literal('^[^0-9]*' + _NUMBER + '[^0-9]*$')}) "
        f"AND regexp_full_match({_rest_sql(name)}, {literal(_REST)})"
    )


def _factor(exponent: int) -> str:
    return f"{Decimal(1).scaleb(exponent):f}::DECIMAL(18,8)"


def amount(text: str | None, kind: Decimals, unit: str) -> Decimal | None:
    parts = _parts(text)
    if parts is None:
        return None
    number, rest = parts
    exponent = 0
    if rest:
        times = re.search(_TIMES, rest)
        exponent = (MULTIPLES[times[0]] if times else 0) - unit_power(unit)
    rounded = Decimals(20, 6).fit(Decimal(number.replace(",", "")))
    return None if rounded is None else kind.fit(rounded.scaleb(exponent))


def _parts(text: str | None) -> tuple[str, str] | None:
    """Number and rest of an amount text, or None."""
    whole = "" if text is None else tight(text)
    found = re.fullmatch(f"[^0-9]*?{_NUMBER}[^0-9]*", whole)
    if found is None:
        return None
    rest = re.sub(_NUMBER, "", whole, count=1)
    return (found[1], rest) if not rest or re.fullmatch(_REST, rest) else None


def currency_sql(text: str) -> str:
    """The ISO 4217 code that an amount text states: 元 alone is CNY, no word at all is NULL."""
    arms = " ".join(
        f"WHEN regexp_matches(c, {literal('|'.join(map(re.escape, words)))}) THEN '{code}'"
        for code, words in CURRENCIES.items()
    )
    body = f"CASE {arms} WHEN regexp_matches(c, '[元圆]') THEN 'CNY' END"
    guarded = f"CASE WHEN {_is_amount_sql('c')} THEN {body} END"
    return f"CASE WHEN {text} IS NOT NULL THEN {let_sql('c', _tight_sql(text), guarded)} END"


def currency(text: str | None) -> str | None:
    parts = _parts(text)
    if parts is None or not parts[1]:
        return None
    for code, words in CURRENCIES.items():
        if any(word in parts[1] for word in words):
            return code
    return "CNY" if re.search("[元圆]", parts[1]) else None
