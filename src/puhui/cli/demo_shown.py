"""What the demo prints of its questions."""

from __future__ import annotations

from typing import Any

from puhui.cli.demo_questions import Asked
from puhui.cli.output import FAULTS, language, out, print_table, say
from puhui.cli.proofs import print_uses
from puhui.cli.verify import print_report
from puhui.model.refusal import Said

SHOWN = 12  # items of an answer


def questions_as_dict(asked: Asked) -> dict[str, Any]:
    """As `puhui demo --json` prints it. No value of anybody is in it."""
    return {
        "answered": [
            {"answer": one["answer"], "index": one["index"], "items": len(one["items"])} for one in asked.answers
        ],
        "prohibited": {"refused": asked.prohibited.code, "article": asked.prohibited.article},
        "revoked": asked.revoked["refused"],
        "verified": asked.report.valid,
        "replay": asked.replayed.outcome,
        "uses": len(asked.uses),
        "seconds": asked.seconds,
    }


def show_questions(asked: Asked) -> None:
    """The answers, the refusals, the report, the replay and the trace."""
    for one in asked.answers:
        _show_answer(one)
    title = say("合同中的禁止事项，被拒绝：", "A prohibited item in a contract, refused:")
    _show_refusal(title, asked.prohibited.as_dict())
    _show_refusal(say("撤回授权后的提问，被拒绝：", "A question after the letter was revoked, refused:"), asked.revoked)
    print_report(asked.report)
    word = say("重算结果一致", "Replayed: the figures are equal")
    other = say(f"重算结果：{asked.replayed.outcome}", f"Replayed: {asked.replayed.outcome}")
    out.print(word if asked.replayed.outcome == "equal" else other)
    print_uses(asked.uses)
    out.print(say(f"提问部分 {asked.seconds} 秒", f"The questions took {asked.seconds} s"), highlight=False)


def _show_answer(one: dict[str, Any]) -> None:
    known = [[name, _text(value)] for name, value in one["items"].items() if value is not None]
    title = f"{one['answer']} · {one['as_of']} · " + say("日志位置", "place in the log") + f" {one['index']}"
    out.print(title, markup=False, highlight=False, soft_wrap=True)
    print_table("", [say("指标", "item"), say("值", "value")], known[:SHOWN])
    rest = len(one["items"]) - min(len(known), SHOWN)
    if rest:
        more = say(f"另有 {rest} 项（无记录、不提供或未列出）", f"and {rest} more (unknown, withheld or not shown)")
        out.print(more, highlight=False)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return say("是", "yes") if value else say("否", "no")
    return str(value)


def _show_refusal(title: str, told: dict[str, Any]) -> None:
    lang = language()
    message = Said(told["message"]["zh"], told["message"]["en"]).in_language(lang)
    out.print(f"{title} {told['refused']} · {message}", markup=False, highlight=False)
    fault = next(said for fault, said in FAULTS.items() if fault.value == told["fault"])
    out.print(say("  责任方：", "  Whose fault: ") + fault.in_language(lang), highlight=False)
    if told["article"]:
        out.print(say("  依据：", "  Article: ") + told["article"], markup=False, highlight=False)
