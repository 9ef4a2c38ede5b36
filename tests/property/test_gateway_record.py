"""The quick encoder of records writes what RFC 8785 asks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from puhui.gateway.record import answer_record, plain, refusal_record
from puhui.model.figures import Unknown
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

TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=12)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.decimals(allow_nan=False, allow_infinity=False, places=3),
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


@given(TEXTS, INSTANTS)
def test_a_refusals_record_is_canonical_and_names_the_true_code(text: str, at: datetime) -> None:
    refusal = NoBasis(Said("", ""), todo=Said("", ""), article=text)
    raw = refusal_record(refusal, question(text), text, text, at)
    assert rfc8785.dumps(msgspec.json.decode(raw)) == raw
    assert msgspec.json.decode(raw)["code"] == "no-basis"


def test_values_stay_exact() -> None:
    assert plain(2**53 - 1) == 2**53 - 1
    assert plain(2**53) == str(2**53)
    assert plain(True) is True
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(Decimal("120000.00")) == "120000.00"
    assert plain(date(2026, 1, 2)) == "2026-01-02"
