"""Compaction drops the rows of erased subjects, and of nobody else: no row leaves the lake but by two people."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_officers import erased
from .town import INSURED, Refused, Town, firm, ric, uscc


@pytest.fixture
def peopled(town: Town) -> Town:
    town.firms(firm(1), firm(2))
    rows = [(ric(n), "张三", "2026-06", uscc(n), 3000) for n in (1, 2)]
    town.deliver("insured", INSURED, rows, "--period", "2026-06")
    return town


def compacted(town: Town) -> dict[str, int]:
    """Table → rows dropped."""
    done = town.run("compact", town.home, "--by", "officer-a")
    return {one["table"]: one["rows_dropped"] for one in done}


def held(town: Town) -> dict[str, str]:
    return {name: digest for name, digest in town.tree("lake").items() if name.endswith((".parquet", ".json"))}


def test_nothing_is_dropped_without_an_erasure(peopled: Town) -> None:
    before = held(peopled)
    assert compacted(peopled) == {}
    peopled.run("subject", "erase", peopled.home, "--uscc", uscc(1), "--by", "officer-a", "--reason", "asked")
    assert compacted(peopled) == {}, "what one officer proposed is not done"
    assert held(peopled) == before
    assert peopled.events("edition-redacted") == []


def test_an_approved_erasure_is_journaled_and_its_rows_are_dropped(peopled: Town) -> None:
    token = erased(peopled, 1)
    journal = (peopled.home / "vault" / "erasures.journal").read_text("utf-8")
    assert journal.count("\n") == 1 and token in journal and uscc(1) not in journal
    assert compacted(peopled) == {"firms": 1, "insured": 0}
    assert [row["subject"] == token for row in peopled.rows("firms")] == [False]
    assert len(peopled.rows("insured")) == 2, "the person stays; the tie to the firm is gone"
    assert token not in {row["employer"] for row in peopled.rows("insured")}
    event = peopled.events("edition-redacted")[0]
    assert (event["actor"], event["redacted"]) == ("officer-a", [1])
    assert [edition["state"] for edition in peopled.editions("firms")] == ["redacted", "published"]
    assert compacted(peopled) == {}, "once is enough"


def test_compaction_needs_its_officer(peopled: Town, tmp_path: Path) -> None:
    erased(peopled, 1)
    key = tmp_path / "anna.key"
    peopled.run("officer", "add", peopled.home, "anna", "--out", key)
    before = held(peopled)
    for given in (("--by", "officer-a"), ("--by", "anna"), ("--by", "anna", "--key", tmp_path / "none")):
        with pytest.raises(Refused) as no:
            peopled.run("compact", peopled.home, *given)
        assert (no.value.code, no.value.exit_code) == ("not-allowed", 7)
    assert held(peopled) == before
    assert len(peopled.run("compact", peopled.home, "--by", "anna", "--key", key)) == 2
