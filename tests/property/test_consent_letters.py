"""Letters whatever happens to them: every byte counts, every move is in the table, every day has its window and age."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.consent.caps import ZONE_TIME, is_minor, uses_now, window_start
from puhui.consent.letter import MOVES, Act, Letter, State, moved
from puhui.consent.permit import seconds_to_next
from puhui.model.question import BasisKind
from puhui.model.refusals_question import LetterRefused, NotVerified
from puhui.wire.letters import (
    LETTER,
    Grantee,
    Grantor,
    LetterDocument,
    Named,
    Proof,
    SignedBy,
    Use,
    Wording,
    check_letter_file,
    digest_of,
    document_bytes,
    key_evidence_holds,
    read_letter,
    signer_id,
    text_of,
    time_of,
    time_text,
    write_letter_file,
)

from ..unit.consent_made import NOW, evidence, key
from ..unit.subjects_made import ric, uscc

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))


@cache
def file() -> tuple[bytes, bytes]:
    """A letter file, and the letter's digest."""
    public = key("anna").verifying().public
    document = document_bytes(
        LetterDocument(
            v=1, id="L-1", zone="puhui/360500/a1", grantor=Grantor(kind="uscc", value=uscc(1)),
            institution=Grantee(id="bank-a", name=Named(zh="甲银行", en="Bank A")), end_user="", purpose="lending",
            wording=Wording(letter="tax_loan_enterprise", language="zh", digest=text_of(bytes(32))), ticks=("tax",),
            items={"SWJ-06": "enterprise_auth"}, range_months=24, use=Use(mode="periodic", cap=4, window="month"),
            retention_days=365, start=time_text(NOW), end=time_text(NOW + timedelta(days=90)),
            stated={"paid": "120000"},
            signer=SignedBy(id=signer_id("ed25519", public), capacity="representative",
                            proof=Proof(kind="licence", reference="EBL-1")),
        )
    )  # fmt: skip
    return write_letter_file(document, evidence(key("anna"), LETTER, document)), digest_of(document)


def holds(raw: bytes) -> bool:
    """Whether a file is the letter: its digest, its signer and its evidence."""
    try:
        checked = check_letter_file(raw)
    except NotVerified:
        return False
    return checked.digest == file()[1] and checked.signer and checked.evidence is True


def test_the_file_as_it_was_given_holds() -> None:
    assert holds(file()[0])


@settings(max_examples=2000, deadline=None)
@given(st.data())
def test_any_changed_byte_shows(data: st.DataObject) -> None:
    raw = bytearray(file()[0])
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= data.draw(st.integers(1, 255))
    assert not holds(bytes(raw))


@settings(deadline=None)
@given(st.data())
def test_any_cut_or_added_byte_shows(data: st.DataObject) -> None:
    raw = file()[0]
    at = data.draw(st.integers(0, len(raw) - 1))
    more = data.draw(st.binary(min_size=1, max_size=3))
    assert not holds(raw[:at] + raw[at + 1 :]) and not holds(raw[:at] + more + raw[at:]) and not holds(raw[:at])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_letter_is_refused_and_nothing_else(raw: bytes) -> None:
    assert not holds(raw)


@given(st.binary(min_size=32, max_size=32), st.sampled_from(("", "puhui-letter-act-1", "puhui-enrol-1", "letter")))
def test_a_signature_under_one_thing_is_none_under_another(digest: bytes, domain: str) -> None:
    given_ = evidence(key("anna"), LETTER, b"document")
    assert key_evidence_holds(given_, LETTER, digest_of(b"document"))
    assert not key_evidence_holds(given_, LETTER, digest)
    assert not key_evidence_holds(given_, domain, digest_of(b"document"))


@given(MOMENTS)
def test_times_come_back_to_the_second(moment: datetime) -> None:
    assert time_of(time_text(moment)) == moment.replace(microsecond=0)


def row(**changed: object) -> Letter:
    plain = Letter(
        id="L-1", basis=BasisKind.LETTER, subject="s", institution="a", end_user="", wording="w", purpose="lending",
        items={}, stated=(), mode="periodic", cap=4, window="month", range_months=1, retention_days=1, start=NOW,
        end=NOW + timedelta(days=90), state=State.PROPOSED, version=1, digest=b"",
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(list(Act)), max_size=12))
def test_a_letter_goes_where_the_table_says_and_nowhere_else(acts: list[Act]) -> None:
    letter = row()
    for act in acts:
        allowed = MOVES.get((letter.state, act))
        try:
            change = moved(letter, act, by="x", at=NOW)
        except LetterRefused:
            assert allowed is None
            continue
        assert change.to is allowed
        letter = replace(letter, state=change.to, version=letter.version + 1)
        if letter.state in (State.REVOKED, State.EXPIRED):
            assert all((letter.state, later) not in MOVES for later in Act)


@given(MOMENTS, st.sampled_from(("month", "year")), st.timedeltas(timedelta(0), timedelta(days=800)))
def test_uses_count_in_the_window_they_fell_in(now: datetime, window: str, before: timedelta) -> None:
    used = now - before
    letter = row(window=window, uses=9, uses_in_window=3, window_started=used)
    here, there = now.astimezone(ZONE_TIME), used.astimezone(ZONE_TIME)
    same = here.year == there.year and (window == "year" or here.month == there.month)
    assert uses_now(letter, now) == (3 if same else 0)
    assert uses_now(replace(letter, window="letter"), now) == 9


@given(MOMENTS, st.sampled_from(("month", "year")))
def test_the_next_window_begins_when_it_is_said_to(now: datetime, window: str) -> None:
    wait = seconds_to_next(window, now)
    assert wait is not None and wait > 0
    began = window_start(window, now)
    assert began is not None and began <= now
    assert window_start(window, now + timedelta(seconds=wait)) != began
    assert window_start(window, now + timedelta(seconds=wait - 1)) == began
    assert seconds_to_next("letter", now) is None


@given(st.dates(date(1950, 1, 1), date(2040, 1, 1)), st.dates(date(2026, 1, 1), date(2060, 1, 1)))
def test_nobody_is_of_age_before_the_eighteenth_birthday(born: date, day: date) -> None:
    last = monthrange(born.year + 18, born.month)[1]
    birthday = date(born.year + 18, born.month, born.day) if born.day <= last else date(born.year + 18, 3, 1)
    assert is_minor(ric(f"{born:%Y%m%d}"), day) == (day < birthday)


def test_a_letter_ends_after_it_starts() -> None:
    raw = file()[0]
    document = raw[raw.index(b'{"end"') : raw.index(b',"evidence"')]
    read_letter(document)
    backwards = document.replace(time_text(NOW + timedelta(days=90)).encode(), time_text(NOW).encode())
    try:
        read_letter(backwards)
    except NotVerified:
        return
    raise AssertionError("a letter without a day in it was read")
