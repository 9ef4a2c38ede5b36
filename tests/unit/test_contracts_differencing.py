"""The union check: what products would show together, found on SQL as packs write it; and what is left alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from puhui.contracts.agreement import check_contract
from puhui.contracts.differencing import check_union, findings
from puhui.contracts.formula import formula_of, identity_of
from puhui.contracts.offer import Shown
from puhui.model.refusals_question import Differencing
from puhui.packs.sql import read
from puhui.packs.sql_tables import Table

from .partners_made import NOW, Pages, contract, granted, institution, offer, offers

COLUMNS = {name: "text" for name in ("subject", "kind", "state", "day")} | {"paid": "decimal(18,2)", "sold": "int"}
TABLES = {"payments": Table("payments", COLUMNS), "staff": Table("staff", {**COLUMNS, "other": "text"})}
LISTS = {"kinds": ["a", "b", "c"]}
CLOSED = {("payments", "state"): frozenset("xyz")}
WINDOW = "day > :back_12m AND day <= :as_of"


def shown(
    product: str, value: str, where: str = WINDOW, *, form: str = "value", name: str = "", **more: object
) -> Shown:
    """One item of a product, out of the SQL of its indicator."""
    table = "staff" if more.get("headcount") else "payments"
    return of_sql(
        product, f"SELECT subject, {value} AS value FROM {table} WHERE {where} GROUP BY subject", form, name, **more
    )


def closed(table: str, column: str) -> frozenset[str] | None:
    return CLOSED.get((table, column))


def of_sql(product: str, sql: str, form: str = "value", name: str = "", **more: object) -> Shown:
    reading = read(sql, TABLES)
    assert not reading.unreadable and not reading.unresolved
    identity, formula = identity_of(reading, LISTS.get), formula_of(reading, LISTS.get, closed)
    return replace(Shown(product, name or sql, name or sql, form, identity, formula=formula), **more)  # type: ignore[arg-type]


def rules(*items: Shown) -> list[str]:
    return [one.rule for one in findings(items)]


def test_a_value_beside_a_band_of_the_same_quantity() -> None:
    value = shown("p", "sum(paid)")
    band = shown("q", "SUM( paid )  /* the same */", form="band", limits=(Decimal(1), Decimal(2)))
    with pytest.raises(Differencing) as refused:
        check_union([value, band])
    assert "p, q" in refused.value.said.en and "behind the band" in refused.value.said.en
    assert refused.value.where == "one-quantity-two-forms"
    assert rules(replace(value, product="q"), band) == [], "one product shows both: reviewed with its pack"
    assert rules(value, replace(band, form="value", limits=())) == []


def test_bands_of_different_limits_bisect() -> None:
    one = shown("p", "sum(paid)", form="band", limits=(Decimal(100),))
    other = replace(one, product="q", item="again", indicator="again", limits=(Decimal(150),))
    assert rules(one, other) == ["one-quantity-two-forms"]
    assert rules(one, replace(other, limits=one.limits)) == []
    check = replace(one, product="q", form="flag", limits=(), compare="at_least")
    assert rules(one, check) == ["one-quantity-two-forms"]
    assert rules(check, replace(check, product="r", compare="at_most")) == ["one-quantity-two-forms"]
    assert rules(shown("p", "sum(paid)"), check) == [], "a check shows nothing that the value does not"


def test_a_yes_or_no_has_one_form() -> None:
    flag = shown("p", "count(*) > 0", form="flag", yes_no=True)
    assert rules(flag, replace(flag, product="q", form="value")) == []


def test_a_whole_and_all_but_one_of_its_parts() -> None:
    whole = shown("p", "sum(paid)", f"kind IN (:kinds) AND {WINDOW}", name="whole")
    a = shown("q", "sum(paid)", f"{WINDOW} AND kind = 'a'", name="a")
    b = shown("r", "sum(paid)", f"{WINDOW} AND kind IN ('b')", name="b")
    found = list(findings([whole, a, b]))
    assert [(one.rule, one.products, one.items) for one in found] == [
        ("rest-of-a-whole", ("p", "q", "r"), ("whole", "a", "b"))
    ]
    assert "kind = c" in found[0].shows.en
    both = shown("q", "sum(paid)", f"{WINDOW} AND kind IN ('b', 'a')", name="both")
    assert rules(whole, both) == ["rest-of-a-whole"]
    assert rules(whole, a) == [], "two kinds are left: neither is shown"
    c = shown("s", "sum(paid)", f"{WINDOW} AND kind = 'c'", name="c")
    assert rules(whole, a, b, c) == [], "every part is shown anyway"


@pytest.mark.parametrize(
    "part",
    [
        shown("q", "sum(paid)", "kind IN ('a', 'b') AND day > :back_6m AND day <= :as_of"),
        shown("q", "sum(paid)", f"kind IN ('a', 'b') AND {WINDOW} AND state = 'x'"),
        shown("q", "sum(paid)", f"kind IN ('a', 'b') AND {WINDOW} AND paid > 0"),
        shown("q", "max(paid)", f"kind IN ('a', 'b') AND {WINDOW}"),
        shown("q", "count(DISTINCT day)", f"kind IN ('a', 'b') AND {WINDOW}"),
        shown("q", "sum(paid)", f"kind IN ('a', 'b') AND {WINDOW}", form="band", limits=(Decimal(1),)),
    ],
)
def test_parts_of_another_whole_show_nothing(part: Shown) -> None:
    assert rules(shown("p", "sum(paid)", f"kind IN (:kinds) AND {WINDOW}"), part) == []


def test_a_whole_and_the_same_without_one_value() -> None:
    whole = shown("p", "count(*)", name="whole")
    but_one = shown("q", "count(*)", f"{WINDOW} AND kind <> 'a'", name="but_one")
    (found,) = findings([whole, but_one])
    assert (found.rule, found.items) == ("rest-of-a-whole", ("whole", "but_one")) and "kind = a" in found.shows.en
    but_two = shown("r", "count(*)", f"{WINDOW} AND NOT kind IN ('a', 'b')")
    assert rules(whole, but_two) == []
    assert rules(but_one, but_two) == ["rest-of-a-whole"]
    assert rules(whole, shown("q", "count(DISTINCT day)", f"{WINDOW} AND kind <> 'a'")) == []
    assert rules(whole, shown("q", "count(*)", "kind <> 'a' AND day > :back_6m AND day <= :as_of")) == []


def test_a_list_that_is_closed_is_a_whole() -> None:
    but_x = shown("p", "sum(paid)", f"{WINDOW} AND state <> 'x'")
    assert but_x.formula is not None and but_x.formula.atoms[0].codes == (("state", frozenset("yz")),)
    assert rules(but_x, shown("q", "sum(paid)", f"{WINDOW} AND state = 'y'")) == ["rest-of-a-whole"]


def test_conditions_that_are_not_read_are_compared_as_they_stand() -> None:
    two = shown("p", "sum(paid)", f"{WINDOW} AND kind IN ('a', 'b', 'c') AND kind IN ('b', 'c', 'd')")
    assert rules(two, shown("q", "sum(paid)", f"{WINDOW} AND kind IN ('a', 'b')")) == []
    ahead = shown("p", "sum(paid)", "day > :back_12m")
    late = shown("q", "sum(paid)", "day > :back_11m AND day > :back_6m AND day <= :as_of")
    assert ahead.formula is not None and late.formula is not None
    assert late.formula.atoms[0].where, "a second window is a condition"
    assert rules(shown("r", "sum(paid)"), late) == []


def test_windows_that_differ_by_a_month() -> None:
    year = shown("p", "sum(paid)")
    assert rules(year, shown("q", "sum(paid)", "day > :back_11m AND day <= :as_of")) == ["windows-a-month-apart"]
    assert rules(year, shown("q", "sum(paid)", "day > :back_24m AND day <= :as_of")) == []
    assert rules(year, shown("q", "max(paid)", "day > :back_11m AND day <= :as_of")) == []


def test_a_share_and_its_whole_show_the_part() -> None:
    share = shown("p", "sum(paid) / nullif(sum(sold), 0)")
    whole = shown("q", "CAST(sum(sold) AS DECIMAL(18,2))")
    (found,) = findings([share, whole])
    assert (found.rule, found.products) == ("rest-of-a-whole", ("p", "q")) and "SUM(paid)" in found.shows.en
    assert rules(share, whole, shown("r", "sum(paid)")) == [], "the part is shown anyway"
    assert rules(share, shown("q", "sum(sold)", "day > :back_6m AND day <= :as_of")) == []
    assert rules(share, replace(whole, product="p")) == []


def test_two_headcounts_of_the_same_people() -> None:
    now = shown("p", "count(*)", headcount="staff")
    then = shown("q", "count(*)", f"{WINDOW} AND sold > 0", headcount="staff")
    (found,) = findings([now, then])
    assert (found.rule, found.products) == ("two-headcounts", ("p", "q")) and "one person" in found.shows.en
    assert rules(now, replace(then, product="p")) == []
    assert rules(now, replace(then, headcount="other")) == []


def test_sql_that_is_not_plain_is_compared_as_a_whole() -> None:
    sql = "WITH x AS (SELECT subject, paid FROM payments) SELECT subject, sum(paid) AS value FROM x GROUP BY subject"
    odd = of_sql("p", sql)
    assert odd.formula is None
    assert rules(odd, replace(odd, product="q", form="band", limits=(Decimal(1),))) == ["one-quantity-two-forms"]
    assert rules(odd, shown("q", "sum(paid)")) == []


def test_many_parts_are_looked_through_in_bounded_time() -> None:
    kinds = ", ".join(f"'{n}'" for n in range(40))
    whole = shown("p", "sum(paid)", f"kind IN ({kinds}) AND {WINDOW}")
    parts = [shown(f"q{n}", "sum(paid)", f"kind = '{n}' AND {WINDOW}") for n in range(30)]
    assert rules(whole, *parts) == []


VALUE = offer("full", shown=(shown("full", "sum(paid)"),))
BAND = offer("coarse", shown=(shown("coarse", "sum(paid)", form="band", limits=(Decimal(1),)),))
BOOK = Pages((), tuple(institution(id=name) for name in ("bank-a", "bank-b", "bureau-z")))


def test_the_union_is_over_all_contracts_of_an_institution() -> None:
    held = contract(products=[granted("full")])
    new = contract(products=[granted("coarse")])
    check_contract(new, offers(VALUE, BAND), BOOK, (), NOW)
    with pytest.raises(Differencing):
        check_contract(new, offers(VALUE, BAND), BOOK, (held,), NOW)
    with pytest.raises(Differencing):
        check_contract(contract(products=[granted("full"), granted("coarse")]), offers(VALUE, BAND), BOOK, (), NOW)
    others = contract(institution="bank-b", products=[granted("full")])
    check_contract(new, offers(VALUE, BAND), BOOK, (others,), NOW)
    check_contract(new, offers(VALUE, BAND), BOOK, (new,), NOW)


@pytest.mark.parametrize(
    ("institution_of_other", "end_users"), [("bureau-z", ["bank-a"]), ("bureau-z", ["bank-a", "bank-b"])]
)
def test_what_comes_through_a_bureau_counts_too(institution_of_other: str, end_users: list[str]) -> None:
    held = contract(institution=institution_of_other, end_users=end_users, products=[granted("full")])
    with pytest.raises(Differencing):
        check_contract(contract(products=[granted("coarse")]), offers(VALUE, BAND), BOOK, (held,), NOW)


def test_end_users_of_one_bureau_count_together() -> None:
    held = contract(institution="bureau-z", end_users=["bank-a"], products=[granted("full")])
    new = contract(institution="bureau-z", end_users=["bank-b"], products=[granted("coarse")])
    with pytest.raises(Differencing):
        check_contract(new, offers(VALUE, BAND), BOOK, (held,), NOW)
