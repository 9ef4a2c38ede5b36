"""What an indicator may not write, why, and what to write instead. Each was seen to differ between engines, to fail on
one, or to give a result that is not exact."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from puhui.model.refusal import Said


@dataclass(frozen=True, slots=True)
class Trap:
    """One thing that must not be written: by node class or by name (a call that the parser has no class for)."""

    code: str
    what: str
    why: Said
    instead: Said
    nodes: tuple[type[exp.Expr], ...] = ()
    names: tuple[str, ...] = ()


TRAPS = (
    Trap(
        "portable.inexact",
        "avg, stddev, variance, corr",
        Said("浮点结果因引擎和行序而异", "a float that depends on the engine and the order of rows"),
        Said(
            "sum(x) / nullif(count(x), 0)；方差用平方和，最后一步才相除",
            "sum(x) / nullif(count(x), 0); for a variance, sums of squares and one last step",
        ),
        (
            exp.Avg,
            exp.Stddev,
            exp.StddevSamp,
            exp.StddevPop,
            exp.Variance,
            exp.VariancePop,
            exp.Corr,
            exp.CovarSamp,
            exp.CovarPop,
            exp.Skewness,
        ),
        ("kurtosis", "regr_slope", "regr_r2", "favg", "fsum", "kahan_sum", "geomean", "entropy"),
    ),
    Trap(
        "portable.percentile",
        "percentile_cont, quantile_*, median, mode",
        Said("93% 的结果不同", "93 % of results differ"),
        Said("用 row_number() 和 count(*) 按名次取值", "take the row at a rank: row_number() against count(*)"),
        (
            exp.PercentileCont,
            exp.PercentileDisc,
            exp.Quantile,
            exp.ApproxQuantile,
            exp.Median,
            exp.Mode,
            exp.ApproxDistinct,
            exp.ApproxTopK,
        ),
        (
            "quantile_cont",
            "quantile_disc",
            "mad",
            "approx_count_distinct",
            "approx_quantile",
            "reservoir_quantile",
        ),
    ),
    Trap(
        "portable.clock",
        "current_date, now(), today()",
        Said("结果随运行时刻而变，无法复算", "the result changes with the hour it runs: no replay"),
        Said("用 :as_of 或 :back_Nm", "bind :as_of or :back_Nm"),
        (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime),
        ("now", "today", "get_current_timestamp", "transaction_timestamp"),
    ),
    Trap(
        "portable.random",
        "random(), uuid()",
        Said("每次结果不同", "differs at each run"),
        Said("删去", "leave it out"),
        (exp.Rand, exp.Randn, exp.Uuid),
        ("random", "setseed", "gen_random_uuid"),
    ),
    Trap(
        "portable.arg-max",
        "arg_max, arg_min, any_value, first, last",
        Said("并列时取哪一行不确定", "which of the tied rows is taken is left open"),
        Said(
            "row_number() OVER (PARTITION BY subject ORDER BY …) 并筛选 = 1",
            "row_number() OVER (PARTITION BY subject ORDER BY …) and keep = 1",
        ),
        (exp.ArgMax, exp.ArgMin, exp.AnyValue, exp.First, exp.Last, exp.LastValue, exp.NthValue),
        ("max_by", "min_by", "arbitrary", "first", "last"),
    ),
    Trap(
        "portable.month-difference",
        "date_diff('month'), datediff",
        Said("Spark 只数满月，2% 的行不同", "Spark counts full months: 2 % of rows differ"),
        Said(
            "(year(b)*12 + month(b)) - (year(a)*12 + month(a))，不足一月再减 1",
            "(year(b)*12 + month(b)) - (year(a)*12 + month(a)), less 1 where the day is not reached",
        ),
        (exp.MonthsBetween, exp.TimestampDiff),
        ("date_sub", "datesub", "age", "months_between"),
    ),
    Trap(
        "portable.interval",
        "INTERVAL, date_add",
        Said("DuckDB 得到时间戳，Spark 得到日期", "DuckDB gives a timestamp, Spark a date"),
        Said("按月用 :back_Nm，按天用 日期 + 30", "months: :back_Nm; days: date + 30"),
        (exp.Interval, exp.DateAdd, exp.DateSub, exp.AddMonths),
        ("date_add",),
    ),
    Trap(
        "portable.integer-division",
        "//, div",
        Said("各引擎舍入不同", "engines round differently"),
        Said(
            "只在最外层 value 里用一次 /；季度用 quarter()",
            "one / in the outermost value; quarter() for quarters",
        ),
        (exp.IntDiv,),
        ("divide", "fdiv"),
    ),
    Trap(
        "portable.rounding",
        "round, floor, ceil, trunc",
        Said(
            "整数上 DuckDB 给浮点，Spark 给整数；舍入只在最后一步做一次",
            "over integers DuckDB gives a float, Spark an integer; rounding happens once, in the last step",
        ),
        Said("删去：结果按 type 的小数位舍入", "leave it out: the result is rounded to the scale of `type`"),
        (exp.Round, exp.Floor, exp.Ceil, exp.Trunc),
        ("trunc", "even", "round_even"),
    ),
    Trap(
        "portable.sign",
        "sign",
        Said("DuckDB 给整数，Spark 给浮点", "DuckDB gives an integer, Spark a float"),
        Said(
            "CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 ELSE 0 END",
            "CASE WHEN x > 0 THEN 1 WHEN x < 0 THEN -1 ELSE 0 END",
        ),
        (exp.Sign,),
    ),
    Trap(
        "portable.count-if",
        "count_if",
        Said("没有行满足时 DuckDB 给空值，Spark 给 0", "over null DuckDB gives null, Spark 0"),
        Said("count(*) FILTER (WHERE …)", "count(*) FILTER (WHERE …)"),
        (exp.CountIf,),
        ("countif",),
    ),
    Trap(
        "portable.weekday",
        "dayofweek, isodow, week, epoch",
        Said("一周从哪天起、编号从几起各不相同", "engines begin the week and count its days differently"),
        Said("从已知的一天起数 date_diff('day', …)", "count date_diff('day', …) from a known day"),
        (exp.DayOfWeek, exp.DayOfWeekIso, exp.Week, exp.WeekOfYear, exp.DayOfYear, exp.TimeToUnix),
        ("dayofweek", "isodow", "weekday", "week", "yearweek", "epoch", "dayofyear", "isoyear"),
    ),
    Trap(
        "portable.date-trunc",
        "date_trunc, strftime, extract",
        Said(
            "DuckDB 2 中日期会变成时间戳；格式串各引擎不同",
            "a date becomes a timestamp; format strings differ",
        ),
        Said("last_day(d)，或 year(d)*12 + month(d)", "last_day(d), or year(d)*12 + month(d)"),
        (exp.DateTrunc, exp.TimestampTrunc, exp.TimeToStr, exp.StrToTime, exp.StrToDate, exp.Extract),
        ("datetrunc", "strftime", "strptime", "date_part", "datepart", "make_date"),
    ),
    Trap(
        "portable.hash",
        "hash, md5, sha256",
        Said("各引擎散列不同；散列值也会泄露原值", "hashes differ by engine, and a hash gives its input away"),
        Said("删去", "leave it out"),
        (exp.MD5, exp.MD5Digest, exp.SHA, exp.SHA2),
        ("hash", "sha256", "sha1"),
    ),
    Trap(
        "portable.regexp",
        "regexp_*, SIMILAR TO, ILIKE, COLLATE",
        Said(
            "正则方言、大小写折叠和排序规则各不相同",
            "dialects of patterns, case folding and collation differ",
        ),
        Said("LIKE、starts_with、contains，或 IN (…)", "LIKE, starts_with, contains or IN (…)"),
        (
            exp.RegexpLike,
            exp.RegexpILike,
            exp.RegexpExtract,
            exp.RegexpReplace,
            exp.RegexpFullMatch,
            exp.SimilarTo,
            exp.ILike,
            exp.Collate,
            exp.Glob,
        ),
        ("regexp_matches", "regexp_full_match"),
    ),
    Trap(
        "portable.list",
        "string_agg, list, unnest, struct, lambda",
        Said(
            "元素次序不定，语法不可移植",
            "the order of elements is left open, and the syntax does not carry over",
        ),
        Said("用 GROUP BY 或窗口", "use GROUP BY or a window"),
        (
            exp.GroupConcat,
            exp.ArrayAgg,
            exp.Array,
            exp.List,
            exp.Bracket,
            exp.Struct,
            exp.Unnest,
            exp.Explode,
            exp.Lambda,
            exp.Tuple,
            exp.Map,
            exp.JSONExtract,
            exp.JSONExtractScalar,
        ),
        ("list_max", "list_value", "histogram"),
    ),
    Trap(
        "portable.file",
        "read_csv, read_parquet …",
        Said("指标只能读已声明的资源", "an indicator reads declared resources only"),
        Said("写资源名", "name the resource"),
        (exp.ReadCSV, exp.ReadParquet),
        (
            "read_csv",
            "read_csv_auto",
            "read_parquet",
            "read_json",
            "read_text",
            "read_blob",
            "glob",
            "parquet_scan",
            "delta_scan",
            "getenv",
            "query",
            "query_table",
        ),
    ),
)
TRAPPED = {node: trap for trap in TRAPS for node in trap.nodes}
TRAPPED_BY_NAME = {name: trap for trap in TRAPS for name in trap.names}
