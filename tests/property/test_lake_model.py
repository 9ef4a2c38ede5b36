"""The lake against a plain Python model: deliveries of all kinds in any order leave the same rows, and every edition
that was ever committed still has the rows that it had."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from puhui.adapters.lake_delta import DeltaLake
from puhui.adapters.tables_duckdb import DuckTables
from puhui.lake.apply import Change
from puhui.lake.editions import Intent, commit_derived, edition_of, newest, result_of, roll_back
from puhui.lake.layout import HOUSE_COLUMNS
from puhui.model.delivery import DeliveryKind, Edition

PERIODS = ("2026-04", "2026-05", "2026-06")
COLUMNS = {**HOUSE_COLUMNS, "k": "VARCHAR", "v": "BIGINT"}
Row = tuple[str, str, str, int, int]  # subject, period, k, v, conflict
Delivered = tuple[str, str, str, int, str]  # subject, period, k, v, operation

rows = st.tuples(
    st.sampled_from("abcd"), st.sampled_from(PERIODS), st.sampled_from("xy"), st.integers(0, 9),
    st.sampled_from(("insert", "update", "delete")),
)  # fmt: skip


class Lake(RuleBasedStateMachine):
    """`model` holds the rows that there should be; `past` what each edition held when it was committed."""

    @initialize(periodic=st.booleans())
    def begin(self, periodic: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lake-"))
        self.store, self.tables = DeltaLake(self.folder / "lake"), DuckTables(self.folder, threads=1)
        self.keys = ("subject", "period", "k") if periodic else ("subject", "k")
        self.model: Counter[Row] = Counter()
        self.past: dict[int, Counter[Row]] = {}
        self.periods: set[str] = set()
        self.number = 0

    def key(self, row: Sequence[object]) -> tuple[object, ...]:
        named = dict(zip(("subject", "period", "k"), row, strict=False))
        return tuple(named[name] for name in self.keys)

    def commit(self, kind: DeliveryKind, delivered: list[Row], operations: list[str], **how: object) -> Edition:
        self.number += 1
        names = ("subject", "period", "k", "v", "conflict")
        table = {name: [row[at] for row in delivered] for at, name in enumerate(names)}
        typed = pa.table(
            {
                **{name: pa.array(table[name], pa.string()) for name in ("subject", "period", "k")},
                **{name: pa.array(table[name], pa.int64()) for name in ("v", "conflict")},
                "bucket": pa.array([ord(row[0]) % 2 for row in delivered], pa.int32()),
                "parcel": pa.array([f"p{self.number}"] * len(delivered), pa.string()),
                "line": pa.array(range(1, len(delivered) + 1), pa.int64()),
                "operation": pa.array(operations, pa.string()),
            }
        )
        self.tables.register("delivered", typed)
        periods = {row[1] for row in delivered}
        change = Change("delivered", tuple(COLUMNS), self.keys, how.get("replaced"), whole=bool(how.get("whole")))  # type: ignore[arg-type]
        intent = Intent(
            "t", f"{self.number:064d}", kind, change, COLUMNS, tuple(sorted(periods)),
            sum(row[4] != 0 for row in delivered), "published", lambda superseded: {"superseded": superseded},
            len(delivered),
        )  # fmt: skip
        with self.store.lease("t"):
            edition = commit_derived(intent, self.tables, self.store)
        self.periods |= periods
        return edition

    @rule(delivered=st.lists(rows, max_size=6), periods=st.sets(st.sampled_from(PERIODS), min_size=1))
    def snapshot(self, delivered: list[Delivered], periods: set[str]) -> None:
        whole = "period" not in self.keys
        listed = self.contradicting([row for row in delivered if whole or row[1] in periods])
        how = {"whole": True} if whole else {"replaced": tuple(sorted(periods))}
        edition = self.commit(DeliveryKind.SNAPSHOT, listed, ["insert"] * len(listed), **how)
        kept = Counter() if whole else Counter({r: n for r, n in self.model.items() if r[1] not in periods})
        self.model = kept + Counter(listed)
        self.check(edition, superseded=0)

    def contradicting(self, delivered: list[Delivered]) -> list[Row]:
        """As intake leaves them: repeats are gone, rows of one key that differ are marked."""
        distinct = list(dict.fromkeys(row[:4] for row in delivered))
        times = Counter(self.key(row) for row in distinct)
        return [(*row, int(times[self.key(row)] > 1)) for row in distinct]

    @rule(delivered=st.lists(rows, max_size=6), kind=st.sampled_from(("increment", "correction")))
    def change(self, delivered: list[Delivered], kind: str) -> None:
        last = {self.key(row): row for row in delivered}  # of one key the last operation counts
        listed = [(*row[:4], 0) for row in last.values()]
        later = {self.key(row): max(r[1] for r in self.model if self.key(r) == self.key(row)) for row in self.model}
        superseded = [row for row in last.values() if later.get(self.key(row), "") > row[1]]
        edition = self.commit(DeliveryKind(kind), listed, [row[4] for row in last.values()])
        self.model = Counter(
            {r: n for r, n in self.model.items() if self.key(r) not in last or last[self.key(r)][1] < r[1]}
        ) + Counter((*row[:4], 0) for row in last.values() if row[4] != "delete" and row not in superseded)
        self.check(edition, superseded=len(superseded))

    @precondition(lambda self: self.past)
    @rule()
    def roll_back(self) -> None:
        head = newest(self.store, "t")
        assert head is not None
        editions = {e.number: e for e in map(edition_of, self.store.versions("t"))}
        good = editions.get(head.parent) if head.parent else None
        with self.store.lease("t"):
            child = edition_of(roll_back(self.store, head, good, by="anna", reason="wrong"))
        self.model = Counter(self.past[good.number]) if good else Counter()
        self.periods = set(good.periods) if good else set()
        self.past[child.number] = Counter(self.model)

    def check(self, edition: Edition, superseded: int) -> None:
        assert edition.rows == self.model.total()
        assert edition.conflicts == sum(n for row, n in self.model.items() if row[4])
        assert set(edition.periods) == self.periods
        assert result_of(self.store.versions("t")[-1]) == {"superseded": superseded, "edition": edition.number}
        self.past[edition.number] = Counter(self.model)

    @invariant()
    def every_edition_is_as_it_was(self) -> None:
        for committed in self.store.versions("t"):
            assert self.rows_of(committed.version) == self.past[committed.note["number"]]

    def rows_of(self, version: int) -> Counter[Row]:
        files = self.store.files("t", version)
        listed = [row for f in files for row in pq.ParquetFile(f.path).read().to_pylist()]
        return Counter((r["subject"], r["period"], r["k"], r["v"], r["conflict"]) for r in listed)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.tables.close()
            shutil.rmtree(self.folder)


TestLake = Lake.TestCase
TestLake.settings = settings(max_examples=12, stateful_step_count=10, deadline=None)
