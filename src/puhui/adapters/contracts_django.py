"""Contracts on Django's ORM; what the hot path asks is held in memory, a line for each product."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from puhui.adapters.directory_django import institution_in
from puhui.adapters.watched_django import Watched, lock_partners
from puhui.contracts.contract import Contract, Signature, read_contract
from puhui.contracts.mandate import Line
from puhui.model.institution import Institution, Standing
from puhui.model.refusal import Said
from puhui.model.refusals import UnknownName
from puhui.records import models

IN_FORCE, ENDED = "in_force", "ended"


@dataclass(frozen=True, slots=True)
class _Held:
    lines: Mapping[tuple[str, str], tuple[Line, ...]]
    admitted: Mapping[str, Institution]


class DjangoContracts:
    """`Book` for the gateway and `Contracts` for the desk. Every change is written with its event."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._watched: Watched[_Held] = Watched(self._read, clock=clock)
        self._parsed: dict[str, tuple[Line, ...]] = {}  # by contract: a document never changes

    def lines(self, institution: str, product: str) -> Sequence[Line]:
        """The lines of contracts in force, the newest first; what was committed 50 ms ago is seen."""
        return self._watched.current().lines.get((institution, product), ())

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
        return read_contract(bytes(row.document)) if row is not None else None

    def states(self, institution: str = "") -> list[dict[str, Any]]:
        rows = models.Contract.objects.order_by("valid_from", "id")
        return [_state(row) for row in (rows.filter(institution_id=institution) if institution else rows)]

    def in_force(self, at: datetime) -> list[Contract]:
        """Signed, not ended, and not over yet; those that begin later too."""
        rows = models.Contract.objects.filter(state=IN_FORCE, valid_until__gt=at).order_by("id")
        return [read_contract(bytes(row.document)) for row in rows]

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
        in_force = models.Contract.objects.filter(state=IN_FORCE).order_by("-valid_from", "id")
        for name, institution in in_force.values_list("pk", "institution_id"):
            for line in self._lines_of(name):
                lines[(institution, line.product)].append(line)
        rows = models.Institution.objects.filter(state=Standing.ADMITTED.value)
        return _Held({key: tuple(held) for key, held in lines.items()}, {row.pk: institution_in(row) for row in rows})

    def _lines_of(self, contract_id: str) -> tuple[Line, ...]:
        if contract_id not in self._parsed:
            document = models.Contract.objects.values_list("document", flat=True).get(pk=contract_id)
            self._parsed[contract_id] = _lines(read_contract(bytes(document)))
        return self._parsed[contract_id]


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


def _state(row: Any) -> dict[str, Any]:
    contract = read_contract(bytes(row.document))
    return {
        "id": row.pk,
        "institution": row.institution_id,
        "state": row.state,
        "valid_from": row.valid_from,
        "valid_until": row.valid_until,
        "ended_at": row.ended_at,
        "products": [one.product for one in contract.terms.products],
        "end_users": list(contract.terms.end_users),
        "signatures": row.signatures,
    }


def _named(contract: Contract) -> dict[str, Any]:
    return {
        "contract": contract.id,
        "digest": contract.digest.hex(),
        "institution": contract.terms.institution,
        "products": [one.product for one in contract.terms.products],
    }


def _event(kind: str, actor: str, at: datetime, detail: Mapping[str, Any]) -> None:
    models.Event.objects.create(kind=kind, actor=actor, at=at, detail=dict(detail))
