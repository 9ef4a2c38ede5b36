"""Cross checks of resources: every name that a resource uses is a field of it, and what it keeps may be kept."""

from __future__ import annotations

from collections.abc import Iterator

from puhui.model.refusal import Mistake, Said
from puhui.packs.finding import Check, Checking, Step, both, repeated
from puhui.packs.forms import KINDS, PURPOSES, Field, Resource, Retirement

RESERVED_COLUMNS = ("subject", "bucket", "period", "parcel", "line", "conflict", "deleted", "value", "other")
IDENTIFIERS = ("uscc", "ric", "reg_no", "org_code", "tax_no", "local")
_VAULT_ONLY = (*IDENTIFIERS, "name", "phone", "address")  # never in the lake as they are
_GATE_KEYS = {
    "default",
    *PURPOSES,
    *(f"{purpose}.{kind}" for purpose in PURPOSES for kind in (*KINDS, "organisation")),
}
Found = tuple[list[Step], str, Said]


def _unknown_field(name: str) -> Said:
    return both(f"资源没有字段 {name}", f"the resource has no field {name}")


def resources(checking: Checking) -> Iterator[Mistake]:
    """All checks of one resource by itself."""
    for name, resource in checking.packs.resources.items():
        for look in (_fields, _named, _identify, _keys, _period, _adverse, _ends, _aggregate, _limits):
            for path, code, said in look(resource):
                yield checking.mistake("resources", name, path, code, said)


def _fields(resource: Resource) -> Iterator[Found]:
    for index, name in repeated(field.name for field in resource.fields):
        yield (
            ["fields", index, "name"],
            "field.twice",
            both(f"字段 {name} 重复", f"the field {name} is repeated"),
        )
    for index, field in enumerate(resource.fields):
        if field.name in RESERVED_COLUMNS:
            said = both(f"{field.name} 是系统列名", f"{field.name} is a column of the house")
            yield ["fields", index, "name"], "field.reserved", said
        yield from _gate(index, field)
        yield from _keep(index, field)


def _gate(index: int, field: Field) -> Iterator[Found]:
    if isinstance(field.gate, str):
        return
    if "default" not in field.gate:
        said = both("按用途区分的 gate 必须有 default", "a gate by purpose must have a default")
        yield ["fields", index, "gate"], "gate.default", said
    for key in field.gate:
        if key not in _GATE_KEYS:
            said = both(f"gate 的键 {key} 不是用途或用途.主体类别", f"{key} is not a purpose or purpose.kind")
            yield ["fields", index, "gate", key], "gate.key", said


def _keep(index: int, field: Field) -> Iterator[Found]:
    if field.keep == "lake" and field.semantic in _VAULT_ONLY:
        said = both(
            f"{field.name} 是标识或联系方式，只能存入保管库、换成令牌或丢弃",
            f"{field.name} is an identifier, name or contact: keep it in the vault, as a token, or drop it",
        )
        yield ["fields", index, "keep"], "field.identifier-in-lake", said
    if field.keep == "token" and field.semantic not in IDENTIFIERS:
        said = both(f"{field.name} 不是标识，不能换成令牌", f"{field.name} is no identifier and has no token")
        yield ["fields", index, "keep"], "field.token", said


def _named(resource: Resource) -> Iterator[Found]:
    """Fields that other parts of the document name."""
    known = {field.name for field in resource.fields}
    places: list[tuple[list[Step], str]] = []
    for number, way in enumerate(resource.identify):
        places.append((["identify", number, "field"], way.field))
    for number, key in enumerate(resource.keys):
        places.append((["keys", number], key))
    if resource.period is not None:
        places.append((["period", "field"], resource.period.field))
    if resource.adverse is not None:
        for number, rule in enumerate(resource.adverse.retires):
            places.append((["adverse", "retires", number, "field"], rule.field))
    for number, ending in enumerate(resource.ends):
        for part, named in (("field", ending.field), ("since", ending.since)):
            if named is not None:
                places.append((["ends", number, part], named))
    if resource.aggregate_gate is not None:
        places.append((["aggregate_gate", "by"], resource.aggregate_gate.by))
    for path, name in places:
        if name not in known:
            yield path, f"{path[0]}.field", _unknown_field(name)


def _identify(resource: Resource) -> Iterator[Found]:
    if (resource.about == "none") == bool(resource.identify):
        said = both(
            "about: none 的资源没有 identify，其他资源必须有",
            "a resource has identify if, and only if, it is about subjects",
        )
        yield ["identify"], "identify.about", said


def _keys(resource: Resource) -> Iterator[Found]:
    kept = {field.name for field in resource.lake_fields} | {way.field for way in resource.identify}
    known = {field.name for field in resource.fields}
    for index, key in enumerate(resource.keys):
        if key in known and key not in kept:
            said = both(f"键 {key} 不在数据湖中", f"the key {key} is not kept in the lake")
            yield ["keys", index], "keys.not-kept", said


def _period(resource: Resource) -> Iterator[Found]:
    fields = {field.name: field for field in resource.fields}
    if resource.period is None or resource.period.field not in fields:
        return
    field = fields[resource.period.field]
    yearly = field.type == "int" and resource.period.grain == "year"
    if field.type not in ("date", "ym", "datetime") and not yearly:
        said = both(f"期间字段 {field.name} 应是日期或年月", f"the period field {field.name} must be a date or month")
        yield ["period", "field"], "period.type", said
    if field.keep != "lake":
        said = both(f"期间字段 {field.name} 必须入湖", f"the period field {field.name} must be kept in the lake")
        yield ["period", "field"], "period.type", said


def _adverse(resource: Resource) -> Iterator[Found]:
    if resource.adverse is None:
        if resource.use == "rule":
            said = both("不良信息必须写明何时失效", "adverse facts must declare when they retire")
            yield ["use"], "adverse.no-retirement", said
        return
    if not resource.adverse.retires:
        said = both("不良信息必须写明何时失效", "adverse facts must declare when they retire")
        yield ["adverse", "retires"], "adverse.no-retirement", said
    for index, rule in enumerate(resource.adverse.retires):
        lacks = _lacks(rule)
        if lacks:
            said = both(f"规则 {rule.rule} 需要 {lacks}", f"the rule {rule.rule} needs {lacks}")
            yield ["adverse", "retires", index], "adverse.rule", said


def _lacks(rule: Retirement) -> str:
    if rule.rule == "years_after" and rule.years is None:
        return "years"
    if rule.rule == "repaired" and not rule.values:
        return "values"
    return "" if rule.source else "source"


def _ends(resource: Resource) -> Iterator[Found]:
    """Whose end a row tells is known only where the row is about a subject, and its fields are in the lake."""
    kept = {field.name: field for field in resource.lake_fields}
    for index, ending in enumerate(resource.ends):
        if resource.about == "none" or (ending.field is None) == bool(ending.values):
            said = both("field 与 values 须同时写明，且资源须关于主体", "field and values go together, about a subject")
            yield ["ends", index], "ends.rule", said
        for part, name in (("field", ending.field), ("since", ending.since)):
            if name is not None and name in {field.name for field in resource.fields} and name not in kept:
                yield ["ends", index, part], "ends.not-kept", both(f"{name} 不在数据湖中", f"{name} is not in the lake")
        since = kept.get(ending.since or "")
        if since is not None and since.type != "date":
            said = both(f"{since.name} 应是日期", f"{since.name} must be a date")
            yield ["ends", index, "since"], "ends.type", said


def _aggregate(resource: Resource) -> Iterator[Found]:
    gate = resource.aggregate_gate
    if gate is None:
        return
    if set(gate.forms) != {"count"}:
        said = both("aggregate_gate 只能放行计数", "an aggregate gate lets counts out and nothing else")
        yield ["aggregate_gate", "forms"], "aggregate.forms", said
    by = next((field for field in resource.fields if field.name == gate.by), None)
    if by is not None and by.keep != "token":
        said = both(f"{gate.by} 应换成另一主体的令牌", f"{gate.by} must be kept as another subject's token")
        yield ["aggregate_gate", "by"], "aggregate.by", said


def _limits(resource: Resource) -> Iterator[Found]:
    if not 0 <= resource.threshold <= 1:
        said = both("threshold 应在 0 与 1 之间", "threshold must lie between 0 and 1")
        yield ["threshold"], "resource.threshold", said


def code_lists(checking: Checking) -> Iterator[Mistake]:
    """Every code list that a field names exists; one spelling means one code."""
    for name, resource in checking.packs.resources.items():
        for index, field in enumerate(resource.fields):
            if field.code_list is not None and not checking.knows("codes", field.code_list):
                said = both(f"没有代码表 {field.code_list}", f"there is no code list {field.code_list}")
                path: list[Step] = ["fields", index, "code_list"]
                yield checking.mistake("resources", name, path, "field.code-list", said)
    for name, codes in checking.packs.codes.items():
        seen: set[str] = set()
        for index, value in enumerate(codes.values):
            spellings = {value.code, *value.also}
            if seen & spellings:
                said = both("同一写法对应两个代码", "one spelling stands for two codes")
                yield checking.mistake("codes", name, ["values", index], "code.twice", said)
            seen |= spellings


def identify_kinds(checking: Checking) -> Iterator[Mistake]:
    """A local kind of identifier is a namespace that a pack of the set declares."""
    declared = {f"local:{kind.name}" for pack in checking.packs.packs for kind in pack.head.local_kinds}
    for name, resource in checking.packs.resources.items():
        for index, way in enumerate(resource.identify):
            if way.kind.startswith("local:") and way.kind not in declared:
                said = both(f"命名空间 {way.kind} 未声明", f"no pack declares the namespace {way.kind}")
                yield checking.mistake("resources", name, ["identify", index, "kind"], "identify.local", said)


CHECKS: tuple[Check, ...] = (resources, code_lists, identify_kinds)
