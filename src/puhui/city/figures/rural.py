"""Rural figures A01 to A10: land, transfers, subsidies, farms, moral points."""

from __future__ import annotations

from decimal import Decimal

from puhui.city.figures.lives import Life, Outcome, Row, active, completed_months, figure, total_or_zero

_TRANSFER = "transfer_area_mu transfer_role transfer_from transfer_to"


def _contracts(life: Life, role: str) -> list[Row]:
    """Transfers in force in which the subject stands on this side."""
    begun = life.by_now("farmland_transfers", "transfer_from")
    return [
        row for row in begun if row["transfer_role"] == role and active(row, "transfer_from", "transfer_to", life.as_of)
    ]


@figure(land_rights="land_area_mu")
def contract_area(life: Life) -> Outcome:
    return total_or_zero(life.of("land_rights"), "land_area_mu")


@figure(farmland_transfers=_TRANSFER)
def transfer_area(life: Life) -> Outcome:
    return total_or_zero(_contracts(life, "流入"), "transfer_area_mu")


@figure(farmland_transfers="transfer_role transfer_from transfer_to")
def transfer_remain_m(life: Life) -> Outcome:
    ends = [row["transfer_to"] for row in _contracts(life, "流入") if row["transfer_to"] is not None]
    return completed_months(life.as_of, min(ends)) if ends else None


@figure(forest_rights="forest_area_mu forest_to")
def forest_area(life: Life) -> Outcome:
    held = [row for row in life.of("forest_rights") if row["forest_to"] is None or row["forest_to"] >= life.as_of]
    return total_or_zero(held, "forest_area_mu")


@figure(consolidated_subsidies="subsidy_amount subsidy_pay_date")
def subsidy_12m(life: Life) -> Outcome:
    return total_or_zero(life.within("consolidated_subsidies", "subsidy_pay_date", 12), "subsidy_amount")


@figure(consolidated_subsidies="subsidy_amount subsidy_pay_date subsidy_year")
def subsidy_years(life: Life) -> Outcome:
    paid = life.within("consolidated_subsidies", "subsidy_pay_date", 36)
    years = {row["subsidy_year"] for row in paid if row["subsidy_amount"] > 0}
    newest = max(years, default=0)
    if newest < life.as_of.year - 1:
        return 0
    length = 1
    while newest - length in years:
        length += 1
    return length


@figure(land_rights="land_area_mu", farmland_transfers=_TRANSFER)
def crop_income_est(life: Life) -> Outcome:
    area = total_or_zero(life.of("land_rights"), "land_area_mu")
    area += total_or_zero(_contracts(life, "流入"), "transfer_area_mu")
    area -= total_or_zero(_contracts(life, "流出"), "transfer_area_mu")
    harvest, price, cost = (
        Decimal(str(life.parameters[name])) for name in ("crop_yield_kg_per_mu", "crop_price_per_kg", "crop_cost_share")
    )
    return max(area, Decimal(0)) * harvest * price * (1 - cost)


@figure(large_scale_farmers="farm_kind farm_unit farm_scale farm_eval_year")
def breed_scale(life: Life) -> Outcome:
    rows = [row for row in life.of("large_scale_farmers") if row["farm_eval_year"] <= life.as_of.year]
    newest = max((row["farm_eval_year"] for row in rows), default=None)
    listed = [row for row in rows if row["farm_eval_year"] == newest]
    pigs = [row for row in listed if row["farm_kind"] == "生猪" and row["farm_unit"] == "头"]
    birds = [row for row in listed if row["farm_kind"] == "家禽" and row["farm_unit"] == "羽"]
    per_hundred = Decimal(str(life.parameters["poultry_per_100_pigs"]))
    return total_or_zero(pigs, "farm_scale") + total_or_zero(birds, "farm_scale") * 100 / per_hundred


@figure(
    farmer_cooperatives="reg_status est_date",
    young_farm_owners="farm_eval_year",
    professional_farmers_management="farm_eval_year",
    professional_farmers_skilled="farm_eval_year",
)
def coop_member(life: Life) -> Outcome:
    rosters = ("young_farm_owners", "professional_farmers_management", "professional_farmers_skilled")
    listed = any(row["farm_eval_year"] <= life.as_of.year for roster in rosters for row in life.of(roster))
    cooperatives = life.by_now("farmer_cooperatives", "est_date")
    return listed or any(row["reg_status"] == "存续" for row in cooperatives)


@figure(
    approved_moral_points="points quarter_end approval_state approved_on",
    moral_dishonest_debtors="exec_fulfil exec_publish_date",
)
def moral_points(life: Life) -> Outcome:
    approved = [
        row
        for row in life.by_now("approved_moral_points", "quarter_end")
        if row["approval_state"] == "已通过" and row["approved_on"] <= life.as_of
    ]
    if not approved:
        return None
    if any(row["exec_fulfil"] != "全部" for row in life.by_now("moral_dishonest_debtors", "exec_publish_date")):
        return 0
    newest: Decimal = max(approved, key=lambda row: (row["quarter_end"], row["approved_on"], row["points"]))["points"]
    return newest
