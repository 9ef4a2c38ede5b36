"""Where the portable lint writes down what it finds."""

from __future__ import annotations

from sqlglot import exp

from puhui.indicators.traps import Trap
from puhui.model.refusal import Mistake, Said
from puhui.packs.sql import Reading

KIND_ZH = {
    "number": "数",
    "int": "整数",
    "decimal": "十进制数",
    "text": "文字",
    "date": "日期",
    "bool": "布尔",
}


class Notes:
    """The mistakes found in one reading, in the order of finding."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.found: list[Mistake] = []

    def say(self, node: exp.Expr, code: str, zh: str, en: str) -> None:
        self.found.append(Mistake(self.reading.file, self.reading.line_of(node), code, Said(zh, en)))

    def trap(self, node: exp.Expr, trap: Trap) -> None:
        """A construct of the table of traps, with what to write instead."""
        zh = f"不能用 {trap.what}：{trap.why.zh}。改写：{trap.instead.zh}"
        self.say(node, trap.code, zh, f"{trap.what}: {trap.why.en}. Instead: {trap.instead.en}")

    def mixed(self, node: exp.Expr, kinds: list[str]) -> None:
        """Kinds that do not stand beside each other."""
        zh, en = "、".join(KIND_ZH.get(kind, kind) for kind in kinds), " and ".join(kinds)
        self.say(
            node,
            "portable.mixed-kinds",
            f"不同种类的值混用（{zh}），各引擎转换不同；日期常量写 DATE '2026-01-31'，布尔直接写条件",
            f"{en} are mixed and engines convert differently: "
            "write DATE '2026-01-31' for a day, a condition for a boolean",
        )
