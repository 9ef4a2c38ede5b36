"""Samples for people: the first cells that broke a check, with their record number, masked by their field's rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from puhui.intake.rooms import OpenedFile
from puhui.model.delivery import Issue
from puhui.packs import forms
from puhui.quality.masks import masked


def with_samples(
    issues: Sequence[Issue], resource: forms.Resource, mapping: forms.Mapping, file: OpenedFile
) -> list[Issue]:
    """The issues, their line numbers turned into `line: masked cell` where they are about one field's cell."""
    lines = sorted({int(text) for issue in issues if _has_cells(issue) for text in issue.sample})
    raw = file.raw(lines) if lines else {}
    return [_shown(issue, resource, mapping, file, raw) if _has_cells(issue) else issue for issue in issues]


def _has_cells(issue: Issue) -> bool:
    return bool(issue.field) and bool(issue.sample) and all(text.isdigit() for text in issue.sample)


def _shown(
    issue: Issue,
    resource: forms.Resource,
    mapping: forms.Mapping,
    file: OpenedFile,
    raw: Mapping[int, Sequence[str]],
) -> Issue:
    column = mapping.columns.get(issue.field)
    if column is None:
        return issue
    names = [column.from_] if isinstance(column.from_, str) else column.from_
    places = [file.records.columns.index(name) for name in names if name in file.records.columns]
    field = resource.field(issue.field)
    shown = []
    for text in issue.sample:
        cells = raw.get(int(text), ())
        cell = next((cells[at] for at in places if at < len(cells) and cells[at].strip()), "")
        shown.append(f"{text}: {masked(cell, field)}")
    return replace(issue, sample=tuple(shown))
