"""From checked rows to linked rows: each row's identifiers become the token of its subject.

Only distinct identities leave the staging table; the vault sees each once. A row whose identity has no subject stays in
the staging table and is set aside with the finding's reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from puhui.model.delivery import Checked, Issue, Linked, Severity
from puhui.model.tables import Tables, literal, quoted
from puhui.packs import forms
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.link import Linking, link, link_others
from puhui.subjects.names import NameMatcher
from puhui.subjects.vault import Vault

LINKED = "linked"
UNLINKED = "unlinked"  # line, field, check: rows without a subject
_IDENTITIES = "identities"
_TOKENS = "identity_tokens"
_FINDINGS = "identity_findings"
# a shareholder's number is a citizen's or a firm's: it is told by its form
_OTHER_KINDS = {"uscc": ("uscc",), "ric": ("ric", "uscc")}
_IDENTIFIER_KINDS = ("uscc", "ric", "org_code", "reg_no", "tax_no")  # what a field that names another subject may hold


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """`Linked`, and how many of its rows carry a warning of the linking."""

    linked: Linked
    unlinked: int


def link_rows(
    checked: Checked,
    resource: forms.Resource,
    period_sql: str,
    tables: Tables,
    vault: Vault,
    matcher: NameMatcher,
    source: SourceOfNames,
    today: date,
) -> LinkedRows:
    """Make the view `linked` and the table `unlinked` over the checked rows; adopts new identifiers in the vault."""
    if not resource.identify:
        _without_subjects(checked, resource, period_sql, tables)
        return LinkedRows(Linked(checked, LINKED, (), 0), 0)
    columns = _identity_columns(resource)
    listed = ", ".join(quoted(name) for name in columns)
    tables.execute(
        f"CREATE TABLE {_IDENTITIES} AS SELECT row_number() OVER () AS identity, * FROM "
        f"(SELECT DISTINCT {listed} FROM {checked.table} WHERE bad = 0)"
    )
    identities = tables.arrow(f"FROM {_IDENTITIES}")
    linking = link(vault, resource, identities, source=source, today=today, matcher=matcher)
    tables.register(_TOKENS, linking.tokens)
    tables.register(_FINDINGS, _findings_table(linking))
    _link_other_ends(checked, resource, tables, vault, today)
    _make_view(checked, resource, columns, period_sql, tables)
    issues, unlinked = _count_findings(checked, columns, tables)
    return LinkedRows(Linked(checked, LINKED, tuple(issues), linking.new_subjects), unlinked)


def _identity_columns(resource: forms.Resource) -> list[str]:
    """The identifying fields, and the vault's other fields where this resource is the authority on names."""
    columns = [way.field for way in resource.identify]
    if resource.names == "authoritative":
        columns += [field.name for field in resource.fields if field.keep == "vault"]
    return list(dict.fromkeys(columns))


def _findings_table(linking: Linking) -> pa.Table:
    rows = linking.findings
    return pa.table(
        {
            "identity": pa.array([r.identity for r in rows], pa.int64()),
            "check": pa.array([r.check for r in rows], pa.string()),
            "severity": pa.array([r.severity.value for r in rows], pa.string()),
            "field": pa.array([r.field for r in rows], pa.string()),
        }
    )


def _link_other_ends(
    checked: Checked, resource: forms.Resource, tables: Tables, vault: Vault, today: date
) -> None:
    """One small table per field that names another subject: its values and their tokens."""
    for field in _other_ends(resource):
        name = quoted(field.name)
        values = tables.arrow(
            f"SELECT DISTINCT {name} AS value FROM {checked.table} WHERE bad = 0 AND {name} IS NOT NULL"
        )["value"].combine_chunks()
        kinds = _OTHER_KINDS.get(field.semantic, _IDENTIFIER_KINDS)
        tokens = link_others(vault, kinds, values, today=today)
        tables.register(f"other_{field.name}", pa.table({"value": values, "token": tokens}))


def _other_ends(resource: forms.Resource) -> list[forms.Field]:
    return [field for field in resource.fields if field.keep == "token"]


def _make_view(
    checked: Checked, resource: forms.Resource, columns: Sequence[str], period_sql: str, tables: Tables
) -> None:
    others = _other_ends(resource)
    values = ", ".join(
        f"o_{f.name}.token AS {quoted(f.name)}" if f in others else f"s.{quoted(f.name)}" for f in resource.fields
    )
    joins = "".join(
        f' LEFT JOIN {quoted("other_" + f.name)} o_{f.name} ON o_{f.name}."value" = s.{quoted(f.name)}' for f in others
    )
    tables.execute(
        f"CREATE VIEW {LINKED} AS SELECT t.token AS subject, t.bucket::INTEGER AS bucket, {period_sql} AS period, s.line, "
        f"s.operation, s.warn + {_warned(tables)} AS warn, {values} FROM {checked.table} s "
        f"JOIN {_IDENTITIES} i ON {_same(columns)} "
        f"JOIN {_TOKENS} t ON t.identity = i.identity{joins} WHERE s.bad = 0 AND t.token IS NOT NULL"
    )


def _warned(tables: Tables) -> str:
    """SQL: 1 for a row whose identity has a warning; a bit of its own does not matter, only that it is not 0."""
    if not tables.rows(f"SELECT count(*) FROM {_FINDINGS} WHERE severity = 'warn'")[0][0]:
        return "0::HUGEINT"
    return f"(t.identity IN (SELECT identity FROM {_FINDINGS} WHERE severity = 'warn'))::HUGEINT"


def _same(columns: Sequence[str]) -> str:
    return " AND ".join(f"s.{quoted(name)} IS NOT DISTINCT FROM i.{quoted(name)}" for name in columns)


def _count_findings(checked: Checked, columns: Sequence[str], tables: Tables) -> tuple[list[Issue], int]:
    """Issues counted in rows, and the table of rows that found no subject with the reason."""
    tables.execute(
        f"CREATE TABLE {UNLINKED} AS SELECT s.line, coalesce(f.field, '') AS field, "
        f"coalesce(f.\"check\", 'no_subject') AS \"check\" FROM {checked.table} s "
        f"JOIN {_IDENTITIES} i ON {_same(columns)} JOIN {_TOKENS} t ON t.identity = i.identity AND t.token IS NULL "
        f"LEFT JOIN {_FINDINGS} f ON f.identity = i.identity AND f.severity = 'set_aside' WHERE s.bad = 0"
    )
    unlinked = int(tables.rows(f"SELECT count(DISTINCT line) FROM {UNLINKED}")[0][0])
    found = tables.rows(
        f'SELECT f."check", f.field, f.severity, count(*) FROM {checked.table} s JOIN {_IDENTITIES} i ON {_same(columns)} '
        f"JOIN {_FINDINGS} f ON f.identity = i.identity WHERE s.bad = 0 GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    return [Issue(check, Severity(severity), field, n) for check, field, severity, n in found], unlinked


def _without_subjects(
    checked: Checked, resource: forms.Resource, period_sql: str, tables: Tables
) -> None:
    """A resource about an area, a policy, a device … : its rows have no subject and stand in bucket 0."""
    values = ", ".join(f"s.{quoted(field.name)}" for field in resource.fields)
    tables.execute(f'CREATE TABLE {UNLINKED} (line BIGINT, field VARCHAR, "check" VARCHAR)')
    tables.execute(
        f"CREATE VIEW {LINKED} AS SELECT {literal('')} AS subject, 0::INTEGER AS bucket, {period_sql} AS period, s.line, "
        f"s.operation, s.warn, {values} FROM {checked.table} s WHERE s.bad = 0"
    )
