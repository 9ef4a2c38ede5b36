"""The column policy: what it cannot derive is refused when the pack is loaded, by column, clause and article.

`check_policy(packs)` is called with the portable lint before a set of packs is used; a refused set loads nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from puhui.disclosure.derive import Seen, Study, aggregate_gate, study_of
from puhui.disclosure.gates import ART_14_1, ART_14_2, CREDIT, NOT_FOR_CREDIT, PIPL_6, PIPL_28, article_of
from puhui.disclosure.products import check_products
from puhui.disclosure.releases import goes_out, identifies
from puhui.model.refusal import Mistake, Said
from puhui.packs.packset import Indicator, PackSet
from puhui.packs.sql import Clause, Reading, readings_of
from puhui.packs.sql_touches import How

_CLAUSE_ZH = {
    Clause.PROJECTION: "输出",
    Clause.FROM: "FROM",
    Clause.FILTER: "筛选",
    Clause.JOIN: "连接",
    Clause.GROUP: "分组",
    Clause.ORDER: "排序",
    Clause.WINDOW: "窗口",
    Clause.HAVING: "HAVING",
}
_COUNTED = (How.COUNT, How.FLAG, How.SELECTS)


def check_policy(packs: PackSet, readings: Mapping[str, Reading] | None = None) -> list[Mistake]:
    """Every refusal of the policy in a set of packs: indicators first, then products.

    `readings` by indicator, if they were read already.
    """
    readings = readings_of(packs) if readings is None else readings
    found: list[Mistake] = []
    studies: dict[str, Study] = {}
    for name, indicator in packs.indicators.items():
        studies[name] = study_of(readings[name], packs)
        found += check_indicator(indicator, studies[name], packs)
    found += check_products(packs, studies)
    return list(dict.fromkeys(found))


def check_indicator(indicator: Indicator, study: Study, packs: PackSet) -> list[Mistake]:
    """The refusals of one indicator."""
    found = [*study.reading.unreadable, *study.reading.unresolved, *study.ties.mistakes]
    found += _prohibited(indicator, study)
    found += _not_for_credit(indicator, study)
    found += _let_out(study)
    found += _not_counted(study, packs)
    found += _releases(indicator, study, packs)
    return list(dict.fromkeys(found))


def _prohibited(indicator: Indicator, study: Study) -> Iterator[Mistake]:
    """Columns whose gate is closed for a purpose and a kind that the head declares, wherever they stand."""
    head = indicator.head
    for seen in study.seen:
        closed = {p: [k for k in head.subjects if seen.gate(p, k) == "prohibited"] for p in head.purposes}
        closed = {purpose: kinds for purpose, kinds in closed.items() if kinds}
        if closed:
            who = "; ".join(f"{purpose}: {', '.join(kinds)}" for purpose, kinds in closed.items())
            yield _mistake(
                study,
                seen,
                "policy.prohibited",
                f"不得用于 {who}，仅用作条件也不行",
                f"is prohibited for {who}, in a condition too",
                article_of("prohibited", next(iter(closed))),
            )


def _not_for_credit(indicator: Indicator, study: Study) -> Iterator[Mistake]:
    purposes = [purpose for purpose in indicator.head.purposes if purpose in CREDIT]
    for seen in study.seen if purposes else ():
        if seen.use in NOT_FOR_CREDIT:
            yield _mistake(
                study,
                seen,
                "policy.use",
                f"的用途是 {seen.use}，不得用于 {', '.join(purposes)}",
                f"is for use {seen.use}, not for {', '.join(purposes)}",
                ART_14_1 if seen.use == "blocked" else PIPL_6,
            )


def _let_out(study: Study) -> Iterator[Mistake]:
    """Identifiers, names, contacts and tokens in the value: as they are, by max(), by concatenation, by an order."""
    for seen in study.seen:
        identifying = identifies(seen.field) if seen.field is not None else seen.touch.end
        if seen.out and identifying and goes_out(seen.touch.how):
            yield _mistake(
                study,
                seen,
                "policy.identifier-let-out",
                "是标识、名称或联系方式，不得作为指标值给出（max()、拼接也不行）",
                "names a subject and cannot be let out, not by max() or concatenation either; count it or leave it out",
                PIPL_6,
            )


def _not_counted(study: Study, packs: PackSet) -> Iterator[Mistake]:
    """Of other subjects nothing but counts and yes/no enters a figure."""
    for seen in study.seen:
        if not (seen.far and seen.out) or seen.touch.how in _COUNTED:
            continue
        relation = packs.relations.get(seen.touch.table)
        gate = aggregate_gate(relation, seen.resource)
        allowed = ", ".join(gate.forms) if gate is not None else "count"
        yield _mistake(
            study,
            seen,
            "policy.not-a-count",
            f"是其他主体的数据，只能计数（{allowed}）；求和、均值等须过门槛规则：k = 10，NK(2, 90%)，p = 10%",
            f"is about other subjects: only {allowed} may be made of it; sums and means fall under "
            f"the threshold "
            "and dominance rules (k = 10, NK(2, 90 %), p 10 %)",
            PIPL_6,
        )


def _releases(indicator: Indicator, study: Study, packs: PackSet) -> Iterator[Mistake]:
    """Forms that the head promises and a column it touches does not leave."""
    told = {(m.column, m.clause) for m in (*_let_out(study), *_not_counted(study, packs))}
    for seen in study.seen:
        missing = [form for form in indicator.head.release if form not in seen.leaves]
        if missing and (seen.column, _clause(seen)) not in told:
            allowed = ", ".join(sorted(seen.released)) or "none"
            what = "、".join(missing)
            yield _mistake(
                study,
                seen,
                "policy.release",
                f"可发布形式为 {allowed}（此处用法：{seen.touch.how}），指标却要给出 {what}",
                f"leaves in the forms: {allowed} (here touched as {seen.touch.how}), "
                f"but the head releases {', '.join(missing)}",
                _article_of_release(seen),
            )


def _article_of_release(seen: Seen) -> str:
    if seen.field is not None and (seen.field.pi == "S" or seen.grade == "G4"):
        return PIPL_28
    return ART_14_2 if seen.gate("lending", "person") == "written_consent" else PIPL_6


def _clause(seen: Seen) -> str:
    scope = seen.touch.scope
    return f"{seen.touch.clause} of {scope}" if scope else str(seen.touch.clause)


def _mistake(study: Study, seen: Seen, code: str, zh: str, en: str, article: str) -> Mistake:
    scope = f"（{seen.touch.scope} 中）" if seen.touch.scope else ""
    where = f"{_CLAUSE_ZH[seen.touch.clause]}{scope}"
    said = Said(f"{seen.column}（{where}）{zh}", f"{seen.column} ({_clause(seen)}) {en}")
    file = study.reading.file
    return Mistake(file, seen.touch.line, code, said, article, seen.column, _clause(seen))
