"""What is refused leaves nothing behind, and what waits is not known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .town import CHANGES, FIRMS, INSURED, PAYMENTS, RATINGS, Refused, Town, firm, ric, uscc


def held(town: Town) -> tuple[object, ...]:
    """Everything that a delivery could leave: lake, landings, scratch, vault, and the tables of parcels."""
    scratch = [name for name in town.tree("work") if "gate" not in name]
    return (
        town.tree("lake", "base"),
        _data(town),
        scratch,
        town.vault_rows(),
        town.editions(),
        town.run("quality", town.home),
    )


def _data(town: Town) -> list[str]:
    return [name for name in town.tree("lake", "business") if not name.endswith(".lock")]


@pytest.fixture
def taken(town: Town) -> Town:
    town.firms(firm(1))
    return town


def test_too_many_bad_rows(taken: Town) -> None:
    before = held(taken)
    rows = [firm(n) for n in range(5, 45)] + [firm(n, state="睡着") for n in range(45, 125)]
    with pytest.raises(Refused) as no:
        taken.deliver("firms", FIRMS, rows, name="bad.csv")
    assert (no.value.code, no.value.exit_code) == ("parcel-over-threshold", 4)
    assert held(taken) == before, "not even the good rows' subjects are in the vault"
    assert [event["code"] for event in taken.events("parcel-refused")] == ["parcel-over-threshold"]


def test_a_few_bad_rows_are_set_aside_one_by_one(taken: Town) -> None:
    rows = [firm(5), firm(6, state="睡着"), firm(7, state="睡着")]
    result = taken.deliver("firms", FIRMS, rows, name="few.csv")
    assert (result["accepted"], result["set_aside"]) == (1, 2), "a share says little of three rows"


def test_a_check_that_refuses(taken: Town) -> None:
    before = held(taken)
    rows = [firm(n) for n in range(5, 20)] + [firm(21, capital="1000000000")]
    with pytest.raises(Refused) as no:
        taken.deliver("firms", FIRMS, rows, name="bad.csv")
    assert no.value.code == "parcel-over-threshold" and "capital_possible" in str(no.value.answer["message"])
    assert held(taken) == before


@pytest.mark.parametrize("wrong", [{"rows": 3}, {"digest": "0" * 64}, {"resource": "payments"}])
def test_a_manifest_that_does_not_agree(taken: Town, wrong: dict[str, object]) -> None:
    before = held(taken)
    path = taken.file("next.csv", FIRMS, [firm(2), firm(3)])
    path.with_name(path.name + ".manifest.json").write_text(json.dumps({"supplier": "amr", **wrong}))
    with pytest.raises(Refused) as no:
        taken.run("deliver", taken.home, "firms", path)
    assert no.value.code == "parcel-mismatch"
    assert held(taken) == before


@pytest.mark.parametrize("mark", ["机密", "工作秘密", "核心数据"])
def test_a_marked_secret_is_stored_nowhere(taken: Town, mark: str) -> None:
    before = held(taken)
    path = taken.file("next.csv", FIRMS, [firm(2)])
    path.with_name(path.name + ".manifest.json").write_text(json.dumps({"classification": mark}))
    with pytest.raises(Refused) as no:
        taken.run("deliver", taken.home, "firms", path)
    assert no.value.code == "parcel-secret" and no.value.answer["article"]
    assert held(taken) == before


def test_a_stated_period_of_another_grain(taken: Town) -> None:
    with pytest.raises(Refused) as no:
        taken.paid("2026", (1, "vat", "2026-06-01", 1))
    assert no.value.code == "parcel-mismatch"


def test_a_header_that_no_mapping_knows(taken: Town) -> None:
    with pytest.raises(Refused) as no:
        taken.deliver("firms", ("甲", "乙"), [("1", "2")])
    assert no.value.code == "parcel-unmapped"


def test_unknown_names(taken: Town) -> None:
    for asked in (
        ("deliver", taken.home, "nothing", taken.file("x.csv", FIRMS, [])),
        ("editions", taken.home, "nothing"),
        ("set-aside", taken.home, "ab" * 8, "--out", taken.home.parent / "x.xlsx"),
        ("snapshot", "build", taken.home, "--as-of", "2026-06-30", "--engine", "abacus"),
    ):
        with pytest.raises(Refused) as no:
            taken.run(*asked)
        assert no.value.code == "unknown-name"


def test_a_home_is_made_once_and_never_over_something_else(taken: Town, tmp_path: Path) -> None:
    with pytest.raises(Refused) as no:
        taken.run("init", taken.home)
    assert no.value.code == "home-refused"
    other = tmp_path / "other"
    (other / "packs").mkdir(parents=True)
    (other / "packs" / "mine.txt").write_text("mine")
    with pytest.raises(Refused) as no:
        taken.run("init", other)
    assert no.value.code == "home-refused"
    assert (other / "packs" / "mine.txt").read_text() == "mine"
    with pytest.raises(Refused) as no:
        taken.run("editions", tmp_path / "nowhere")
    assert no.value.code == "home-refused"


def test_a_pack_with_mistakes_makes_no_zone(tmp_path: Path) -> None:
    pack = tmp_path / "broken"
    pack.mkdir()
    (pack / "pack.yaml").write_text("format: 1\nname: broken\nsurprise: 1\n")
    home = tmp_path / "home"
    with pytest.raises(Refused) as no:
        Town(home).run("init", home, "--pack", pack)
    assert no.value.code == "pack-refused" and no.value.answer["mistakes"]
    assert not home.exists()


def test_an_edition_that_waits_for_a_steward_is_not_known(town: Town) -> None:
    town.firms(firm(1))
    town.deliver("ratings", RATINGS, [(uscc(1), 90)])
    assert town.editions("ratings")[-1]["state"] == "awaiting_release"
    waiting = town.snapshot()
    assert town.figures(1)["points_now"] == "unknown(absent)"
    town.run("edition", "release", town.home, "ratings", 1, "--by", "steward")
    town.snapshot()
    assert town.figures(1)["points_now"] == 90
    town.snapshot("--known-at", waiting["known_at"])
    assert town.figures(1)["points_now"] == "unknown(absent)", "it was committed then, but not released"
    with pytest.raises(Refused) as no:
        town.run("edition", "release", town.home, "ratings", 1, "--by", "steward")
    assert no.value.code == "not-allowed"


def test_a_roll_back_takes_two_people(town: Town) -> None:
    town.firms(firm(1, capital="100"))
    town.deliver("firms", FIRMS, [firm(1, capital="7")], name="bad.csv")
    town.snapshot()
    proposal = town.run("edition", "rollback", town.home, "firms", 2, "--by", "officer-a ", "--reason", "wrong export")
    for alone in ("officer-a", " officer-a", ""):
        with pytest.raises(Refused) as no:
            town.approve(proposal, by=alone)
        assert no.value.code == "not-allowed"
    assert town.run("acts", town.home)[0]["act"] == "roll-back-edition"
    assert town.approve(proposal)["edition"] == 3
    assert [e["state"] for e in town.editions("firms")] == ["published", "rolled_back", "published"]
    town.snapshot()
    assert town.figures(1)["firm_capital"] == "100.00"
    assert [str(row["capital"]) for row in town.rows("firms", edition=2)] == ["7.00"], "the bad one can be read"
    assert town.run("acts", town.home) == []
    town.deliver("firms", FIRMS, [firm(2)], name="next.csv")
    assert len(town.rows("firms")) == 2, "the next delivery goes on from the good one"


def test_the_only_edition_rolls_back_to_nothing(town: Town) -> None:
    town.firms(firm(1))
    proposal = town.run("edition", "rollback", town.home, "firms", 1, "--by", "officer-a", "--reason", "wrong export")
    town.approve(proposal)
    assert town.rows("firms") == []
    town.snapshot()
    assert town.figures(1)["firm_capital"] == "unknown(absent)"


def test_only_the_newest_edition_rolls_back(town: Town) -> None:
    town.firms(firm(1))
    town.deliver("firms", FIRMS, [firm(2)], name="next.csv")
    for number, code in ((1, "not-allowed"), (9, "unknown-name")):
        with pytest.raises(Refused) as no:
            town.run("edition", "rollback", town.home, "firms", number, "--by", "a", "--reason", "wrong export")
        assert no.value.code == code


def test_a_roll_back_publishes_nothing_that_nobody_released(town: Town) -> None:
    town.deliver("ratings", RATINGS, [(uscc(1), 90)], name="a.csv")
    town.deliver("ratings", RATINGS, [(uscc(1), 10)], name="b.csv")
    proposal = town.run("edition", "rollback", town.home, "ratings", 2, "--by", "officer-a", "--reason", "wrong export")
    town.approve(proposal)
    assert town.editions("ratings")[-1]["state"] == "awaiting_release"
    town.snapshot()
    assert town.figures(1)["points_now"] == "unknown(absent)"


def test_a_preview_stores_nothing(taken: Town) -> None:
    before = held(taken)
    path = taken.file("next.csv", FIRMS, [firm(2), firm(3, state="睡着")])
    seen = taken.run("preview", taken.home, "firms", path)
    assert (seen["lines"], seen["accepted"], seen["set_aside"]) == (2, 1, 1)
    assert held(taken) == before


def test_a_zone_with_its_own_number_of_buckets_finds_every_subject(town: Town) -> None:
    town.firms(*(firm(n, capital=str(n)) for n in range(1, 40)))
    town.snapshot()
    assert [town.figures(n)["firm_capital"] for n in range(1, 40)] == [f"{n}.00" for n in range(1, 40)]


def test_persons_count_for_their_employer(town: Town) -> None:
    town.firms(firm(1), firm(2))
    rows = [(ric(n), "张三", "2026-06", uscc(1), 3000 + n) for n in range(1, 4)]
    town.deliver("insured", INSURED, rows, "--period", "2026-06")
    town.snapshot()
    assert town.figures(1)["insured_persons"] == 3
    assert town.figures(2)["insured_persons"] == "unknown(absent)"
    own = town.run(
        "figures", town.home, "--ric", "-", "--by", "officer-a", "--reason", "a complaint", text=ric(2) + "\n"
    )
    assert own["figures"]["base_now"]["value"] == "3002.00"


def test_a_relation_of_rows_in_conflict_is_in_conflict(town: Town) -> None:
    town.firms(firm(1), firm(2))
    rows = [(ric(1), "张三", "2026-06", uscc(1), 3000), (ric(1), "张三", "2026-06", uscc(2), 3000)]
    town.deliver("insured", INSURED, rows, "--period", "2026-06")
    town.snapshot()
    assert town.figures(1)["insured_persons"] == "unknown(conflict)"


def test_a_relation_of_nothing_is_empty(town: Town) -> None:
    town.firms(firm(1))
    town.deliver("insured", INSURED, [], "--period", "2026-06")
    assert town.snapshot()["editions"].keys() >= {"insured_by"}


def test_operations_that_are_not_known_are_set_aside(town: Town) -> None:
    rows = [("新增", uscc(1), "vat", "2026-06-03", 1), ("作废", uscc(2), "vat", "2026-06-03", 1)]
    taken = town.deliver("payments", CHANGES, rows, "--kind", "increment")
    assert (taken["accepted"], taken["set_aside"]) == (1, 1)
    assert PAYMENTS[0] in CHANGES
