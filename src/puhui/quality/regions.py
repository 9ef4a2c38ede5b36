"""Area codes outside today's GB/T 2260: an older revision with its year, a registry office, or unknown: all warnings.

One real firm in ten has such a code; a strict check would refuse it.
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from puhui.model.delivery import Issue, Severity
from puhui.model.regions import region_status
from puhui.model.tables import Tables, quoted

_SAMPLE = 5


def region_issues(field: str, condition: str, table: str, tables: Tables) -> list[Issue]:
    """The issues of one area field over the rows of `table` that meet `condition`, by what their codes are."""
    rows = tables.rows(f"SELECT {quoted(field)}, count(*) FROM {table} WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1")
    if not rows:
        return []
    statuses = region_status(pa.array([code for code, _ in rows], pa.string())).to_pylist()
    counts: Counter[str] = Counter()
    samples: dict[str, list[str]] = {}
    for (code, count), status in zip(rows, statuses, strict=True):
        counts[status["status"]] += count
        shown = f"{code} ({status['year']})" if status["year"] else str(code)
        samples.setdefault(status["status"], []).append(f"{shown} × {count}")
    return [
        Issue(f"region-{status}", Severity.WARN, field, n, tuple(samples[status][:_SAMPLE]))
        for status, n in sorted(counts.items())
    ]
