"""The trust file: read only as it is written, refused where it contradicts itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from puhui.model.refusals_question import KeyRefused, NotVerified
from puhui.wire.canonical import canonical, read_canonical
from puhui.wire.notes import COSIGNATURE_V1, NoteVerifier
from puhui.wire.trust import Institution, Letters, Officer, Trust, read_trust, time_of, write_trust

from ..answered import BANK, LOG_SIGNER, ORIGIN, WITNESSES, key, log_key, trust_of, trusted, zone_of

WITNESS = WITNESSES[0].verifier.vkey
RENAMED = NoteVerifier("another", WITNESSES[0].verifier.public, COSIGNATURE_V1).vkey
RENEWED = NoteVerifier("witness-1", WITNESSES[1].verifier.public, COSIGNATURE_V1).vkey
OFFICER = Officer(name="one", public=trusted(BANK).public)


def test_what_was_written_is_read_back() -> None:
    letters = Letters(rp_id="zone.example", origins=("https://zone.example",), officers=(OFFICER,))
    trust = trust_of(zones=(zone_of(letters=letters), zone_of(origin="puhui/360500/a2")), quorum=2)
    raw = write_trust(trust)
    assert read_trust(raw) == trust
    assert write_trust(read_trust(raw)) == raw


def test_keys_are_found_by_their_owner_and_id() -> None:
    trust = trust_of()
    assert trust.institution_key("bank-a/1").verifying().public == BANK.verifying().public
    assert trust.answer_key(ORIGIN, "zone/1").id == "zone/1"
    assert [one.name for one in trust.witness_keys()] == ["witness-1", "witness-2", "witness-3"]
    for unknown in (
        lambda: trust.institution_key("bank-a/2"),
        lambda: trust.zone("puhui/360500/a2"),
        lambda: trust.answer_key(ORIGIN, "zone/2"),
        lambda: trust.answer_key("puhui/360500/a2", "zone/1"),
    ):
        with pytest.raises(NotVerified):
            unknown()


def test_a_key_is_in_force_from_its_start_up_to_its_end() -> None:
    dated = trusted(BANK, "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
    moments = [datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)]
    moments += [datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    assert [dated.in_force(moment) for moment in moments] == [False, True, True, False]
    assert trusted(BANK).in_force(datetime(2999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [
        trust_of(v=2),
        trust_of(quorum=4),
        trust_of(quorum=-1),
        trust_of(witnesses=(WITNESS, WITNESS)),
        trust_of(witnesses=(WITNESS, RENAMED)),
        trust_of(witnesses=(WITNESS, RENEWED), quorum=2),
        trust_of(witnesses=(LOG_SIGNER.verifier.vkey,)),
        trust_of(witnesses=("x",)),
        trust_of(zones=(zone_of(), zone_of())),
        trust_of(zones=(zone_of(origin=""),)),
        trust_of(zones=(zone_of(answer_keys=(trusted(BANK),)),)),
        trust_of(zones=(zone_of(answer_keys=(trusted(key("zone/1")), trusted(key("zone/1")))),)),
        trust_of(zones=(zone_of(log_keys=(log_key(WITNESSES[0]),)),)),
        trust_of(zones=(zone_of(log_keys=(log_key(LOG_SIGNER), log_key(LOG_SIGNER))),)),
        trust_of(zones=(zone_of(log_keys=(log_key(LOG_SIGNER, start="2026-01-01"),)),)),
        trust_of(zones=(zone_of(letters=Letters(rp_id="", origins=(), officers=(OFFICER, OFFICER))),)),
        trust_of(
            zones=(zone_of(letters=Letters(rp_id="", origins=(), officers=(Officer(name="one", public="AA=="),))),)
        ),
        trust_of(institutions=(Institution(id="bank-b", keys=(trusted(BANK),)),)),
        trust_of(institutions=(Institution(id="bank-a", keys=()), Institution(id="bank-a", keys=()))),
        trust_of(institutions=(Institution(id="bank-a", keys=(trusted(BANK, end="2025-01-01T00:00:00Z"),)),)),
        trust_of(institutions=(Institution(id="bank-a", keys=(trusted(BANK, start=""),)),)),
    ],
)
def test_what_contradicts_itself_is_neither_written_nor_read(wrong: Trust) -> None:
    import msgspec

    with pytest.raises(KeyRefused):
        write_trust(wrong)
    with pytest.raises(KeyRefused):
        read_trust(canonical(msgspec.to_builtins(wrong)))


def test_only_the_canonical_form_is_read() -> None:
    raw = write_trust(trust_of())
    document: dict[str, Any] = read_canonical(raw)
    for other in (raw + b"\n", raw.replace(b",", b", ", 1), b"", b"[]", canonical({**document, "more": 1})):
        with pytest.raises(KeyRefused):
            read_trust(other)
    del document["quorum"]
    with pytest.raises(KeyRefused):
        read_trust(canonical(document))


@pytest.mark.parametrize(
    "text", ["", "2026-11-22", "2026-11-22T03:04:05", "2026-11-22T3:04:05Z", "2026-13-22T03:04:05Z"]
)
def test_a_time_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|data"):
        time_of(text)


def test_a_key_of_an_unknown_algorithm_is_refused() -> None:
    public = trusted(BANK)
    odd = type(public)(id="bank-a/1", algorithm="rsa", public=public.public, start=public.start, end="")
    with pytest.raises(KeyRefused):
        write_trust(trust_of(institutions=(Institution(id="bank-a", keys=(odd,)),)))
