"""Employment figures E01 to E10: headcounts, arrears, lay-offs; a person's own months and bases."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import pairwise

from puhui.city.figures.lives import Life, Outcome, figure, month_number, ratio, total_or_zero
from puhui.model.time import month_end

PENSION, UNEMPLOYMENT = "110", "210"


def last_whole_month(life: Life) -> int:
    """The number of the newest month that has ended by the day."""
    return month_number(life.as_of) - (0 if life.as_of == month_end(life.as_of) else 1)


def _heads(life: Life, kind: str) -> dict[int, set[object]]:
    """People insured through the firm, by month."""
    heads: dict[int, set[object]] = defaultdict(set)
    for row in life.by_now("contributes_for", "si_period"):
        if row["si_type"] == kind:
            heads[month_number(row["si_period"])].add(row["other"])
    return heads


@figure(contributes_for="other si_period si_type")
def insured_cnt(life: Life) -> Outcome:
    return len(_heads(life, PENSION)[last_whole_month(life)])


@figure(contributes_for="other si_period si_type")
def insured_avg_12m(life: Life) -> Outcome:
    start = month_number(life.back(12))
    return ratio(sum(len(people) for month, people in _heads(life, PENSION).items() if month > start), 12)


@figure(contributes_for="other si_period si_type")
def insured_growth_12m(life: Life) -> Outcome:
    heads, newest = _heads(life, PENSION), last_whole_month(life)
    then = len(heads[newest - 12])
    return ratio(len(heads[newest]) - then, then)


@figure(pension_contribution_arrears="si_arrear_amt si_arrear_from si_arrear_clear_date")
def si_arrear_amt(life: Life) -> Outcome:
    begun = life.by_now("pension_contribution_arrears", "si_arrear_from")
    owed = [row for row in begun if row["si_arrear_clear_date"] is None or row["si_arrear_clear_date"] > life.as_of]
    return total_or_zero(owed, "si_arrear_amt")


@figure(pension_contribution_arrears="si_arrear_from si_arrear_to")
def si_arrear_months_12m(life: Life) -> Outcome:
    newest = last_whole_month(life)
    window = range(newest - 11, newest + 1)
    owed: set[int] = set()
    for row in life.of("pension_contribution_arrears"):
        end = newest if row["si_arrear_to"] is None else month_number(row["si_arrear_to"])
        owed |= {month for month in window if month_number(row["si_arrear_from"]) <= month <= end}
    return len(owed)


@figure(claimed_after_leaving="other unemp_from", contributes_for="other si_period si_type")
def layoff_rate_ly(life: Life) -> Outcome:
    year = life.as_of.year - 1
    claimants = {row["other"] for row in life.of("claimed_after_leaving") if row["unemp_from"].year == year}
    insured = {
        (row["other"], row["si_period"])
        for row in life.of("contributes_for")
        if row["si_type"] == UNEMPLOYMENT and row["si_period"].year == year
    }
    return ratio(len(claimants) * 12, len(insured))


def run_until_now(months: set[int], life: Life) -> int:
    """How many months without a gap lead up to the last whole month; 0 once the run is over."""
    gap = int(life.parameters["contribution_gap_months"])
    if not months or last_whole_month(life) - max(months) > gap:
        return 0
    ordered = sorted(months, reverse=True)
    first = ordered[0]
    for month in ordered[1:]:
        if first - month > gap:
            break
        first = month
    return ordered[0] - first + 1


_PERSON = "individual_contributions_due_and_paid"


@figure(individual_contributions_due_and_paid="si_type si_full_flag si_period")
def si_cont_months(life: Life) -> Outcome:
    paid = {
        month_number(row["si_period"])
        for row in life.by_now(_PERSON, "si_period")
        if row["si_type"] == PENSION and row["si_full_flag"]
    }
    return run_until_now(paid, life)


@figure(individual_contributions_due_and_paid="si_base si_type si_period")
def si_base_avg_12m(life: Life) -> Outcome:
    stated = [
        row for row in life.within(_PERSON, "si_period", 12) if row["si_type"] == PENSION and row["si_base"] is not None
    ]
    return ratio(sum((row["si_base"] for row in stated), Decimal(0)), len({row["si_period"] for row in stated}))


@figure(employee_insurance_changes="si_employer_uscc si_change_ym si_change_type")
def employer_chg_24m(life: Life) -> Outcome:
    taken: dict[int, set[str]] = defaultdict(set)
    for row in life.by_now("employee_insurance_changes", "si_change_ym"):
        if row["si_change_type"] in ("新增", "转入") and row["si_employer_uscc"] is not None:
            taken[month_number(row["si_change_ym"])].add(row["si_employer_uscc"])
    months, start = sorted(taken), month_number(life.back(24))
    return sum(len(taken[month] - taken[before]) for before, month in pairwise(months) if month > start)


@figure(unemployment_benefits="unemp_from")
def unemp_benefit_12m(life: Life) -> Outcome:
    return bool(life.within("unemployment_benefits", "unemp_from", 12))
