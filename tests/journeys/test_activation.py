"""The zone changes its packs: one officer proposes, another approves, and the set in use is always a whole one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from puhui.bootstrap import open_zone
from puhui.indicators.behind import behind
from puhui.packs import load_packs, new_pack

from .town import JUDGMENTS, OFFICER, SMALL, Refused, Town, firm

PROPOSE = ("pack", "activate")
YEARS = "indicators/firm_years.sql"


def edit(file: Path, was: str, now: str) -> None:
    text = file.read_text("utf-8")
    assert was in text
    file.write_text(text.replace(was, now, 1), encoding="utf-8")


def in_use(town: Town) -> dict[str, str]:
    """Pack → digest, as another process opens the zone."""
    return {pack.name: pack.digest for pack in open_zone(town.home).packs.packs}


def propose(town: Town, *folders: Path) -> dict[str, object]:
    return dict(town.run(*PROPOSE, town.home, *folders, *OFFICER))


@pytest.fixture
def changed(town: Town) -> Path:
    """A version of the pack `small` with another definition of a firm's capital."""
    folder = town.new_pack()
    edit(folder / "pack.yaml", "version: 1.0.0", "version: 1.1.0")
    edit(folder / "indicators" / "firm_capital.sql", "release: [value]", "release: [value, band]\nbands: [10, 1000]")
    return folder


def test_a_changed_pack_takes_two_people(town: Town, changed: Path) -> None:
    before = in_use(town)
    proposal = propose(town, changed)
    (act,) = town.run("acts", town.home)
    assert act["act"] == "activate-packs" and set(act["arguments"]["packs"]) == {"small"}
    assert act["arguments"]["loosened"] == ["indicators/firm_capital release"]
    assert in_use(town) == before, "a proposal changes nothing"
    for alone in ("officer-a", " officer-a", ""):
        with pytest.raises(Refused) as no:
            town.approve(proposal, by=alone)
        assert (no.value.code, no.value.exit_code) == ("not-allowed", 7)
    assert in_use(town) == before
    done = town.approve(proposal)
    assert done["packs"] == in_use(town) != before
    event = town.events("packs-activated")[-1]
    assert (event["actor"], event["packs"], event["digest"]) == ("officer-b", done["packs"], done["set"])
    assert (town.home / "packs" / "small" / "pack.yaml").read_text("utf-8").count("1.1.0") == 1
    assert town.run("acts", town.home) == []


@pytest.mark.parametrize(("by", "reason"), [("", "a new law"), ("officer-a", ""), ("officer-a", "x")])
def test_a_proposal_needs_an_officer_and_a_reason(town: Town, changed: Path, by: str, reason: str) -> None:
    with pytest.raises(Refused) as no:
        town.run(*PROPOSE, town.home, changed, "--by", by, "--reason", reason)
    assert no.value.code == "not-allowed"
    assert town.run("acts", town.home) == []


def test_officers_prove_themselves(town: Town, changed: Path, tmp_path: Path) -> None:
    a = tmp_path / "a.key"
    town.run("officer", "add", town.home, "anna", "--out", a)
    with pytest.raises(Refused) as no:
        town.run(*PROPOSE, town.home, changed, "--by", "anna", "--reason", "a new law")
    assert no.value.code == "not-allowed"
    proposal = town.run(*PROPOSE, town.home, changed, "--key", a, "--reason", "a new law")
    assert town.run("acts", town.home)[0]["by"] == "anna", "the key tells who it is"
    with pytest.raises(Refused) as no:
        town.run("approve", town.home, proposal["proposal"], "--key", a)
    assert no.value.code == "not-allowed"


def test_a_pack_with_mistakes_changes_nothing(town: Town, changed: Path) -> None:
    edit(changed / "indicators" / "firm_capital.sql", "purposes: [lending]", "purposes: [nothing]")
    before, sets = in_use(town), town.tree("pack-sets")
    with pytest.raises(Refused) as no:
        propose(town, changed)
    assert (no.value.code, no.value.exit_code) == ("pack-refused", 3)
    with pytest.raises(Refused):
        propose(town, changed.parent / "nowhere")
    assert (in_use(town), town.tree("pack-sets")) == (before, sets)
    assert town.run("acts", town.home) == []


def test_what_is_in_use_needs_no_activation(town: Town) -> None:
    with pytest.raises(Refused) as no:
        propose(town, SMALL)
    assert no.value.code == "not-allowed"


def test_what_was_proposed_is_what_is_activated(town: Town, changed: Path) -> None:
    """The folder may change between proposal and approval; the zone's copy does not."""
    proposal = propose(town, changed)
    seen = load_packs([changed]).packs[0].digest
    edit(changed / "pack.yaml", "version: 1.1.0", "version: 9.9.9")
    assert town.approve(proposal)["packs"] == {"small": seen}


def test_a_proposal_over_another_set_is_refused(town: Town, changed: Path, tmp_path: Path) -> None:
    first = propose(town, changed)
    second = propose(town, new_pack(tmp_path, "water-pilot"))
    town.approve(second)
    both = in_use(town)
    assert set(both) == {"small", "water-pilot"}
    with pytest.raises(Refused) as no:
        town.approve(first)
    assert no.value.code == "not-allowed"
    assert in_use(town) == both, "the later proposal is not undone by an earlier one"


def test_an_added_pack_is_used(town: Town, tmp_path: Path) -> None:
    town.firms(firm(1))
    town.activate(new_pack(tmp_path, "water-pilot"))
    header = ("uscc", "month", "state", "amount")
    taken = town.deliver("water_pilot", header, [(firm(1)[0], "2026-06", "有效", 5)], "--period", "2026-06")
    assert taken["accepted"] == 1
    town.snapshot()
    assert town.figures(1)["water_pilot_amount_12m"] == "unknown(incomplete 1/12)"


def test_the_old_snapshot_stays_and_says_what_it_lacks(town: Town, changed: Path) -> None:
    town.firms(firm(1))
    old = town.snapshot()
    (changed / YEARS).unlink()
    shutil.copy(changed / "indicators" / "firm_capital.sql", changed / "indicators" / "firm_worth.sql")
    edit(changed / "indicators" / "firm_worth.sql", "id: ", "id: X")
    done = town.activate()
    assert done["behind"] == ["firm_capital", "firm_worth"]
    assert town.figures(1)["firm_capital"] == "100.00", "the snapshot is read as it was built"
    zone = open_zone(town.home)
    reader = zone.desk.figures.reader()
    assert behind(reader.snapshot, zone.packs) == ("firm_capital", "firm_worth")
    assert behind(reader.snapshot, zone.packs, ["paid_12m"]) == ()
    reader.close()
    assert town.snapshot()["pack_set"] == done["set"] != old["pack_set"]
    reader = open_zone(town.home).desk.figures.reader()
    assert behind(reader.snapshot, zone.packs) == ()
    reader.close()
    assert "firm_years" not in town.figures(1) and town.figures(1)["firm_worth"] == "100.00"


def another_type(pack: Path) -> None:
    edit(pack / "resources" / "firms.yaml", "type: 'decimal(18,2)'", "type: 'decimal(18,4)'")


def another_name(pack: Path) -> None:
    edit(pack / "resources" / "firms.yaml", "name: capital,", "name: equity,")
    edit(pack / "resources" / "firms.yaml", "holds: capital <", "holds: equity <")
    edit(pack / "indicators" / "firm_capital.sql", "max(capital)", "max(equity)")


def no_resource(pack: Path) -> None:
    (pack / "resources" / "judgments.yaml").unlink()
    (pack / "indicators" / "judgments_all.sql").unlink()


@pytest.mark.parametrize(
    ("change", "lost"), [(another_type, "firms.capital"), (another_name, "firms.capital"), (no_resource, "judgments")]
)
def test_what_editions_hold_stays_a_column(town: Town, change: Callable[[Path], None], lost: str) -> None:
    change(town.new_pack())
    empty = Town.copy_of(town.home, town.home.parent / "empty")
    town.firms(firm(1))
    town.deliver("judgments", JUDGMENTS, [])
    with pytest.raises(Refused) as no:
        propose(town, town.new_pack())
    assert no.value.code == "not-allowed" and lost in no.value.answer["message"]["en"]
    propose(empty, town.new_pack())  # nothing is held yet: nothing is lost


def test_packs_that_were_changed_in_the_home_are_not_used(town: Town) -> None:
    """The way round two people is closed: what the zone uses is what was activated."""
    file = town.home / "packs" / "small" / YEARS
    file.chmod(0o644)
    edit(file, "release: [value]", "release: [value, flag]")
    with pytest.raises(Refused) as no:
        town.run("editions", town.home)
    assert (no.value.code, no.value.exit_code) == ("broken", 6)
    shutil.copy(SMALL / YEARS, file)
    assert town.run("editions", town.home) == []


def test_a_set_that_is_gone_is_refused(town: Town) -> None:
    shutil.move(town.home / "pack-sets", town.home.parent / "kept")
    with pytest.raises(Refused) as no:
        town.run("editions", town.home)
    assert no.value.code == "broken"
    shutil.move(town.home.parent / "kept", town.home / "pack-sets")
    assert town.run("editions", town.home) == []


def test_a_home_without_its_link_gets_it_again(town: Town, changed: Path) -> None:
    old = (town.home / "packs").readlink()
    town.activate()
    (town.home / "packs").unlink()
    (town.home / "packs").symlink_to(old)  # as after a stop between the tables and the link
    town.run("editions", town.home)
    assert "1.1.0" in (town.home / "packs" / "small" / "pack.yaml").read_text("utf-8")


def test_an_approval_that_was_cut_short_is_finished_by_the_next(
    town: Town, changed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from puhui.adapters.register_django import DjangoRegister

    proposal = propose(town, changed)

    def cut(*given: object, **stated: object) -> None:
        raise OSError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(DjangoRegister, "close_act", cut)
        with pytest.raises(OSError, match="stopped"):
            town.approve(proposal)
    assert len(town.events("packs-activated")) == 2, "it is in use, with its event"
    assert town.approve(proposal)["packs"] == in_use(town)
    assert len(town.events("packs-activated")) == 2
