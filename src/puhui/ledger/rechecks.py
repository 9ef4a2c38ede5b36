"""What is true of a question in the very transaction that logs it, and what its being asked changes.

Promises: questions of one batch compete as if each had a transaction of its own, in the order of the queue: the second
of a nonce, the last use of a letter, the last of a quota are told apart. Nothing here does I/O.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from puhui.ledger.entries import AlreadyAnswered, AskedLine
from puhui.ledger.nonces import name_of
from puhui.ledger.refused import (
    answered_otherwise,
    budget_spent,
    contract_changed,
    key_gone,
    letter_changed,
    letter_spent,
    nonce_used,
    quota_spent,
)
from puhui.ledger.store import AskedRow, Count, Facts, LetterState, RepeatRow, Rows, Wanted
from puhui.ledger.windows import CounterName, Windows, same_window, until_next

ACTIVE, IN_FORCE = "ACTIVE", "in_force"
QUOTAS = ("day", "month", "contract")  # the windows that may be limited, as counters stand


class Prices(Protocol):
    """What the next answer costs by a plan, in fen. Pure: `metering.prices.price_of` is one."""

    def __call__(self, plan: str, product: str, *, answered: int, of_product: int, fen: int) -> int:
        """`answered`, `of_product`: answers of the contract's month so far, of this product among them; `fen`: their
        bill.
        """


def wanted_by(lines: Sequence[AskedLine], at: datetime) -> Wanted:
    """What has to be looked up before these questions can be re-checked at `at`."""
    open_lines = [line for line in lines if not line.code]
    windows = Windows.at(at)
    products = {(line.contract, line.product) for line in lines if line.contract}
    return Wanted(
        idempotency_keys=[(line.institution, line.idempotency_key) for line in open_lines if line.idempotency_key],
        letters=sorted({line.letter for line in open_lines if line.letter}),
        contracts=sorted({line.contract for line in open_lines if line.contract}),
        keys=sorted({line.key_id for line in open_lines if line.key_id}),
        counters=sorted({name for pair in products for name in windows.counters(*pair)}),
        shown=sorted({(line.institution, line.subject) for line in open_lines if line.clashes}),
    )


class Rechecks:
    """The facts of one batch, kept true while its questions are admitted one after the other."""

    def __init__(self, facts: Facts, spent: Container[int], at: datetime, prices: Prices) -> None:
        self._facts = facts
        self._spent = spent
        self.nonces: set[int] = set()  # spent by this batch, by `nonces.name_of`
        self._at = at
        self._prices = prices
        self._windows = Windows.at(at)
        self._counts: dict[
            tuple[str, str], tuple[Count, ...]
        ] = {}  # contract, product → day, month, contract, whole month
        self.rows = Rows()

    def admit(self, line: AskedLine) -> None:
        """Returns where the question may be answered. Raises its QuestionRefused, or AlreadyAnswered."""
        if line.code:
            return
        facts, at = self._facts, self._at
        nonce = name_of(line.institution, line.nonce)
        if nonce in self.nonces or nonce in self._spent:
            raise nonce_used()
        before = facts.answered.get((line.institution, line.idempotency_key)) if line.idempotency_key else None
        if before and before[1] != line.content:
            raise answered_otherwise()
        self._key_holds(line, at)
        self._contract_holds(line, at)
        letter = self._letter_holds(line, at)
        if before:
            self._repeat(line, before[0])
            raise AlreadyAnswered(before[0])
        if letter and _uses(letter, at) >= letter.cap:
            raise letter_spent()
        self._quota_left(line, at)
        self._nothing_clashes(line, at)

    def count(self, line: AskedLine, index: int) -> None:
        """The question becomes entry `index`: its nonce is spent, it is counted and billed, its letter is used."""
        nonce = name_of(line.institution, line.nonce)
        fresh = nonce not in self.nonces and nonce not in self._spent
        price = self._counted(line) if line.contract and fresh else 0
        self.nonces.add(nonce)
        if not line.code:
            self._answered(line, index)
        self.rows.asked.append(
            AskedRow(
                entry=index,
                institution=line.institution,
                bucket=self._windows.bucket,
                nonce=line.nonce if fresh else None,  # the first use holds it
                idempotency_key=line.idempotency_key or None if not line.code else None,
                content=line.content,
                answer_id=line.answer_id,
                contract=line.contract,
                product=line.product,
                end_user=line.end_user,
                subject=line.subject,
                letter=line.letter,
                letter_version=line.version,
                snapshot=line.snapshot,
                code=line.code,
                month=self._windows.bill,
                price_fen=price,
                at=self._at,
            )
        )

    # --- what must hold ---

    def _key_holds(self, line: AskedLine, at: datetime) -> None:
        if not line.key_id:
            return
        key = self._facts.keys.get(line.key_id)
        if key is None or key.institution != line.institution or not key.admitted:
            raise key_gone()
        if (key.revoked_at and key.revoked_at <= at) or not key.not_before <= at < key.not_after:
            raise key_gone()

    def _contract_holds(self, line: AskedLine, at: datetime) -> None:
        if not line.contract:
            return
        contract = self._facts.contracts.get(line.contract)
        if contract is None or contract.state != IN_FORCE or contract.institution != line.institution:
            raise contract_changed()
        if line.contract_digest and contract.digest != line.contract_digest:
            raise contract_changed()
        if not contract.valid_from <= at < contract.valid_until or (contract.ended_at and contract.ended_at <= at):
            raise contract_changed()

    def _letter_holds(self, line: AskedLine, at: datetime) -> LetterState | None:
        if not line.letter:
            return None
        letter = self._facts.letters.get(line.letter)
        if (
            letter is None
            or letter.state != ACTIVE
            or letter.version != line.version
            or not letter.start <= at < letter.end
        ):
            raise letter_changed()
        if letter.subject and letter.subject != line.subject:
            raise letter_changed()
        return letter

    def _quota_left(self, line: AskedLine, at: datetime) -> None:
        if not line.quotas:
            return
        for window, counter in zip(QUOTAS, self._counters(line), strict=False):
            limit = line.quotas.get(window)
            if limit is not None and counter.count >= limit:
                raise quota_spent(until_next(window, at))

    def _nothing_clashes(self, line: AskedLine, at: datetime) -> None:
        if not line.clashes:
            return
        since = at - timedelta(days=line.clash_days)
        shown = self._facts.shown.get((line.institution, line.subject), ())
        if any(product in line.clashes and when > since for product, when in shown):
            raise budget_spent()

    # --- what changes ---

    def _counters(self, line: AskedLine) -> tuple[Count, ...]:
        """The counters of the line's contract and product, in the order of `Windows.counters`."""
        pair = (line.contract, line.product)
        if pair not in self._counts:
            names = self._windows.counters(*pair)
            self._counts[pair] = tuple(self._facts.counters.setdefault(name, Count()) for name in names)
        return self._counts[pair]

    def _counted(self, line: AskedLine) -> int:
        """One more in each window of the contract; the price, which is 0 for a refusal."""
        counters = self._counters(line)
        _, month, _, whole = counters
        price = 0
        if not line.code:
            price = self._prices(
                line.plan, line.product, answered=whole.answered, of_product=month.answered, fen=whole.fen
            )
        for counter in counters:
            counter.count += 1
            counter.answered += not line.code
            counter.fen += price
        return price

    def counted(self) -> dict[CounterName, Count]:
        """The counters that grew, with their new values."""
        found: dict[CounterName, Count] = {}
        for pair, counters in self._counts.items():
            found.update(zip(self._windows.counters(*pair), counters, strict=True))
        return found

    def _answered(self, line: AskedLine, index: int) -> None:
        facts = self._facts
        if line.idempotency_key:
            facts.answered[(line.institution, line.idempotency_key)] = (index, line.content)
        if line.subject:
            facts.shown.setdefault((line.institution, line.subject), []).append((line.product, self._at))
        if letter := facts.letters.get(line.letter):
            if not letter.window_started or not same_window(letter.window, letter.window_started, self._at):
                letter.window_started, letter.uses_in_window = self._at, 0
            letter.uses += 1
            letter.uses_in_window += 1
            self.rows.letters[line.letter] = letter

    def _repeat(self, line: AskedLine, index: int) -> None:
        self.nonces.add(name_of(line.institution, line.nonce))
        self.rows.repeats.append(RepeatRow(line.institution, self._windows.bucket, line.nonce, index, self._at))


def _uses(letter: LetterState, at: datetime) -> int:
    """How often the letter was used in the window that `at` falls into."""
    if letter.window == "letter":
        return letter.uses
    if letter.window_started and same_window(letter.window, letter.window_started, at):
        return letter.uses_in_window
    return 0
