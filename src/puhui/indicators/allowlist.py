"""The portable subset as a table: what an indicator may call, what it may not, and what to write instead.

Every entry of FUNCTIONS gives equal results in DuckDB and in Spark's dialect (the tests run each on both); every entry
of TRAPS was seen to give differing results, an error on one side, or a result that is not exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from puhui.indicators.traps import TRAPS
from puhui.model.refusal import Said


@dataclass(frozen=True, slots=True)
class Function:
    """One allowed function. `example` is an expression over the columns of the tests' table t."""

    name: str
    nodes: tuple[type[exp.Expr], ...]
    said: Said
    example: str
    gives: str = ""  # int decimal text date bool, or "" for the kind of its arguments


FUNCTIONS = (
    Function(
        "count",
        (exp.Count,),
        Said("计数；可加 DISTINCT（一列）", "count; DISTINCT takes one column"),
        "count(DISTINCT s)",
        "int",
    ),
    Function("sum", (exp.Sum,), Said("整数或十进制数之和", "sum of integers or decimals"), "sum(d)"),
    Function("min", (exp.Min,), Said("最小值", "least value"), "min(dt)"),
    Function("max", (exp.Max,), Said("最大值", "greatest value"), "max(d)"),
    Function("bool_or", (exp.LogicalOr,), Said("任一为真", "true if any is"), "bool_or(b)", "bool"),
    Function("bool_and", (exp.LogicalAnd,), Said("全部为真", "true if all are"), "bool_and(b)", "bool"),
    Function(
        "bit_or",
        (exp.BitwiseOrAgg,),
        Said("按位或（月份位图）", "bitwise or (bitmap of months)"),
        "bit_or(i & 7)",
        "int",
    ),
    Function("coalesce", (exp.Coalesce,), Said("第一个非空值", "the first that is not null"), "max(coalesce(i, 0))"),
    Function("nullif", (exp.Nullif,), Said("相等则为空", "null where both are equal"), "max(nullif(i, 0))"),
    Function("abs", (exp.Abs,), Said("绝对值", "absolute value"), "max(abs(d))"),
    Function(
        "greatest",
        (exp.Greatest,),
        Said("较大者（忽略空值）", "the greater, nulls ignored"),
        "max(greatest(i, 3))",
    ),
    Function("least", (exp.Least,), Said("较小者（忽略空值）", "the lesser, nulls ignored"), "max(least(i, 3))"),
    Function("year", (exp.Year,), Said("年", "year of a date"), "max(year(dt))", "int"),
    Function("quarter", (exp.Quarter,), Said("季度 1–4", "quarter, 1 to 4"), "max(quarter(dt))", "int"),
    Function("month", (exp.Month,), Said("月 1–12", "month, 1 to 12"), "max(month(dt))", "int"),
    Function("day", (exp.Day, exp.DayOfMonth), Said("日 1–31", "day of the month, 1 to 31"), "max(day(dt))", "int"),
    Function(
        "last_day",
        (exp.LastDay,),
        Said("当月最后一天", "the last day of the month"),
        "max(last_day(dt))",
        "date",
    ),
    Function(
        "date_diff",
        (exp.DateDiff,),
        Said("date_diff('day', 起, 止)：天数，只能用 'day'", "date_diff('day', from, to): days, 'day' only"),
        "max(date_diff('day', dt, DATE '2026-06-30'))",
        "int",
    ),
    Function("length", (exp.Length,), Said("字符数", "number of characters"), "max(length(s))", "int"),
    Function(
        "substr",
        (exp.Substring,),
        Said("从第 n 个字符起（n ≥ 1）", "from the n-th character on, n from 1"),
        "max(substr(s, 1, 1))",
        "text",
    ),
    Function("left", (exp.Left,), Said("前 n 个字符", "the first n characters"), "max(left(s, 1))", "text"),
    Function("right", (exp.Right,), Said("后 n 个字符", "the last n characters"), "max(right(s, 1))", "text"),
    Function("||", (exp.DPipe,), Said("拼接文字，两边都是文字", "text beside text"), "max(s || 'x')", "text"),
    Function(
        "starts_with",
        (exp.StartsWith,),
        Said("以…开头", "begins with"),
        "bool_or(starts_with(s, 'a'))",
        "bool",
    ),
    Function("contains", (exp.Contains,), Said("包含", "holds"), "bool_or(contains(s, 'b'))", "bool"),
    Function(
        "bit_count",
        (exp.BitwiseCount,),
        Said("位图中 1 的个数", "ones in a bitmap"),
        "bit_count(bit_or(CAST(1 AS BIGINT) << (i & 7)))",
        "int",
    ),
    Function(
        "sqrt",
        (exp.Sqrt,),
        Said("平方根，只在最外层 value 中", "square root, only in the outermost value"),
        "",
        "decimal",
    ),
    Function("row_number", (exp.RowNumber,), Said("窗口：排序须唯一", "window; its order must be total"), "", "int"),
    Function(
        "rank",
        (exp.Rank,),
        Said("窗口：并列同名次，有空位", "window; ties share a place, gaps follow"),
        "",
        "int",
    ),
    Function(
        "dense_rank",
        (exp.DenseRank,),
        Said("窗口：并列同名次，无空位", "window; ties share a place, no gaps"),
        "",
        "int",
    ),
    Function(
        "lag",
        (exp.Lag,),
        Said("窗口：前一行；排序须唯一", "window; the row before; its order must be total"),
        "",
    ),
    Function(
        "lead",
        (exp.Lead,),
        Said("窗口：后一行；排序须唯一", "window; the row after; its order must be total"),
        "",
    ),
    Function(
        "first_value",
        (exp.FirstValue,),
        Said("窗口：首行；排序须唯一", "window; the first row; its order must be total"),
        "",
    ),
)
ALLOWED = {node: function for function in FUNCTIONS for node in function.nodes}
ALLOWED_BY_NAME = {function.name: function for function in FUNCTIONS}

# Everything else that may stand in a SELECT of the subset. What is in none of the tables is refused.
OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%", exp.Neg: "-", exp.Paren: "()",
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.And: "AND", exp.Or: "OR", exp.Not: "NOT", exp.Is: "IS NULL", exp.In: "IN (…)", exp.Between: "BETWEEN",
    exp.Like: "LIKE", exp.Case: "CASE", exp.If: "CASE", exp.Cast: "CAST", exp.TryCast: "TRY_CAST",
    exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseLeftShift: "<<",
    exp.Filter: "FILTER (WHERE …)", exp.Window: "OVER (…)", exp.Distinct: "DISTINCT",
}  # fmt: skip
STRUCTURE: tuple[type[exp.Expr], ...] = (
    exp.Select,
    exp.From,
    exp.Join,
    exp.Where,
    exp.Group,
    exp.Having,
    exp.Qualify,
    exp.Order,
    exp.Ordered,
    exp.With,
    exp.CTE,
    exp.Table,
    exp.TableAlias,
    exp.Identifier,
    exp.Column,
    exp.Alias,
    exp.Literal,
    exp.Boolean,
    exp.Null,
    exp.Placeholder,
    exp.Star,
    exp.Union,
    exp.Subquery,
    exp.WindowSpec,
    exp.DataType,
    exp.DataTypeParam,
    exp.Var,
)
CASTS = {"BIGINT": "int", "DECIMAL": "decimal", "DATE": "date", "TEXT": "text", "VARCHAR": "text"}


def render_portable_reference() -> str:
    """The page docs/reference/portable-sql.md."""
    lines = [
        "# The portable subset of SQL",
        "",
        "Generated from `puhui.indicators.allowlist`; do not edit. Indicators run on DuckDB and "
        "on engines that speak"
        " Spark's dialect, with equal results. What is not on this page is refused when a pack is loaded.",
        "",
        "## Functions",
        "",
        "| function | what it does | 说明 |",
        "|---|---|---|",
        *(f"| `{_cell(one.name)}` | {one.said.en} | {one.said.zh} |" for one in FUNCTIONS),
        "",
        "## Operators",
        "",
        ", ".join(f"`{name}`" for name in dict.fromkeys(OPERATORS.values())) + ".",
        "",
        "`CAST` goes to `BIGINT` (from an integer, a boolean or a literal), `DECIMAL(p,s)`, `DATE` and `VARCHAR`.",
        "",
        "## Not to be written",
        "",
        "| what | why | instead | code |",
        "|---|---|---|---|",
        *(f"| {one.what} | {one.why.en} | {one.instead.en} | `{one.code}` |" for one in TRAPS),
        "",
        *_RULES,
    ]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


_RULES = (
    "## Rules of form",
    "",
    "- One SELECT with exactly two outputs, `subject` and `value`, and at most one row per "
    "subject: GROUP BY subject,"
    " or `row_number() OVER (PARTITION BY subject …)` kept at 1, or joins on subject of CTEs that are such.",
    "- `/` and `sqrt` stand only in the outermost `value`, outside aggregates, and each divisor under"
    " `nullif(…, 0)`: DuckDB gives infinity where Spark fails.",
    "- A window whose function depends on the order of rows (`row_number`, `lag`, `lead`, "
    "`first_value`, a ROWS frame)"
    " orders by the key of what it reads, or by every column that it puts out, each as it is "
    "(not inside `coalesce`).",
    "- Joins are INNER or LEFT with ON or USING; no comma, CROSS, RIGHT, FULL, SEMI, ANTI, NATURAL or ASOF join.",
    "- No LIMIT, no `select *`, no ordinals in GROUP BY, no DISTINCT ON, no recursion, no "
    "sub-query inside an expression.",
    "- Names are written exactly as declared: Spark's engines compare them with their case.",
    "- Bound names: `:as_of`, `:back_Nm` (N months before), and the names under `parameters`.",
    "- `1.5` is a DECIMAL in every engine; `1e3`, DOUBLE and FLOAT are refused.",
    "- Kinds are not mixed: text beside numbers in `||`, `=`, `CASE` or `coalesce`, a date "
    "against text, arithmetic"
    " on booleans, `sum` of a boolean, date minus date (an interval in Spark: write "
    "`date_diff('day', a, b)`).",
    "- `CAST(… AS BIGINT)` of a decimal is refused: DuckDB rounds, Spark cuts off.",
    "- Two decimals of at most 18 digits each and of more than 18 together are not multiplied as they are: "
    "DuckDB stays"
    " within 64 bits and fails with Out of Range, which ends the whole run. Write "
    "`CAST(a AS DECIMAL(19,2)) * b`; a `sum` of"
    " decimals has 38 digits and needs no cast. The same holds for the conditions of row checks.",
    "- A CASE over decimals begins with the result that has the most digits before and after the point "
    "(`CASE WHEN b THEN d"
    " ELSE 0 END`, not `CASE WHEN NOT b THEN 0 ELSE d END`): Sail types it by its first result. Where "
    "none holds all, the"
    " first is written `CAST(… AS DECIMAL(p,s))`.",
    "- 32-bit parts (`year`, `month`, `day` …) times a literal above 1,000,000 are refused: they overflow silently.",
)
