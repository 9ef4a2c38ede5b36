"""Why a document is not of its form: every mistake, with its line. Runs only after the fast way has failed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
import msgspec
import yaml
from jsonschema.exceptions import ValidationError, best_match

from puhui.model.refusal import Mistake, Said
from puhui.packs.forms import Form
from puhui.packs.schemas import schema_of
from puhui.packs.yaml_text import line_of

Path = tuple[str | int, ...]
_WORDS = {
    "string": Said("文字", "text"),
    "integer": Said("整数", "a whole number"),
    "number": Said("数", "a number"),
    "boolean": Said("true 或 false", "true or false"),
    "array": Said("列表", "a list"),
    "object": Said("键值表", "a mapping"),
    "null": Said("空", "null"),
}


@cache
def _validator(form: type[Form]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema_of(form))


def explain(data: Any, form: type[Form], node: yaml.Node | None, file: str, first_line: int) -> list[Mistake]:
    """Every mistake of a document that does not convert into `form`; at least one."""
    found = []
    for error in _validator(form).iter_errors(_plain(data)):
        for code, said, path, key in _told(error):
            found.append(Mistake(file, line_of(node, path, first_line, key=key), code, said))
    return found or [_from_msgspec(data, form, node, file, first_line)]


def _plain(value: Any) -> Any:
    """As JSON would carry it, for the schema."""
    match value:
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case _:
            return value


def _told(error: ValidationError) -> Iterator[tuple[str, Said, Path, bool]]:
    path: Path = tuple(error.absolute_path)
    schema: Any = error.schema
    wanted: Any = error.validator_value
    if error.validator == "anyOf" and error.context:
        inner = best_match(error.context)
        yield from _told(inner if inner is not None else error)
    elif error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = schema.get("properties", {})
        for key in error.instance:
            if key not in list(known):
                yield (
                    "form.unknown-key",
                    Said(f"未知的键 {key}", f"the key {key} is not known"),
                    (*path, key),
                    True,
                )
    elif error.validator == "required":
        missing = [str(name) for name in wanted]
        at = _first_missing(error, missing)
        yield "form.missing-key", Said(f"缺少键 {at}", f"the key {at} is missing"), path, False
    else:
        yield _value_mistake(error, path)


def _first_missing(error: ValidationError, missing: list[str]) -> str:
    """The schema library reports each missing key as an error of its own; its message names it first, quoted."""
    named = re.match(r"'([^']+)'", error.message)
    return named.group(1) if named else ", ".join(missing)


def _value_mistake(error: ValidationError, path: Path) -> tuple[str, Said, Path, bool]:
    name = str(path[-1]) if path else "document"
    wanted: Any = error.validator_value
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else list(wanted)
            zh, en = "或".join(_WORDS[k].zh for k in kinds), " or ".join(_WORDS[k].en for k in kinds)
            return "form.type", Said(f"{name} 应为{zh}", f"{name} must be {en}"), path, False
        case "enum":
            allowed = ", ".join(str(value) for value in wanted)
            said = Said(f"{name} 只能取：{allowed}", f"{name} must be one of: {allowed}")
            return "form.closed-list", said, path, False
        case "pattern":
            said = Said(f"{name} 的写法不对", f"{name} is not written as it must be ({wanted})")
            return "form.pattern", said, path, False
        case _:
            said = Said(f"{name} 的值不合要求（{error.validator}）", f"{name} breaks {error.validator}")
            return "form.value", said, path, False


_AT = re.compile(r" - at `(key in )?\$(?P<path>.*)`$")


def _from_msgspec(data: Any, form: type[Form], node: yaml.Node | None, file: str, first_line: int) -> Mistake:
    """What the schema cannot say (a day where text is asked for): the converter's own words."""
    try:
        msgspec.convert(data, form)
    except msgspec.ValidationError as error:
        text = str(error)
        at = _AT.search(text)
        path = _path(at.group("path")) if at else ()
        reason = _AT.sub("", text)
        said = Said(f"值不合要求：{reason}", reason)
        return Mistake(file, line_of(node, path, first_line), "form.type", said)
    raise AssertionError("explain was called for a document that converts")


def _path(text: str) -> Path:
    steps = re.findall(r"\.([A-Za-z_]\w*)|\[(\d+)\]", text)
    return tuple(int(number) if number else name for name, number in steps)
