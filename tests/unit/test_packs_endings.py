"""What a pack may say of who has ended, and of ticks that may be left out; every mistake by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from puhui.packs.diff_effects import Effect, effect_of
from puhui.packs.load import load_packs

from .test_packs_load import RESOURCE, full_pack, mistakes_of, pack, replace  # noqa: F401  the fixtures


def line_of(folder: Path, start: str) -> int:
    lines = (folder / RESOURCE).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.startswith(start))


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("{reason: death, source: s, field: gone, values: [x]}", "ends.field"),
        ("{reason: death, source: s, since: gone}", "ends.field"),
        ("{reason: death, source: s, field: amount}", "ends.rule"),
        ("{reason: death, source: s, values: [x]}", "ends.rule"),
        ("{reason: death, source: s, field: uscc, values: [x]}", "ends.not-kept"),
        ("{reason: death, source: s, since: amount}", "ends.type"),
        ("{reason: bored, source: s}", "form.closed-list"),
        ("{reason: death}", "form.missing-key"),
    ],
)
def test_each_mistake_of_an_ending(full_pack: Path, ending: str, code: str) -> None:  # noqa: F811
    replace(full_pack / RESOURCE, "lag_days: 20", f"lag_days: 20\nends: [{ending}]")
    at = line_of(full_pack, "ends:")
    found = [(line, told) for _, line, told in mistakes_of(full_pack)]
    assert (at, code) in found, found


def test_an_ending_is_loaded(full_pack: Path) -> None:  # noqa: F811
    replace(
        full_pack / RESOURCE,
        "lag_days: 20",
        "lag_days: 20\nends: [{reason: death, source: s, field: month, values: [x]}]",
    )
    (resource,) = [one for one in load_packs([full_pack]).resources.values() if one.ends]
    assert (resource.ends[0].reason, resource.ends[0].since) == ("death", None)


@pytest.mark.parametrize(
    ("letter", "ticks", "wrong"),
    [
        ("letter: query", "[gone]", True),
        ("letter: query", "[{tick}, {tick}]", True),
        ("letter: query", "[{tick}]", False),
        ("", "[{tick}]", True),
    ],
)
def test_ticks_that_may_be_left_out_are_the_letters_own(full_pack: Path, letter: str, ticks: str, wrong: bool) -> None:  # noqa: F811
    tick = load_packs([full_pack]).letters["query"].ticks[0].id
    written = f"{letter}\noptional_ticks: {ticks.format(tick=tick)}".lstrip()
    replace(full_pack / "products/basic.yaml", "letter: query", written)
    codes = {code for _, _, code in mistakes_of(full_pack)} if wrong else set()
    assert ("product.optional-tick" in codes) is wrong
    if not wrong:
        assert load_packs([full_pack]).products["basic"].optional_ticks == [tick]


@pytest.mark.parametrize(
    ("was", "now", "effect"),
    [
        ([], [1], Effect.TIGHTENED),
        ([1], [], Effect.LOOSENED),
        ([1], [1], Effect.NEUTRAL),
        (None, [1], Effect.TIGHTENED),
    ],
)
def test_fewer_endings_are_looser(was: list[int] | None, now: list[int], effect: Effect) -> None:
    assert effect_of("ends", was, now) is effect
