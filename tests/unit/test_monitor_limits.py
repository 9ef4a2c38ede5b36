"""Which limits a release has crossed, and the nonces of signed GETs."""

from __future__ import annotations

import pytest

from puhui.api.nonces import LIFE, ReadNonces
from puhui.gateway.limits import Seen, crossed
from puhui.gateway.monitor_looks import FIRST_WAIT, LONGEST_WAIT, TRIES, authority_of, wait_after
from puhui.model.refusals_question import Replayed
from puhui.wire.messages import LimitForm

UNKNOWN, WITHHELD = Seen(False, False, None), Seen(False, True, None)


def seen(value: str | int | bool | None) -> Seen:
    return Seen(True, False, value)


def limit(when: str, value: str = "") -> LimitForm:
    given = {"value": value} if value else {}
    return LimitForm(item="x", when=when, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "before", "now", "is_crossed"),
    [
        (limit("above", "10"), seen("9"), seen("11"), True),
        (limit("above", "10"), seen("10.00"), seen("10.01"), True),
        (limit("above", "10"), seen("11"), seen("12"), False),  # it was beyond already
        (limit("above", "10"), seen("9"), seen("10.00"), False),
        (limit("above", "10"), UNKNOWN, seen("11"), True),
        (limit("above", "10"), seen("9"), UNKNOWN, False),
        (limit("above", "10"), WITHHELD, seen(11), True),
        (limit("above", "10"), seen("9"), WITHHELD, False),
        (limit("above", "10"), None, seen("11"), True),
        (limit("above", "10"), seen("9"), None, False),
        (limit("below", "10"), seen(10), seen(9), True),
        (limit("below", "10"), seen(9), seen(8), False),
        (limit("below", "-1"), seen("0"), seen("-1.5"), True),
        (limit("above", "10"), seen(True), seen("text"), False),
        (limit("changed"), seen("a"), seen("b"), True),
        (limit("changed"), seen("a"), seen("a"), False),
        (limit("changed"), seen("a"), UNKNOWN, True),
        (limit("changed"), UNKNOWN, seen(None), True),
        (limit("changed"), WITHHELD, seen("a"), False),
        (limit("changed"), seen("a"), WITHHELD, False),
        (limit("changed"), None, seen("a"), False),
    ],
)
def test_what_is_crossed(one: LimitForm, before: Seen | None, now: Seen | None, is_crossed: bool) -> None:
    told = crossed([one, one], {"x": before} if before else {}, {"x": now} if now else {})
    assert told == (("x",) if is_crossed else ())


def test_waits_grow_and_end() -> None:
    waits = [wait_after(tries) for tries in range(1, TRIES)]
    assert waits[0] == FIRST_WAIT and waits == sorted(waits) and waits[-1] <= LONGEST_WAIT
    assert wait_after(100) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("address", "authority"),
    [
        ("https://Bank.example/x", "bank.example"),
        ("https://bank.example:443/", "bank.example"),
        ("https://bank.example:8443/", "bank.example:8443"),
        ("http://[::1]:80/", "[::1]"),
    ],
)
def test_the_authority_of_an_address(address: str, authority: str) -> None:
    assert authority_of(address) == authority


def test_a_get_is_read_once() -> None:
    nonces = ReadNonces(most=3)
    nonces.spend("bank-a", "n", 100)
    nonces.spend("bank-b", "n", 100)
    with pytest.raises(Replayed):
        nonces.spend("bank-a", "n", 100 + LIFE)
    nonces.spend("bank-a", "n", 101 + LIFE)  # its signature is out of time by now
    for other in ("p", "q", "r"):  # the oldest go first
        nonces.spend("bank-a", other, 101 + LIFE)
    nonces.spend("bank-a", "n", 101 + LIFE)
