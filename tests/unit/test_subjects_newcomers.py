"""Newcomers adopted all at once are what they would have become one by one."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from puhui.adapters.vault_sqlite import SqliteVault
from puhui.subjects import link
from puhui.subjects.link import Linking
from puhui.subjects.vault import Vault

from . import subjects_made as made
from .subjects_made import deliver, open_vault, org_code, reg_no, ric, tokens, uscc

SOURCE = made.resource([("uscc", "uscc"), ("tax_no", "tax_no"), ("reg_no", "reg_no"), ("other", "by_form")])
FIRMS = [uscc(n, prefix) for n in (1, 2, 3) for prefix in ("91", "92", "12")]  # of one n: one organisation code inside
TAX_NUMBERS = [*FIRMS[:4], "360502" + org_code(2), "360502" + org_code(4), ric(serial=3), ric(serial=4) + "01"]
OTHERS = [*FIRMS[2:5], org_code(1), org_code(5), ric(serial=3), ric(serial=5), "wrong"]

Row = dict[str, str]


def blank_or(values: Sequence[str]) -> st.SearchStrategy[str]:
    """Nearly all fields are blank."""
    return st.sampled_from(["", "", "", *values])


rows = st.lists(
    st.fixed_dictionaries(
        {
            "uscc": blank_or(FIRMS),
            "tax_no": blank_or(TAX_NUMBERS),
            "reg_no": blank_or([reg_no(1), reg_no(60000002)]),
            "other": blank_or(OTHERS),
        }
    ),
    max_size=8,
)


def outcome(vault: Vault, linking: Linking) -> tuple[object, ...]:
    """What became of the rows, with each token replaced by the row that named it first."""
    found = tokens(linking)
    named = [found.index(token) if token else None for token in found]
    subjects = vault.open_records(sorted({token for token in found if token}))
    records = [sorted(subjects[token].record.identifiers) if token else [] for token in found]
    kinds = [token[8] if token else "" for token in found]
    table = linking.tokens.select(["identity", "confidence", "shared"]).to_pylist()
    return named, kinds, records, table, sorted(linking.findings), linking.new_subjects


def delivered(folder: Path, parcels: Sequence[list[Row]]) -> list[tuple[object, ...]]:
    vault = open_vault(folder)
    try:
        return [outcome(vault, deliver(vault, SOURCE, parcel)) for parcel in parcels]
    finally:
        if isinstance(vault.store, SqliteVault):
            vault.store.close()


@settings(deadline=None, max_examples=60)
@given(parcels=st.lists(rows, min_size=1, max_size=3))
@example([[{"other": org_code(1)}], [{"uscc": FIRMS[0]}]])  # the code inside is known already
@example([[{"uscc": FIRMS[0]}, {"other": org_code(1)}, {"tax_no": "360502" + org_code(1)}]])  # or stated beside it
@example([[{"other": org_code(1)}, {"uscc": FIRMS[1]}]])  # or before it
@example([[{"uscc": FIRMS[0]}, {"uscc": FIRMS[1]}]])  # or in two
@example([[{"uscc": FIRMS[0], "reg_no": reg_no(1)}, {"uscc": FIRMS[0]}, {"reg_no": reg_no(1)}]])
def test_all_at_once_is_one_by_one(parcels: list[list[Row]]) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")  # of what runs in here, not of what other tests left to the collector
        at_once = delivered(Path(folder) / "a", parcels)
        with patch.object(link, "_adopt_newcomers", return_value=0):
            one_by_one = delivered(Path(folder) / "b", parcels)
    assert at_once == one_by_one


def test_newcomers_are_indeed_adopted_at_once(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    with patch("puhui.subjects.adoption.Adoption.settle", side_effect=AssertionError):
        linking = deliver(vault, SOURCE, [{"uscc": uscc(n), "tax_no": uscc(n)} for n in range(1, 9)])
    assert linking.new_subjects == len(set(tokens(linking))) == 8
