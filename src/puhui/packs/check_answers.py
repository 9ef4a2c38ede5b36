"""Cross checks of what concerns questions: heads of indicators, products, letters, and the tests of packs.

The SQL of an indicator is not looked at here: the column policy parses and judges it when the set is activated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from puhui.model.refusal import Mistake
from puhui.packs.finding import Check, Checking, Step, both, repeated
from puhui.packs.forms_answers import Case, IndicatorHead, Letter, Product, Rows

_HOUSE_COLUMNS = {"subject", "bucket", "period", "parcel", "line", "conflict", "deleted"}
_UNKNOWN = re.compile(r"unknown\((absent|incomplete( \d+/\d+)?|conflict|source-timeout|erased)\)")


def indicators(checking: Checking) -> Iterator[Mistake]:
    """Parameters exist, ids are unique, bands ascend, `empty` is a value of the type."""
    found = checking.packs.indicators
    for index, head_id in repeated(one.head.id for one in found.values()):
        said = both(f"指标编号 {head_id} 重复", f"the indicator id {head_id} is used twice")
        yield checking.mistake("indicators", list(found)[index], ["id"], "indicator.id-twice", said)
    for name, indicator in found.items():
        head = indicator.head
        for index, parameter in enumerate(head.parameters):
            if not checking.knows("parameters", parameter):
                said = both(f"没有参数 {parameter}", f"there is no parameter {parameter}")
                path: list[Step] = ["parameters", index]
                yield checking.mistake("indicators", name, path, "indicator.parameter", said)
        if ("band" in head.release or head.bands) and not _ascending(head.bands):
            said = both("bands 应是递增的数", "bands must be ascending numbers")
            yield checking.mistake("indicators", name, ["bands"], "indicator.bands", said)
        if not _fits(head.empty, head):
            said = both(f"empty 不是 {head.type} 类型的值", f"empty is no value of the type {head.type}")
            yield checking.mistake("indicators", name, ["empty"], "indicator.empty", said)
        if not indicator.sql:
            said = both("头部之后没有 SELECT", "there is no SELECT after the head")
            yield Mistake(indicator.file, indicator.sql_line, "indicator.sql", said)


def _ascending(bands: list[Any]) -> bool:
    numbers = [band for band in bands if isinstance(band, int | Decimal) and not isinstance(band, bool)]
    return bool(bands) and len(numbers) == len(bands) and all(low < high for low, high in pairwise(numbers))


def _fits(empty: Any, head: IndicatorHead) -> bool:
    match empty:
        case None:
            return True
        case bool():
            return head.type == "bool"
        case int():
            return head.type == "int" or head.type.startswith("decimal")
        case Decimal():
            return head.type.startswith("decimal")
        case str():
            return head.type == "code"
        case _:
            return head.type == "date"


def products(checking: Checking) -> Iterator[Mistake]:
    """A product offers indicators that exist, under a letter that exists and is for its purpose."""
    for name, product in checking.packs.products.items():
        for place, indicator in product.places():
            if not checking.knows("indicators", indicator):
                said = both(f"没有指标 {indicator}", f"there is no indicator {indicator}")
                yield checking.mistake("products", name, place, "product.indicator", said)
        yield from _kind(checking, product)
        if product.letter is None:
            yield from _optional_ticks(checking, product, None)
            continue
        letter = checking.packs.letters.get(product.letter)
        yield from _optional_ticks(checking, product, letter)
        if letter is not None and letter.purpose != product.purpose:
            said = both("授权书的用途与产品不同", "the letter is for another purpose than the product")
            yield checking.mistake("products", name, ["letter"], "product.purpose", said)
        elif letter is None and not checking.knows("letters", product.letter):
            said = both(f"没有授权书 {product.letter}", f"there is no letter {product.letter}")
            yield checking.mistake("products", name, ["letter"], "product.letter", said)


def _optional_ticks(checking: Checking, product: Product, letter: Letter | None) -> Iterator[Mistake]:
    """What may be left out are ticks of the product's own letter. A letter that was not read is reported elsewhere."""
    if product.letter is not None and letter is None:
        return
    known = {tick.id for tick in letter.ticks} if letter is not None else set()
    for index, name in enumerate(product.optional_ticks):
        if name not in known or name in product.optional_ticks[:index]:
            said = both(f"授权书没有勾选项 {name}，或重复", f"the letter has no tick {name}, or it is named twice")
            yield checking.mistake("products", product.name, ["optional_ticks", index], "product.optional-tick", said)


def _kind(checking: Checking, product: Product) -> Iterator[Mistake]:
    """A product says what its kind is made of, and a form only of what it asks."""
    needed = {"verify": "checks", "report": "sections"}.get(product.kind, "indicators")
    if not getattr(product, needed):
        said = both(f"{product.kind} 类产品须有 {needed}", f"a product of the kind {product.kind} needs {needed}")
        yield checking.mistake("products", product.name, ["kind"], "product.kind", said)
    for other in sorted({"checks", "sections"} - {needed}):
        if getattr(product, other):
            said = both(f"{product.kind} 类产品没有 {other}", f"a product of the kind {product.kind} has no {other}")
            yield checking.mistake("products", product.name, [other], "product.kind", said)
    for name in sorted(set(product.forms) - set(product.asks)):
        said = both(f"产品不含指标 {name}", f"the product does not ask for {name}")
        yield checking.mistake("products", product.name, ["forms", name], "product.form", said)


def letters(checking: Checking) -> Iterator[Mistake]:
    """The items of a tick are items of the catalogue."""
    known = {resource.item_id for resource in checking.packs.resources.values()}
    broken_resources = any(section == "resources" for section, _ in checking.broken)
    for name, letter in checking.packs.letters.items():
        for index, tick in repeated(tick.id for tick in letter.ticks):
            said = both(f"勾选项 {tick} 重复", f"the tick {tick} is repeated")
            yield checking.mistake("letters", name, ["ticks", index, "id"], "letter.tick-twice", said)
        if checking.packs.purposes and not checking.knows("purposes", letter.purpose):
            said = both(f"用途 {letter.purpose} 没有上限表", f"no purposes/{letter.purpose}.yaml limits such letters")
            yield checking.mistake("letters", name, ["purpose"], "letter.no-limits", said)
        for number, one in enumerate(letter.ticks):
            if one.gate == "prohibited":
                said = both("禁止的事项不能勾选", "what is prohibited cannot be ticked")
                yield checking.mistake("letters", name, ["ticks", number, "gate"], "letter.prohibited", said)
            for place, item in enumerate(one.items):
                if item not in known and not broken_resources:
                    said = both(f"目录中没有 {item}", f"{item} is not in the catalogue")
                    path: list[Step] = ["ticks", number, "items", place]
                    yield checking.mistake("letters", name, path, "letter.item", said)


def tests(checking: Checking) -> Iterator[Mistake]:
    """Cases use indicators, tables and columns that exist, and figures that can be."""
    for name, test in checking.packs.tests.items():
        for index, case in enumerate(test.cases):
            for path, code, said in _case(checking, case):
                yield checking.mistake("tests", name, ["cases", index, *path], code, said)


def _case(checking: Checking, case: Case) -> Iterator[tuple[list[Step], str, Any]]:
    if not checking.knows("indicators", case.indicator):
        said = both(f"没有指标 {case.indicator}", f"there is no indicator {case.indicator}")
        yield ["indicator"], "test.indicator", said
    yield from _tables(checking, case.rows, ["rows"])
    for number, rows in enumerate(case.then):
        yield from _tables(checking, rows, ["then", number])
    for subject, figure in case.figures.items():
        if isinstance(figure, str) and figure.startswith("unknown") and not _UNKNOWN.fullmatch(figure):
            said = both("unknown 后应写已知的原因", "unknown must carry one of the known reasons")
            yield ["figures", subject], "test.figure", said


def _tables(checking: Checking, rows: Rows, at: list[Step]) -> Iterator[tuple[list[Step], str, Any]]:
    for table, listed in rows.items():
        if not checking.knows("resources", table) and not checking.knows("relations", table):
            said = both(f"没有资源或关系 {table}", f"there is no resource or relation {table}")
            yield [*at, table], "test.table", said
            continue
        known = _columns(checking, table)
        for number, row in enumerate(listed):
            for column in sorted(set(row) - known) if known else ():
                said = both(f"{table} 没有列 {column}", f"{table} has no column {column}")
                yield [*at, table, number, column], "test.column", said


def _columns(checking: Checking, table: str) -> set[str]:
    """Columns that a row of a test may fill; empty for a document that was not read."""
    resource = checking.packs.resources.get(table)
    if resource is not None:
        return {field.name for field in resource.lake_fields} | _HOUSE_COLUMNS
    relation = checking.packs.relations.get(table)
    return {"other", *relation.columns} | _HOUSE_COLUMNS if relation is not None else set()


CHECKS: tuple[Check, ...] = (indicators, products, letters, tests)
