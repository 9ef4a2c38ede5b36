"""Who asks: the institution whose key signed, or a refusal. Nothing of the question is believed before this.

Promises: a `Caller` is made here alone, and only of an admitted institution whose key is in force at this moment, from
a network that it registered, within its scopes and its rate, and whose signature holds over the exact bytes that came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import ceil
from typing import Protocol

from puhui.institutions.rates import Rates
from puhui.model.institution import Institution, Network, Standing
from puhui.model.question import Caller
from puhui.model.refusal import Said
from puhui.model.refusals_question import AddressRefused, ScopeRefused, TooFast, UnknownKey
from puhui.wire.http_signatures import SignedInTime, verify_request
from puhui.wire.keys import Verifying

ANSWERS, LETTERS, MONITORS, REPORTS = "answers", "letters", "monitors", "reports"
SCOPES = (ANSWERS, LETTERS, MONITORS, REPORTS)


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A public key, ready to verify, with its institution."""

    key: Verifying
    institution: Institution
    not_before: datetime
    not_after: datetime
    revoked_at: datetime | None
    pseudonym_key: bytes = field(repr=False)

    def in_force(self, now: datetime) -> bool:
        revoked = self.revoked_at is not None and self.revoked_at <= now
        return not revoked and self.not_before <= now < self.not_after


class Directory(Protocol):
    """The admitted institutions and their keys, held in memory."""

    @property
    def rates(self) -> Rates: ...

    def key(self, key_id: str) -> KnownKey | None:
        """The key of that id as it stands: what was committed 50 ms ago is seen."""

    def keys_of(self, institution: str) -> Sequence[KnownKey]:
        """Every key that an institution has or had, as it stands; not for the hot path."""


def recognise(
    question: SignedInTime, address: str, directory: Directory, now: datetime, *, scope: str = ANSWERS, cost: int = 1
) -> Caller:
    """The institution that signed a question (or any request), asked from a network address (text of IPv4 or IPv6).

    `scope`: what the request is for; empty: every institution may. `cost`: how many questions it holds.

    Raises UnknownKey, AddressRefused, Stale, BadSignature, ScopeRefused, TooFast (with `retry_after` in whole seconds).
    """
    known = directory.key(question.key_id)
    if known is None or not known.in_force(now) or known.institution.standing is not Standing.ADMITTED:
        raise _unknown_key()
    institution = known.institution
    if institution.networks and not _within(address, institution.networks):
        raise _address_refused()
    seconds = now.timestamp()
    verify_request(question, known.key, int(seconds))  # the key decides which algorithm it is, not the message
    if scope and scope not in institution.scopes:
        raise _scope_refused(scope)
    # after the signature: a stranger who names the key cannot use up the institution's rate
    wait = directory.rates.wait(institution.id, institution.rate, seconds, cost)
    if wait:
        raise _too_fast(wait)
    return Caller(institution.id, known.key.id, institution.scopes, known.pseudonym_key)


def check_scope(caller: Caller, scope: str) -> None:
    """The recognised institution may do what `scope` names; empty: every one may. Raises ScopeRefused."""
    if scope and scope not in caller.scopes:
        raise _scope_refused(scope)


def _within(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


@lru_cache(maxsize=4096)
def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    """An address without its zone; an IPv4 one that came through IPv6 as what it is. None: no address at all."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def _unknown_key() -> UnknownKey:
    return UnknownKey(
        UnknownKey.meaning,
        todo=Said("核对密钥编号；如已轮换，用现行密钥", "check the key id; after a rotation sign with the current key"),
    )


def _address_refused() -> AddressRefused:
    return AddressRefused(
        AddressRefused.meaning,
        todo=Said(
            "从登记的网络地址发起，或申请变更登记", "ask from a registered network, or have the registration changed"
        ),
    )


def _scope_refused(scope: str) -> ScopeRefused:
    return ScopeRefused(
        Said(f"机构的准入范围不含 {scope}", f"the institution was not admitted for `{scope}`"),
        todo=Said("向专区申请扩大准入范围", "ask the zone for the scope"),
    )


def _too_fast(wait: float) -> TooFast:
    seconds = ceil(wait)
    refusal = TooFast(TooFast.meaning, todo=Said(f"{seconds} 秒后再试", f"try again in {seconds} s"))
    refusal.retry_after = seconds
    return refusal
