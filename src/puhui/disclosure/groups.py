"""Groups of subjects: what a group adds up to, and whether its count or its sum shows somebody.

Defaults of ACRO (github.com/AI-SDC/ACRO, `default.yaml`): at least 10 contributors, the two largest at most 90 % of a
sum, and the p % rule with p = 10: the second largest contributor cannot estimate the largest within a tenth. Packs may
make them stricter (`tables/NAME.yaml`), never looser.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from heapq import nlargest

from puhui.packs.packset import PackSet

KEPT = 8  # largest amounts that a group remembers: no rule may look at more


class Reason(StrEnum):
    """Why a cell is withheld. `changed`: too few make it differ from an earlier table's; `complement`: so that no other
    one can be told by subtraction.
    """

    FEW = "few"
    DOMINATED = "dominated"
    PERCENT = "p-percent"
    CHANGED = "changed"
    COMPLEMENT = "complement"


class Measure(StrEnum):
    """What a table says of each group."""

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class GroupRules:
    """`least`: contributors in a cell; `largest`, `share`: NK rule; `percent`: the p % rule; `anonymous`: of persons,
    how many must agree in what the table says of them.
    """

    least: int = 10
    largest: int = 2
    share: Decimal = Decimal("0.9")
    percent: Decimal = Decimal("0.1")
    anonymous: int = 5

    def tightened(self, other: GroupRules) -> GroupRules:
        """The stricter of each."""
        return GroupRules(
            least=max(self.least, other.least),
            largest=max(self.largest, other.largest),
            share=min(self.share, other.share),
            percent=max(self.percent, other.percent),
            anonymous=max(self.anonymous, other.anonymous),
        )

    def of_persons(self) -> GroupRules:
        """The rules of a table of persons: a cell that is shown is k-anonymous too."""
        return self.tightened(GroupRules(least=self.anonymous))


def rules_at(packs: PackSet, day: date) -> GroupRules:
    """The rules in force on a day: of the defaults and of every pack's table the strictest."""
    rules = GroupRules()
    for table in packs.tables.values():
        if dated := table.at(day):
            rules = rules.tightened(GroupRules(dated.least, dated.largest, dated.share, dated.percent, dated.anonymous))
    return rules


@dataclass(slots=True)
class Group:
    """The subjects of one cell: how many, what their amounts add up to, and the largest of these by size. `changed`:
    how many joined, left or have another amount since an earlier table; 0 where there was none.
    """

    count: int = 0
    total: Decimal = Decimal(0)
    size: Decimal = Decimal(0)  # the sum of the amounts without their signs
    top: list[Decimal] = field(default_factory=list)  # without signs, the largest first
    negative: bool = False
    changed: int = 0

    def add(self, amount: Decimal) -> None:
        """One more subject."""
        size = abs(amount)
        self.count += 1
        self.total += amount
        self.size += size
        self.negative = self.negative or amount < 0
        if len(self.top) < KEPT:
            self.top.append(size)
            self.top.sort(reverse=True)
        elif size > self.top[-1]:
            self.top[-1] = size
            self.top.sort(reverse=True)

    @classmethod
    def of(cls, amounts: Iterable[Decimal]) -> Group:
        """The group of these amounts, one per subject."""
        group = cls()
        for amount in amounts:
            group.add(amount)
        return group

    @classmethod
    def merged(cls, groups: Iterable[Group]) -> Group:
        """Several groups without a common subject, as one."""
        parts = list(groups)
        return cls(
            sum(one.count for one in parts),
            sum((one.total for one in parts), Decimal(0)),
            sum((one.size for one in parts), Decimal(0)),
            nlargest(KEPT, (amount for one in parts for amount in one.top)),
            any(one.negative for one in parts),
            sum(one.changed for one in parts),
        )


def withheld_count(group: Group, rules: GroupRules) -> Reason | None:
    """Why a count may not be shown; none at all shows nobody."""
    return Reason.FEW if 0 < group.count < rules.least else None


def withheld_sum(group: Group, rules: GroupRules) -> Reason | None:
    """Why a sum over one amount per subject may not be shown."""
    if few := withheld_count(group, rules):
        return few
    if 0 < group.changed < rules.least:
        return Reason.CHANGED
    if not group.size:
        return None
    if sum(group.top[: rules.largest], Decimal(0)) > group.size * rules.share:
        return Reason.DOMINATED
    rest = group.size - sum(group.top[:2], Decimal(0))
    return Reason.PERCENT if rest < group.top[0] * rules.percent else None
