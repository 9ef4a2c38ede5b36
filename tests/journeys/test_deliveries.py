"""Deliveries of all kinds, from the file to the figure."""

from __future__ import annotations

import pytest

from .town import CHANGES, FIRMS, MONTHS, PAYMENTS, RATINGS, Refused, Town, firm, uscc


def test_a_file_becomes_figures(town: Town) -> None:
    taken = town.firms(firm(1), firm(2, capital="20.5"), firm(3, state="开业"))
    assert {key: taken[key] for key in ("lines", "accepted", "set_aside", "duplicates", "edition", "repeated")} == {
        "lines": 3, "accepted": 3, "set_aside": 0, "duplicates": 0, "edition": 1, "repeated": False,
    }  # fmt: skip
    assert {"digest", "edition", "lines", "accepted", "set_aside", "warned", "duplicates", "issues"} <= set(taken)
    assert all({"check", "severity", "count", "sample"} <= set(issue) for issue in taken["issues"])
    built = town.snapshot()
    assert built["subjects"] == 3 and built["editions"] == {"firms": 1}
    assert {"snapshot", "subjects", "indicators", "editions", "seconds"} <= set(built)
    figures = town.figures(2)
    assert figures["firm_capital"] == "20.50"
    assert figures["firm_years"] == 11
    assert figures["paid_12m"] == "unknown(absent)"
    assert town.figures(3)["firm_state_now"] == "存续"


def test_a_second_delivery_changes_nothing(town: Town) -> None:
    first = town.firms(firm(1), firm(2))
    before = town.tree("lake"), town.vault_rows(), town.editions()
    again = town.firms(firm(1), firm(2))
    assert again == {**first, "repeated": True}
    assert (town.tree("lake"), town.vault_rows(), town.editions()) == before


def test_a_month_delivered_again_replaces_that_month_alone(town: Town) -> None:
    town.paid("2026-05", (1, "vat", "2026-05-03", 10), (2, "vat", "2026-05-04", 20))
    town.paid("2026-06", (1, "vat", "2026-06-03", 30))
    may = [row for row in town.rows("payments") if row["period"] == "2026-05"]
    town.paid("2026-06", (2, "vat", "2026-06-09", 40))
    rows = town.rows("payments")
    assert [row for row in rows if row["period"] == "2026-05"] == may
    assert [str(row["paid"]) for row in rows if row["period"] == "2026-06"] == ["40.00"]
    assert town.editions("payments")[-1]["periods"] == ["2026-05", "2026-06"]


def test_changes_insert_update_and_delete(town: Town) -> None:
    town.paid("2026-06", (1, "vat", "2026-06-03", 30), (2, "vat", "2026-06-04", 40), (3, "vat", "2026-06-05", 50))
    rows = [
        ("变更", uscc(1), "vat", "2026-06-03", 31),
        ("删除", uscc(2), "vat", "2026-06-04", 40),
        ("新增", uscc(4), "vat", "2026-06-06", 1),
        ("变更", uscc(4), "vat", "2026-06-06", 60),
    ]
    taken = town.deliver("payments", CHANGES, rows, "--kind", "increment")
    assert (taken["accepted"], taken["duplicates"]) == (3, 1)
    assert sorted(str(row["paid"]) for row in town.rows("payments")) == ["31.00", "50.00", "60.00"]
    assert town.editions("payments")[-1]["rows"] == 3
    assert len(town.rows("payments", edition=1)) == 3, "the edition before stays as it was"


def test_a_correction_mends_its_rows_alone(town: Town) -> None:
    first = town.paid("2026-06", (1, "vat", "2026-06-03", 30), (2, "vat", "2026-06-04", 40))
    town.deliver(
        "payments", PAYMENTS, [(uscc(2), "vat", "2026-06-04", 44)], "--corrects", first["digest"], name="c.csv"
    )
    assert sorted(str(row["paid"]) for row in town.rows("payments")) == ["30.00", "44.00"]
    assert town.editions("payments")[-1]["kind"] == "correction"


def test_a_correction_of_a_late_row_finds_it_in_the_month_it_came_with(town: Town) -> None:
    first = town.paid("2026-06", (1, "vat", "2026-04-29", 30))
    late = [("vat", "2026-04-29", 33)]
    town.deliver("payments", PAYMENTS, [(uscc(1), *row) for row in late], "--corrects", first["digest"], name="c.csv")
    assert [(row["period"], str(row["paid"])) for row in town.rows("payments")] == [("2026-06", "33.00")]


def test_a_correction_of_nothing_is_refused(town: Town) -> None:
    with pytest.raises(Refused) as no:
        town.deliver("firms", FIRMS, [firm(1)], "--corrects", "ab" * 32)
    assert no.value.code == "parcel-mismatch"
    assert town.editions() == []


def test_a_later_period_is_never_overridden_by_an_earlier_one(town: Town) -> None:
    rated = [(uscc(1), 90)], [(uscc(1), 70), (uscc(2), 60)]
    town.deliver("ratings", RATINGS, rated[0], "--period", "2026", name="a.csv")
    late = town.deliver("ratings", RATINGS, rated[1], "--period", "2025", name="b.csv")
    assert sorted((row["period"], row["points"]) for row in town.rows("ratings")) == [("2025", 60), ("2026", 90)]
    assert (late["lines"], late["accepted"], late["duplicates"]) == (2, 1, 1)
    assert "superseded_by_later_period" in {issue["check"] for issue in late["issues"]}
    again = town.deliver("ratings", RATINGS, rated[1], "--period", "2025", name="b.csv")
    assert again == {**late, "repeated": True}


def test_months_may_come_in_any_order(town: Town) -> None:
    for month in [*MONTHS[6:], *reversed(MONTHS[:6])]:
        town.paid(month, (1, "vat", f"{month}-15", 100))
    town.snapshot()
    assert town.figures(1)["paid_12m"] == "1200.00"


def test_a_missing_month_makes_the_sum_unknown(town: Town) -> None:
    town.year_paid(1, but="2026-02")
    town.snapshot()
    assert town.figures(1)["paid_12m"] == "unknown(incomplete 11/12)"
    town.paid("2026-02", (1, "vat", "2026-02-11", 5))
    town.snapshot()
    assert town.figures(1)["paid_12m"] == "1105.00"


def test_a_month_without_a_row_is_delivered_all_the_same(town: Town) -> None:
    town.year_paid(1, but="2026-02")
    empty = town.paid("2026-02")
    assert empty["lines"] == 0
    town.snapshot()
    assert town.figures(1)["paid_12m"] == "1100.00"


def test_two_empty_months_are_two_deliveries(town: Town) -> None:
    first = town.paid("2026-01")
    second = town.paid("2026-02")
    assert (first["repeated"], second["repeated"]) == (False, False)
    assert town.editions("payments")[-1]["periods"] == ["2026-01", "2026-02"]
    assert town.paid("2026-01")["repeated"]


def test_exact_repeats_count_once(town: Town) -> None:
    taken = town.paid("2026-06", *[(1, "vat", "2026-06-03", 30)] * 3, (2, "vat", "2026-06-03", 30))
    assert (taken["lines"], taken["accepted"], taken["duplicates"]) == (4, 2, 2)
    assert len(town.rows("payments")) == 2


def test_rows_that_contradict_each_other_are_unknown_until_mended(town: Town) -> None:
    first = town.firms(firm(1, capital="100"), firm(1, capital="200"), firm(2))
    assert (first["accepted"], first["conflicts"]) == (3, 2)
    assert first["warned"] >= 2
    town.deliver("firms", FIRMS, [firm(3)], name="more.csv")  # the contradiction outlives a clean delivery
    assert town.editions("firms")[-1]["conflicts"] == 2
    town.snapshot()
    figures = town.figures(1)
    assert figures["firm_capital"] == "unknown(conflict)"
    assert figures["firm_years"] == 11, "only what contradicts is unknown"
    assert town.figures(2)["firm_capital"] == "100.00"
    town.deliver("firms", FIRMS, [firm(1, capital="200")], "--corrects", first["digest"], name="mended.csv")
    town.snapshot()
    assert town.figures(1)["firm_capital"] == "200.00"
    assert town.editions("firms")[-1]["conflicts"] == 0


def test_what_is_known_later_was_not_known_before(town: Town) -> None:
    first = town.firms(firm(1, capital="100"))
    known = town.editions("firms")[-1]["committed_at"]
    town.snapshot()
    town.deliver("firms", FIRMS, [firm(1, capital="900")], "--corrects", first["digest"], name="c.csv")
    before = town.snapshot("--known-at", known)
    assert before["editions"] == {"firms": 1}
    assert town.figures(1)["firm_capital"] == "100.00"
    town.snapshot()
    assert town.figures(1)["firm_capital"] == "900.00"
    assert town.figures(1, "--snapshot", before["snapshot"])["firm_capital"] == "100.00"


def test_a_snapshot_knows_nothing_of_the_future(town: Town) -> None:
    town.firms(firm(1))
    built = town.snapshot("--known-at", "2999-01-01")
    assert built["known_at"] < "2999"
