"""`puhui policy explain`: every column that an indicator touches, where, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from puhui.disclosure.derive import Seen, Study, study_of
from puhui.disclosure.gates import article_of
from puhui.disclosure.policy import check_indicator
from puhui.disclosure.releases import ALL
from puhui.model.refusal import Mistake
from puhui.packs.packset import Indicator, PackSet
from puhui.packs.sql import read
from puhui.packs.sql_tables import tables_of


@dataclass(frozen=True, slots=True)
class Place:
    """One place where a column stands: clause, CTE or sub-query ("" the outermost SELECT), line, how it is touched."""

    clause: str
    scope: str
    line: int
    how: str


@dataclass(frozen=True, slots=True)
class ColumnExplained:
    """One column (`*`: the rows) with its places, its marks and what it leaves of the figure."""

    column: str
    item_id: str
    grade: str
    use: str
    far: bool
    release: tuple[str, ...]
    leaves: tuple[str, ...]
    gates: dict[str, str]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the policy derives for an indicator: per purpose class and kind of subject, and per column."""

    indicator: str
    id: str
    grade: str
    releases: tuple[str, ...]
    gates: dict[str, str]
    articles: dict[str, str]
    columns: tuple[ColumnExplained, ...]
    refused: tuple[Mistake, ...]

    def as_dict(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "indicator": self.indicator,
            "id": self.id,
            "grade": self.grade,
            "releases": list(self.releases),
            "gates": self.gates,
            "articles": self.articles,
            "columns": [_column_dict(column) for column in self.columns],
            "refused": [_mistake_dict(mistake) for mistake in self.refused],
        }


def explain(packs: PackSet, indicator: str) -> Explanation:
    """What follows for an indicator of that name or id. Raises UnknownName."""
    one = packs.indicator(indicator)
    reading = read(one.sql, tables_of(packs), file=one.file, first_line=one.sql_line)
    study = study_of(reading, packs)
    pairs = [(purpose, kind) for purpose in one.head.purposes for kind in one.head.subjects]
    gates = {f"{purpose}.{kind}": study.gate(purpose, kind) for purpose, kind in pairs}
    articles = {gate: article_of(gate, one.head.purposes[0]) for gate in dict.fromkeys(gates.values())}
    return Explanation(
        one.name,
        one.head.id,
        study.grade,
        tuple(sorted(study.releases)),
        {pair: str(gate) for pair, gate in gates.items()},
        {str(gate): article for gate, article in articles.items()},
        tuple(_columns(study, one)),
        tuple(check_indicator(one, study, packs)),
    )


def _columns(study: Study, indicator: Indicator) -> list[ColumnExplained]:
    by_column: dict[tuple[str, bool], list[Seen]] = {}
    for seen in study.seen:
        by_column.setdefault((seen.column, seen.far), []).append(seen)
    return [_column(column, far, touched, indicator) for (column, far), touched in by_column.items()]


def _column(column: str, far: bool, touched: list[Seen], indicator: Indicator) -> ColumnExplained:
    first, head = touched[0], indicator.head
    leaves = ALL
    for seen in touched:
        leaves &= seen.leaves
    places = dict.fromkeys(Place(str(s.touch.clause), s.touch.scope, s.touch.line, str(s.touch.how)) for s in touched)
    gates = {f"{p}.{k}": str(first.gate(p, k)) for p in head.purposes for k in head.subjects}
    return ColumnExplained(
        column,
        first.resource.item_id,
        first.grade,
        first.use,
        far,
        tuple(sorted(first.released)),
        tuple(sorted(leaves)),
        gates,
        tuple(places),
    )


def _column_dict(column: ColumnExplained) -> dict[str, object]:
    return {
        "column": column.column,
        "item_id": column.item_id,
        "grade": column.grade,
        "use": column.use,
        "about_another_subject": column.far,
        "release": list(column.release),
        "leaves": list(column.leaves),
        "gates": column.gates,
        "places": [
            {"clause": place.clause, "scope": place.scope, "line": place.line, "how": place.how}
            for place in column.places
        ],
    }


def _mistake_dict(mistake: Mistake) -> dict[str, object]:
    return {
        "file": mistake.file,
        "line": mistake.line,
        "code": mistake.code,
        "message": {"zh": mistake.said.zh, "en": mistake.said.en},
        "article": mistake.article,
        "column": mistake.column,
        "clause": mistake.clause,
    }
