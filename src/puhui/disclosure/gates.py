"""Gates, grades and the articles behind them: who must have agreed before a column may be used, and why.

Gates run from open to closed: public < enterprise_auth < consent < separate_consent < written_consent < prohibited. A
sole trader counts as a person. The gate of a resource binds lending and guarantee.
"""

from __future__ import annotations

from collections.abc import Iterable

from puhui.packs import forms
from puhui.packs.forms import GATES, Gate
from puhui.packs.sql_tables import field_of

CREDIT = ("lending", "guarantee")
PERSONS = ("person", "sole_trader")
ORGANISATIONS = ("enterprise", "public_institution", "social_organisation")
KINDS_ABOUT = {"person": ("person",), "organisation": (*ORGANISATIONS, "sole_trader")}
NOT_FOR_CREDIT = ("blocked", "policy_only", "service_only")

ART_14_1 = "征信业管理条例第十四条第一款 (Credit Reporting Regulation art. 14 par. 1)"
ART_14_2 = "征信业管理条例第十四条第二款 (Credit Reporting Regulation art. 14 par. 2)"
ART_18 = "征信业管理条例第十八条 (Credit Reporting Regulation art. 18)"
PIPL_6 = "个人信息保护法第六条 (PIPL art. 6)"
PIPL_23 = "个人信息保护法第十三、二十三条 (PIPL art. 13, 23)"
PIPL_28 = "个人信息保护法第二十八、二十九条 (PIPL art. 28, 29)"
AUTHORISATION = "数据安全法第三十八条 (Data Security Law art. 38)"

_ARTICLES: dict[Gate, str] = {
    "prohibited": ART_14_1,
    "written_consent": ART_14_2,
    "separate_consent": PIPL_28,
    "consent": PIPL_23,
    "enterprise_auth": AUTHORISATION,
    "public": "",
}
_RANK = {gate: rank for rank, gate in enumerate(GATES)}


def strictest(gates: Iterable[Gate]) -> Gate:
    """The most closed of some gates; `public` of none."""
    return max(gates, key=_RANK.__getitem__, default="public")


def opens(tick: Gate, gate: Gate) -> bool:
    """Whether a tick of one gate is enough for another. Nothing opens `prohibited`."""
    return gate != "prohibited" and _RANK[tick] >= _RANK[gate]


def article_of(gate: Gate, purpose: str) -> str:
    """The article that asks for a gate. What is prohibited outside credit is so by the law on sensitive data."""
    if gate == "prohibited" and purpose not in CREDIT:
        return PIPL_28
    return _ARTICLES[gate]


def gate_of_field(field: forms.Field, purpose: str, kind: str) -> Gate:
    """The gate of a field by purpose class and kind of subject."""
    gate = field.gate_for(purpose, kind)
    return strictest((gate, field.gate_for(purpose, "person"))) if kind == "sole_trader" else gate


def gate_of_rows(resource: forms.Resource, purpose: str, kind: str) -> Gate:
    """The gate of a resource's rows themselves (that one is there, how many).

    It is the gate of the key fields that the lake holds; for lending and guarantee also the item's own gate. A gate
    that asks for a person's consent asks an organisation for its authorisation.
    """
    keys = [field for name in resource.keys if (field := field_of(resource, name)) and field.keep == "lake"]
    gates = [gate_of_field(field, purpose, kind) for field in keys]
    if not gates:
        gates = [min((gate_of_field(f, purpose, kind) for f in resource.fields), key=_RANK.__getitem__)]
    if purpose in CREDIT:
        gates.append(_for_kind(resource.credit_gate, kind))
    return strictest(gates)


def _for_kind(gate: Gate, kind: str) -> Gate:
    personal = gate in ("consent", "separate_consent", "written_consent")
    return "enterprise_auth" if personal and kind in ORGANISATIONS else gate
