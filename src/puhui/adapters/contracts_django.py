"""Contracts on Django's ORM; what the hot path asks is held in memory, a line for each product.

Promise: nothing is let through by a row that is not what both sides signed: document, digest, dates and signatures are
held against one another and the keys when it is read, once for a document. The zone's key is not in the database.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from django.db import transaction

from puhui.adapters.directory_django import institution_in
from puhui.adapters.watched_django import Watched, lock_partners
from puhui.contracts.contract import Contract, Signature, check_both_signed, read_contract, signature_of
from puhui.contracts.mandate import Line
from puhui.model.institution import Institution, Standing
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, UnknownName
from puhui.model.refusals_question import ContractBroken, ContractRefused, KeyRefused
from puhui.records import models
from puhui.wire.keys import Ed25519Signing, Verifying, verifying

IN_FORCE, ENDED, BROKEN = "in_force", "ended", "broken"
ZONE_KEY = "zone"  # in the key store: what the zone signs contracts with
_log = structlog.get_logger("puhui.contracts")


@dataclass(frozen=True, slots=True)
class _Held:
    lines: Mapping[tuple[str, str], tuple[Line, ...]]
    admitted: Mapping[str, Institution]
    broken: frozenset[str]  # institutions with a contract that does not hold


class DjangoContracts:
    """`Book` for the gateway and `Contracts` for the desk. Every change is written with its event."""

    def __init__(self, keys: KeyStore, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`keys`: of the zone, which signs every contract."""
        self._keys = keys
        self._watched: Watched[_Held] = Watched(self._read, clock=clock)
        self._parsed: dict[tuple[str, bytes], tuple[Line, ...]] = {}  # by id and digest: a document never changes
        self._told: set[str] = set()  # broken ones that are in the log of errors

    def lines(self, institution: str, product: str) -> Sequence[Line]:
        """The lines of contracts in force, the newest first; what was committed 50 ms ago is seen.

        Raises ContractBroken where there are none and a contract of the institution does not hold.
        """
        held = self._watched.current()
        found = held.lines.get((institution, product), ())
        if not found and institution in held.broken:
            raise _broken()
        return found

    def licensed(self, holder: str, channel: str, record: str, day: date) -> bool:
        """Whether an admitted institution holds that licence record of that channel on a day."""
        institution = self._watched.current().admitted.get(holder)
        return institution is not None and any(
            one.channel == channel and one.record == record and one.in_force(day) for one in institution.licences
        )

    def admitted(self, institution: str) -> bool:
        return institution in self._watched.current().admitted

    def forget(self) -> None:
        """Look again at the next call: another adapter of this process changed an institution."""
        self._watched.forget()

    def close(self) -> None:
        self._watched.close()

    # what officers see and change

    def contract(self, contract_id: str) -> Contract | None:
        row = models.Contract.objects.filter(pk=contract_id).first()
        return self._whole(row) if row is not None else None

    def states(self, institution: str = "") -> list[dict[str, Any]]:
        rows = models.Contract.objects.order_by("valid_from", "id")
        return [self._state(row) for row in (rows.filter(institution_id=institution) if institution else rows)]

    def in_force(self, at: datetime) -> list[Contract]:
        """Signed, not ended, and not over yet; those that begin later too. Raises ContractBroken."""
        rows = models.Contract.objects.filter(state=IN_FORCE, valid_until__gt=at).order_by("id")
        return [self._whole(row) for row in rows]

    def sign(self, contract: Contract, signatures: Sequence[Signature], *, by: Sequence[str], at: datetime) -> None:
        with transaction.atomic():
            lock_partners()
            _, made = models.Contract.objects.get_or_create(
                pk=contract.id,
                defaults={
                    "institution_id": contract.terms.institution,
                    "document": contract.document,
                    "digest": contract.digest,
                    "signatures": [one.as_dict() for one in signatures],
                    "state": IN_FORCE,
                    "valid_from": contract.valid_from,
                    "valid_until": contract.valid_until,
                },
            )
            if made:
                _event("contract-signed", by[-1], at, {**_named(contract), "officers": list(by)})
        self._watched.forget()

    def end(self, contract_id: str, *, by: str, at: datetime, reason: str) -> None:
        with transaction.atomic():
            lock_partners()
            row = models.Contract.objects.filter(pk=contract_id).first()
            if row is None:
                raise UnknownName(
                    Said(f"没有合同 {contract_id}", f"there is no contract {contract_id}"),
                    todo=Said("用 puhui contract list 查看", "see `puhui contract list`"),
                )
            if row.state == ENDED:
                return
            models.Contract.objects.filter(pk=contract_id).update(state=ENDED, ended_at=at)
            detail = {"contract": contract_id, "institution": row.institution_id, "reason": reason}
            _event("contract-ended", by, at, detail)
        self._watched.forget()

    def _read(self) -> _Held:
        lines: dict[tuple[str, str], list[Line]] = defaultdict(list)
        broken: set[str] = set()
        in_force = models.Contract.objects.filter(state=IN_FORCE).order_by("-valid_from", "id")
        for name, institution, digest in in_force.values_list("pk", "institution_id", "digest"):
            try:
                for line in self._lines_of(name, bytes(digest)):
                    lines[(institution, line.product)].append(line)
            except ContractBroken:
                broken.add(institution)
        rows = models.Institution.objects.filter(state=Standing.ADMITTED.value)
        admitted = {row.pk: institution_in(row) for row in rows}
        return _Held({key: tuple(held) for key, held in lines.items()}, admitted, frozenset(broken))

    def _lines_of(self, contract_id: str, digest: bytes) -> tuple[Line, ...]:
        if (contract_id, digest) not in self._parsed:
            self._parsed[contract_id, digest] = _lines(self._whole(models.Contract.objects.get(pk=contract_id)))
        return self._parsed[contract_id, digest]

    def _whole(self, row: Any) -> Contract:
        """The contract of a row that is what both sides signed. Raises ContractBroken; the first time it is told."""
        try:
            contract = read_contract(bytes(row.document))
            said = contract.id, contract.digest, contract.terms.institution, contract.valid_from, contract.valid_until
            stored = row.pk, bytes(row.digest), row.institution_id, row.valid_from, row.valid_until
            signatures = [signature_of(json.dumps(one)) for one in row.signatures]
            if said == stored:
                theirs = _keys_of(row.institution_id)
                check_both_signed(contract, signatures, institution=theirs, zone=self._zone_key)
                return contract
        except (ContractRefused, KeyRefused):
            pass  # told below, as a row that contradicts itself is
        if row.pk not in self._told:
            self._told.add(row.pk)
            _log.error("a stored contract is not what was signed", contract=row.pk, code=ContractBroken.code)
        raise _broken()

    def _zone_key(self, key_id: str) -> Verifying | None:
        if key_id.rpartition("/")[0] != ZONE_KEY:
            return None
        try:
            key = self._keys.by_id(key_id)
        except Broken:
            return None
        return Ed25519Signing.of_seed(key.id, key.secret).verifying()

    def _state(self, row: Any) -> dict[str, Any]:
        state = {
            "id": row.pk,
            "institution": row.institution_id,
            "state": row.state,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "ended_at": row.ended_at,
            "products": [],
            "end_users": [],
            "signatures": row.signatures,
        }
        try:
            terms = self._whole(row).terms
        except ContractBroken:
            return state | {"state": ENDED if row.state == ENDED else BROKEN}
        return state | {"products": [one.product for one in terms.products], "end_users": list(terms.end_users)}


def _keys_of(institution: str) -> Callable[[str], Verifying | None]:
    """The keys that an institution has or had."""

    def key(key_id: str) -> Verifying | None:
        row = models.InstitutionKey.objects.filter(pk=key_id, institution_id=institution).first()
        return verifying(row.pk, row.algorithm, bytes(row.public)) if row is not None else None

    return key


def _lines(contract: Contract) -> tuple[Line, ...]:
    return tuple(
        Line(
            contract=contract.id,
            digest=contract.digest,
            product=granted.product,
            purposes=frozenset(granted.purposes),
            end_users=frozenset(contract.terms.end_users),
            channel=granted.through.channel,
            holder=granted.through.holder,
            record=granted.through.record,
            valid_from=contract.valid_from,
            valid_until=contract.valid_until,
            quotas={str(window): most for window, most in granted.quotas.items()},
            plan=contract.plan,
        )
        for granted in contract.terms.products
    )


def _broken() -> ContractBroken:
    return ContractBroken(
        ContractBroken.meaning,
        todo=Said(
            "专区从备份恢复该合同，或终止后重新签订", "the zone restores it from a backup, or ends it and signs anew"
        ),
    )


def _named(contract: Contract) -> dict[str, Any]:
    return {
        "contract": contract.id,
        "digest": contract.digest.hex(),
        "institution": contract.terms.institution,
        "products": [one.product for one in contract.terms.products],
    }


def _event(kind: str, actor: str, at: datetime, detail: Mapping[str, Any]) -> None:
    models.Event.objects.create(kind=kind, actor=actor, at=at, detail=dict(detail))
