"""Judicial and credit figures J01 to J12: court lists, penalties, red and black lists, public grades."""

from __future__ import annotations

from decimal import Decimal

from puhui.city.figures.lives import Life, Outcome, Row, figure, ratio, total_or_zero
from puhui.city.figures.tax import vat_returns


def _still(row: Row, field: str, life: Life) -> bool:
    """Not ended by the day."""
    return row[field] is None or row[field] > life.as_of


@figure(dishonest_debtors="exec_publish_date list_out_date")
def dishonest_debtor(life: Life) -> Outcome:
    rows = [
        row
        for row in life.of("dishonest_debtors")
        if row["exec_publish_date"] is None or row["exec_publish_date"] <= life.as_of
    ]
    return any(_still(row, "list_out_date", life) for row in rows)


@figure(enforcement_cases="case_file_date exec_close_date")
def enforced_open_cnt(life: Life) -> Outcome:
    filed = life.by_now("enforcement_cases", "case_file_date")
    return sum(1 for row in filed if _still(row, "exec_close_date", life))


@figure(enforcement_cases="exec_unpaid case_file_date")
def enforced_unpaid(life: Life) -> Outcome:
    return total_or_zero(life.by_now("enforcement_cases", "case_file_date"), "exec_unpaid")


@figure(enforcement_cases="case_file_date")
def enforced_cnt_24m(life: Life) -> Outcome:
    return len(life.within("enforcement_cases", "case_file_date", 24))


def _sued(life: Life) -> list[Row]:
    return [row for row in life.within("court_judgments", "judge_date", 24) if row["case_role"] == "被告"]


@figure(court_judgments="case_no case_role case_cause judge_date")
def loan_suit_defendant_24m(life: Life) -> Outcome:
    causes = life.parameters["loan_dispute_causes"]
    return len({row["case_no"] for row in _sued(life) if row["case_cause"] in causes})


@figure(
    court_judgments="case_amount case_role judge_date",
    enterprise_tax_payments="tax_sales tax_kind tax_item tax_period_to",
)
def suit_amt_to_sales(life: Life) -> Outcome:
    sales = total_or_zero(vat_returns(life, 12), "tax_sales")
    return ratio(total_or_zero(_sued(life), "case_amount"), sales) if sales > 0 else None


@figure(administrative_penalties="cf_doc_no cf_decide_date cf_procedure repair_status cf_level")
def penalty_cnt_12m(life: Life) -> Outcome:
    return len(
        {
            row["cf_doc_no"]
            for row in life.within("administrative_penalties", "cf_decide_date", 12)
            if row["cf_procedure"] != "01" and row["repair_status"] != "已修复" and row["cf_level"] != "轻微"
        }
    )


@figure(administrative_penalties="cf_fine cf_confiscate cf_decide_date repair_status")
def penalty_fine_24m(life: Life) -> Outcome:
    rows = [
        row for row in life.within("administrative_penalties", "cf_decide_date", 24) if row["repair_status"] != "已修复"
    ]
    return sum(((row["cf_fine"] or 0) + (row["cf_confiscate"] or 0) for row in rows), Decimal(0))


@figure(
    black_list="list_type list_in_date list_out_date publicity_end repair_status",
    tax_violation_blacklist="list_in_date list_out_date",
)
def severe_list(life: Life) -> Outcome:
    listed = [
        row
        for row in life.by_now("black_list", "list_in_date")
        if row["list_type"] == "黑名单"
        and (row["publicity_end"] is None or row["publicity_end"] >= life.as_of)
        and row["repair_status"] != "已修复"
    ]
    rows = [*listed, *life.by_now("tax_violation_blacklist", "list_in_date")]
    return any(_still(row, "list_out_date", life) for row in rows)


@figure(red_list="list_type list_in_date valid_to")
def red_list_cnt(life: Life) -> Outcome:
    return sum(
        1
        for row in life.by_now("red_list", "list_in_date")
        if row["list_type"] in (None, "红名单") and (row["valid_to"] is None or row["valid_to"] >= life.as_of)
    )


@figure(credit_evaluations="credit_grade credit_eval_date")
def public_credit_grade(life: Life) -> Outcome:
    given = life.by_now("credit_evaluations", "credit_eval_date")
    if not given:
        return None
    return str(max(given, key=lambda row: (row["credit_eval_date"], row["credit_grade"]))["credit_grade"])


@figure(
    environmental_inspections="cf_doc_no inspect_no cf_fine inspect_date",
    polluting_enterprises="env_credit valid_to",
)
def env_penalty_24m(life: Life) -> Outcome:
    fined = life.within("environmental_inspections", "inspect_date", 24)
    decisions = {row["cf_doc_no"] or row["inspect_no"] for row in fined if (row["cf_fine"] or 0) > 0}
    bad = any(
        row["env_credit"] in ("红", "黑") and (row["valid_to"] is None or row["valid_to"] >= life.as_of)
        for row in life.of("polluting_enterprises")
    )
    return len(decisions) + int(bad)
