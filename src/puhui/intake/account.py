"""The books of one parcel: where every record is, and every issue with its count.

They balance or nothing is committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from puhui.intake.findings import Findings
from puhui.intake.open import Opened
from puhui.intake.periods import Periods
from puhui.intake.samples import with_samples
from puhui.model.delivery import Counts, Issue, Landing, Severity
from puhui.model.refusal import Said
from puhui.model.refusals import Broken, ParcelOverThreshold
from puhui.model.tables import Tables
from puhui.packs import forms
from puhui.quality.check import CheckedRows
from puhui.quality.dimensions import six_figures
from puhui.quality.repeats import Repeats
from puhui.subjects.link import UNRESOLVED_CHECKS
from puhui.subjects.rows import LINKED, UNLINKED, LinkedRows

FEWEST_LINES = 100  # a share says little of fewer rows: they are set aside one by one


@dataclass(frozen=True, slots=True)
class Account:
    """Counts, issues, and the six figures of GB/T 36344, before it is known which rows a later period superseded."""

    landing: Landing
    mapping: str
    counts: Counts
    issues: tuple[Issue, ...]
    conflicts: int
    quality: Mapping[str, float | None]
    new_subjects: int
    refusing: tuple[str, ...] = ()
    unresolved: int = 0

    def result(self, superseded: int) -> dict[str, Any]:
        """What `puhui deliver --json` prints, but for the edition's number."""
        counts = self.counts
        issues = [_issue_as_dict(issue) for issue in self.issues]
        if superseded:
            issues.append(_issue_as_dict(Issue("superseded_by_later_period", Severity.WARN, "", superseded)))
        return {
            "resource": self.landing.parcel.resource,
            "digest": self.landing.digest,
            "file": self.landing.parcel.file_name,
            "mapping": self.mapping,
            "kind": str(self.landing.parcel.manifest.kind),
            "period": self.landing.parcel.manifest.period,
            "lines": counts.lines,
            "accepted": counts.accepted - superseded,
            "set_aside": counts.set_aside,
            "warned": counts.warned,
            "duplicates": counts.duplicates + superseded,
            "conflicts": self.conflicts,
            "new_subjects": self.new_subjects,
            "issues": issues,
            "quality": dict(self.quality),
        }


def account(
    landing: Landing,
    opened: Opened,
    checked: CheckedRows,
    linked: LinkedRows,
    repeats: Repeats,
    periods: Periods,
    tables: Tables,
) -> Account:
    """Close the books. `Broken` if they do not balance: that would be our own fault, and nothing is committed."""
    resource = opened.resource
    found = [*_issues(checked, linked, repeats, periods, tables), *_warnings(opened)]
    issues = with_samples(found, resource, opened.mapping, opened.file)
    warned = _warned_rows(checked, linked, tables)
    broken = sum(issue.count for issue in checked.checked.issues if issue.check.startswith("broken:"))
    bad = int(tables.rows("SELECT count(*) FROM staged WHERE bad <> 0")[0][0])
    counts = Counts(
        lines=checked.checked.lines,
        accepted=linked.rows - repeats.duplicates,
        set_aside=broken + bad + linked.unlinked,
        duplicates=repeats.duplicates,
        warned=warned,
    )
    if not counts.balances():
        raise _unbalanced(counts)
    return Account(
        landing=landing,
        mapping=opened.mapping.name,
        counts=counts,
        issues=tuple(issues),
        conflicts=repeats.conflicts,
        quality=six_figures(counts, issues, resource, tables, periods=periods.held, landed=landing.landed_at.date()),
        new_subjects=linked.linked.new_subjects,
        refusing=_refusing(checked),
        unresolved=_unresolved(tables),
    )


def _warnings(opened: Opened) -> list[Issue]:
    found = [Issue(warning, Severity.WARN, "", 1) for warning in opened.warnings]
    if unmapped := opened.unmapped:
        found.append(Issue("column-unmapped", Severity.WARN, "", len(unmapped), tuple(unmapped[:5])))
    return found


def _unresolved(tables: Tables) -> int:
    """Rows that only lack a subject: no fault of the agency's export, so the threshold does not count them."""
    names = ", ".join(f"'{check}'" for check in UNRESOLVED_CHECKS)
    return int(tables.rows(f'SELECT count(DISTINCT line) FROM {UNLINKED} WHERE "check" IN ({names})')[0][0])


def _warned_rows(checked: CheckedRows, linked: LinkedRows, tables: Tables) -> int:
    """Accepted rows of which a check, the linking or a contradicting row warns."""
    of_checks = f"SELECT line FROM {checked.checked.table} WHERE bad = 0 AND warn <> 0"
    of_linking = f" UNION {linked.warned_sql}" if linked.warned_sql else ""
    lines = f"{of_checks}{of_linking} UNION SELECT line FROM conflicting_lines"
    gone = f"SELECT line FROM {UNLINKED} UNION SELECT line FROM repeated_lines"
    return int(tables.rows(f"SELECT count(*) FROM ({lines}) w WHERE line NOT IN ({gone})")[0][0])


def _issues(
    checked: CheckedRows,
    linked: LinkedRows,
    repeats: Repeats,
    periods: Periods,
    tables: Tables,
) -> list[Issue]:
    found = [*checked.checked.issues, *linked.linked.issues, *repeats.issues]
    if periods.outside_sql != "FALSE":
        condition = f"SELECT count(*) FROM {LINKED} s WHERE {periods.outside_sql}"
        outside = int(tables.rows(condition)[0][0])
        if outside:
            found.append(Issue("outside_stated_period", Severity.WARN, "", outside))
    return found


def _refusing(checked: CheckedRows) -> tuple[str, ...]:
    found = Counter({i.check: i.count for i in checked.checked.issues if i.severity is Severity.REFUSE})
    return tuple(sorted(found))


def refuse_before_linking(checked: CheckedRows, resource: forms.Resource, tables: Tables) -> None:
    """The same on the checks alone: nobody named in a parcel that is refused gets into the vault."""
    issues, lines = checked.checked.issues, checked.checked.lines
    broken = sum(issue.count for issue in issues if issue.check.startswith("broken:"))
    bad = int(tables.rows("SELECT count(*) FROM staged WHERE bad <> 0")[0][0])
    _refuse_over(lines, broken + bad, _refusing(checked), issues, resource)


def refuse_if_over(books: Account, resource: forms.Resource) -> None:
    """Refuse the parcel where a check of that severity is broken, or too large a share of its rows is set aside."""
    failed = books.counts.set_aside - books.unresolved
    _refuse_over(books.counts.lines, failed, books.refusing, books.issues, resource)


def _refuse_over(
    lines: int, failed: int, refusing: Sequence[str], issues: Sequence[Issue], resource: forms.Resource
) -> None:
    share = failed / lines if lines >= FEWEST_LINES else 0.0
    if not refusing and share <= float(resource.threshold):
        return
    checks = ", ".join(refusing) or _most_frequent(issues)
    raise ParcelOverThreshold(
        Said(
            f"{lines} 行中有 {failed} 行不合格（允许 {resource.threshold:.0%}）：{checks}",
            f"{failed} of {lines} rows fail (allowed: {resource.threshold:.0%}): {checks}",
        ),
        todo=Said(
            "请数源部门检查导出程序后重新投送整个文件", "the agency mends its export and delivers the whole file again"
        ),
        where=resource.name,
    )


def _most_frequent(issues: Sequence[Issue]) -> str:
    aside = sorted((i for i in issues if i.severity is Severity.SET_ASIDE), key=lambda i: -i.count)
    return ", ".join(f"{i.field}:{i.check} × {i.count}" if i.field else f"{i.check} × {i.count}" for i in aside[:3])


def _issue_as_dict(issue: Issue) -> dict[str, Any]:
    return {
        "check": issue.check,
        "severity": issue.severity.value,
        "field": issue.field,
        "count": issue.count,
        "sample": list(issue.sample),
    }


def preview_of(
    checked: CheckedRows, found: Findings, resource: forms.Resource, mapping: forms.Mapping, tables: Tables
) -> dict[str, Any]:
    """What the checks alone say of a file, in the shape of a delivery's result."""
    broken = sum(issue.count for issue in checked.checked.issues if issue.check.startswith("broken:"))
    good, warned = tables.rows(
        "SELECT count(*) FILTER (WHERE bad = 0), count(*) FILTER (WHERE bad = 0 AND warn <> 0) FROM staged"
    )[0]
    lines = checked.checked.lines
    counts = Counts(lines, int(good), lines - int(good), 0, int(warned))
    return {
        "resource": resource.name,
        "digest": checked.checked.landing.digest,
        "mapping": mapping.name,
        "lines": lines,
        "accepted": counts.accepted,
        "set_aside": counts.set_aside,
        "broken": broken,
        "duplicates": 0,
        "warned": counts.warned,
        "new_subjects": 0,
        "clean_rows": found.clean_rows,
        "bad_cells": found.bad_cells,
        "issues": [_issue_as_dict(issue) for issue in (*checked.checked.issues, *found.issues)],
        "quality": six_figures(
            counts,
            checked.checked.issues,
            resource,
            tables,
            periods=(),
            landed=checked.checked.landing.landed_at.date(),
        ),
    }


def lost_count() -> Broken:
    """The engine and the exact splitter disagree about the number of records."""
    return Broken(
        Said("文件的记录数无法核对一致", "the number of records in the file cannot be agreed on"),
        todo=Said("这是系统缺陷，请连同文件摘要报告", "this is a fault of ours: report it with the file's digest"),
    )


def _unbalanced(counts: Counts) -> Broken:
    said = f"{counts.accepted} + {counts.set_aside} + {counts.duplicates} ≠ {counts.lines}"
    return Broken(
        Said(f"行数不平：{said}", f"the rows do not add up: {said}"),
        todo=Said("这是系统缺陷，请连同文件摘要报告", "this is a fault of ours: report it with the file's digest"),
    )
