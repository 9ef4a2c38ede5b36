"""Editions: commit the linked rows of a parcel as the next immutable version, find one by number or by time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from puhui.lake.apply import BY_BUCKET_FROM_ROWS, Change, count_conflicts, plan_rewrite
from puhui.lake.store import Committed, TableStore
from puhui.model.delivery import DeliveryKind, Edition, Linked
from puhui.model.tables import Tables


@dataclass(frozen=True, slots=True)
class Intent:
    """What one commit is to be: the change, and all that its note has to tell a repair after a kill."""

    resource: str
    digest: str
    kind: DeliveryKind
    change: Change
    columns: Mapping[str, str]
    periods: tuple[str, ...]
    conflicts: int  # rows of the change that contradict each other
    state: str
    result: Callable[[int], Mapping[str, Any]]  # superseded rows → the parcel's result as it will be stored
    rows: int  # how many rows the change has: one file for few, one per bucket for many
    keep_periods: bool = True  # what the parent held is still held


@dataclass(frozen=True, slots=True)
class Act:
    """Why there is an edition that no parcel brought, and the states that it gives to earlier ones.

    It stands in the commit's note, so that a stop between the commit and the register loses nothing.
    """

    kind: str
    by: str
    detail: Mapping[str, Any]
    marks: Mapping[int, str]  # number → state

    def as_note(self) -> dict[str, Any]:
        marks = {str(number): state for number, state in self.marks.items()}
        return {"kind": self.kind, "by": self.by, "detail": dict(self.detail), "marks": marks}


def act_of(committed: Committed) -> Act | None:
    """The act that a commit's note tells of; None where a parcel brought the edition."""
    note = committed.note.get("act")
    if note is None:
        return None
    marks = {int(number): state for number, state in note["marks"].items()}
    return Act(note["kind"], note["by"], note["detail"], marks)


def commit_linked(
    linked: Linked, intent: Intent, tables: Tables, store: TableStore
) -> tuple[Edition, Mapping[str, Any]]:
    """Commit rows that were made of `linked` as the next edition; the parcel's result as the commit tells it.
    The caller holds the lease of the table."""
    if linked.checked.landing.digest != intent.digest:
        raise ValueError("the rows and the intent must be of one parcel")
    done = _commit(intent, tables, store)
    return edition_of(done), result_of(done)


def commit_derived(intent: Intent, tables: Tables, store: TableStore) -> Edition:
    """Commit rows that no parcel brought: a relation made of an edition. The caller holds the lease."""
    return edition_of(_commit(intent, tables, store))


def _commit(intent: Intent, tables: Tables, store: TableStore) -> Committed:
    """Write the child of the newest edition: durable and whole once it returns, nothing before."""
    parent = newest(store, intent.resource)
    files = store.files(intent.resource, parent.version) if parent else []
    rewrite = plan_rewrite(tables, files, intent.change)
    written = tables.write_parquet(
        rewrite.sql,
        str(store.staging(intent.resource) / intent.digest[:16]),
        by_bucket=intent.rows >= BY_BUCKET_FROM_ROWS,
    )
    removed = [file.path for file in rewrite.removed]
    kept = (parent.rows if parent else 0) - sum(f.rows for f in rewrite.removed)
    edition = _next_edition(intent, parent, kept + sum(f.rows for f in written))
    if edition.conflicts:  # the parent's contradictions stay in the files that stay
        left = (parent.conflicts if parent else 0) - count_conflicts(tables, removed)
        edition = replace(edition, conflicts=left + count_conflicts(tables, [f.path for f in written]))
    note = {**note_of(edition), "result": dict(intent.result(rewrite.superseded))}
    return store.commit(intent.resource, columns=intent.columns, add=written, remove=removed, note=note)


def newest(store: TableStore, resource: str) -> Edition | None:
    """The head of a table, released or not; None where nothing was ever committed."""
    versions = store.versions(resource)
    return edition_of(versions[-1]) if versions else None


def roll_back(store: TableStore, bad: Edition, good: Edition | None, *, by: str, reason: str) -> Committed:
    """A new edition with exactly the rows of `good` (or none), over `bad`. What was known before stays readable.
    Rows that no steward released are not published by a roll-back either."""
    head = newest(store, bad.resource)
    child = replace(
        bad,
        number=(head.number if head else bad.number) + 1,
        parent=good.number if good else None,
        digest=rollback_digest(bad),
        kind=DeliveryKind.CORRECTION,
        rows=good.rows if good else 0,
        periods=good.periods if good else (),
        conflicts=good.conflicts if good else 0,
        state="awaiting_release" if good and good.state == "awaiting_release" else "published",
    )
    act = Act("edition-rolled-back", by, {"bad": bad.number, "reason": reason}, {bad.number: "rolled_back"})
    note = {**note_of(child), "act": act.as_note(), "result": {}}
    return store.restore(bad.resource, good.version if good else None, note)


def rollback_digest(bad: Edition) -> str:
    """What the edition is known by that puts `bad` out of force."""
    return f"rollback:{bad.resource}:{bad.number}"


def _next_edition(intent: Intent, parent: Edition | None, rows: int) -> Edition:
    held = {*(parent.periods if parent and intent.keep_periods else ()), *intent.periods}
    return Edition(
        resource=intent.resource,
        number=parent.number + 1 if parent else 1,
        version=-1,
        parent=parent.number if parent else None,
        digest=intent.digest,
        kind=intent.kind,
        committed_at=datetime.min,
        rows=rows,
        periods=tuple(sorted(held)),
        conflicts=intent.conflicts + (parent.conflicts if parent else 0),
        state=intent.state,
    )


def result_of(committed: Committed) -> dict[str, Any]:
    """The parcel's result as its commit tells it; the same after a kill as without one."""
    return {**committed.note["result"], "edition": committed.note["number"]}


def note_of(edition: Edition) -> dict[str, Any]:
    """What a commit says of its edition: enough to know it again from the table alone."""
    return {
        "number": edition.number,
        "resource": edition.resource,
        "parent": edition.parent,
        "digest": edition.digest,
        "kind": edition.kind.value,
        "rows": edition.rows,
        "periods": list(edition.periods),
        "conflicts": edition.conflicts,
        "state": edition.state,
    }


def edition_of(committed: Committed) -> Edition:
    """The edition that a commit's note describes."""
    note = committed.note
    return Edition(
        resource=note["resource"],
        number=note["number"],
        version=committed.version,
        parent=note["parent"],
        digest=note["digest"],
        kind=DeliveryKind(note["kind"]),
        committed_at=committed.at,
        rows=note["rows"],
        periods=tuple(note["periods"]),
        conflicts=note["conflicts"],
        state=note["state"],
    )
