"""Tax figures T01 to T22 out of filings and payments, grades, arrears and penalties."""

from __future__ import annotations

from collections import defaultdict
from decimal import Context, Decimal

from puhui.city.figures.lives import (
    Life,
    Outcome,
    Row,
    completed_months,
    figure,
    growth,
    longest_run,
    month_number,
    ratio,
    total,
    total_or_zero,
)

VAT = "10101"
_PAID = "tax_kind tax_item tax_paid tax_treasury_date"
_SALES = "tax_kind tax_item tax_sales tax_period_to"
_DEEP = Context(prec=60)


def paid_tax(rows: list[Row], life: Life) -> list[Row]:
    """Payments of the taxes that count, without late fees and fines."""
    counted = life.parameters["counted_tax_items"]
    return [row for row in rows if row["tax_kind"] == "正税" and row["tax_item"] in counted]


def vat_returns(life: Life, months: int) -> list[Row]:
    """VAT returns whose period ended in the window."""
    rows = life.within("enterprise_tax_payments", "tax_period_to", months)
    return [row for row in rows if row["tax_kind"] == "正税" and row["tax_item"] == VAT]


def vat_returns_before(life: Life, months: int) -> list[Row]:
    rows = life.before("enterprise_tax_payments", "tax_period_to", months)
    return [row for row in rows if row["tax_kind"] == "正税" and row["tax_item"] == VAT]


def _tax_paid(life: Life, months: int) -> Decimal:
    return total_or_zero(
        paid_tax(life.within("enterprise_tax_payments", "tax_treasury_date", months), life), "tax_paid"
    )


@figure(enterprise_tax_payments=_PAID)
def tax_paid_12m(life: Life) -> Outcome:
    return _tax_paid(life, 12)


@figure(enterprise_tax_payments=_PAID)
def tax_paid_24m(life: Life) -> Outcome:
    return _tax_paid(life, 24)


@figure(enterprise_tax_payments=_PAID)
def tax_paid_yoy(life: Life) -> Outcome:
    earlier = paid_tax(life.before("enterprise_tax_payments", "tax_treasury_date", 12), life)
    return growth(_tax_paid(life, 12), total_or_zero(earlier, "tax_paid"))


@figure(enterprise_tax_payments=_SALES)
def vat_sales_12m(life: Life) -> Outcome:
    return total_or_zero(vat_returns(life, 12), "tax_sales")


@figure(enterprise_tax_payments=_SALES)
def vat_sales_yoy(life: Life) -> Outcome:
    return growth(
        total_or_zero(vat_returns(life, 12), "tax_sales"),
        total_or_zero(vat_returns_before(life, 12), "tax_sales"),
    )


def _span(row: Row) -> int:
    """Months between the first and the last month of a return."""
    return month_number(row["tax_period_to"]) - month_number(row["tax_period_from"])


@figure(enterprise_tax_payments=_SALES + " tax_period_from")
def vat_sales_cv_12m(life: Life) -> Outcome:
    returns = vat_returns(life, 12)
    quarterly = any(_span(row) >= 2 for row in returns)
    points: dict[int, Decimal] = defaultdict(Decimal)
    for row in returns:
        end = month_number(row["tax_period_to"])
        quarter = end - (row["tax_period_to"].month - 1) % 3
        points[quarter if quarterly else end] += row["tax_sales"]
    count, mean_base = len(points), sum(points.values(), Decimal(0))
    if count < 2 or mean_base <= 0:
        return None
    squares = sum((sales * sales for sales in points.values()), Decimal(0))
    variance = _DEEP.divide(count * (count * squares - mean_base * mean_base), (count - 1) * mean_base * mean_base)
    return _DEEP.sqrt(variance)


def _months_paid(life: Life, months: int) -> int:
    found = set()
    for row in life.within("enterprise_tax_payments", "tax_treasury_date", months):
        if row["tax_kind"] == "正税" and row["tax_paid"] > 0:
            paid_in = month_number(row["tax_treasury_date"])
            length = 3 if row["tax_item"] == VAT and _span(row) == 2 else 1
            found |= {paid_in - back for back in range(length)}
    return len(found)


@figure(enterprise_tax_payments=_PAID + " tax_period_from tax_period_to")
def tax_months_12m(life: Life) -> Outcome:
    return _months_paid(life, 12)


@figure(enterprise_tax_payments=_PAID + " tax_period_from tax_period_to")
def tax_months_24m(life: Life) -> Outcome:
    return _months_paid(life, 24)


def _zero_months(life: Life) -> list[int]:
    """Months of the window's returns in which nothing was sold; a return of a quarter speaks for its months."""
    sales: dict[int, Decimal] = defaultdict(Decimal)
    for row in vat_returns(life, 12):
        if row["tax_sales"] is not None:
            for back in range(min(_span(row), 2) + 1):
                sales[month_number(row["tax_period_to"]) - back] += row["tax_sales"]
    return [month for month, sold in sales.items() if sold == 0]


@figure(enterprise_tax_payments=_SALES + " tax_period_from")
def zero_declare_months_12m(life: Life) -> Outcome:
    return len(_zero_months(life))


@figure(enterprise_tax_payments=_SALES + " tax_period_from")
def max_consec_zero_12m(life: Life) -> Outcome:
    return longest_run(_zero_months(life))


@figure(taxpayer_credit_grades="tax_credit_year tax_credit_date tax_credit_grade")
def tax_credit_grade(life: Life) -> Outcome:
    given = life.by_now("taxpayer_credit_grades", "tax_credit_date")
    if not given:
        return None
    newest = max(given, key=lambda row: (row["tax_credit_year"], row["tax_credit_date"]))
    return str(newest["tax_credit_grade"])


@figure(tax_arrears="arrear_balance arrear_date arrear_clear_date")
def tax_arrear_balance(life: Life) -> Outcome:
    owed = [
        row
        for row in life.of("tax_arrears")
        if (row["arrear_date"] is None or row["arrear_date"] <= life.as_of)
        and (row["arrear_clear_date"] is None or row["arrear_clear_date"] > life.as_of)
    ]
    return total_or_zero(owed, "arrear_balance")


@figure(tax_arrears="arrear_date arrear_period_to")
def tax_arrear_cnt_12m(life: Life) -> Outcome:
    return len({month_number(row["arrear_period_to"]) for row in life.within("tax_arrears", "arrear_date", 12)})


def _late_fees(life: Life, months: int) -> list[Row]:
    rows = life.within("enterprise_tax_payments", "tax_treasury_date", months)
    return [row for row in rows if row["tax_kind"] == "滞纳金"]


@figure(enterprise_tax_payments="tax_kind tax_paid tax_treasury_date")
def late_fee_amt_3m(life: Life) -> Outcome:
    return total_or_zero(_late_fees(life, 3), "tax_paid")


@figure(enterprise_tax_payments="tax_kind tax_paid tax_treasury_date")
def late_fee_amt_12m(life: Life) -> Outcome:
    return total_or_zero(_late_fees(life, 12), "tax_paid")


@figure(enterprise_tax_payments="tax_kind tax_paid tax_treasury_date")
def late_fee_cnt_12m(life: Life) -> Outcome:
    return sum(1 for row in _late_fees(life, 12) if row["tax_paid"] > 0)


@figure(
    tax_evasion_penalties="tax_penalty_doc tax_penalty_date",
    administrative_penalties="cf_doc_no cf_procedure repair_status cf_org cf_decide_date",
)
def tax_penalty_cnt_24m(life: Life) -> Outcome:
    counted: dict[str, bool] = {}
    for row in life.within("tax_evasion_penalties", "tax_penalty_date", 24):
        counted.setdefault(row["tax_penalty_doc"], True)
    for row in life.within("administrative_penalties", "cf_decide_date", 24):
        if "税务" in row["cf_org"]:
            mild = row["cf_procedure"] == "01" or row["repair_status"] == "已修复"
            counted[row["cf_doc_no"]] = counted.get(row["cf_doc_no"], True) and not mild
    return sum(counted.values())


_BURDEN = "tax_kind tax_item tax_payable tax_sales tax_period_to"


@figure(enterprise_tax_payments=_BURDEN)
def tax_burden_12m(life: Life) -> Outcome:
    returns = vat_returns(life, 12)
    return ratio(total(returns, "tax_payable"), total(returns, "tax_sales"))


@figure(enterprise_tax_payments=_BURDEN)
def tax_burden_yoy(life: Life) -> Outcome:
    now, then = vat_returns(life, 12), vat_returns_before(life, 12)
    sales_now, sales_then = total_or_zero(now, "tax_sales"), total_or_zero(then, "tax_sales")
    if sales_now <= 0 or sales_then <= 0:
        return None
    return ratio(
        ratio(total_or_zero(now, "tax_payable"), sales_now),
        ratio(total_or_zero(then, "tax_payable"), sales_then),
    )


@figure(tax_registration="tax_reg_date")
def months_since_tax_reg(life: Life) -> Outcome:
    days = [row["tax_reg_date"] for row in life.by_now("tax_registration", "tax_reg_date")]
    return max((completed_months(day, life.as_of) for day in days), default=None)


@figure(tax_registration="tax_status")
def abnormal_taxpayer_flag(life: Life) -> Outcome:
    stated = [row["tax_status"] for row in life.of("tax_registration") if row["tax_status"] is not None]
    return "非正常" in stated if stated else None


@figure(withholds_for="other pit_period")
def withheld_headcnt(life: Life) -> Outcome:
    filed = life.by_now("withholds_for", "pit_period")
    newest = max((row["pit_period"] for row in filed), default=None)
    return len({row["other"] for row in filed if row["pit_period"] == newest})
