"""Property figures P01 to P04: flats, mortgages, seizures."""

from __future__ import annotations

from decimal import Decimal

from puhui.city.figures.lives import Life, Outcome, Row, active, figure

_TITLES = "real_estate_registration"


def _owned(life: Life) -> list[Row]:
    return [
        row
        for row in life.of(_TITLES)
        if row["re_status"] == "现势" and (row["re_reg_date"] is None or row["re_reg_date"] <= life.as_of)
    ]


def _mortgaged(life: Life) -> list[Row]:
    return [
        row
        for row in life.of("mortgage_registration")
        if (row["mort_from"] is None or row["mort_from"] <= life.as_of)
        and (row["mort_cancel_date"] is None or row["mort_cancel_date"] > life.as_of)
    ]


def _seized(life: Life) -> list[Row]:
    return [
        row
        for row in life.of("real_estate_seizures")
        if active(row, "seal_from", "seal_to", life.as_of)
        and (row["unseal_date"] is None or row["unseal_date"] > life.as_of)
    ]


@figure(real_estate_registration="re_unit_no re_status re_reg_date")
def own_property_cnt(life: Life) -> Outcome:
    return len({row["re_unit_no"] for row in _owned(life)})


def _share(row: Row, joint: Decimal) -> Decimal | None:
    """The owner's part of a title; None where it is not stated."""
    match row["re_own_way"]:
        case "单独":
            return Decimal(1)
        case "按份":
            return row["re_own_share"]  # type: ignore[no-any-return]
        case "共同":
            return joint if row["re_own_share"] is None else row["re_own_share"]
        case _:
            return None


@figure(
    real_estate_registration="re_unit_no re_area re_own_way re_own_share re_status re_reg_date",
    mortgage_registration="re_unit_no mort_from mort_cancel_date",
    real_estate_seizures="re_unit_no seal_from seal_to unseal_date",
)
def free_property_area(life: Life) -> Outcome:
    burdened = {row["re_unit_no"] for row in (*_mortgaged(life), *_seized(life))}
    joint = Decimal(str(life.parameters["joint_ownership_share"]))
    units: dict[str, list[Row]] = {}
    for row in _owned(life):
        units.setdefault(row["re_unit_no"], []).append(row)
    areas = []
    for unit, rows in units.items():
        shares = [share for share in (_share(row, joint) for row in rows) if share is not None]
        if unit in burdened:
            areas.append(Decimal(0))
        elif shares:
            areas.append(max(row["re_area"] for row in rows) * max(shares))
    return sum(areas, Decimal(0)) if areas or not units else None


@figure(mortgage_registration="mort_no re_unit_no mort_way mort_amount mort_max_amount mort_from mort_cancel_date")
def mort_amt_active(life: Life) -> Outcome:
    claims: dict[str, Decimal] = {}
    for row in _mortgaged(life):
        first, second = row["mort_amount"], row["mort_max_amount"]
        if row["mort_way"] == "最高额":
            first, second = second, first
        amount = second if first is None else first
        claim = row["mort_no"] or row["re_unit_no"]
        claims[claim] = max(claims.get(claim, amount), amount)
    return sum(claims.values(), Decimal(0))


@figure(real_estate_seizures="seal_from seal_to unseal_date")
def sealed_flag(life: Life) -> Outcome:
    return bool(_seized(life))
