"""The six figures of data quality of a parcel, each 0 to 1 (GB/T 36344-2018, clause 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from puhui.model.delivery import Counts, Issue, Severity
from puhui.model.tables import Tables, quoted
from puhui.packs import forms
from puhui.quality.timeliness import timeliness

NORMATIVITY, COMPLETENESS, ACCURACY = "normativity", "completeness", "accuracy"
CONSISTENCY, TIMELINESS, ACCESSIBILITY = "consistency", "timeliness", "accessibility"
_FORM_CHECKS = ("type", "length", "code_list", "precision", "damaged", "amount_text")
_AGREEMENT_CHECKS = ("conflict", "one-code-two-names", "identifier-conflict")


def six_figures(
    counts: Counts,
    issues: Sequence[Issue],
    resource: forms.Resource,
    tables: Tables,
    *,
    periods: Sequence[str],
    landed: date,
) -> dict[str, float | None]:
    """规范性 normativity: rows whose values have the form asked; 完整性 completeness: filled cells of all cells;
    准确性 accuracy: rows that break no rule; 一致性 consistency: rows that contradict no other; 时效性 timeliness: see
    there, None where nothing can be said; 可访问性 accessibility: rows that reached the lake.
    """
    lines = max(counts.lines, 1)
    form = _rows_with(issues, _FORM_CHECKS) + sum(i.count for i in issues if i.check.startswith("broken:"))
    contradicting = _rows_with(issues, _AGREEMENT_CHECKS)
    return {
        NORMATIVITY: _share(lines - form, lines),
        COMPLETENESS: _filled(resource, tables),
        ACCURACY: _share(lines - counts.set_aside - counts.warned, lines),
        CONSISTENCY: _share(lines - contradicting, lines),
        ACCESSIBILITY: _share(counts.accepted + counts.duplicates, lines),
        TIMELINESS: timeliness(resource, periods, landed, tables),
    }


def _rows_with(issues: Sequence[Issue], names: Sequence[str]) -> int:
    return sum(issue.count for issue in issues if issue.check in names and issue.severity is not Severity.REFUSE)


def _filled(resource: forms.Resource, tables: Tables) -> float:
    names = [quoted(field.name) for field in resource.fields]
    filled = " + ".join(f"count({name})" for name in names)
    row = tables.rows(f"SELECT {filled}, count(*) * {len(names)} FROM staged")[0]
    return _share(int(row[0]), int(row[1]))


def _share(part: int, whole: int) -> float:
    return round(max(part, 0) / whole, 4) if whole else 1.0
