"""Why a row was set aside, in words: the check's meaning, the field's title, what to do, and the cells
meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from puhui.intake.header import bare, comparable
from puhui.model.refusal import Said
from puhui.packs.forms import Resource

_MEANINGS: dict[str, tuple[Said, Said]] = {
    "operation_unknown": (
        Said("操作列的内容无法识别", "states an operation that is not known"),
        Said("用约定的操作名称（新增、变更、删除等）", "use the agreed words for insert, update and delete"),
    ),
    "required": (Said("必填项为空", "is required and empty"), Said("补全", "fill it in")),
    "type": (
        Said("格式不正确或日期不存在", "is not of its type, or no date of the calendar"),
        Said("按字段类型改写，如日期 2025-02-11、金额 1234.50", "write it in its type's form"),
    ),
    "length": (Said("超出长度", "is too long"), Said("核对是否串列", "see whether columns slipped")),
    "code_list": (
        Said("不在代码表内", "is not in its code list"),
        Said("改为代码表中的值", "take a value of the list"),
    ),
    "damaged": (
        Said("被表格软件存为数值，末几位已丢失", "was stored as a number; its last digits are lost"),
        Said("从原系统以文本格式重新导出", "export it again as text from the source"),
    ),
    "amount_text": (
        Said("金额无法识别", "is no amount that is understood"),
        Said("写成数字和单位", "write number and unit"),
    ),
    "precision": (Said("小数位过多，已四舍五入", "was rounded"), Said("", "")),
    "check-digit": (
        Said("校验位不符", "has a wrong check digit"),
        Said("核对证照原件", "see the document itself"),
    ),
    "characters": (
        Said("含不允许的字符", "has a character that cannot stand there"),
        Said("核对", "check it"),
    ),
    "letter-for-digit": (
        Said("数字误写为字母（O/I）", "has a letter O or I for a digit"),
        Said("把字母改为数字", "write the digit"),
    ),
    "masked": (Said("已脱敏，无法识别主体", "is masked"), Said("提供完整号码", "give the whole number")),
    "birth-date": (Said("出生日期不存在", "holds no date of birth"), Said("核对证件", "see the document")),
    "ambiguous": (Said("无法判断号码种类", "could be of several kinds"), Said("核对", "check it")),
    "broken:too_many_columns": (
        Said("列数多于表头，常因未加引号的逗号（如 5,000）", "has more columns than the header"),
        Said("给含分隔符的值加双引号", "quote values that hold the delimiter"),
    ),
    "broken:too_few_columns": (
        Said("列数少于表头", "has fewer columns than the header"),
        Said("补齐各列", "add the columns"),
    ),
    "broken:quotes": (
        Said("引号不配对", "has unbalanced quotes"),
        Said("补上或去掉引号", "balance the quotes"),
    ),
    "broken:syntax": (
        Said("该行不是一个 JSON 对象", "is not one JSON object"),
        Said("改正该行", "mend the line"),
    ),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one row, and the places (from 0) of the delivered columns that it is about, where they
    are known."""

    said: Said
    todo: Said
    columns: tuple[int, ...]


def reason_of(resource: Resource, code: str, header: Sequence[str]) -> Reason:
    """The words for `field:check`, as rows set aside carry it."""
    field_name, _, check = code.partition(":")
    check = check.removeprefix("identifier-")
    meaning, todo = _MEANINGS.get(check) or _own_check(resource, check)
    field = next((one for one in resource.fields if one.name == field_name), None)
    if field is None:
        return Reason(Said(f"该行{meaning.zh}" if check.startswith("broken:") else meaning.zh, meaning.en), todo, ())
    said = Said(f"{field.title.zh}{meaning.zh}", f"{field.title.en} {meaning.en}")
    names = (field.name, field.title.zh, field.title.en, *field.aliases)
    known = {comparable(name) for name in names} | {bare(name) for name in names}
    places = tuple(n for n, name in enumerate(header) if comparable(name) in known or bare(name) in known)
    return Reason(said, todo, places)


def _own_check(resource: Resource, check: str) -> tuple[Said, Said]:
    for one in resource.checks:
        if one.id == check:
            return Said(one.title.zh, one.title.en), Said("核对后改正", "check and mend")
    return Said(f"未通过检查 {check}", f"failed check {check}"), Said("核对", "check it")
