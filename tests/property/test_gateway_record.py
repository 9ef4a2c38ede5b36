"""The quick encoder of records writes what RFC 8785 asks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from unicodedata import normalize

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UnsetType

from puhui.disclosure.let_out import Source, plainly
from puhui.disclosure.rules import OutRule
from puhui.gateway.record import answer_record, item_form, refusal_record, template_of
from puhui.model.figures import Unknown, Value
from puhui.model.question import (
    BasisKind,
    BasisReference,
    Caller,
    Mandate,
    Permit,
    Question,
    Release,
    ReleasedItem,
    ReleaseKind,
)
from puhui.model.refusal import Said
from puhui.model.refusals_question import NoBasis
from puhui.model.subject import Identifier, Subject

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12).map(lambda text: normalize("NFC", text))
EXACT = st.decimals(-(10**30), 10**30, places=6)  # `OutRule.exact`: these stand in a record as they are read
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70).map(plainly),
    st.decimals(allow_nan=False, allow_infinity=False, places=9).map(plainly),
    EXACT,
    st.dates(),
    TEXTS,
)
ITEMS = st.builds(
    ReleasedItem,
    name=TEXTS,
    kind=st.sampled_from(list(ReleaseKind)),
    value=VALUES,
    unit=TEXTS,
    definition=TEXTS,
    known=st.booleans(),
    reason=st.sampled_from([None, *Unknown]),
    coverage=st.one_of(st.none(), st.tuples(st.integers(0, 12), st.integers(0, 12))),
    flags=st.lists(TEXTS, max_size=2).map(tuple),
)
INSTANTS = st.datetimes(min_value=datetime(2000, 1, 1), timezones=st.just(UTC))


def question(text: str) -> Question:
    basis, about = BasisReference(BasisKind.LETTER, "L-1"), Identifier("uscc", "9")
    return Question(
        "bank-a/1", "ed25519", b"", b"", b"d" * 32, b"", "n", 1, 2, text, text, "lending", about, basis
    )  # fmt: skip


def release(items: list[ReleasedItem], text: str, at: datetime, asked: Question) -> Release:
    caller = Caller(text, "bank-a/1", frozenset(), b"")
    mandate = Mandate(caller, text, "", text, "lending", "none", {}, "free")
    permit = Permit(mandate, Subject("360500a1E" + "0" * 20), text, asked.basis, b"x" * 32, 1, {})
    return Release(permit, tuple(items), 3, date(2026, 10, 31), at, text, (("r", 1, text),))


@given(st.lists(ITEMS, max_size=4), TEXTS, INSTANTS)
def test_an_answers_record_is_canonical(items: list[ReleasedItem], text: str, at: datetime) -> None:
    asked = question(text)
    raw = answer_record(release(items, text, at, asked), asked, text, at)
    assert rfc8785.dumps(msgspec.json.decode(raw)) == raw


@given(EXACT)
def test_an_exact_decimal_has_no_exponent_and_its_places(value: Decimal) -> None:
    item = item_form(ReleasedItem("a", ReleaseKind.VALUE, "CNY", "d", True, value))
    assert item.value == format(value, "f")


@given(st.one_of(st.integers(-(2**70), 2**70), st.decimals(allow_nan=False, allow_infinity=False)))
def test_what_json_would_not_keep_is_a_text(value: int | Decimal) -> None:
    shown = plainly(value)
    assert Decimal(shown) == value and "E" not in str(shown)
    assert isinstance(shown, str) or abs(shown) < 2**53


def test_a_template_names_nobody() -> None:
    rule = OutRule("tax_paid_12m", "tax_paid_12m", ReleaseKind.VALUE, "E", "CNY", "d" * 64, frozenset({"SWJ-06"}))
    at = datetime(2026, 11, 22, tzinfo=UTC)
    said = msgspec.json.decode(template_of([rule], Source(3, date(2026, 10, 31), at, "p", (("r", 1, "x"),)), "tax"))
    empty = ("about", "contract", "end_user", "institution", "key_id", "question", "purpose", "channel", "zone")
    assert [said[name] for name in empty] == [""] * len(empty) and said["basis"] is None
    assert [item["value"] for item in said["items"]] == [0]


@given(TEXTS, INSTANTS)
def test_a_refusals_record_is_canonical_and_names_the_true_code(text: str, at: datetime) -> None:
    refusal = NoBasis(Said("", ""), todo=Said("", ""), article=text)
    raw = refusal_record(refusal, question(text), text, text, at)
    assert rfc8785.dumps(msgspec.json.decode(raw)) == raw
    assert msgspec.json.decode(raw)["code"] == "no-basis"


def stated(value: Value) -> str | int | bool | UnsetType:
    return item_form(ReleasedItem("a", ReleaseKind.VALUE, "", "d", True, plainly(value))).value


def test_values_stay_exact() -> None:
    assert stated(2**53 - 1) == 2**53 - 1
    assert stated(2**53) == str(2**53)
    assert stated(True) is True
    assert stated(Decimal("1E+3")) == "1000"
    assert stated(Decimal("120000.00")) == "120000.00"
    assert stated(date(2026, 1, 2)) == "2026-01-02"
