"""How each part of a product leaves, worked out once for a product and a snapshot: form, bands, why withheld.

A figure leaves in the form that the product asks, or in the next coarser one that its own release allows; where none is
left it is withheld by name. Facts that fade or may be disputed carry the rule with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from puhui.disclosure.derive import Study
from puhui.model.figures import Definition
from puhui.model.question import ReleaseKind
from puhui.model.subject import SubjectKind
from puhui.packs.forms_answers import IndicatorHead, Product
from puhui.packs.packset import PackSet

POLICY = "policy"  # withheld: no form is left that both the product and the policy allow
OTHER_KIND = "other-kind"  # withheld: the indicator is for another kind of subject
STALE = "facts-may-have-retired"  # withheld: the snapshot is too old for facts that fade
_COARSER: dict[str, tuple[str, ...]] = {
    "value": ("value", "band", "flag"),
    "band": ("band", "flag"),
    "flag": ("flag",),
}
_AS_VALUE = frozenset({"value", "count", "sum", "mean", "month", "rank"})


@dataclass(frozen=True, slots=True)
class OutRule:
    """One item of an answer. `limits`: ascending limits of bands; `compare`: of a yes/no check against a stated value.

    `kinds`: letters of the kinds of subject that it is for. `items`: the catalogue's items that it reads. `adverse`: it
    reads facts that retire. `exact`: each of its values stands in JSON as it is: no integer beyond 2^53 - 1, no decimal
    of more than six places (which would be written with an exponent where it is small).
    """

    name: str
    indicator: str
    form: ReleaseKind
    kinds: str
    unit: str
    definition: str
    items: frozenset[str]
    adverse: bool = False
    limits: tuple[Decimal, ...] = ()
    labels: tuple[str, ...] = ()
    compare: str = ""
    tolerance: Decimal = Decimal(0)
    exact: bool = False
    as_is: bool = field(init=False)  # a value leaves as it was read
    hindered: bool = field(init=False)  # it may have to be withheld whatever its figure says

    def __post_init__(self) -> None:
        banded = self.form is ReleaseKind.BAND
        object.__setattr__(self, "as_is", self.exact and not banded and not self.compare)
        object.__setattr__(self, "hindered", bool(self.form is ReleaseKind.WITHHELD or self.adverse or self.compare))


def rules_of(
    product: Product, packs: PackSet, studies: Mapping[str, Study], definitions: Mapping[str, Definition]
) -> tuple[OutRule, ...]:
    """A rule for every item of a product. `definitions`: of the snapshot; KeyError where it lacks an indicator."""
    if product.kind == "verify":
        return tuple(
            _rule(
                product, packs, studies, definitions[check.indicator], name=check.name,
                compare=check.compare, tolerance=check.tolerance,
            )
            for check in product.checks
        )  # fmt: skip
    return tuple(_rule(product, packs, studies, definitions[name]) for name in product.asks)


def _rule(
    product: Product,
    packs: PackSet,
    studies: Mapping[str, Study],
    definition: Definition,
    *,
    name: str = "",
    compare: str = "",
    tolerance: Decimal = Decimal(0),
) -> OutRule:
    indicator = packs.indicators[definition.name]
    study, head = studies[definition.name], indicator.head
    resources = {seen.resource.name: seen.resource for seen in study.seen}.values()
    form = ReleaseKind.FLAG if compare else _form(product, definition.name, head, study.releases)
    limits = tuple(Decimal(str(limit)) for limit in head.bands) if form is ReleaseKind.BAND else ()
    return OutRule(
        name=name or definition.name,
        indicator=definition.name,
        form=form,
        kinds="".join(SubjectKind(kind).letter for kind in head.subjects if kind in product.subjects),
        unit=head.unit,
        definition=definition.digest,
        items=frozenset(resource.item_id for resource in resources),
        adverse=any(resource.adverse is not None for resource in resources),
        limits=limits,
        labels=labels_of(limits),
        compare=compare,
        tolerance=tolerance,
        exact=_is_exact(head.type),
    )


def _is_exact(declared: str) -> bool:
    """Of an indicator's declared type."""
    if not declared.startswith("decimal"):
        return declared != "int"
    return int(declared.rpartition(",")[2].rstrip(")")) <= 6


def _form(product: Product, name: str, head: IndicatorHead, left: frozenset[str]) -> ReleaseKind:
    """The form asked, or the next coarser one that both head and column policy allow."""
    asked = product.forms.get(name, product.form)
    allowed = set(head.release) & left
    for form in _COARSER[asked]:
        if form == "value" and allowed & _AS_VALUE:
            return ReleaseKind.VALUE
        if form == "band" and "band" in allowed and head.bands:
            return ReleaseKind.BAND
        if form == "flag" and "flag" in allowed and head.type == "bool":
            return ReleaseKind.FLAG
    return ReleaseKind.WITHHELD


def labels_of(limits: Sequence[Decimal]) -> tuple[str, ...]:
    """The names of the bands between ascending limits: `<1`, `[1,3)`, `>=3`."""
    if not limits:
        return ()
    texts = [format(limit, "f") for limit in limits]
    inner = [f"[{low},{high})" for low, high in pairwise(texts)]
    return (f"<{texts[0]}", *inner, f">={texts[-1]}")
