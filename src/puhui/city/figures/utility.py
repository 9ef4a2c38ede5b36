"""Utility and innovation figures U01 to U06, N01, N02."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Context, Decimal

from puhui.city.figures.employment import last_whole_month
from puhui.city.figures.lives import (
    Life,
    Outcome,
    completed_months,
    figure,
    growth,
    month_number,
    total_or_zero,
)
from puhui.city.figures.tax import VAT

_POWER = "consumption_power"
_DEEP = Context(prec=80)


@figure(consumption_power="usage_kwh bill_ym")
def kwh_12m(life: Life) -> Outcome:
    return total_or_zero(life.within(_POWER, "bill_ym", 12), "usage_kwh")


@figure(consumption_power="usage_kwh bill_ym")
def kwh_yoy(life: Life) -> Outcome:
    now = total_or_zero(life.within(_POWER, "bill_ym", 12), "usage_kwh")
    return growth(now, total_or_zero(life.before(_POWER, "bill_ym", 12), "usage_kwh"))


def _by_month(life: Life) -> dict[date, Decimal]:
    months: dict[date, Decimal] = defaultdict(Decimal)
    for row in life.by_now(_POWER, "bill_ym"):
        months[row["bill_ym"]] += row["usage_kwh"]
    return months


@figure(consumption_power="usage_kwh bill_ym")
def kwh_zero_months(life: Life) -> Outcome:
    months = _by_month(life)
    if not months:
        return 12
    counted = min(12, last_whole_month(life) - month_number(min(months)) + 1)
    window = [used for month, used in months.items() if month > life.back(12)]
    share = Decimal(str(life.parameters["idle_usage_share"]))
    busy = sum(1 for used in window if used > 0 and used * counted >= sum(window) * share)
    return counted - busy


@figure(
    consumption_power="usage_kwh bill_ym",
    enterprise_tax_payments="tax_item tax_kind tax_sales tax_period_from tax_period_to",
)
def kwh_sales_corr(life: Life) -> Outcome:
    months = {month: used for month, used in _by_month(life).items() if month > life.back(24)}
    filings: dict[tuple[date, date], Decimal] = defaultdict(Decimal)
    for row in life.of("enterprise_tax_payments"):
        if row["tax_item"] == VAT and row["tax_kind"] == "正税" and row["tax_sales"] is not None:
            filings[row["tax_period_from"], row["tax_period_to"]] += row["tax_sales"]
    points = []
    for (start, end), sales in filings.items():
        used = [kwh for month, kwh in months.items() if start <= month <= end]
        if used and start > life.back(24) and end <= life.as_of:
            points.append((sum(used, Decimal(0)), sales))
    enough = len(points) >= int(life.parameters["correlation_min_points"])
    return _correlation(points) if enough else None


def _correlation(points: list[tuple[Decimal, Decimal]]) -> Decimal | None:
    """Pearson's coefficient; undefined without spread in both."""
    n = len(points)
    sum_x, sum_y = sum(x for x, _ in points), sum(y for _, y in points)
    spread_x = n * sum(x * x for x, _ in points) - sum_x * sum_x
    spread_y = n * sum(y * y for _, y in points) - sum_y * sum_y
    if spread_x * spread_y == 0:
        return None
    together = n * sum(x * y for x, y in points) - sum_x * sum_y
    return _DEEP.divide(Decimal(together), _DEEP.sqrt(Decimal(spread_x * spread_y)))


_BILL = "bill_due_date bill_pay_date"


@figure(arrears_power=_BILL, arrears_gas=_BILL, arrears_water=_BILL)
def util_owe_cnt_12m(life: Life) -> Outcome:
    grace = timedelta(days=int(life.parameters["utility_grace_days"]))
    return sum(
        1
        for source in ("arrears_power", "arrears_gas", "arrears_water")
        for row in life.within(source, "bill_due_date", 12)
        if min(row["bill_pay_date"] or life.as_of, life.as_of) - row["bill_due_date"] > grace
    )


_CUSTOMER = "acct_status acct_open_date"


@figure(customer_basics_mobile=_CUSTOMER, customer_basics_telecom=_CUSTOMER, customer_basics_unicom=_CUSTOMER)
def telecom_tenure_m(life: Life) -> Outcome:
    opened = [
        row["acct_open_date"]
        for carrier in ("mobile", "telecom", "unicom")
        for row in life.by_now(f"customer_basics_{carrier}", "acct_open_date")
        if row["acct_status"] == "在用"
    ]
    return completed_months(min(opened), life.as_of) if opened else 0


@figure(enterprise_honours="honour_name honour_date valid_to")
def hightech_valid(life: Life) -> Outcome:
    return any(
        row["honour_name"] in ("高新技术企业", "科技型中小企业")
        and row["valid_to"] is not None
        and row["valid_to"] >= life.as_of
        for row in life.by_now("enterprise_honours", "honour_date")
    )


@figure(intellectual_property="ip_type ip_no ip_status ip_grant_date")
def patent_valid_cnt(life: Life) -> Outcome:
    names = {"发明": "invention", "实用新型": "utility", "外观": "design"}
    granted = life.by_now("intellectual_property", "ip_grant_date")
    valid = {(row["ip_type"], row["ip_no"]) for row in granted if row["ip_status"] == "有效"}
    weights = [life.parameters[f"patent_weight_{names[kind]}"] for kind, _ in valid if kind in names]
    return sum((Decimal(str(weight)) for weight in weights), Decimal(0))
