"""A pack with ten planted mistakes of ten kinds: the check reports exactly the ten, each where it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from puhui.model.refusals import PackRefused
from puhui.packs import load_packs

PLANTED = {
    ("ten-mistakes/pack.yaml", 6, "form.unknown-key"),
    ("ten-mistakes/resources/payments.yaml", 16, "keys.field"),
    ("ten-mistakes/resources/payments.yaml", 40, "check.field"),
    ("ten-mistakes/resources/penalties.yaml", 11, "adverse.no-retirement"),
    ("ten-mistakes/codes/payment_state.yaml", 8, "yaml.duplicate-key"),
    ("ten-mistakes/mappings/payments_csv.yaml", 8, "mapping.field"),
    ("ten-mistakes/parameters/grace_days.yaml", 7, "form.missing-key"),
    ("ten-mistakes/products/paid_basic.yaml", 9, "product.letter"),
    ("ten-mistakes/tests/paid_12m.yaml", 10, "test.column"),
    ("ten-mistakes/checks/clean.py", 1, "file.python"),
}


def test_all_ten_are_reported_at_once_and_nothing_else() -> None:
    with pytest.raises(PackRefused) as caught:
        load_packs([Path(__file__).parent / "ten-mistakes"])
    found = [(m.file, m.line, m.code) for m in caught.value.mistakes]
    assert len(found) == 10
    assert set(found) == PLANTED
    assert all(m.said.zh and m.said.en for m in caught.value.mistakes)
