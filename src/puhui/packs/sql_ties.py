"""Whose rows an indicator's SQL brings together: every item of a FROM must be tied to one subject.

Two items are tied by an equality of subject columns (`ON a.subject = b.subject`, USING (subject), or the same in
WHERE), not by anything else; another subject is reached through the `other` end of a relation, and what is read there
is *far*. Aggregates are grouped by a subject and windows are cut by one, so no row of a stranger can enter a figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from sqlglot import exp

from puhui.model.refusal import Mistake, Said
from puhui.packs.sql import Reading, Scope, Source, parts_of

End = tuple[str, str]  # alias of a FROM item, and its column that names a subject
Place = tuple[int, str]  # a scope's id and the alias of a table in it: `Touch.at`


@dataclass(slots=True)
class Ties:
    """Found for one reading.

    `far` are the tables whose rows are about another subject than the figure's, `near` those whose end
    `subject` is the figure's subject (a relation may be both).
    """

    mistakes: list[Mistake] = field(default_factory=list)
    far: frozenset[Place] = frozenset()
    near: frozenset[Place] = frozenset()


@dataclass(slots=True)
class _Scoped:
    """Of one scope: the outputs that name a subject, and for each stored table beneath the output it is about."""

    ends: set[str] = field(default_factory=set)
    about: dict[Place, str | None] = field(default_factory=dict)
    near: dict[Place, str | None] = field(default_factory=dict)  # the output that carries its `subject` end


def ties_of(reading: Reading) -> Ties:
    """Which tables are about whom, and every place where strangers could meet."""
    ties = Ties()
    if reading.outer is None:
        return ties
    found: dict[int, _Scoped] = {}
    for scope in reading.scopes:  # inner before outer
        found[id(scope)] = _of_union(scope, found) if scope.branches else _of_select(scope, found, reading, ties)
    outer = found[id(reading.outer)]
    if "subject" not in outer.ends:
        _note(
            ties,
            reading,
            reading.outer.select or reading.outer.branches[0].select,
            "policy.subject-not-a-key",
            "输出列 subject 必须是资源的 subject 或关系的一端",
            "the output `subject` must be a resource's subject or an end of a relation",
        )
    ties.far = frozenset(place for place, end in outer.about.items() if end != "subject")
    ties.near = frozenset(place for place, end in outer.near.items() if end == "subject")
    return ties


def _of_union(scope: Scope, found: dict[int, _Scoped]) -> _Scoped:
    merged = _Scoped(ends=set(scope.outputs))
    names = list(scope.outputs)
    for branch in scope.branches:
        part = found[id(branch)]
        renamed = dict(zip(branch.outputs, names, strict=False))
        merged.ends &= {renamed[end] for end in part.ends if end in renamed}
        merged.about |= {place: renamed.get(end or "") for place, end in part.about.items()}
        merged.near |= {place: renamed.get(end or "") for place, end in part.near.items()}
    return merged


def _of_select(scope: Scope, found: dict[int, _Scoped], reading: Reading, ties: Ties) -> _Scoped:
    ends = {alias: _ends_of(source, found) for alias, source in scope.sources.items()}
    classes = _classes(scope, ends)
    named = {name: classes[end] for name in scope.outputs if (end := _end(scope, ends, scope.outputs[name]))}
    _check_tied(scope, ends, classes, named, reading, ties)
    _check_grouped(scope, ends, reading, ties)
    outputs = {root: name for name, root in reversed(named.items())}
    if "subject" in named:
        outputs[named["subject"]] = "subject"
    scoped = _Scoped(set(named))
    for alias, source in scope.sources.items():
        inner = _inside(scope, source, found)
        for here, there in ((scoped.about, inner.about), (scoped.near, inner.near)):
            for place, name in there.items():
                root = classes.get((alias, name)) if name is not None else None
                here[place] = outputs.get(root) if root is not None else None
    return scoped


def _ends_of(source: Source, found: dict[int, _Scoped]) -> set[str]:
    if source.scope is not None:
        return found.get(id(source.scope), _Scoped()).ends
    return set(source.table.ends) if source.table is not None else set()


def _inside(scope: Scope, source: Source, found: dict[int, _Scoped]) -> _Scoped:
    """What is known of a FROM item: of a sub-query what was found there, of a table its ends."""
    if source.scope is not None:
        return found.get(id(source.scope), _Scoped())
    if source.table is None:
        return _Scoped()
    place = (id(scope), source.alias)
    return _Scoped(set(source.table.ends), {place: source.table.about}, {place: "subject"})


def _end(scope: Scope, ends: dict[str, set[str]], node: exp.Expr | None) -> End | None:
    """The subject that a bare column names, or None."""
    while isinstance(node, exp.Paren):
        node = node.this
    if not isinstance(node, exp.Column):
        return None
    source = scope.find(node)
    if source is None or node.name not in ends[source.alias]:
        return None
    return source.alias, node.name


def _classes(scope: Scope, ends: dict[str, set[str]]) -> dict[End, End]:
    """Each end with the one that stands for all that are equal to it."""
    parent: dict[End, End] = {(alias, end): (alias, end) for alias, names in ends.items() for end in names}

    def root(end: End) -> End:
        while parent[end] != end:
            end = parent[end]
        return end

    for left, right in _equalities(scope, ends):
        parent[root(left)] = root(right)
    return {end: root(end) for end in parent}


def _equalities(scope: Scope, ends: dict[str, set[str]]) -> Iterator[tuple[End, End]]:
    """Pairs of ends that hold the same subject in every row."""
    select = scope.select
    if select is None:
        return
    for join in select.args.get("joins") or []:
        # The ON of an outer join ties nothing but what it joins: other rows pass it untied.
        only = join.this.alias_or_name if join.args.get("side") else None
        for left, right in _equal_ends(scope, ends, join.args.get("on")):
            if only is None or only in (left[0], right[0]):
                yield left, right
    where = select.args.get("where")
    yield from _equal_ends(scope, ends, where.this if where is not None else None)
    for name in scope.merged:
        holders = [(alias, name) for alias, names in ends.items() if name in names]
        yield from pairwise(holders)


def _equal_ends(scope: Scope, ends: dict[str, set[str]], condition: exp.Expr | None) -> Iterator[tuple[End, End]]:
    for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
        if isinstance(part, exp.EQ):
            left, right = _end(scope, ends, part.this), _end(scope, ends, part.expression)
            if left is not None and right is not None:
                yield left, right


def _check_tied(
    scope: Scope,
    ends: dict[str, set[str]],
    classes: dict[End, End],
    named: dict[str, End],
    reading: Reading,
    ties: Ties,
) -> None:
    start = named.get("subject") or next(iter(named.values()), None)
    start = start or next((classes[alias, end] for alias, names in ends.items() for end in sorted(names)), None)
    reached, waiting = set(), [start] if start is not None else []
    while waiting:
        root = waiting.pop()
        for alias in ends:
            mine = {classes[alias, end] for end in ends[alias]}
            if root in mine and alias not in reached:
                reached.add(alias)
                waiting += mine - {root}
    for alias, source in scope.sources.items():
        if alias not in reached and (len(scope.sources) > 1 or not ends[alias]):
            _note(
                ties,
                reading,
                source.node,
                "policy.join-not-on-subject",
                f"{alias} 没有按 subject 相等（或通过关系的一端）连接，会混入其他主体的数据",
                f"{alias} is not joined by equality of subjects (or through a relation): strangers' rows would enter",
                clause="join",
            )


def _check_grouped(scope: Scope, ends: dict[str, set[str]], reading: Reading, ties: Ties) -> None:
    select = scope.select
    if select is None:
        return
    group = select.args.get("group")
    keys = group.expressions if group is not None else []
    aggregates = [n for part, node in parts_of(select) if part != "where" for n in _aggregates(node)]
    grouped = group is not None or bool(aggregates)
    if grouped and not any(_end(scope, ends, _meant(scope, key)) for key in keys):
        _note(
            ties,
            reading,
            group or aggregates[0],
            "policy.group-without-subject",
            "聚合必须按 subject 分组，否则会跨主体汇总",
            "aggregates must be grouped by subject, or they run over several subjects",
            clause="group",
        )
    if scope.distinct and not any(_end(scope, ends, node) for node in scope.outputs.values()):
        _note(
            ties,
            reading,
            select,
            "policy.group-without-subject",
            "DISTINCT 的输出必须含 subject",
            "a DISTINCT must put out subject",
            clause="group",
        )
    for window in select.find_all(exp.Window):
        if _within(window, select) and not any(
            _end(scope, ends, part) for part in window.args.get("partition_by") or []
        ):
            _note(
                ties,
                reading,
                window,
                "policy.window-without-subject",
                "窗口必须 PARTITION BY subject",
                "a window must be partitioned by subject",
                clause="window",
            )


def _meant(scope: Scope, key: exp.Expr) -> exp.Expr:
    """The expression that a GROUP BY key stands for: itself, or the output of that alias."""
    if isinstance(key, exp.Column) and scope.find(key) is None:
        return scope.alias(key) or key
    return key


def _aggregates(node: exp.Expr) -> Iterator[exp.Expr]:
    """Aggregates of this SELECT: not of sub-queries, not windowed."""
    for part in node.walk(prune=lambda n: isinstance(n, exp.Query)):
        if isinstance(part, exp.AggFunc) and not _windowed(part):
            yield part


def _windowed(node: exp.Expr) -> bool:
    holder = node.parent
    if isinstance(holder, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
        holder = holder.parent
    return isinstance(holder, exp.Window)


def _within(node: exp.Expr, select: exp.Select) -> bool:
    return node.find_ancestor(exp.Select) is select


def _note(
    ties: Ties,
    reading: Reading,
    node: exp.Expr | None,
    code: str,
    zh: str,
    en: str,
    *,
    clause: str = "projection",
) -> None:
    line = reading.line_of(node) if node is not None else reading.first_line
    ties.mistakes.append(Mistake(reading.file, line, code, Said(zh, en), clause=clause))
