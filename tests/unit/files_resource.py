"""A small resource, a code list and a mapping for tests of intake."""

from __future__ import annotations

from typing import Any

from puhui.packs.forms import CodeList, CodeValue, Duty, Field, Resource, RowCheck, Words

WORDS = Words(zh="甲", en="a")


def field(name: str, kind: str, zh: str, **more: Any) -> Field:
    return Field(
        name=name,
        title=Words(zh=zh, en=name.replace("_", " ")),
        type=kind,
        **{"semantic": "text", "grade": "G1", "gate": "public", "use": "score", **more},
    )


def resource(**more: Any) -> Resource:
    fields = [
        field("uscc", "str(18)", "统一社会信用代码", semantic="uscc", required=True),
        field("ent_name", "str(20)", "企业名称", semantic="name", aliases=["单位名称"]),
        field("est_date", "date", "成立日期", semantic="date"),
        field("reg_capital", "decimal(18,2)", "注册资本(万元)", semantic="amount", unit="CNY 10k"),
        field("reg_capital_currency", "code(3)", "币种", semantic="currency"),
        field("staff", "int", "从业人数", semantic="count"),
        field("status", "code(10)", "登记状态", semantic="code", code_list="reg_status"),
        field("listed", "bool", "是否上市", semantic="flag"),
    ]
    plain: dict[str, Any] = {
        "format": 1,
        "name": "registrations",
        "item_id": "SWJ-06",
        "title": Words(zh="登记信息", en="Registrations"),
        "agency": WORDS,
        "duty": Duty(zh="甲", en="a"),
        "domain": "tax",
        "about": "organisation",
        "grade": "G1",
        "credit_gate": "public",
        "use": "score",
        "share_mode": "open",
        "cycle": "monthly",
        "fields": fields,
        "keys": ["uscc"],
        "checks": [
            RowCheck(
                id="staff_positive",
                severity="warn",
                holds="staff >= 0",
                title=Words(zh="人数应非负", en="staff"),
            )
        ],
    }
    return Resource(**{**plain, **more})


CODES = CodeList(
    format=1,
    name="reg_status",
    title=WORDS,
    open=False,
    source="-",
    values=[
        CodeValue(code="存续", title=Words(zh="存续", en="Active"), also=["开业", "在业"]),
        CodeValue(code="注销", title=Words(zh="注销", en="Closed")),
    ],
)
