"""Price plans: what the next answer of a contract costs, in fen.

Promises: pure and exact. Refusals are free, wholly withheld answers cost like others (settled.md); a cap stops a
month's bill. A plan is a part of the contract that both sides signed:

    {"kind": "free"}                                            a public good
    {"kind": "per_call", "fen": 150}                            each answer 1.50 yuan
    {"kind": "per_product", "fen": {"tax_loan_basic": 150}}     each product its price
    {"kind": "monthly", "fen": 500000}                          the month's first answer bears the fee
    {"kind": "tiers", "tiers": [{"from": 1, "fen": 200}, …]}    by the n-th answer of the month
    … "cap_fen": 1000000                                        with any of them: no month costs more
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct, field

from puhui.model.refusal import Said
from puhui.model.refusals_question import ContractRefused

Fen = Annotated[int, Meta(ge=0, le=10**12)]


class _Plan(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    cap_fen: Fen | None = None


class Free(_Plan, frozen=True, tag="free"):
    """Nothing is billed."""

    def price(self, product: str, answered: int) -> int:
        return 0


class PerCall(_Plan, frozen=True, tag="per_call", kw_only=True):
    """Each answer costs the same."""

    fen: Fen

    def price(self, product: str, answered: int) -> int:
        return self.fen


class PerProduct(_Plan, frozen=True, tag="per_product", kw_only=True):
    """Each product has its price; one that is not named cannot be billed and so not be answered."""

    fen: Annotated[dict[str, Fen], Meta(min_length=1)]

    def price(self, product: str, answered: int) -> int:
        if product not in self.fen:
            raise _bad(f"没有产品 {product} 的价格", f"no price of the product {product}")
        return self.fen[product]


class Monthly(_Plan, frozen=True, tag="monthly", kw_only=True):
    """One fee for a month in which anything was answered."""

    fen: Fen

    def price(self, product: str, answered: int) -> int:
        return 0 if answered else self.fen


class Tier(Struct, frozen=True, forbid_unknown_fields=True):
    """What an answer costs from the n-th of the month on."""

    first: Annotated[int, Meta(ge=1)] = field(name="from")
    fen: Fen


class Tiers(_Plan, frozen=True, tag="tiers", kw_only=True):
    """The n-th answer of the month costs what its tier says."""

    tiers: Annotated[list[Tier], Meta(min_length=1, max_length=20)]

    def price(self, product: str, answered: int) -> int:
        return next(tier.fen for tier in reversed(self.tiers) if tier.first <= answered + 1)


Plan = Free | PerCall | PerProduct | Monthly | Tiers
_DECODER = msgspec.json.Decoder(Plan)


@lru_cache(maxsize=1024)
def parse_plan(text: str) -> Plan:
    """The plan of a JSON text. Raises ContractRefused where it is none."""
    try:
        plan: Plan = _DECODER.decode(text)
    except msgspec.DecodeError as fault:
        raise _bad("格式不符", str(fault)) from None
    if isinstance(plan, Tiers):
        firsts = [tier.first for tier in plan.tiers]
        if firsts[0] != 1 or firsts != sorted(set(firsts)):
            raise _bad("阶梯须从第 1 次起并递增", "tiers begin at the first answer and rise")
    return plan


def price_of(plan: str, product: str, *, answered: int, of_product: int, fen: int) -> int:
    """What the contract's next answer costs: the `Prices` of the log.

    `answered`, `of_product`: its answers of the month so far, and those of this product; `fen`: their bill. Raises
    ContractRefused where the plan is none, or names no price for the product.
    """
    parsed = parse_plan(plan)
    price = parsed.price(product, answered)
    return price if parsed.cap_fen is None else max(0, min(price, parsed.cap_fen - fen))


def _bad(zh: str, en: str) -> ContractRefused:
    return ContractRefused(
        Said(f"价格方案不可用：{zh}", f"the price plan cannot be used: {en}"),
        todo=Said("按 metering.prices 所列的五种方案改写", "write one of the five kinds of plan of metering.prices"),
    )
