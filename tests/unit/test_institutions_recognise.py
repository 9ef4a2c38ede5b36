"""Who asks: every way not to be recognised, and that nothing is believed before the signature holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest

from puhui.institutions.rates import BURST_SECONDS, Rates
from puhui.institutions.recognise import LETTERS, MONITORS, recognise
from puhui.model.institution import Standing
from puhui.model.refusals_question import (
    AddressRefused,
    BadSignature,
    QuestionRefused,
    ScopeRefused,
    Stale,
    TooFast,
    UnknownKey,
)
from puhui.wire.keys import SM2_SM3, generate

from .partners_made import NOW, Listed, institution, key, known, request

HOME = "203.0.113.9"


def test_the_institution_is_told_by_its_key() -> None:
    caller = recognise(request(), HOME, Listed(), NOW)
    assert (caller.institution, caller.key_id, caller.pseudonym_key) == ("bank-a", "bank-a/1", b"p" * 32)
    assert caller.scopes == {"answers", "letters"}
    assert recognise(request(), "", Listed(), NOW, scope=LETTERS) == caller


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"revoked_at": NOW}, UnknownKey),
        ({"revoked_at": NOW - timedelta(days=9)}, UnknownKey),
        ({"not_after": NOW}, UnknownKey),
        ({"not_before": NOW + timedelta(seconds=1)}, UnknownKey),
        ({"institution": institution(standing=Standing.SUSPENDED)}, UnknownKey),
        ({"institution": institution(standing=Standing.ENDED)}, UnknownKey),
        ({"institution": institution(networks=(ip_network("198.51.100.0/24"),))}, AddressRefused),
        ({"institution": institution(scopes=frozenset({"letters"}))}, ScopeRefused),
        ({"key": key("bank-b/1").verifying()}, BadSignature),
    ],
)
def test_who_is_not_recognised(change: dict[str, Any], refused: type[QuestionRefused]) -> None:
    directory = Listed({"bank-a/1": replace(known(), **change)})
    with pytest.raises(refused):
        recognise(request(), HOME, directory, NOW)


def test_a_key_counts_from_the_moment_of_its_revocation_on_no_more() -> None:
    directory = Listed({"bank-a/1": known(revoked_at=NOW + timedelta(seconds=1))})
    assert recognise(request(), HOME, directory, NOW).institution == "bank-a"
    with pytest.raises(UnknownKey):
        recognise(request(), HOME, directory, NOW + timedelta(seconds=1))


def test_nobody_is_recognised_by_the_name_of_a_key() -> None:
    signed = request()
    for changed in (
        replace(signed, signature=bytes(64)),
        replace(signed, signed=signed.signed + b" "),
        replace(signed, algorithm="sm2-sm3"),
    ):
        with pytest.raises(BadSignature):
            recognise(changed, HOME, Listed(), NOW)
    with pytest.raises(UnknownKey):
        recognise(replace(signed, key_id="bank-b/1"), HOME, Listed(), NOW)
    with pytest.raises(Stale):
        recognise(signed, HOME, Listed({"bank-a/1": known(not_after=NOW + timedelta(days=9))}), NOW + timedelta(days=2))


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("203.0.113.9", True),
        ("::ffff:203.0.113.9", True),
        ("2001:db8::1", True),
        ("2001:db8::1%eth0", True),
        ("203.0.114.9", False),
        ("::ffff:203.0.114.9", False),
        ("2001:db9::1", False),
        ("", False),
        ("203.0.113.9, 198.51.100.1", False),
        ("0xcb007109", False),
    ],
)
def test_networks_are_compared_as_numbers(address: str, within: bool) -> None:
    networks = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/32"))
    directory = Listed({"bank-a/1": known(institution=institution(networks=networks))})
    if within:
        assert recognise(request(), address, directory, NOW).institution == "bank-a"
    else:
        with pytest.raises(AddressRefused):
            recognise(request(), address, directory, NOW)


def test_an_institution_may_sign_by_sm2() -> None:
    pytest.importorskip("gmssl_pyx", reason="the extra `sm2` is not installed")
    sm2 = generate("bank-a/1", SM2_SM3)
    directory = Listed({"bank-a/1": known(sm2)})
    signed = request(sm2)
    assert recognise(signed, HOME, directory, NOW).institution == "bank-a"
    for other in (request(), replace(signed, algorithm="ed25519"), replace(signed, signature=bytes(64))):
        with pytest.raises(BadSignature):
            recognise(other, HOME, directory, NOW)
    with pytest.raises(BadSignature):
        recognise(signed, HOME, Listed(), NOW)


def test_a_scope_opens_nothing_else() -> None:
    with pytest.raises(ScopeRefused):
        recognise(request(), HOME, Listed(), NOW, scope=MONITORS)
    assert recognise(
        request(), HOME, Listed({"bank-a/1": known(institution=institution(scopes=frozenset()))}), NOW, scope=""
    )


def test_the_rate_says_when_to_come_again() -> None:
    directory = Listed({"bank-a/1": known(institution=institution(rate=2))})
    for _ in range(2 * BURST_SECONDS):
        recognise(request(), HOME, directory, NOW)
    with pytest.raises(TooFast) as refused:
        recognise(request(), HOME, directory, NOW)
    assert refused.value.retry_after == 1
    later = NOW + timedelta(seconds=1)
    assert recognise(request(at=later), HOME, directory, later).institution == "bank-a"


def test_a_stranger_cannot_use_up_the_rate() -> None:
    directory = Listed({"bank-a/1": known(institution=institution(rate=1))})
    forged = replace(request(), signature=bytes(64))
    for _ in range(50):
        with pytest.raises(BadSignature):
            recognise(forged, HOME, directory, NOW)
    assert recognise(request(), HOME, directory, NOW).institution == "bank-a"


def test_a_bucket_fills_with_its_rate_and_no_further() -> None:
    rates = Rates()
    assert [rates.wait("a", 10, 0.0) for _ in range(20)] == [0.0] * 20
    assert rates.wait("a", 10, 0.0) == pytest.approx(0.1)
    assert rates.wait("b", 10, 0.0) == 0.0, "another institution has a bucket of its own"
    assert rates.wait("a", 10, 0.1) == 0.0
    assert [rates.wait("a", 10, 1000.0) for _ in range(21)].count(0.0) == 20
    assert rates.wait("a", 10, 1.0) > 0, "a clock that goes back fills nothing"


def test_a_batch_costs_as_much_as_its_questions() -> None:
    rates = Rates()
    assert rates.wait("a", 10, 0.0, cost=100) == 0.0, "a full bucket lets one large batch in"
    assert rates.wait("a", 10, 0.0) == pytest.approx(8.1)
    assert rates.wait("a", 10, 8.0) > 0 and rates.wait("a", 10, 8.2) == 0.0
