"""The rules of the portable lint for one node of an expression: allowed at all, and written as every
engine reads it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sqlglot import exp

from puhui.indicators.allowlist import ALLOWED, ALLOWED_BY_NAME, CASTS, OPERATORS, STRUCTURE
from puhui.indicators.portable_kinds import Kinds, family
from puhui.indicators.portable_notes import Notes
from puhui.indicators.portable_numbers import Numbers
from puhui.indicators.portable_rows import total_order
from puhui.indicators.traps import TRAPPED, TRAPPED_BY_NAME
from puhui.packs.sql import Scope
from puhui.packs.sql_numbers import misplaced, overflows, results_of

_BACK = re.compile(r"back_[1-9][0-9]*m")
_ORDERED = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue)  # depend on which of two tied rows comes first
_RANKED = (exp.Rank, exp.DenseRank)
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_DATE_PARTS = (exp.Year, exp.Month, exp.Quarter, exp.Day, exp.DayOfMonth, exp.Length)
_NOT_LAST = (exp.AggFunc, exp.Filter, exp.Window, exp.Where, exp.Join, exp.Group, exp.Having, exp.Qualify)
_LIMIT_OF_32_BITS = 1_000_000


class Nodes:
    """Looks at nodes one by one. `parameters`: the bound names that the head declares; None: any."""

    def __init__(self, notes: Notes, kinds: Kinds, numbers: Numbers, parameters: list[str] | None) -> None:
        self.notes = notes
        self.kinds = kinds
        self.numbers = numbers
        self.parameters = parameters

    def node(self, scope: Scope, node: exp.Expr) -> None:
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
            self.notes.trap(node, trap)
        elif kind in ALLOWED or name in ALLOWED_BY_NAME or kind in OPERATORS or kind in STRUCTURE:
            return
        elif isinstance(node, exp.IgnoreNulls) and type(node.this) in TRAPPED:
            return  # told at what it holds
        else:
            what = (name or (node.sql_name() if isinstance(node, exp.Func) else node.key)).lower()
            self.notes.say(
                node,
                "portable.function",
                f"{what} 不在允许的函数之列，见 docs/reference/portable-sql.md",
                f"{what} is not on the allow list, see docs/reference/portable-sql.md",
            )

    def _column(self, scope: Scope, node: exp.Expr) -> None:
        source = scope.find(node) if isinstance(node, exp.Column) else None
        kept_case = all(part.name == part.name.lower() for part in node.find_all(exp.Identifier))
        if source is None and not kept_case:
            self.notes.say(node, "portable.case", "列名和表名一律小写", "names of columns and tables are lower-case")

    def _placeholder(self, scope: Scope, node: exp.Expr) -> None:
        name = node.name
        declared = [name] if self.parameters is None else self.parameters
        if not (name == "as_of" or _BACK.fullmatch(name) or name in declared):
            self.notes.say(
                node,
                "portable.bound-name",
                f":{name or '?'} 不是 :as_of、:back_Nm 或 parameters 中的参数",
                f":{name or '?'} is neither :as_of nor :back_Nm nor under `parameters`",
            )

    def _literal(self, scope: Scope, node: exp.Expr) -> None:
        if isinstance(node, exp.Literal) and not node.is_string and "e" in node.name.lower():
            self.notes.say(
                node,
                "portable.double",
                "1e3 这种写法是浮点数；请写成十进制数",
                "1e3 is a DOUBLE: write the decimal out",
            )

    def _cast(self, scope: Scope, node: exp.Expr) -> None:
        assert isinstance(node, exp.Cast)
        to = node.to.this.name
        if to in ("DOUBLE", "FLOAT"):
            self.notes.say(
                node,
                "portable.double",
                "不能转成浮点数；用整数或 DECIMAL(p,s)",
                "no cast to a float: use an integer or DECIMAL(p,s)",
            )
        elif to not in CASTS or (to == "DECIMAL" and not node.to.expressions):
            self.notes.say(
                node,
                "portable.cast",
                f"不能转成 {to}；可用 BIGINT、DECIMAL(p,s)、DATE、VARCHAR",
                f"no cast to {to}: BIGINT, DECIMAL(p,s), DATE and VARCHAR are allowed",
            )
        elif to == "BIGINT" and self.kinds.of(scope, node.this) not in ("int", "bool"):
            self.notes.say(
                node,
                "portable.cast",
                "小数转整数时 DuckDB 四舍五入、Spark 截断；删去转换，由 type 的小数位舍入",
                "decimal to integer: DuckDB rounds, Spark cuts off; leave the cast out, `type` says the scale",
            )
        elif to == "DATE" and self.kinds.of(scope, node.this) == "text" and not isinstance(node.this, exp.Literal):
            self.notes.say(
                node,
                "portable.cast",
                "文字转日期各引擎不同；日期应在目录中声明为 date",
                "text to date differs by engine: declare the field as a date in the catalogue",
            )

    def _divide(self, scope: Scope, node: exp.Expr) -> None:
        if not self._is_last_step(scope, node):
            self.notes.say(
                node,
                "portable.division",
                "/ 和 sqrt 只能在最外层的 value 中、聚合之外；前面的步骤请保留分子和分母",
                "/ and sqrt stand only in the outermost value, outside aggregates: carry numerator and divisor there",
            )
        if isinstance(node, exp.Div) and not _guarded(node.expression):
            self.notes.say(
                node,
                "portable.divisor",
                "除数要写成 nullif(…, 0)：除以零 DuckDB 得无穷，Spark 报错",
                "the divisor must be nullif(…, 0): over zero DuckDB gives infinity and Spark fails",
            )

    def _is_last_step(self, scope: Scope, node: exp.Expr) -> bool:
        if scope is not self.notes.reading.outer:
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
        if not (isinstance(node.expression, exp.Literal) and node.expression.name.strip("0") not in ("", ".")):
            self.notes.say(
                node,
                "portable.divisor",
                "% 的除数须是非零常数：除以零 DuckDB 得空值，Spark 报错",
                "% takes a constant that is not 0: over zero DuckDB gives null and Spark fails",
            )

    def _arithmetic(self, scope: Scope, node: exp.Expr) -> None:
        left, right = self.kinds.of(scope, node.this), self.kinds.of(scope, node.expression)
        if isinstance(node, exp.Sub) and family(left) == family(right) == "date":
            self.notes.say(
                node,
                "portable.date-minus-date",
                "日期相减在 Spark 中得到时间间隔；写 date_diff('day', 起, 止)",
                "date minus date is an interval in Spark: write date_diff('day', from, to)",
            )
            return
        plain_days = isinstance(node, exp.Add | exp.Sub) and {left, right} == {"date", "int"} and left != "int"
        wrong = [kind for kind in (left, right) if kind and family(kind) != "number"]
        if wrong and not plain_days and not (isinstance(node, exp.Add) and {left, right} == {"date", "int"}):
            self.notes.mixed(node, [left or "?", right or "?"])

    def _times(self, scope: Scope, node: exp.Expr) -> None:
        self._arithmetic(scope, node)
        sides = [node.this.unnest(), node.expression.unnest()]
        large = any(isinstance(s, exp.Literal) and _whole(s) > _LIMIT_OF_32_BITS for s in sides)
        if large and any(isinstance(side, _DATE_PARTS) for side in sides):
            self.notes.say(
                node,
                "portable.overflow",
                "年、月、日在 Spark 中是 32 位整数，乘积会无声溢出；先 CAST(… AS BIGINT)",
                "parts of a date are 32-bit in Spark and the product overflows silently: CAST(… AS BIGINT) first",
            )
        told = overflows(node, self.numbers.look(scope)) if isinstance(node, exp.Mul) else None
        if told is not None:
            self.notes.say(node, "portable.decimal-product", told.zh, told.en)

    def _shift(self, scope: Scope, node: exp.Expr) -> None:
        left = node.this.unnest()
        if not (isinstance(left, exp.Cast) and left.to.this.name == "BIGINT"):
            self.notes.say(
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

    def _case(self, scope: Scope, node: exp.Expr) -> None:
        assert isinstance(node, exp.Case | exp.If)
        if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
            return  # one branch: told at the CASE
        self._alike(scope, node)
        told = misplaced(node, self.numbers.look(scope))
        if told is not None:
            self.notes.say(node, "portable.case-order", told.zh, told.en)

    def _within(self, scope: Scope, node: exp.Expr) -> None:
        bounds = [node.args[key] for key in ("low", "high") if node.args.get(key) is not None]
        self._same(scope, node, [node.this, *node.expressions, *bounds])

    def _like(self, scope: Scope, node: exp.Expr) -> None:
        pattern = node.expression
        self._same(scope, node, [node.this, pattern], only="text")
        if not isinstance(pattern, exp.Literal) or "\\" in pattern.name:
            self.notes.say(
                node,
                "portable.like",
                "LIKE 的模式须是不含反斜杠的文字：Spark 以它转义",
                "a LIKE pattern is a literal without backslash: Spark escapes by it",
            )

    def _sum(self, scope: Scope, node: exp.Expr) -> None:
        kind = self.kinds.of(scope, node.this)
        if isinstance(node.this, exp.Distinct):
            self.notes.say(node, "portable.distinct", "DISTINCT 只能用在 count 中", "DISTINCT is for count only")
        if kind and family(kind) != "number":
            self.notes.say(
                node,
                "portable.mixed-kinds",
                "sum 只能加数；布尔值用 count(*) FILTER (WHERE …)",
                "sum adds numbers: for a boolean, count(*) FILTER (WHERE …)",
            )

    def _count(self, scope: Scope, node: exp.Expr) -> None:
        inner = node.this.expressions if isinstance(node.this, exp.Distinct) else [node.this]
        if len(inner) != 1 or node.expressions:
            self.notes.say(
                node,
                "portable.distinct",
                "count 只能有一个参数",
                "count takes one argument: join columns with ||",
            )

    def _extreme(self, scope: Scope, node: exp.Expr) -> None:
        if node.args.get("count") is not None or node.expressions:
            self.notes.trap(node, TRAPPED[exp.ArgMax])

    def _date_diff(self, scope: Scope, node: exp.Expr) -> None:
        unit = node.args.get("unit")
        if unit is None or unit.name.upper() != "DAY":
            self.notes.trap(node, TRAPPED[exp.MonthsBetween])

    def _substring(self, scope: Scope, node: exp.Expr) -> None:
        start = node.args.get("start")
        if not isinstance(start, exp.Literal) or _whole(start) < 1:
            self.notes.say(
                node,
                "portable.substring",
                "substr 的起点须是不小于 1 的常数：从 0 起各引擎不同",
                "substr begins at a constant from 1 on: from 0 engines differ",
            )

    def _window(self, scope: Scope, node: exp.Expr) -> None:
        assert isinstance(node, exp.Window)
        inner, spec = node.this, node.args.get("spec")
        if isinstance(inner, exp.Filter):
            self.notes.say(
                node,
                "portable.window-filter",
                "窗口聚合不能带 FILTER；用 CASE WHEN",
                "a windowed aggregate takes no FILTER: use CASE WHEN inside it",
            )
        if node.args.get("alias") is not None or node.args.get("over") not in (None, "OVER"):
            self.notes.say(node, "portable.window", "窗口要直接写在 OVER (…) 中", "write the window inside OVER (…)")
        if isinstance(inner, _RANKED) and node.args.get("order") is None:
            self._untied(node)
        rows = spec is not None and spec.args.get("kind") == "ROWS" and node.args.get("order") is not None
        if (isinstance(inner, _ORDERED) or (rows and not _whole_frame(spec))) and not total_order(scope, node):
            self._untied(node)
        if spec is not None and not _plain_frame(spec):
            self.notes.say(
                node,
                "portable.window",
                "窗口范围只能用 ROWS，边界为 UNBOUNDED、CURRENT ROW 或常数",
                "a frame is ROWS between UNBOUNDED, CURRENT ROW or constants",
            )

    def _untied(self, node: exp.Window) -> None:
        self.notes.say(
            node,
            "portable.window-order",
            "窗口排序须唯一：加上资源的键，或把输出的每一列原样列入 ORDER BY",
            "the window's order leaves ties: add the resource's key, or every column that is put out, as it is",
        )

    def _same(self, scope: Scope, node: exp.Expr, parts: list[exp.Expr], *, only: str = "") -> None:
        kinds = [self.kinds.of(scope, part) for part in parts]
        families = {family(kind) for kind in kinds} - {""}
        if len(families) > 1 or (only and families - {only}):
            self.notes.mixed(node, sorted(families | ({only} if only else set())))


_RULES: dict[type[exp.Expr], Callable[[Nodes, Scope, Any], None]] = {
    exp.Column: Nodes._column,
    exp.Placeholder: Nodes._placeholder,
    exp.Literal: Nodes._literal,
    exp.Cast: Nodes._cast,
    exp.TryCast: Nodes._cast,
    exp.Div: Nodes._divide,
    exp.Sqrt: Nodes._divide,
    exp.Mod: Nodes._remainder,
    exp.Add: Nodes._arithmetic,
    exp.Sub: Nodes._arithmetic,
    exp.Mul: Nodes._times,
    exp.BitwiseLeftShift: Nodes._shift,
    exp.DPipe: Nodes._beside,
    exp.Case: Nodes._case,
    exp.If: Nodes._case,
    exp.Coalesce: Nodes._alike,
    exp.Greatest: Nodes._alike,
    exp.Least: Nodes._alike,
    exp.Nullif: Nodes._alike,
    exp.In: Nodes._within,
    exp.Between: Nodes._within,
    exp.Like: Nodes._like,
    exp.Sum: Nodes._sum,
    exp.Count: Nodes._count,
    exp.Min: Nodes._extreme,
    exp.Max: Nodes._extreme,
    exp.DateDiff: Nodes._date_diff,
    exp.Substring: Nodes._substring,
    exp.Window: Nodes._window,
}


def _guarded(divisor: exp.Expr) -> bool:
    inner = divisor.unnest()
    zero = inner.expression if isinstance(inner, exp.Nullif) else None
    return isinstance(zero, exp.Literal) and zero.name.strip("0") in ("", ".")


def _whole(literal: exp.Literal) -> int:
    return int(literal.name) if literal.name.isdigit() else 0


def _whole_frame(spec: exp.WindowSpec | None) -> bool:
    return spec is not None and spec.args.get("start") == spec.args.get("end") == "UNBOUNDED"


def _plain_frame(spec: exp.WindowSpec) -> bool:
    bounds = (spec.args.get("start"), spec.args.get("end"))
    known = all(b in ("UNBOUNDED", "CURRENT ROW", None) or isinstance(b, exp.Literal) for b in bounds)
    return spec.args.get("kind") == "ROWS" and known and not spec.args.get("exclude")
