"""Names compared by Splink: the Fellegi-Sunter model with weights that are written down here and never trained.

Promises: repeatable (no training, no sampling); names stay in memory (a DuckDB of its own that may not
spill). The weights were set so that a name links by itself only where the core is equal and long enough and
at most its place or its legal form was left out; a typing error in the core is always for a steward. In the
registers of two cities one core in ten has a neighbour one character away, so nothing less would be safe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pyarrow as pa

from puhui.subjects.names import NameParts

PRIOR = 1e-4  # that two names drawn after blocking mean one body
_WORTH_A_LOOK = 0.5
_LONG_CORE = 4  # 食品 or 自来水 is the core of many firms, one in each county

# (condition, share among true pairs, share among chance pairs); the last level of each is the rest
_CORE = (
    (f"core_l = core_r AND length(core_l) >= {_LONG_CORE}", 0.80, 4e-6),
    ("core_l = core_r", 0.05, 5e-6),
    ("list_has_any(one_less_l, one_less_r)", 0.08, 1e-5),  # one character more, less or other
    ("len(list_intersect(pairs_l, pairs_r)) >= 0.6 * greatest(len(pairs_l), len(pairs_r))", 0.04, 2e-5),
    ("ELSE", 0.03, 0.99996),
)
_PLACES = (
    ("places_l = places_r", 0.60, 0.12),
    ("list_has_all(places_l, places_r) OR list_has_all(places_r, places_l)", 0.38, 0.14),
    ("ELSE", 0.02, 0.74),
)
_FORM = (
    ("form_l = form_r", 0.80, 0.40),
    ("form_l = '' OR form_r = ''", 0.18, 0.18),
    ("ELSE", 0.02, 0.42),
)


class SplinkNames:
    """A NameMatcher on Splink's DuckDB backend."""

    def score(self, asked: Sequence[NameParts], known: Sequence[NameParts]) -> list[tuple[int, int, float]]:
        """Pairs with a probability worth a look, ordered."""
        if not asked or not known:
            return []
        from splink import (  # a second to import, and most deliveries have no name to compare
            DuckDBAPI,
            Linker,
        )

        with duckdb.connect(":memory:", config={"threads": 2, "temp_directory": ""}) as connection:
            api = DuckDBAPI(connection)
            left = api.register(_table(asked), dataset_display_name="asked")
            right = api.register(_table(known), dataset_display_name="known")
            linker = Linker([left, right], _settings(), log_level=None)
            pairs = linker.inference.predict_between(
                left, right, threshold_match_probability=_WORTH_A_LOOK, warning_mode="never"
            )
            columns = "unique_id_l, unique_id_r, match_probability"
            rows = pairs.as_duckdbpyrelation().select(columns).fetchall()
        return sorted((int(i), int(j), float(probability)) for i, j, probability in rows)


def _table(names: Sequence[NameParts]) -> pa.Table:
    return pa.table(
        {
            "unique_id": pa.array(range(len(names)), pa.int64()),
            "core": [name.core for name in names],
            "head": [name.core[:3] for name in names],
            "places": pa.array([sorted(name.places) for name in names], pa.list_(pa.string())),
            "form": [name.form for name in names],
            "one_less": [_one_less(name.core) for name in names],
            "pairs": pa.array([_pairs(name.core) for name in names], pa.list_(pa.string())),
        }
    )


def _one_less(core: str) -> list[str]:
    """The core and what is left of it without one character: who share any are one edit apart, or two."""
    return sorted({core, *(core[:i] + core[i + 1 :] for i in range(len(core)))})


def _pairs(core: str) -> list[str]:
    return sorted({core[i : i + 2] for i in range(len(core) - 1)})


def _settings() -> Any:
    from splink import SettingsCreator, block_on

    return SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=PRIOR,
        comparisons=[_comparison("core", _CORE), _comparison("places", _PLACES), _comparison("form", _FORM)],
        blocking_rules_to_generate_predictions=[
            block_on("one_less", arrays_to_explode=["one_less"]),
            block_on("head"),
        ],
        retain_matching_columns=False,
    )


def _comparison(name: str, table: tuple[tuple[str, float, float], ...]) -> Any:
    from splink import comparison_level_library as levels
    from splink import comparison_library as comparisons

    made = [levels.NullLevel(name)]  # never met: our columns are filled
    for condition, true, chance in table:
        level = levels.ElseLevel() if condition == "ELSE" else levels.CustomLevel(condition)
        made.append(level.configure(m_probability=true, u_probability=chance))
    return comparisons.CustomComparison(output_column_name=name, comparison_levels=made)
