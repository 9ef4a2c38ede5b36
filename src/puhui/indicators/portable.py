"""The lint of the portable subset: what an indicator's SQL may say so that every engine gives the same figure.

`check_portable(packs)` reports every mistake of every indicator at once, each with its line, a stable code and what to
write instead. The subset is an allow list (`allowlist.py`): a construct that no table names is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from puhui.indicators.allowlist import render_portable_reference
from puhui.indicators.portable_kinds import Kinds, family, kind_of_type
from puhui.indicators.portable_nodes import Nodes
from puhui.indicators.portable_notes import KIND_ZH, Notes
from puhui.indicators.portable_numbers import Numbers, numbers_of_parameters
from puhui.indicators.portable_rows import one_row
from puhui.indicators.traps import TRAPPED_BY_NAME
from puhui.model.refusal import Mistake
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import PackSet
from puhui.packs.sql import Reading, Scope, parts_of, readings_of
from puhui.packs.sql_numbers import Number

__all__ = ["check_portable", "lint", "render_portable_reference"]

_JOINS = {("", ""), ("", "INNER"), ("LEFT", ""), ("LEFT", "OUTER")}


def check_portable(packs: PackSet, readings: Mapping[str, Reading] | None = None) -> list[Mistake]:
    """Every mistake of form in the indicators of a set. `readings` by indicator, if they were read already."""
    readings = readings_of(packs) if readings is None else readings
    numbers = numbers_of_parameters(packs.parameters)
    found: list[Mistake] = []
    for name, one in packs.indicators.items():
        found += lint(readings[name], one.head, numbers)
    return found


def lint(
    reading: Reading, head: IndicatorHead | None = None, numbers: Mapping[str, Number] | None = None
) -> list[Mistake]:
    """The mistakes of one indicator. Without a head, parameters and the type of the value are not checked.
    `numbers`: what each numeric parameter may be, as far as that is known."""
    found = list(reading.unreadable)
    if reading.outer is not None:
        found += _Lint(reading, head, numbers or {}).mistakes()
    return sorted(set(found), key=lambda mistake: (mistake.line, mistake.code))


class _Lint:
    def __init__(self, reading: Reading, head: IndicatorHead | None, numbers: Mapping[str, Number]) -> None:
        self.reading = reading
        self.head = head
        self.kinds = Kinds()
        self.notes = Notes(reading)
        declared = list(head.parameters) if head is not None else None
        self.nodes = Nodes(self.notes, self.kinds, Numbers(numbers), declared)

    def mistakes(self) -> list[Mistake]:
        assert self.reading.outer is not None
        for scope in self.reading.scopes:
            if scope.select is not None:
                self._scope(scope, scope.select)
            elif scope.branches:
                self._branches(scope)
        self._whole(self.reading.outer)
        self._sources(self.reading.outer)
        return self.notes.found

    # The whole

    def _whole(self, outer: Scope) -> None:
        node = outer.select or self.reading.tree
        assert node is not None
        if list(outer.outputs) != ["subject", "value"]:
            self.notes.say(
                node,
                "portable.outputs",
                "输出列必须正好是 subject 和 value",
                "the outputs must be exactly subject and value",
            )
        if not one_row(outer):
            self.notes.say(
                node,
                "portable.one-row",
                "无法证明每个主体至多一行：请 GROUP BY subject，或按 subject 分区并筛选 row_number() = 1",
                "at most one row per subject cannot be proved: GROUP BY subject, or keep row_number() = 1 per subject",
            )
        self._declared(outer)

    def _declared(self, outer: Scope) -> None:
        if self.head is None or "value" not in outer.outputs:
            return
        kind = family(self.kinds.output(outer, "value"))
        declared = family({"code": "text"}.get(self.head.type) or kind_of_type(self.head.type))
        if kind and kind != declared:
            self.notes.say(
                outer.outputs["value"],
                "portable.type",
                f"type 声明为 {self.head.type}，SQL 给出的是 {KIND_ZH.get(kind, kind)}",
                f"the head says type {self.head.type}, the SQL gives a {kind}",
            )

    def _sources(self, outer: Scope) -> None:
        """Of `sources_any` only what the SQL reads, and more than one of it: else nothing is left to choose."""
        named = self.head.sources_any if self.head is not None else False
        if not isinstance(named, list):
            return
        strange = sorted(set(named) - self.reading.tables)
        if strange or len(set(named)) < 2:
            what = "、".join(strange) or "一个资源"
            self.notes.say(
                outer.select or next(iter(outer.outputs.values())),
                "portable.sources",
                f"sources_any 须是 SQL 所读的至少两个资源，不能是 {what}",
                f"sources_any lists at least two resources that the SQL reads, not {', '.join(strange) or 'one'}",
            )

    # One SELECT

    def _scope(self, scope: Scope, select: exp.Select) -> None:
        self._joins(select)
        self._keys(select.args.get("group"))
        if select.args.get("order") is not None:
            self.notes.say(
                select.args["order"],
                "portable.order",
                "ORDER BY 在这里没有作用，请删去（窗口内的排序除外）",
                "ORDER BY has no effect here: leave it out (but in windows)",
            )
        for item in self._items(select):
            self._item(item)
        for _, node in parts_of(select):
            for part in node.walk(prune=lambda n: isinstance(n, exp.Query)):
                self.nodes.node(scope, part)

    def _items(self, select: exp.Select) -> Iterator[exp.Table]:
        start = select.args.get("from_")
        joins = select.args.get("joins") or []
        for item in [*([start.this] if start is not None else []), *(join.this for join in joins)]:
            if isinstance(item, exp.Table):
                yield item

    def _item(self, table: exp.Table) -> None:
        if table.db or table.catalog:
            self.notes.say(
                table,
                "portable.qualified-name",
                f"表名不能带库名：写 {table.name}",
                f"a table's name takes no schema: write {table.name}",
            )
        elif not isinstance(table.this, exp.Identifier) or re.search(r"[./\\*]", table.name):
            self.notes.trap(table, TRAPPED_BY_NAME["read_csv"])

    def _joins(self, select: exp.Select) -> None:
        for join in select.args.get("joins") or []:
            kind = (join.args.get("side") or "", join.args.get("kind") or "")
            tied = join.args.get("on") is not None or join.args.get("using")
            if kind not in _JOINS or join.args.get("method") or not tied:
                self.notes.say(
                    join,
                    "portable.join",
                    "只能用带 ON 或 USING 的 JOIN、LEFT JOIN；不存在性用 LEFT JOIN … IS NULL",
                    "only JOIN and LEFT JOIN with ON or USING; for what is not there, LEFT JOIN … IS NULL",
                )

    def _keys(self, clause: exp.Expr | None) -> None:
        """GROUP BY takes columns and expressions: no numbers, no ALL, ROLLUP, CUBE or GROUPING SETS."""
        if clause is None:
            return
        if any(clause.args.get(part) for part in ("grouping_sets", "cube", "rollup", "all", "totals")) or any(
            isinstance(key, exp.Rollup | exp.Cube | exp.GroupingSets) for key in clause.expressions
        ):
            self.notes.say(clause, "portable.group", "只能用 GROUP BY 列", "GROUP BY takes columns only")
        for key in clause.expressions:
            if isinstance(key, exp.Literal):
                self.notes.say(key, "portable.ordinal", "请写列名，不写序号", "write the column, not its number")

    def _branches(self, scope: Scope) -> None:
        for name in scope.outputs:
            place = list(scope.outputs).index(name)
            kinds = {
                family(self.kinds.output(branch, list(branch.outputs)[place]))
                for branch in scope.branches
                if place < len(branch.outputs)
            } - {""}
            if len(kinds) > 1 and scope.branches[0].select is not None:
                self.notes.mixed(scope.branches[0].select, sorted(kinds))
