"""Housing-fund and income figures H01 to H11 of people."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from puhui.city.figures.employment import run_until_now
from puhui.city.figures.lives import Life, Outcome, Row, figure, growth, month_number, ratio, total_or_zero

_DEPOSITS = "housing_fund_deposits"
_ACCOUNT = "hf_base hf_person_month hf_unit_month hf_person_ratio hf_unit_ratio hf_paid_to"


@figure(housing_fund_deposits="hf_paid_to")
def hf_cont_months(life: Life) -> Outcome:
    return run_until_now({month_number(row["hf_paid_to"]) for row in life.by_now(_DEPOSITS, "hf_paid_to")}, life)


def _latest_base(rows: list[Row]) -> Decimal | None:
    stated = [row for row in rows if row["hf_base"] is not None]
    if not stated:
        return None
    base: Decimal = max(stated, key=lambda row: (row["hf_paid_to"], row["hf_base"]))["hf_base"]
    return base


@figure(housing_fund_deposits="hf_base hf_paid_to")
def hf_base(life: Life) -> Outcome:
    return _latest_base(life.by_now(_DEPOSITS, "hf_paid_to"))


@figure(housing_fund_deposits="hf_person_month hf_unit_month hf_paid_to")
def hf_month_total(life: Life) -> Outcome:
    rows = life.by_now(_DEPOSITS, "hf_paid_to")
    newest = max((row["hf_paid_to"] for row in rows), default=None)
    deposits = [_deposit(row) for row in rows if row["hf_paid_to"] == newest]
    stated = [deposit for deposit in deposits if deposit is not None]
    return sum(stated, Decimal(0)) if stated else None


def _deposit(row: Row) -> Decimal | None:
    """Both parts together; unknown where one is."""
    if row["hf_person_month"] is None or row["hf_unit_month"] is None:
        return None
    both: Decimal = row["hf_person_month"] + row["hf_unit_month"]
    return both


def _shares(row: Row) -> Decimal | None:
    if row["hf_person_ratio"] is None or row["hf_unit_ratio"] is None:
        return None
    both: Decimal = row["hf_person_ratio"] + row["hf_unit_ratio"]
    return both


def _income(life: Life) -> tuple[Decimal | None, Decimal | None]:
    """(amount, share of income that it is) of the latest deposit: the base itself, or the deposit and its rates."""
    rows = life.by_now(_DEPOSITS, "hf_paid_to")
    if not rows:
        return None, None
    row = max(rows, key=lambda r: (r["hf_paid_to"], r["hf_base"] or 0, _deposit(r) or 0, _shares(r) or 0))
    return (_deposit(row), _shares(row)) if row["hf_base"] is None else (row["hf_base"], Decimal(1))


@figure(housing_fund_deposits=_ACCOUNT)
def est_income(life: Life) -> Outcome:
    return ratio(*_income(life))


@figure(housing_fund_deposits="hf_base hf_paid_to")
def hf_growth_12m(life: Life) -> Outcome:
    now = _latest_base(life.within(_DEPOSITS, "hf_paid_to", 12))
    return growth(now, _latest_base(life.before(_DEPOSITS, "hf_paid_to", 12)))


@figure(housing_fund_deposits="hf_paid_to")
def hf_break_24m(life: Life) -> Outcome:
    return 24 - len({row["hf_paid_to"] for row in life.within(_DEPOSITS, "hf_paid_to", 24)})


@figure(housing_fund_ledger="hf_balance hf_person_no hf_txn_date hf_txn_seq")
def hf_balance(life: Life) -> Outcome:
    newest: dict[str, Row] = {}
    for row in life.by_now("housing_fund_ledger", "hf_txn_date"):
        held = newest.get(row["hf_person_no"])
        if held is None or (row["hf_txn_date"], row["hf_txn_seq"]) > (
            held["hf_txn_date"],
            held["hf_txn_seq"],
        ):
            newest[row["hf_person_no"]] = row
    return total_or_zero(newest.values(), "hf_balance") if newest else None


@figure(housing_loan_applications="loan_balance loan_disb_date")
def hf_loan_balance(life: Life) -> Outcome:
    return total_or_zero(life.by_now("housing_loan_applications", "loan_disb_date"), "loan_balance")


@figure(housing_loan_repayments="repay_due_date repay_date")
def hf_loan_overdue_24m(life: Life) -> Outcome:
    grace = timedelta(days=int(life.parameters["loan_grace_days"]))
    return sum(
        1
        for row in life.within("housing_loan_repayments", "repay_due_date", 24)
        if min(row["repay_date"] or life.as_of, life.as_of) - row["repay_due_date"] > grace
    )


@figure(
    housing_fund_deposits=_ACCOUNT,
    housing_loan_repayments="repay_principal repay_interest overdue_principal repay_due_date",
)
def dti(life: Life) -> Outcome:
    due = life.within("housing_loan_repayments", "repay_due_date", 1)
    parts = ("repay_principal", "repay_interest", "overdue_principal")
    burden = sum((total_or_zero(due, part) for part in parts), Decimal(0))
    return ratio(burden, ratio(*_income(life)))


@figure(individual_income_tax="pit_income pit_item pit_period")
def pit_income_12m(life: Life) -> Outcome:
    rows = life.within("individual_income_tax", "pit_period", 12)
    return total_or_zero([row for row in rows if row["pit_item"] == "工资薪金"], "pit_income")
