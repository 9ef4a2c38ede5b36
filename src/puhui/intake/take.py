"""The way of one delivery: Parcel → Landing → Checked → Linked → Edition.

Law: after `take` every record of the parcel is in exactly one place (accepted, set aside with its reason, or a repeat
of another), or the parcel was refused and nothing of it was kept. Stop it anywhere: the next start finishes or forgets
it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from puhui.intake.account import (
    Account,
    account,
    lost_count,
    preview_of,
    refuse_before_linking,
    refuse_if_over,
)
from puhui.intake.findings import find_cells, write_findings
from puhui.intake.open import Opened, as_corrected, delivered_before, open_parcel
from puhui.intake.periods import Periods, own_period_sql, periods_of
from puhui.intake.repair import settle_unfinished
from puhui.intake.rooms import Rooms
from puhui.intake.set_aside import seal_set_aside
from puhui.lake.apply import Change
from puhui.lake.editions import Intent, commit_linked
from puhui.lake.landing import land
from puhui.lake.layout import columns_of, kept_fields, key_columns
from puhui.lake.store import Sealing
from puhui.model.delivery import DeliveryKind, Edition, Landing, Parcel
from puhui.model.refusal import Refusal
from puhui.model.refusals import Busy
from puhui.model.tables import Tables, enum_type, literal, quoted
from puhui.packs import forms
from puhui.quality.check import CheckedRows, check, stage, unstage
from puhui.quality.repeats import Repeats, Seeking, find_repeats, seeking_repeats
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.rows import FACT, IDENTITY, LINKED, LinkedRows, facts_before_linking, identity_sql, link_rows

Progress = Callable[[str], None]
FINAL = "final_rows"
RETENTION = timedelta(days=3 * 366)  # 网络数据安全管理条例 art. 12: records of provision at least 3 years


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a parcel, as `puhui deliver --json` prints it."""

    result: dict[str, object]
    repeated: bool = False


def take(parcel: Parcel, rooms: Rooms, progress: Progress = lambda step: None) -> Taken:
    """Take one parcel. A repeated one returns its first result and changes nothing. Raises a Refusal, of which the
    register keeps the code alone."""
    try:
        return _take(parcel, rooms, progress)
    except Busy:
        raise
    except Refusal as refusal:
        rooms.register.refuse(parcel, refusal.code, rooms.now())
        raise


def _take(parcel: Parcel, rooms: Rooms, progress: Progress) -> Taken:
    with rooms.scratch() as scratch, rooms.lake.lease(parcel.resource):
        opened = as_corrected(open_parcel(parcel, rooms, scratch.folder), rooms)
        progress("opened")
        settle_unfinished(opened.resource.name, rooms)  # what a killed process began while this one was running
        digest, first = delivered_before(opened, rooms)
        if first is not None:
            return Taken(dict(first.result), repeated=True)
        landing = land(opened.parcel, digest, opened.records.size, rooms.now())
        progress("landed")
        with rooms.blobs.sealing(opened.resource.name, digest, landing.parcel.path) as sealing:
            beside = _beside(opened.resource, opened.parcel.manifest.period)
            checked = _check(landing, opened, beside, scratch.tables, rooms)
            refuse_before_linking(checked, opened.resource, scratch.tables)
            progress("checked")
            periods = periods_of(opened.resource, opened.parcel.manifest, checked.checked.table, scratch.tables)
            facts = facts_before_linking(checked.checked, opened.resource, _keys(opened.resource))
            with seeking_repeats(facts, checked.checked.lines, scratch.tables) as sought:
                meanwhile = (sealing.begin, sought.begin)
                linked = _link(checked, opened, periods, meanwhile, scratch.tables, rooms)
                progress("linked")
                books = _account(landing, opened, checked, linked, periods, sought, scratch.tables)
            edition, result = _commit(landing, opened, checked, linked, books, periods, sealing, scratch.tables, rooms)
        progress("committed")
        rooms.register.settle(edition.resource, landing.digest, result, edition)
        return Taken(dict(result))


def _check(landing: Landing, opened: Opened, beside: Mapping[str, str], tables: Tables, rooms: Rooms) -> CheckedRows:
    for _ in range(2):
        source = opened.source()
        checks = stage(opened.resource, opened.mapping, source, rooms.packs.codes, tables, beside=beside)
        if (broken := opened.broken(tables)) is not None:
            sql_checks = rooms.packs.checks_of(opened.resource.name)
            return check(landing, opened.resource, source, checks, broken, sql_checks, tables)
        unstage(tables)  # the engine lost count of the records: the file was split exactly, and is read again
    raise lost_count()


def _link(
    checked: CheckedRows,
    opened: Opened,
    periods: Periods,
    meanwhile: Sequence[Callable[[], None]],
    tables: Tables,
    rooms: Rooms,
) -> LinkedRows:
    now = rooms.now()
    landing = checked.checked.landing
    source = SourceOfNames(parcel=landing.digest[:16], period=landing.parcel.manifest.period, at=now)
    return link_rows(
        checked.checked,
        opened.resource,
        _keys(opened.resource),
        periods.sql,
        tables,
        rooms.vault,
        rooms.matcher,
        source=source,
        today=now.date(),
        meanwhile=meanwhile,
    )


def _account(
    landing: Landing,
    opened: Opened,
    checked: CheckedRows,
    linked: LinkedRows,
    periods: Periods,
    sought: Seeking,
    tables: Tables,
) -> Account:
    resource = opened.resource
    fields = [field.name for field in resource.fields]
    in_order = opened.mapping.operation is not None  # rows are operations: the last one of a key counts
    repeats = find_repeats(
        LINKED,
        _keys(resource),
        fields,
        fields,
        tables,
        last_wins=in_order,
        rows=linked.rows,
        facts=linked.facts,
        sought=sought,
    )
    _final_view(landing, resource, repeats, tables)
    books = account(landing, opened, checked, linked, repeats, periods, tables)
    refuse_if_over(books, resource)
    return books


def _keys(resource: forms.Resource) -> list[str]:
    """The columns of linked rows in which rows of one fact agree."""
    return ["subject", *(["period"] if resource.period else []), *_other_keys(resource)]


def _beside(resource: forms.Resource, stated_period: str) -> dict[str, str]:
    """What the staging computes of each row while its cells are at hand: a number of its identity, and one of its fact.

    Rows of one identity that agree in their keys have the same number. Where the manifest states the period, rows of
    several dates may be of one period, so the date has no part in it.
    """
    identity, keys = identity_sql(resource), _other_keys(resource)
    parts = [*([identity] if identity else []), *(quoted(key) for key in keys)]
    if resource.period is not None and resource.period.field not in keys and not stated_period:
        is_number = resource.field(resource.period.field).type == "int"
        parts.append(own_period_sql(resource.period, "", is_number=is_number))
    fact = f"hash({', '.join(parts)})" if parts else "0::UBIGINT"
    return {**_beside_identity(resource), FACT: fact}


def _beside_identity(resource: forms.Resource) -> dict[str, str]:
    identity = identity_sql(resource)
    return {IDENTITY: identity} if identity else {}


def _other_keys(resource: forms.Resource) -> list[str]:
    identifying = {way.field for way in resource.identify}
    return [key for key in resource.keys if key not in identifying]


def _final_view(landing: Landing, resource: forms.Resource, repeats: Repeats, tables: Tables) -> None:
    """The rows to commit: linked, without repeats, with the mask of contradictions."""
    parcel = landing.digest[:16]
    kept = ", ".join(f'l."{field.name}"' for field in kept_fields(resource))
    mask, joined = "0::BIGINT", ""
    if repeats.conflicts:
        mask, joined = "coalesce(c.mask, 0)::BIGINT", "LEFT JOIN conflicting_lines c ON c.line = l.line "
    if repeats.duplicates:
        joined += "WHERE NOT EXISTS (SELECT 1 FROM repeated_lines r WHERE r.line = l.line)"
    tables.execute(
        f"CREATE VIEW {FINAL} AS SELECT l.subject, l.bucket, l.period, "
        f"CAST({literal(parcel)} AS {enum_type([parcel])}) AS parcel, l.line, "
        f"{mask} AS conflict, {kept or 'NULL AS nothing'}, l.operation FROM {LINKED} l {joined}"
    )


def _commit(
    landing: Landing,
    opened: Opened,
    checked: CheckedRows,
    linked: LinkedRows,
    books: Account,
    periods: Periods,
    sealing: Sealing,
    tables: Tables,
    rooms: Rooms,
) -> tuple[Edition, Mapping[str, object]]:
    """Seal what was set aside, note the parcel as being taken, commit. From the commit on the parcel is taken."""
    resource = opened.resource
    sealed = sealing.finish()
    seal_set_aside(books, opened, checked.checks, sealed, rooms, tables)
    until = (landing.landed_at + RETENTION).date()
    rooms.register.begin(landing, sealed, opened.mapping.name, until)
    snapshot = landing.parcel.manifest.kind is DeliveryKind.SNAPSHOT
    columns = columns_of(resource)
    change = Change(
        table=FINAL,
        columns=tuple(columns),
        keys=tuple(key_columns(resource)),
        replaced_periods=periods.replaced if snapshot and resource.period else None,
        whole=snapshot and resource.period is None,
    )
    intent = Intent(
        resource=resource.name,
        digest=landing.digest,
        kind=landing.parcel.manifest.kind or DeliveryKind.INCREMENT,
        change=change,
        columns=columns,
        periods=periods.held,
        conflicts=books.conflicts,
        state="awaiting_release" if resource.steward_release else "published",
        result=books.result,
        rows=books.counts.accepted,
    )
    return commit_linked(linked.linked, intent, tables, rooms.lake)


def preview(
    parcel: Parcel, rooms: Rooms, *, good_rows: Path | None = None, bad_cells: Path | None = None
) -> dict[str, object]:
    """Only the checks of a file: nothing is stored and nobody is adopted, so unknown identifiers are not looked up.

    `good_rows`: where to write the rows with nothing against them; `bad_cells`: every cell with something against it.
    """
    with rooms.scratch() as scratch:
        opened = open_parcel(parcel, rooms, scratch.folder)
        landing = land(opened.parcel, opened.records.digest, opened.records.size, rooms.now())
        checked = _check(landing, opened, _beside_identity(opened.resource), scratch.tables, rooms)
        found = find_cells(checked, opened.broken_rows, opened.resource, scratch.tables, rooms.now().date())
        write_findings(opened.resource, scratch.tables, clean_rows=good_rows, bad_cells=bad_cells)
        return preview_of(checked, found, opened.resource, opened.mapping, scratch.tables)
