"""The portable subset as a table: what an indicator may call, what it may not, and what to write instead.

Every entry of FUNCTIONS gives equal results in DuckDB and in Spark's dialect (the tests run each on both); every
entry of TRAPS was seen to give differing results, an error on one side, or a result that is not exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from puhui.model.refusal import Said


@dataclass(frozen=True, slots=True)
class Function:
    """One allowed function. `example` is an expression over the columns of the tests' table t."""

    name: str
    nodes: tuple[type[exp.Expr], ...]
    said: Said
    example: str
    gives: str = ""  # int decimal text date bool, or "" for the kind of its arguments


@dataclass(frozen=True, slots=True)
class Trap:
    """One thing that must not be written: by node class or by name (a call that the parser has no class for)."""

    code: str
    what: str
    why: Said
    instead: Said
    nodes: tuple[type[exp.Expr], ...] = ()
    names: tuple[str, ...] = ()


FUNCTIONS = (
    Function("count", (exp.Count,), Said("计数；可加 DISTINCT（一列）", "count; DISTINCT takes one column"), "count(DISTINCT s)", "int"),
    Function("sum", (exp.Sum,), Said("整数或十进制数之和", "sum of integers or decimals"), "sum(d)"),
    Function("min", (exp.Min,), Said("最小值", "least value"), "min(dt)"),
    Function("max", (exp.Max,), Said("最大值", "greatest value"), "max(d)"),
    Function("bool_or", (exp.LogicalOr,), Said("任一为真", "true if any is"), "bool_or(b)", "bool"),
    Function("bool_and", (exp.LogicalAnd,), Said("全部为真", "true if all are"), "bool_and(b)", "bool"),
    Function("bit_or", (exp.BitwiseOrAgg,), Said("按位或（月份位图）", "bitwise or (bitmap of months)"), "bit_or(i & 7)", "int"),
    Function("coalesce", (exp.Coalesce,), Said("第一个非空值", "the first that is not null"), "max(coalesce(i, 0))"),
    Function("nullif", (exp.Nullif,), Said("相等则为空", "null where both are equal"), "max(nullif(i, 0))"),
    Function("abs", (exp.Abs,), Said("绝对值", "absolute value"), "max(abs(d))"),
    Function("greatest", (exp.Greatest,), Said("较大者（忽略空值）", "the greater, nulls ignored"), "max(greatest(i, 3))"),
    Function("least", (exp.Least,), Said("较小者（忽略空值）", "the lesser, nulls ignored"), "max(least(i, 3))"),
    Function("year", (exp.Year,), Said("年", "year of a date"), "max(year(dt))", "int"),
    Function("quarter", (exp.Quarter,), Said("季度 1–4", "quarter, 1 to 4"), "max(quarter(dt))", "int"),
    Function("month", (exp.Month,), Said("月 1–12", "month, 1 to 12"), "max(month(dt))", "int"),
    Function("day", (exp.Day, exp.DayOfMonth), Said("日 1–31", "day of the month, 1 to 31"), "max(day(dt))", "int"),
    Function("last_day", (exp.LastDay,), Said("当月最后一天", "the last day of the month"), "max(last_day(dt))", "date"),
    Function("date_diff", (exp.DateDiff,), Said("date_diff('day', 起, 止)：天数，只能用 'day'", "date_diff('day', from, to): days, 'day' only"), "max(date_diff('day', dt, DATE '2026-06-30'))", "int"),
    Function("length", (exp.Length,), Said("字符数", "number of characters"), "max(length(s))", "int"),
    Function("substr", (exp.Substring,), Said("从第 n 个字符起（n ≥ 1）", "from the n-th character on, n from 1"), "max(substr(s, 1, 1))", "text"),
    Function("left", (exp.Left,), Said("前 n 个字符", "the first n characters"), "max(left(s, 1))", "text"),
    Function("right", (exp.Right,), Said("后 n 个字符", "the last n characters"), "max(right(s, 1))", "text"),
    Function("||", (exp.DPipe,), Said("拼接文字，两边都是文字", "text beside text"), "max(s || 'x')", "text"),
    Function("starts_with", (exp.StartsWith,), Said("以…开头", "begins with"), "bool_or(starts_with(s, 'a'))", "bool"),
    Function("contains", (exp.Contains,), Said("包含", "holds"), "bool_or(contains(s, 'b'))", "bool"),
    Function("bit_count", (exp.BitwiseCount,), Said("位图中 1 的个数", "ones in a bitmap"), "bit_count(bit_or(CAST(1 AS BIGINT) << (i & 7)))", "int"),
    Function("sqrt", (exp.Sqrt,), Said("平方根，只在最外层 value 中", "square root, only in the outermost value"), "", "decimal"),
    Function("row_number", (exp.RowNumber,), Said("窗口：排序须唯一", "window; its order must be total"), "", "int"),
    Function("rank", (exp.Rank,), Said("窗口：并列同名次，有空位", "window; ties share a place, gaps follow"), "", "int"),
    Function("dense_rank", (exp.DenseRank,), Said("窗口：并列同名次，无空位", "window; ties share a place, no gaps"), "", "int"),
    Function("lag", (exp.Lag,), Said("窗口：前一行；排序须唯一", "window; the row before; its order must be total"), ""),
    Function("lead", (exp.Lead,), Said("窗口：后一行；排序须唯一", "window; the row after; its order must be total"), ""),
    Function("first_value", (exp.FirstValue,), Said("窗口：首行；排序须唯一", "window; the first row; its order must be total"), ""),
)  # fmt: skip

TRAPS = (
    Trap("portable.inexact", "avg, stddev, variance, corr", Said("浮点结果因引擎和行序而异", "a float that depends on the engine and the order of rows"), Said("sum(x) / nullif(count(x), 0)；方差用平方和，最后一步才相除", "sum(x) / nullif(count(x), 0); for a variance, sums of squares and one last step"), (exp.Avg, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Variance, exp.VariancePop, exp.Corr, exp.CovarSamp, exp.CovarPop, exp.Skewness), ("kurtosis", "regr_slope", "regr_r2", "favg", "fsum", "kahan_sum", "geomean", "entropy")),
    Trap("portable.percentile", "percentile_cont, quantile_*, median, mode", Said("93% 的结果不同", "93 % of results differ"), Said("用 row_number() 和 count(*) 按名次取值", "take the row at a rank: row_number() against count(*)"), (exp.PercentileCont, exp.PercentileDisc, exp.Quantile, exp.ApproxQuantile, exp.Median, exp.Mode, exp.ApproxDistinct, exp.ApproxTopK), ("quantile_cont", "quantile_disc", "mad", "approx_count_distinct", "approx_quantile", "reservoir_quantile")),
    Trap("portable.clock", "current_date, now(), today()", Said("结果随运行时刻而变，无法复算", "the result changes with the hour it runs: no replay"), Said("用 :as_of 或 :back_Nm", "bind :as_of or :back_Nm"), (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime), ("now", "today", "get_current_timestamp", "transaction_timestamp")),
    Trap("portable.random", "random(), uuid()", Said("每次结果不同", "differs at each run"), Said("删去", "leave it out"), (exp.Rand, exp.Randn, exp.Uuid), ("random", "setseed", "gen_random_uuid")),
    Trap("portable.arg-max", "arg_max, arg_min, any_value, first, last", Said("并列时取哪一行不确定", "which of the tied rows is taken is left open"), Said("row_number() OVER (PARTITION BY subject ORDER BY …) 并筛选 = 1", "row_number() OVER (PARTITION BY subject ORDER BY …) and keep = 1"), (exp.ArgMax, exp.ArgMin, exp.AnyValue, exp.First, exp.Last, exp.LastValue, exp.NthValue), ("max_by", "min_by", "arbitrary", "first", "last")),
    Trap("portable.month-difference", "date_diff('month'), datediff", Said("Spark 只数满月，2% 的行不同", "Spark counts full months: 2 % of rows differ"), Said("(year(b)*12 + month(b)) - (year(a)*12 + month(a))，不足一月再减 1", "(year(b)*12 + month(b)) - (year(a)*12 + month(a)), less 1 where the day is not reached"), (exp.MonthsBetween, exp.TimestampDiff), ("date_sub", "datesub", "age", "months_between")),
    Trap("portable.interval", "INTERVAL, date_add", Said("DuckDB 得到时间戳，Spark 得到日期", "DuckDB gives a timestamp, Spark a date"), Said("按月用 :back_Nm，按天用 日期 + 30", "months: :back_Nm; days: date + 30"), (exp.Interval, exp.DateAdd, exp.DateSub, exp.AddMonths), ("date_add",)),
    Trap("portable.integer-division", "//, div", Said("各引擎舍入不同", "engines round differently"), Said("只在最外层 value 里用一次 /；季度用 quarter()", "one / in the outermost value; quarter() for quarters"), (exp.IntDiv,), ("divide", "fdiv")),
    Trap("portable.rounding", "round, floor, ceil, trunc", Said("整数上 DuckDB 给浮点，Spark 给整数；舍入只在最后一步做一次", "over integers DuckDB gives a float, Spark an integer; rounding happens once, in the last step"), Said("删去：结果按 type 的小数位舍入", "leave it out: the result is rounded to the scale of `type`"), (exp.Round, exp.Floor, exp.Ceil, exp.Trunc), ("trunc", "even", "round_even")),
    Trap("portable.sign", "sign", Said("DuckDB 给整数，Spark 给浮点", "DuckDB gives an integer, Spark a float"), Said("CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 ELSE 0 END", "CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 ELSE 0 END"), (exp.Sign,)),
    Trap("portable.count-if", "count_if", Said("没有行满足时 DuckDB 给空值，Spark 给 0", "over null DuckDB gives null, Spark 0"), Said("count(*) FILTER (WHERE …)", "count(*) FILTER (WHERE …)"), (exp.CountIf,), ("countif",)),
    Trap("portable.weekday", "dayofweek, isodow, week, epoch", Said("一周从哪天起、编号从几起各不相同", "engines begin the week and count its days differently"), Said("从已知的一天起数 date_diff('day', …)", "count date_diff('day', …) from a known day"), (exp.DayOfWeek, exp.DayOfWeekIso, exp.Week, exp.WeekOfYear, exp.DayOfYear, exp.TimeToUnix), ("dayofweek", "isodow", "weekday", "week", "yearweek", "epoch", "dayofyear", "isoyear")),
    Trap("portable.date-trunc", "date_trunc, strftime, extract", Said("DuckDB 2 中日期会变成时间戳；格式串各引擎不同", "a date becomes a timestamp; format strings differ"), Said("last_day(d)，或 year(d)*12 + month(d)", "last_day(d), or year(d)*12 + month(d)"), (exp.DateTrunc, exp.TimestampTrunc, exp.TimeToStr, exp.StrToTime, exp.StrToDate, exp.Extract), ("datetrunc", "strftime", "strptime", "date_part", "datepart", "make_date")),
    Trap("portable.hash", "hash, md5, sha256", Said("各引擎散列不同；散列值也会泄露原值", "hashes differ by engine, and a hash gives its input away"), Said("删去", "leave it out"), (exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA2), ("hash", "sha256", "sha1")),
    Trap("portable.regexp", "regexp_*, SIMILAR TO, ILIKE, COLLATE", Said("正则方言、大小写折叠和排序规则各不相同", "dialects of patterns, case folding and collation differ"), Said("LIKE、starts_with、contains，或 IN (…)", "LIKE, starts_with, contains or IN (…)"), (exp.RegexpLike, exp.RegexpILike, exp.RegexpExtract, exp.RegexpReplace, exp.RegexpFullMatch, exp.SimilarTo, exp.ILike, exp.Collate, exp.Glob), ("regexp_matches", "regexp_full_match")),
    Trap("portable.list", "string_agg, list, unnest, struct, lambda", Said("元素次序不定，语法不可移植", "the order of elements is left open, and the syntax does not carry over"), Said("用 GROUP BY 或窗口", "use GROUP BY or a window"), (exp.GroupConcat, exp.ArrayAgg, exp.Array, exp.List, exp.Bracket, exp.Struct, exp.Unnest, exp.Explode, exp.Lambda, exp.Tuple, exp.Map, exp.JSONExtract, exp.JSONExtractScalar), ("list_max", "list_value", "histogram")),
    Trap("portable.file", "read_csv, read_parquet …", Said("指标只能读已声明的资源", "an indicator reads declared resources only"), Said("写资源名", "name the resource"), (exp.ReadCSV, exp.ReadParquet), ("read_csv", "read_csv_auto", "read_parquet", "read_json", "read_text", "read_blob", "glob", "parquet_scan", "delta_scan", "getenv", "query", "query_table")),
)  # fmt: skip

ALLOWED = {node: function for function in FUNCTIONS for node in function.nodes}
ALLOWED_BY_NAME = {function.name: function for function in FUNCTIONS}
TRAPPED = {node: trap for trap in TRAPS for node in trap.nodes}
TRAPPED_BY_NAME = {name: trap for trap in TRAPS for name in trap.names}

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
    exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Qualify, exp.Order, exp.Ordered, exp.With,
    exp.CTE, exp.Table, exp.TableAlias, exp.Identifier, exp.Column, exp.Alias, exp.Literal, exp.Boolean, exp.Null,
    exp.Placeholder, exp.Star, exp.Union, exp.Subquery, exp.WindowSpec, exp.DataType, exp.DataTypeParam, exp.Var,
)  # fmt: skip
CASTS = {"BIGINT": "int", "DECIMAL": "decimal", "DATE": "date", "TEXT": "text", "VARCHAR": "text"}


def render_portable_reference() -> str:
    """The page docs/reference/portable-sql.md."""
    lines = [
        "# The portable subset of SQL",
        "",
        "Generated from `puhui.indicators.allowlist`; do not edit. Indicators run on DuckDB and on engines that speak"
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
    "- One SELECT with exactly two outputs, `subject` and `value`, and at most one row per subject: GROUP BY subject,"
    " or `row_number() OVER (PARTITION BY subject …)` kept at 1, or joins on subject of CTEs that are such.",
    "- `/` and `sqrt` stand only in the outermost `value`, outside aggregates, and each divisor under"
    " `nullif(…, 0)`: DuckDB gives infinity where Spark fails.",
    "- A window whose function depends on the order of rows (`row_number`, `lag`, `lead`, `first_value`, a ROWS frame)"
    " orders by the key of what it reads, or by every column that it puts out, each as it is (not inside `coalesce`).",
    "- Joins are INNER or LEFT with ON or USING; no comma, CROSS, RIGHT, FULL, SEMI, ANTI, NATURAL or ASOF join.",
    "- No LIMIT, no `select *`, no ordinals in GROUP BY, no DISTINCT ON, no recursion, no sub-query inside an expression.",
    "- Names are written exactly as declared: Spark's engines compare them with their case.",
    "- Bound names: `:as_of`, `:back_Nm` (N months before), and the names under `parameters`.",
    "- `1.5` is a DECIMAL in every engine; `1e3`, DOUBLE and FLOAT are refused.",
    "- Kinds are not mixed: text beside numbers in `||`, `=`, `CASE` or `coalesce`, a date against text, arithmetic"
    " on booleans, `sum` of a boolean, date minus date (an interval in Spark: write `date_diff('day', a, b)`).",
    "- `CAST(… AS BIGINT)` of a decimal is refused: DuckDB rounds, Spark cuts off.",
    "- 32-bit parts (`year`, `month`, `day` …) times a literal above 1,000,000 are refused: they overflow silently.",
)
