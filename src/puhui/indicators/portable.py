"""The lint of the portable subset: what an indicator's SQL may say so that every engine gives the same figure.

`check_portable(packs)` reports every mistake of every indicator at once, each with its line, a stable code and what to
write instead. The subset is an allow list (`allowlist.py`): a construct that no table names is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlglot import exp

from puhui.indicators.allowlist import (
    ALLOWED,
    ALLOWED_BY_NAME,
    CASTS,
    OPERATORS,
    STRUCTURE,
    TRAPPED,
    TRAPPED_BY_NAME,
    Trap,
    render_portable_reference,
)
from puhui.indicators.portable_kinds import Kinds, family, kind_of_type, results_of
from puhui.indicators.portable_rows import one_row, total_order
from puhui.model.refusal import Mistake, Said
from puhui.packs.forms_answers import IndicatorHead
from puhui.packs.packset import PackSet
from puhui.packs.sql import Reading, Scope, parts_of, read
from puhui.packs.sql_tables import tables_of

__all__ = ["check_portable", "lint", "render_portable_reference"]

_BACK = re.compile(r"back_[1-9][0-9]*m")
_JOINS = {("", ""), ("", "INNER"), ("LEFT", ""), ("LEFT", "OUTER")}
_ORDERED = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue)  # depend on which of two tied rows comes first
_RANKED = (exp.Rank, exp.DenseRank)
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_DATE_PARTS = (exp.Year, exp.Month, exp.Quarter, exp.Day, exp.DayOfMonth, exp.Length)
_LIMIT_OF_32_BITS = 1_000_000


def check_portable(packs: PackSet, readings: Mapping[str, Reading] | None = None) -> list[Mistake]:
    """Every mistake of form in the indicators of a set. `readings` by indicator, if they were read already."""
    tables = tables_of(packs) if readings is None else {}
    found: list[Mistake] = []
    for name, one in packs.indicators.items():
        reading = (readings or {}).get(name) or read(one.sql, tables, file=one.file, first_line=one.sql_line)
        found += lint(reading, one.head)
    return found


def lint(reading: Reading, head: IndicatorHead | None = None) -> list[Mistake]:
    """The mistakes of one indicator. Without a head, parameters and the type of the value are not checked."""
    found = list(reading.unreadable)
    if reading.outer is not None:
        found += _Lint(reading, head).mistakes()
    return sorted(set(found), key=lambda mistake: (mistake.line, mistake.code))


class _Lint:
    def __init__(self, reading: Reading, head: IndicatorHead | None) -> None:
        self.reading = reading
        self.head = head
        self.kinds = Kinds()
        self.found: list[Mistake] = []

    def mistakes(self) -> list[Mistake]:
        assert self.reading.outer is not None
        for scope in self.reading.scopes:
            if scope.select is not None:
                self._scope(scope, scope.select)
            elif scope.branches:
                self._branches(scope)
        self._whole(self.reading.outer)
        return self.found

    # The whole

    def _whole(self, outer: Scope) -> None:
        node = outer.select or self.reading.tree
        assert node is not None
        if list(outer.outputs) != ["subject", "value"]:
            self._say(
                node,
                "portable.outputs",
                "输出列必须正好是 subject 和 value",
                "the outputs must be exactly subject and value",
            )
        if not one_row(outer):
            self._say(
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
            self._say(
                outer.outputs["value"],
                "portable.type",
                f"type 声明为 {self.head.type}，SQL 给出的是 {_KIND_ZH.get(kind, kind)}",
                f"the head says type {self.head.type}, the SQL gives a {kind}",
            )

    # One SELECT

    def _scope(self, scope: Scope, select: exp.Select) -> None:
        self._joins(select)
        for order in ("group", "order"):
            self._ordinals(select.args.get(order))
        if select.args.get("order") is not None:
            self._say(
                select.args["order"],
                "portable.order",
                "ORDER BY 在这里没有作用，请删去（窗口内的排序除外）",
                "ORDER BY has no effect here: leave it out (but in windows)",
            )
        for item in self._items(select):
            self._item(item)
        for _, node in parts_of(select):
            for part in node.walk(prune=lambda n: isinstance(n, exp.Query)):
                self._node(scope, part)

    def _items(self, select: exp.Select) -> Iterator[exp.Table]:
        start = select.args.get("from_")
        joins = select.args.get("joins") or []
        for item in [*([start.this] if start is not None else []), *(join.this for join in joins)]:
            if isinstance(item, exp.Table):
                yield item

    def _item(self, table: exp.Table) -> None:
        if table.db or table.catalog:
            self._say(
                table,
                "portable.qualified-name",
                f"表名不能带库名：写 {table.name}",
                f"a table's name takes no schema: write {table.name}",
            )
        elif not isinstance(table.this, exp.Identifier) or re.search(r"[./\\*]", table.name):
            self._trap(table, TRAPPED_BY_NAME["read_csv"])

    def _joins(self, select: exp.Select) -> None:
        for join in select.args.get("joins") or []:
            kind = (join.args.get("side") or "", join.args.get("kind") or "")
            tied = join.args.get("on") is not None or join.args.get("using")
            if kind not in _JOINS or join.args.get("method") or not tied:
                self._say(
                    join,
                    "portable.join",
                    "只能用带 ON 或 USING 的 JOIN、LEFT JOIN；不存在性用 LEFT JOIN … IS NULL",
                    "only JOIN and LEFT JOIN with ON or USING; for what is not there, LEFT JOIN … IS NULL",
                )

    def _ordinals(self, clause: exp.Expr | None) -> None:
        for key in clause.expressions if clause is not None else []:
            inner = key.this if isinstance(key, exp.Ordered) else key
            if isinstance(inner, exp.Literal):
                self._say(key, "portable.ordinal", "请写列名，不写序号", "write the column, not its number")
        for part in ("grouping_sets", "cube", "rollup", "all", "totals"):
            if clause is not None and clause.args.get(part):
                self._say(
                    clause,
                    "portable.group",
                    "只能用 GROUP BY 列",
                    "GROUP BY takes columns only: no ALL, ROLLUP, CUBE or GROUPING SETS",
                )

    def _branches(self, scope: Scope) -> None:
        for name in scope.outputs:
            place = list(scope.outputs).index(name)
            kinds = {
                family(self.kinds.output(branch, list(branch.outputs)[place]))
                for branch in scope.branches
                if place < len(branch.outputs)
            } - {""}
            if len(kinds) > 1 and scope.branches[0].select is not None:
                self._mixed(scope.branches[0].select, sorted(kinds))

    # One node

    def _node(self, scope: Scope, node: exp.Expr) -> None:
        if isinstance(node, exp.Query):
            return
        self._known(node)
        rule = _RULES.get(type(node))
        if rule is not None:
            rule(self, scope, node)
        elif isinstance(node, _COMPARED):
            self._same(scope, node, [node.this, node.expression])

    def _known(self, node: exp.Expr) -> None:
        kind = type(node)
        trap = TRAPPED.get(kind)
        named = isinstance(node, exp.Anonymous | exp.AnonymousAggFunc)
        name = node.name.lower() if named else ""
        trap = trap or TRAPPED_BY_NAME.get(name)
        if trap is not None:
            self._trap(node, trap)
        elif kind in ALLOWED or name in ALLOWED_BY_NAME or kind in OPERATORS or kind in STRUCTURE:
            return
        elif isinstance(node, exp.IgnoreNulls) and type(node.this) in TRAPPED:
            return  # told at what it holds
        else:
            what = (name or (node.sql_name() if isinstance(node, exp.Func) else node.key)).lower()
            self._say(
                node,
                "portable.function",
                f"{what} 不在允许的函数之列，见 docs/reference/portable-sql.md",
                f"{what} is not on the allow list, see docs/reference/portable-sql.md",
            )

    def _column(self, scope: Scope, node: exp.Expr) -> None:
        source = scope.find(node) if isinstance(node, exp.Column) else None
        kept_case = all(part.name == part.name.lower() for part in node.find_all(exp.Identifier))
        if source is None and not kept_case:
            self._say(
                node, "portable.case", "列名和表名一律小写", "names of columns and tables are lower-case"
            )

    def _placeholder(self, scope: Scope, node: exp.Expr) -> None:
        name = node.name
        declared = self.head.parameters if self.head is not None else [name]
        if not (name == "as_of" or _BACK.fullmatch(name) or name in declared):
            self._say(
                node,
                "portable.bound-name",
                f":{name or '?'} 不是 :as_of、:back_Nm 或 parameters 中的参数",
                f":{name or '?'} is neither :as_of nor :back_Nm nor under `parameters`",
            )

    def _literal(self, scope: Scope, node: exp.Expr) -> None:
        if isinstance(node, exp.Literal) and not node.is_string and "e" in node.name.lower():
            self._say(
                node,
                "portable.double",
                "1e3 这种写法是浮点数；请写成十进制数",
                "1e3 is a DOUBLE: write the decimal out",
            )

    def _cast(self, scope: Scope, node: exp.Expr) -> None:
        assert isinstance(node, exp.Cast)
        to = node.to.this.name
        if to in ("DOUBLE", "FLOAT"):
            self._say(
                node,
                "portable.double",
                "不能转成浮点数；用整数或 DECIMAL(p,s)",
                "no cast to a float: use an integer or DECIMAL(p,s)",
            )
        elif to not in CASTS or (to == "DECIMAL" and not node.to.expressions):
            self._say(
                node,
                "portable.cast",
                f"不能转成 {to}；可用 BIGINT、DECIMAL(p,s)、DATE、VARCHAR",
                f"no cast to {to}: BIGINT, DECIMAL(p,s), DATE and VARCHAR are allowed",
            )
        elif to == "BIGINT" and self.kinds.of(scope, node.this) not in ("int", "bool"):
            self._say(
                node,
                "portable.cast",
                "小数转整数时 DuckDB 四舍五入、Spark 截断；删去转换，由 type 的小数位舍入",
                "decimal to integer: DuckDB rounds, Spark cuts off; leave the cast out, `type` says the scale",
            )
        elif (
            to == "DATE"
            and self.kinds.of(scope, node.this) == "text"
            and not isinstance(node.this, exp.Literal)
        ):
            self._say(
                node,
                "portable.cast",
                "文字转日期各引擎不同；日期应在目录中声明为 date",
                "text to date differs by engine: declare the field as a date in the catalogue",
            )

    def _divide(self, scope: Scope, node: exp.Expr) -> None:
        if not self._is_last_step(scope, node):
            self._say(
                node,
                "portable.division",
                "/ 和 sqrt 只能在最外层的 value 中、聚合之外；前面的步骤请保留分子和分母",
                "/ and sqrt stand only in the outermost value, outside aggregates: carry numerator and divisor there",
            )
        if isinstance(node, exp.Div) and not _guarded(node.expression):
            self._say(
                node,
                "portable.divisor",
                "除数要写成 nullif(…, 0)：除以零 DuckDB 得无穷，Spark 报错",
                "the divisor must be nullif(…, 0): over zero DuckDB gives infinity and Spark fails",
            )

    def _is_last_step(self, scope: Scope, node: exp.Expr) -> bool:
        if scope is not self.reading.outer:
            return False
        holder = node.parent
        while holder is not None and not isinstance(holder, exp.Select):
            if isinstance(
                holder, exp.AggFunc | exp.Filter | exp.Window | exp.Where | exp.Join | exp.Group | exp.Having
            ):
                return False
            holder = holder.parent
        return True

    def _remainder(self, scope: Scope, node: exp.Expr) -> None:
        self._arithmetic(scope, node)
        if not (
            isinstance(node.expression, exp.Literal) and node.expression.name.strip("0") not in ("", ".")
        ):
            self._say(
                node,
                "portable.divisor",
                "% 的除数须是非零常数：除以零 DuckDB 得空值，Spark 报错",
                "% takes a constant that is not 0: over zero DuckDB gives null and Spark fails",
            )

    def _arithmetic(self, scope: Scope, node: exp.Expr) -> None:
        left, right = self.kinds.of(scope, node.this), self.kinds.of(scope, node.expression)
        if isinstance(node, exp.Sub) and family(left) == family(right) == "date":
            self._say(
                node,
                "portable.date-minus-date",
                "日期相减在 Spark 中得到时间间隔；写 date_diff('day', 起, 止)",
                "date minus date is an interval in Spark: write date_diff('day', from, to)",
            )
            return
        plain_days = (
            isinstance(node, exp.Add | exp.Sub) and {left, right} == {"date", "int"} and left != "int"
        )
        wrong = [kind for kind in (left, right) if kind and family(kind) != "number"]
        if wrong and not plain_days and not (isinstance(node, exp.Add) and {left, right} == {"date", "int"}):
            self._mixed(node, [left or "?", right or "?"])

    def _times(self, scope: Scope, node: exp.Expr) -> None:
        self._arithmetic(scope, node)
        sides = [node.this.unnest(), node.expression.unnest()]
        large = any(isinstance(s, exp.Literal) and _whole(s) > _LIMIT_OF_32_BITS for s in sides)
        if large and any(isinstance(side, _DATE_PARTS) for side in sides):
            self._say(
                node,
                "portable.overflow",
                "年、月、日在 Spark 中是 32 位整数，乘积会无声溢出；先 CAST(… AS BIGINT)",
                "parts of a date are 32-bit in Spark and the product overflows silently: CAST(… AS BIGINT) first",
            )

    def _shift(self, scope: Scope, node: exp.Expr) -> None:
        left = node.this.unnest()
        if not (isinstance(left, exp.Cast) and left.to.this.name == "BIGINT"):
            self._say(
                node,
                "portable.overflow",
                "位移的左边要写成 CAST(1 AS BIGINT)，否则按 32 位计算",
                "shift CAST(1 AS BIGINT): a bare literal has 32 bits",
            )

    def _beside(self, scope: Scope, node: exp.Expr) -> None:
        self._same(scope, node, [node.this, node.expression], only="text")

    def _alike(self, scope: Scope, node: exp.Expr) -> None:
        parts = results_of(node) if isinstance(node, exp.Case | exp.If) else [node.this, *node.expressions]
        self._same(scope, node, parts)

    def _within(self, scope: Scope, node: exp.Expr) -> None:
        bounds = [node.args[key] for key in ("low", "high") if node.args.get(key) is not None]
        self._same(scope, node, [node.this, *node.expressions, *bounds])

    def _like(self, scope: Scope, node: exp.Expr) -> None:
        pattern = node.expression
        self._same(scope, node, [node.this, pattern], only="text")
        if not isinstance(pattern, exp.Literal) or "\\" in pattern.name:
            self._say(
                node,
                "portable.like",
                "LIKE 的模式须是不含反斜杠的文字：Spark 以它转义",
                "a LIKE pattern is a literal without backslash: Spark escapes by it",
            )

    def _sum(self, scope: Scope, node: exp.Expr) -> None:
        kind = self.kinds.of(scope, node.this)
        if isinstance(node.this, exp.Distinct):
            self._say(node, "portable.distinct", "DISTINCT 只能用在 count 中", "DISTINCT is for count only")
        if kind and family(kind) != "number":
            self._say(
                node,
                "portable.mixed-kinds",
                "sum 只能加数；布尔值用 count(*) FILTER (WHERE …)",
                "sum adds numbers: for a boolean, count(*) FILTER (WHERE …)",
            )

    def _count(self, scope: Scope, node: exp.Expr) -> None:
        inner = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
        if len(inner) != 1 or node.expressions:
            self._say(
                node,
                "portable.distinct",
                "count 只能有一个参数",
                "count takes one argument: join columns with ||",
            )

    def _extreme(self, scope: Scope, node: exp.Expr) -> None:
        if node.expressions:
            self._trap(node, TRAPPED[exp.ArgMax])

    def _date_diff(self, scope: Scope, node: exp.Expr) -> None:
        unit = node.args.get("unit")
        if unit is None or unit.name.upper() != "DAY":
            self._trap(node, TRAPPED[exp.MonthsBetween])

    def _substring(self, scope: Scope, node: exp.Expr) -> None:
        start = node.args.get("start")
        if not isinstance(start, exp.Literal) or _whole(start) < 1:
            self._say(
                node,
                "portable.substring",
                "substr 的起点须是不小于 1 的常数：从 0 起各引擎不同",
                "substr begins at a constant from 1 on: from 0 engines differ",
            )

    def _window(self, scope: Scope, node: exp.Expr) -> None:
        assert isinstance(node, exp.Window)
        inner, spec = node.this, node.args.get("spec")
        if isinstance(inner, exp.Filter):
            self._say(
                node,
                "portable.window-filter",
                "窗口聚合不能带 FILTER；用 CASE WHEN",
                "a windowed aggregate takes no FILTER: use CASE WHEN inside it",
            )
        if node.args.get("alias") is not None or node.args.get("over") not in (None, "OVER"):
            self._say(
                node, "portable.window", "窗口要直接写在 OVER (…) 中", "write the window inside OVER (…)"
            )
        if isinstance(inner, _RANKED) and node.args.get("order") is None:
            self._untied(node)
        rows = spec is not None and spec.args.get("kind") == "ROWS" and node.args.get("order") is not None
        if (isinstance(inner, _ORDERED) or (rows and not _whole_frame(spec))) and not total_order(
            scope, node
        ):
            self._untied(node)
        if spec is not None and not _plain_frame(spec):
            self._say(
                node,
                "portable.window",
                "窗口范围只能用 ROWS，边界为 UNBOUNDED、CURRENT ROW 或常数",
                "a frame is ROWS between UNBOUNDED, CURRENT ROW or constants",
            )

    def _untied(self, node: exp.Window) -> None:
        self._say(
            node,
            "portable.window-order",
            "窗口排序须唯一：加上资源的键，或把输出的每一列原样列入 ORDER BY",
            "the window's order leaves ties: add the resource's key, or every column that is put out, as it is",
        )

    # Saying

    def _same(self, scope: Scope, node: exp.Expr, parts: list[exp.Expr], *, only: str = "") -> None:
        kinds = [self.kinds.of(scope, part) for part in parts]
        families = {family(kind) for kind in kinds} - {""}
        if len(families) > 1 or (only and families - {only}):
            self._mixed(node, sorted(families | ({only} if only else set())))

    def _mixed(self, node: exp.Expr, kinds: list[str]) -> None:
        zh, en = "、".join(_KIND_ZH.get(kind, kind) for kind in kinds), " and ".join(kinds)
        self._say(
            node,
            "portable.mixed-kinds",
            f"不同种类的值混用（{zh}），各引擎转换不同；日期常量写 DATE '2026-01-31'，布尔直接写条件",
            f"{en} are mixed and engines convert differently: write DATE '2026-01-31' for a day, a condition for a boolean",
        )

    def _trap(self, node: exp.Expr, trap: Trap) -> None:
        self._say(
            node,
            trap.code,
            f"不能用 {trap.what}：{trap.why.zh}。改写：{trap.instead.zh}",
            f"{trap.what}: {trap.why.en}. Instead: {trap.instead.en}",
        )

    def _say(self, node: exp.Expr, code: str, zh: str, en: str) -> None:
        self.found.append(Mistake(self.reading.file, self.reading.line_of(node), code, Said(zh, en)))


_KIND_ZH = {
    "number": "数",
    "int": "整数",
    "decimal": "十进制数",
    "text": "文字",
    "date": "日期",
    "bool": "布尔",
}
_RULES = {
    exp.Column: _Lint._column, exp.Placeholder: _Lint._placeholder, exp.Literal: _Lint._literal,
    exp.Cast: _Lint._cast, exp.TryCast: _Lint._cast, exp.Div: _Lint._divide, exp.Sqrt: _Lint._divide,
    exp.Mod: _Lint._remainder, exp.Add: _Lint._arithmetic, exp.Sub: _Lint._arithmetic, exp.Mul: _Lint._times,
    exp.BitwiseLeftShift: _Lint._shift, exp.DPipe: _Lint._beside, exp.Case: _Lint._alike, exp.If: _Lint._alike,
    exp.Coalesce: _Lint._alike, exp.Greatest: _Lint._alike, exp.Least: _Lint._alike, exp.Nullif: _Lint._alike,
    exp.In: _Lint._within, exp.Between: _Lint._within, exp.Like: _Lint._like, exp.Sum: _Lint._sum,
    exp.Count: _Lint._count, exp.Min: _Lint._extreme, exp.Max: _Lint._extreme, exp.DateDiff: _Lint._date_diff,
    exp.Substring: _Lint._substring, exp.Window: _Lint._window,
}  # fmt: skip


def _guarded(divisor: exp.Expr) -> bool:
    inner = divisor.unnest()
    zero = inner.expression if isinstance(inner, exp.Nullif) else None
    return isinstance(zero, exp.Literal) and zero.name.strip("0") in ("", ".")


def _whole(literal: exp.Literal) -> int:
    return int(literal.name) if literal.name.isdigit() else 0


def _whole_frame(spec: exp.WindowSpec) -> bool:
    return spec.args.get("start") == spec.args.get("end") == "UNBOUNDED"


def _plain_frame(spec: exp.WindowSpec) -> bool:
    bounds = (spec.args.get("start"), spec.args.get("end"))
    known = all(b in ("UNBOUNDED", "CURRENT ROW", None) or isinstance(b, exp.Literal) for b in bounds)
    return spec.args.get("kind") == "ROWS" and known and not spec.args.get("exclude")
