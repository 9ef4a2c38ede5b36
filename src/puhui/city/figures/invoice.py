"""Invoice figures I01 to I08 out of monthly totals by buyer."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from puhui.city.figures.lives import Life, Outcome, Row, figure, growth, ratio

_VALID = "invoice_blue_amt invoice_red_amt invoice_ym"
_SOURCE = "purchased_invoice_data"


def _valid(rows: list[Row]) -> Decimal:
    """Issued amounts less what was taken back by red letter."""
    issued = sum((row["invoice_blue_amt"] or Decimal(0) for row in rows), Decimal(0))
    return issued - _red(rows)


def _red(rows: list[Row]) -> Decimal:
    return sum((abs(row["invoice_red_amt"] or Decimal(0)) for row in rows), Decimal(0))


def _void(rows: list[Row]) -> Decimal:
    return sum((row["invoice_void_amt"] or Decimal(0) for row in rows), Decimal(0))


def _sold(life: Life) -> list[Row]:
    """The window's rows in which something was sold."""
    return [row for row in life.within(_SOURCE, "invoice_ym", 12) if (row["invoice_blue_amt"] or 0) > 0]


@figure(purchased_invoice_data=_VALID)
def valid_invoice_amt_12m(life: Life) -> Outcome:
    return _valid(life.within(_SOURCE, "invoice_ym", 12))


@figure(purchased_invoice_data=_VALID)
def valid_invoice_growth(life: Life) -> Outcome:
    return growth(_valid(life.within(_SOURCE, "invoice_ym", 12)), _valid(life.before(_SOURCE, "invoice_ym", 12)))


@figure(purchased_invoice_data=_VALID)
def invoice_hoh_6m(life: Life) -> Outcome:
    base = _valid(life.before(_SOURCE, "invoice_ym", 6))
    return ratio(_valid(life.within(_SOURCE, "invoice_ym", 6)), base) if base > 0 else None


@figure(purchased_invoice_data="invoice_blue_amt invoice_ym")
def invoice_months_12m(life: Life) -> Outcome:
    return len({row["invoice_ym"] for row in _sold(life)})


@figure(purchased_invoice_data=_VALID)
def red_amt_ratio_12m(life: Life) -> Outcome:
    rows = life.within(_SOURCE, "invoice_ym", 12)
    return ratio(_red(rows), _valid(rows) + _red(rows))


@figure(purchased_invoice_data=_VALID + " invoice_void_amt")
def void_amt_ratio_12m(life: Life) -> Outcome:
    rows = life.within(_SOURCE, "invoice_ym", 12)
    base = _void(rows) + _valid(rows)
    return ratio(_void(rows), base) if base > 0 else None


@figure(purchased_invoice_data="invoice_blue_amt invoice_ym invoice_first_date invoice_last_date")
def max_no_invoice_days_12m(life: Life) -> Outcome:
    months: dict[date, tuple[date, date]] = {}
    for row in _sold(life):
        first, last = months.get(row["invoice_ym"], (date.max, date.min))
        months[row["invoice_ym"]] = (
            min(first, row["invoice_first_date"]),
            max(last, row["invoice_last_date"]),
        )
    spans = [months[month] for month in sorted(months)]
    ends = [first for first, _ in spans[1:]] + [life.as_of]
    return max(((end - last).days for (_, last), end in zip(spans, ends, strict=False)), default=None)


@figure(purchased_invoice_data="invoice_blue_amt invoice_ym invoice_buyer_hash")
def downstream_cnt_12m(life: Life) -> Outcome:
    return len({row["invoice_buyer_hash"] for row in _sold(life) if row["invoice_buyer_hash"] is not None})
