"""The forms of a pack's documents, format 1: what `docs/reference/pack-format.md` says, as types.

Each YAML document converts into exactly one of these Structs or is refused; unknown keys are refused. The JSON Schemas
for editors are generated from them (`schemas.py`). Documents about questions are in `forms_answers.py`.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

Gate = Literal["public", "enterprise_auth", "consent", "separate_consent", "written_consent", "prohibited"]
GATES: tuple[Gate, ...] = (
    "public",
    "enterprise_auth",
    "consent",
    "separate_consent",
    "written_consent",
    "prohibited",
)  # from open to closed
Use = Literal["score", "rule", "verify", "policy_only", "service_only", "reference", "blocked"]
ReleaseForm = Literal["value", "band", "flag", "count", "sum", "mean", "month", "age_band", "rank"]
Purpose = Literal["lending", "guarantee", "medical", "welfare", "supervision", "research", "public"]
PURPOSES: tuple[Purpose, ...] = (
    "lending",
    "guarantee",
    "medical",
    "welfare",
    "supervision",
    "research",
    "public",
)
Kind = Literal["enterprise", "sole_trader", "public_institution", "social_organisation", "person"]
KINDS: tuple[Kind, ...] = (
    "enterprise",
    "sole_trader",
    "public_institution",
    "social_organisation",
    "person",
)
Grade = Literal["G1", "G2", "G3", "G4"]
Semantic = Literal[
    "uscc", "ric", "reg_no", "org_code", "tax_no", "local", "name", "phone", "address", "account", "amount",
    "currency", "date", "ym", "region", "industry", "code", "flag", "count", "ratio", "area", "quantity",
    "text", "id",
]  # fmt: skip
Keep = Literal["lake", "token", "vault", "drop"]
Mask = Literal["none", "keep_ends", "keep_surname", "suppress", "band", "township"]
SeverityName = Literal["refuse", "set_aside", "warn"]

Name = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
PackName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9-]*$", max_length=63)]
TypeName = Annotated[
    str,
    Meta(
        pattern=r"^(str\([1-9][0-9]*\)|code\([1-9][0-9]*\)|decimal\([1-9][0-9]?,[0-9]{1,2}\)"
        r"|text|json|int|date|ym|datetime|bool)$"
    ),
]
KindName = Annotated[str, Meta(pattern=r"^(uscc|ric|reg_no|org_code|tax_no|name|local:[a-z][a-z0-9_]*)$")]


class Form(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Root of all documents and their parts."""


class Words(Form, frozen=True):
    """One text in the two languages that people see."""

    zh: str
    en: str


class Duty(Form, frozen=True):
    """The duty of the agency that the resource belongs to (职责目录)."""

    zh: str
    en: str
    origin: str = ""


class LocalKind(Form, frozen=True):
    """A namespace of local codes that a pack declares; identifiers of it have the kind `local:<name>`."""

    name: Name
    title: Words


class PackHead(Form, frozen=True):
    """pack.yaml"""

    format: Literal[1]
    name: PackName
    version: Annotated[str, Meta(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")]
    title: Words
    owner: Words
    legal_basis: list[str] = []
    needs: list[PackName] = []
    replaces: list[str] = []
    local_kinds: list[LocalKind] = []


class Identify(Form, frozen=True):
    """One way from a row to its subject: the identifier in `field`, read as `kind`."""

    field: Name
    kind: KindName


class PeriodRule(Form, frozen=True):
    """The date field whose periods the resource is delivered by."""

    field: Name
    grain: Literal["month", "quarter", "year", "day"]


class Retirement(Form, frozen=True):
    """When an adverse fact may no longer be used: `years` after `field`, at `field`, or when `field` is in `values`.

    `standing`: a state of a firm's registration (`field` dates it) that no law lets fade.
    """

    rule: Literal["years_after", "end_of", "repaired", "standing"]
    field: Name
    source: str
    years: Annotated[int, Meta(ge=1)] | None = None
    values: list[str] = []


class Adverse(Form, frozen=True):
    """The resource holds adverse facts about its subjects."""

    retires: list[Retirement]


class Ending(Form, frozen=True):
    """Rows that say that their subject has ended: its letters, monitors and signers end with it.

    Such a row has one of `values` in `field` (no field: the row alone says it), and the day in `since` has come or is
    not stated (no `since`: at once).
    """

    reason: Literal["death", "deregistered", "licence-revoked"]
    source: Annotated[str, Meta(min_length=1)]
    field: Name | None = None
    values: list[str] = []
    since: Name | None = None


class AggregateGate(Form, frozen=True):
    """A milder gate for counts grouped by another subject, with the source that allows it."""

    gate: Gate
    forms: list[ReleaseForm]
    by: Name
    source: str


class RowCheck(Form, frozen=True):
    """A SQL condition over the typed fields of one row; broken where it is FALSE."""

    id: Name
    severity: SeverityName
    holds: str
    title: Words


class Field(Form, frozen=True):
    """One column of a resource. `keep` says where its value lives; `gate` may differ by purpose and subject kind."""

    name: Name
    title: Words
    type: TypeName
    semantic: Semantic
    grade: Grade
    gate: Gate | dict[str, Gate]
    use: Use
    release: list[ReleaseForm] = []
    keep: Keep = "lake"
    mask: Mask = "none"
    pi: Literal["N", "P", "S"] = "N"
    required: bool = False
    unit: str = ""
    code_list: Name | None = None
    standard: str = ""  # the standard that the values follow, where its list is not shipped
    aliases: list[str] = []
    origin: str = ""

    def gate_for(self, purpose: str, kind: str) -> Gate:
        """The gate for a purpose class and a kind of subject: the most exact key of the map that is there.

        Sole traders count as persons; the other kinds but persons are organisations.
        """
        if isinstance(self.gate, str):
            return self.gate
        group = "person" if kind in ("person", "sole_trader") else "organisation"
        for key in (f"{purpose}.{kind}", f"{purpose}.{group}", purpose):
            if key in self.gate:
                return self.gate[key]
        return self.gate["default"]


class Resource(Form, frozen=True):
    """resources/NAME.yaml: one kind of record that an agency delivers."""

    format: Literal[1]
    name: Name
    item_id: Annotated[str, Meta(pattern=r"^[A-Z]+-[0-9]+$")]
    title: Words
    agency: Words
    duty: Duty
    domain: Name
    about: Literal["organisation", "person", "both", "none"]
    grade: Grade
    credit_gate: Gate
    use: Use
    share_mode: str
    cycle: Literal["daily", "weekly", "monthly", "yearly", "event", "n/a"]
    fields: Annotated[list[Field], Meta(min_length=1)]
    keys: Annotated[list[Name], Meta(min_length=1)]
    lag_days: Annotated[int, Meta(ge=0)] = 0
    operation_consent: Literal["required", "not_required"] = "not_required"
    legal_basis: str = ""
    origin: str = ""
    source: str = ""
    identify: list[Identify] = []
    period: PeriodRule | None = None
    complete: list[Kind] = []
    adverse: Adverse | None = None
    ends: list[Ending] = []
    aggregate_gate: AggregateGate | None = None
    threshold: Decimal = Decimal("0.2")  # 0 to 1
    steward_release: bool = False
    manifest_signature: Literal["optional", "required"] = "optional"
    names: Literal["authoritative", "none"] = "none"
    checks: list[RowCheck] = []

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the resource has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def lake_fields(self) -> tuple[Field, ...]:
        """The fields that are columns of the lake, in order: kept as they are, or as another subject's token."""
        return tuple(field for field in self.fields if field.keep in ("lake", "token"))

    @property
    def lake_keys(self) -> tuple[str, ...]:
        """What makes two rows of the lake one fact: the identifying fields among `keys` stand for `subject`."""
        identifying = {way.field for way in self.identify}
        rest = tuple(key for key in self.keys if key not in identifying)
        return ("subject", *rest) if len(rest) < len(self.keys) else rest


class CodeValue(Form, frozen=True):
    """One code, and the spellings that become it."""

    code: str
    title: Words
    also: list[str] = []


class CodeList(Form, frozen=True):
    """codes/NAME.yaml. `open`: other values are a warning; closed: the row is set aside.

    Long national lists are written as `table`, one `code name` a line; once loaded they stand in `values` too.
    """

    format: Literal[1]
    name: Name
    title: Words
    open: bool
    source: str
    values: list[CodeValue] = []
    table: str = ""

    def spread(self) -> CodeList:
        """This list with its table as values; the list itself if it has none."""
        if not self.table:
            return self
        rows = (line.partition(" ") for line in self.table.splitlines() if line)
        listed = [CodeValue(code=code, title=Words(zh=name, en=name)) for code, _, name in rows]
        return structs.replace(self, values=[*self.values, *listed], table="")


class Column(Form, frozen=True, rename={"from_": "from", "as_": "as"}):
    """Where a field's value stands in a file, and how it is read. `from` a list: the first filled one.

    `as: amount` parses `1,000(万元人民币)`; its currency goes to the field `currency_to`, the value to `unit`.
    """

    from_: str | list[str]
    as_: Literal["amount", "region_of_uscc"] | None = None
    currency_to: Name | None = None
    unit: str = ""


class Operation(Form, frozen=True, rename={"from_": "from"}):
    """The column of an increment that says what to do with a row, and its spellings."""

    from_: str
    insert: list[str] = []
    update: list[str] = []
    delete: list[str] = []


class Mapping(Form, frozen=True):
    """mappings/NAME.yaml: one layout of file that becomes rows of a resource."""

    format: Literal[1]
    name: Name
    resource: Name
    header: Annotated[list[str], Meta(min_length=1)]
    columns: dict[str, Column]
    constants: dict[str, Any] = {}
    ignore: list[str] = []
    nulls: list[str] = []
    operation: Operation | None = None


class RelationGate(Form, frozen=True):
    """As AggregateGate; the near end of the relation is what is grouped by."""

    gate: Gate
    forms: list[ReleaseForm]
    source: str


class Relation(Form, frozen=True, rename={"from_": "from"}):
    """relations/NAME.yaml: two subjects of one row. `subject` is the near end, `other` the far one."""

    format: Literal[1]
    name: Name
    title: Words
    from_: Name
    subject: Name
    other: Name
    kind: Literal["employs", "represents", "holds", "guarantees", "household"]
    columns: list[Name] = []
    complete: list[Kind] = []  # kinds of near end for which absence from the relation means none
    aggregate_gate: RelationGate | None = None


ParameterValue = int | Decimal | bool | str | list[Any] | dict[str, Any]


class DatedValue(Form, frozen=True, rename={"from_": "from"}):
    """A value in force from a day on, and where it comes from."""

    from_: date
    value: Any  # a ParameterValue
    source: Annotated[str, Meta(min_length=1)]


class Parameter(Form, frozen=True):
    """parameters/NAME.yaml"""

    format: Literal[1]
    name: Name
    title: Words
    values: Annotated[list[DatedValue], Meta(min_length=1)]
    unit: str = ""

    def at(self, as_of: date) -> ParameterValue | None:
        """The value in force on a day (the newest `from` not after it); None before the first."""
        due = [dated for dated in self.values if dated.from_ <= as_of]
        value: ParameterValue | None = max(due, key=lambda dated: dated.from_).value if due else None
        return value
