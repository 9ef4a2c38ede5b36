"""From checked rows to linked rows: each row's identifiers become the token of its subject.

Only distinct identities leave the staging table; the vault sees each once. A row whose identity has no subject stays in
the staging table and is set aside with the finding's reason.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from puhui.model.delivery import Checked, Issue, Linked, Severity
from puhui.model.tables import Tables, literal, quoted
from puhui.packs import forms
from puhui.subjects.authority import SourceOfNames
from puhui.subjects.link import link, link_others
from puhui.subjects.names import NameMatcher
from puhui.subjects.reading import Finding, read_fields, ways_of
from puhui.subjects.vault import Vault

LINKED = "linked"
UNLINKED = "unlinked"  # line, field, check: rows without a subject
IDENTITY = "_identity"  # a staged column: `identity_sql` of the row
FACT = "_fact"  # a staged column: equal for rows of one identity that agree in their other keys
INVALID = "invalid_identifiers"  # a table: IDENTITY, field, check
_IDENTITIES = "identities"
_PLACED = "placed_identities"
_TOKENS = "identity_tokens"
_FINDINGS = "identity_findings"
# a shareholder's number is a citizen's or a firm's: it is told by its form
_OTHER_KINDS = {"uscc": ("uscc",), "ric": ("ric", "uscc")}
_IDENTIFIER_KINDS = ("uscc", "ric", "org_code", "reg_no", "tax_no")  # what a field that names another subject may hold


@dataclass(frozen=True, slots=True)
class LinkedRows:
    """`Linked`, how many rows are linked, and how many found no subject.

    `facts`: a query for numbers, an expression over the linked rows, and which of them it is for: rows that agree in
    their keys agree in one of the expressions and have its number in the query twice. `warned_sql`: a query for the
    lines of which linking warns, empty where there are none.
    """

    linked: Linked
    rows: int
    unlinked: int
    facts: tuple[tuple[str, str, str], ...]
    warned_sql: str = ""


def identity_sql(resource: forms.Resource) -> str:
    """SQL over the fields of a row: a number that rows of one identity share; empty where it identifies nobody."""
    return f"hash({', '.join(quoted(name) for name in _identity_columns(resource))})" if resource.identify else ""


def link_rows(
    checked: Checked,
    resource: forms.Resource,
    keys: Sequence[str],
    period_sql: str,
    tables: Tables,
    vault: Vault,
    matcher: NameMatcher,
    source: SourceOfNames,
    today: date,
    meanwhile: Sequence[Callable[[], None]] = (),
) -> LinkedRows:
    """Make the view `linked` and the table `unlinked` over the checked rows; adopts new identifiers in the vault.

    The rows carry IDENTITY and FACT. `keys`: the columns of `linked` in which rows of one fact agree. `meanwhile`
    is called before the vault's work, which is one thread's: what it begins beside has a processor.
    """
    if not resource.identify:
        _begin(meanwhile)
        _without_subjects(checked, resource, period_sql, tables)
        rows = int(tables.rows(f"SELECT count(*) FROM {checked.table} WHERE bad = 0")[0][0])
        return LinkedRows(Linked(checked, LINKED, (), 0), rows, 0, (_staged_facts(checked),))
    columns = _identity_columns(resource)
    identities = _identities(checked, columns, tables)
    _begin(meanwhile)
    linking = link(vault, resource, identities, source=source, today=today, matcher=matcher)
    tables.register(_TOKENS, linking.tokens)
    tables.register(_FINDINGS, _findings_table(linking.findings))
    same = _place(columns, tables)
    _link_other_ends(checked, resource, tables, vault, today)
    _make_view(checked, resource, same, period_sql, tables)
    issues, unlinked = _count_findings(checked, same, tables)
    rows, warned = tables.rows(
        "SELECT coalesce(sum(rows) FILTER (WHERE token IS NOT NULL), 0)::BIGINT, "
        f"count(*) FILTER (WHERE warned) FROM {_PLACED}"
    )[0]
    return LinkedRows(
        Linked(checked, LINKED, tuple(issues), linking.new_subjects),
        rows,
        unlinked,
        _facts(checked, resource, keys, tables),
        f"SELECT s.line FROM {checked.table} s JOIN {_PLACED} t ON {same} WHERE s.bad = 0 AND t.warned"
        if warned
        else "",
    )


def _begin(meanwhile: Sequence[Callable[[], None]]) -> None:
    for begin in meanwhile:
        begin()


def find_invalid(checked: Checked, resource: forms.Resource, tables: Tables, today: date) -> None:
    """Fill the table of identities with an invalid identifier: IDENTITY, field, check. The vault is not asked."""
    ways = ways_of(resource)
    listed = ", ".join(quoted(name) for name in ways.fields)
    identities = f"SELECT {IDENTITY}, {listed or 'NULL AS nothing'}, count(*) AS rows FROM {checked.table} GROUP BY ALL"
    tables.execute(f"CREATE TABLE {_IDENTITIES} AS SELECT row_number() OVER () AS identity, * FROM ({identities})")
    findings = read_fields(ways, tables.arrow(f"SELECT * EXCLUDE ({IDENTITY}, rows) FROM {_IDENTITIES}"), today)[1]
    tables.register(_FINDINGS, _findings_table(findings))
    tables.execute(
        f'CREATE TABLE {INVALID} AS SELECT i.{IDENTITY}, f.field, f."check" FROM {_FINDINGS} f '
        f"JOIN {_IDENTITIES} i ON i.identity = f.identity"
    )
    tables.execute(f"DROP TABLE {_IDENTITIES}")  # room for those who write the rows


def _identities(checked: Checked, columns: Sequence[str], tables: Tables) -> pa.Table:
    """The distinct identities of the good rows, numbered; `rows`: how many rows have each."""
    listed = ", ".join(quoted(name) for name in columns)
    tables.execute(
        f"CREATE TABLE {_IDENTITIES} AS SELECT row_number() OVER () AS identity, * FROM (SELECT {IDENTITY}, {listed}, "
        f"count(*) AS rows FROM {checked.table} WHERE bad = 0 GROUP BY ALL)"
    )
    return tables.arrow(f"SELECT identity, {listed} FROM {_IDENTITIES}")


def _place(columns: Sequence[str], tables: Tables) -> str:
    """Keep the identities with what linking said of them. What comes back is the SQL by which a row `s` finds its
    identity `t`.
    """
    same, listed = [f"t.{IDENTITY} = s.{IDENTITY}"], ""
    every, distinct = tables.rows(f"SELECT count(*), count(DISTINCT {IDENTITY}) FROM {_IDENTITIES}")[0]
    if every != distinct:  # two identities with one number: one chance in 10^8 for half a million of them
        same += [f"s.{quoted(name)} IS NOT DISTINCT FROM t.{quoted(name)}" for name in columns]
        listed = ", ".join(f"i.{quoted(name)}" for name in columns) + ", "
    tables.execute(
        f"CREATE TABLE {_PLACED} AS SELECT i.identity, i.{IDENTITY}, i.rows, {listed}t.token, "
        "t.bucket::INTEGER AS bucket, t.shared, "
        f"i.identity IN (SELECT identity FROM {_FINDINGS} WHERE severity = 'warn') AS warned "
        f"FROM {_IDENTITIES} i JOIN {_TOKENS} t ON t.identity = i.identity"
    )
    return " AND ".join(same)


def _staged_facts(checked: Checked) -> tuple[str, str, str]:
    return f"SELECT {FACT} AS fact FROM {checked.table} WHERE bad = 0", FACT, "TRUE"


def _facts(
    checked: Checked, resource: forms.Resource, keys: Sequence[str], tables: Tables
) -> tuple[tuple[str, str, str], ...]:
    """The staged number of a row stands for its fact where its subject has one identity in the parcel."""
    number = f"hash({', '.join(quoted(name) for name in keys)})"
    if not _staged_facts_hold(resource, keys):
        return ((f"SELECT {number} AS fact FROM {LINKED}", number, "TRUE"),)
    staged = _staged_facts(checked)
    if not tables.rows(f"SELECT count(*) FROM {_PLACED} WHERE shared")[0][0]:
        return (staged,)
    return staged, (f"SELECT {number} AS fact FROM {LINKED} WHERE shared", number, "shared")


def _staged_facts_hold(resource: forms.Resource, keys: Sequence[str]) -> bool:
    """Not where other subjects' identifiers are among the keys: they become tokens."""
    return not {field.name for field in _other_ends(resource)} & set(keys)


def facts_before_linking(checked: Checked, resource: forms.Resource, keys: Sequence[str]) -> str:
    """A query that will be among the `facts` of the linked rows; empty where there is none before linking."""
    return _staged_facts(checked)[0] if _staged_facts_hold(resource, keys) else ""


def _identity_columns(resource: forms.Resource) -> list[str]:
    """The identifying fields, and the vault's other fields where this resource is the authority on names."""
    columns = [way.field for way in resource.identify]
    if resource.names == "authoritative":
        columns += [field.name for field in resource.fields if field.keep == "vault"]
    return list(dict.fromkeys(columns))


def _findings_table(rows: Sequence[Finding]) -> pa.Table:
    return pa.table(
        {
            "identity": pa.array([r.identity for r in rows], pa.int64()),
            "check": pa.array([r.check for r in rows], pa.string()),
            "severity": pa.array([r.severity.value for r in rows], pa.string()),
            "field": pa.array([r.field for r in rows], pa.string()),
        }
    )


def _link_other_ends(checked: Checked, resource: forms.Resource, tables: Tables, vault: Vault, today: date) -> None:
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


def _make_view(checked: Checked, resource: forms.Resource, same: str, period_sql: str, tables: Tables) -> None:
    others = _other_ends(resource)
    values = ", ".join(
        f"o_{f.name}.token AS {quoted(f.name)}" if f in others else f"s.{quoted(f.name)}" for f in resource.fields
    )
    joins = "".join(
        f' LEFT JOIN {quoted("other_" + f.name)} o_{f.name} ON o_{f.name}."value" = s.{quoted(f.name)}' for f in others
    )
    tables.execute(
        f"CREATE VIEW {LINKED} AS SELECT t.token AS subject, t.bucket, {period_sql} AS period, s.line, "
        f"s.operation, s.warn + {_warned(tables)} AS warn, s.{FACT}, t.shared, {values} FROM {checked.table} s "
        f"JOIN {_PLACED} t ON {same}{joins} WHERE s.bad = 0 AND t.token IS NOT NULL"
    )


def _warned(tables: Tables) -> str:
    """SQL: 1 for a row whose identity has a warning; a bit of its own does not matter, only that it is not 0."""
    warned = tables.rows(f"SELECT count(*) FROM {_PLACED} WHERE warned")[0][0]
    return "t.warned::HUGEINT" if warned else "0::HUGEINT"


def _count_findings(checked: Checked, same: str, tables: Tables) -> tuple[list[Issue], int]:
    """Issues counted in rows, and the table of rows that found no subject with the reason."""
    tables.execute(
        f"CREATE TABLE {UNLINKED} AS SELECT s.line, coalesce(f.field, '') AS field, "
        f'coalesce(f."check", \'no_subject\') AS "check" FROM {checked.table} s '
        f"JOIN {_PLACED} t ON {same} AND t.token IS NULL "
        f"LEFT JOIN {_FINDINGS} f ON f.identity = t.identity AND f.severity = 'set_aside' WHERE s.bad = 0"
    )
    unlinked = int(tables.rows(f"SELECT count(DISTINCT line) FROM {UNLINKED}")[0][0])
    found = tables.rows(
        f'SELECT f."check", f.field, f.severity, sum(t.rows)::BIGINT FROM {_PLACED} t '
        f"JOIN {_FINDINGS} f ON f.identity = t.identity GROUP BY 1, 2, 3 ORDER BY 1, 2"
    )
    return [Issue(check, Severity(severity), field, n) for check, field, severity, n in found], unlinked


def _without_subjects(checked: Checked, resource: forms.Resource, period_sql: str, tables: Tables) -> None:
    """A resource about an area, a policy, a device … : its rows have no subject and stand in bucket 0."""
    values = ", ".join(f"s.{quoted(field.name)}" for field in resource.fields)
    tables.execute(f'CREATE TABLE {UNLINKED} (line BIGINT, field VARCHAR, "check" VARCHAR)')
    tables.execute(
        f"CREATE VIEW {LINKED} AS SELECT {literal('')} AS subject, 0::INTEGER AS bucket, "
        f"{period_sql} AS period, s.line, "
        f"s.operation, s.warn, s.{FACT}, {values} FROM {checked.table} s WHERE s.bad = 0"
    )
