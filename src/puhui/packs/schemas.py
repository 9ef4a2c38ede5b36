"""JSON Schemas of the pack forms, for editors and for explaining mistakes; generated from the Structs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from puhui.packs import forms, forms_answers
from puhui.packs.forms import Form

FORMS: dict[str, type[Form]] = {
    "pack": forms.PackHead,
    "resource": forms.Resource,
    "codes": forms.CodeList,
    "mapping": forms.Mapping,
    "relation": forms.Relation,
    "parameter": forms.Parameter,
    "indicator-head": forms_answers.IndicatorHead,
    "check-head": forms_answers.CheckHead,
    "product": forms_answers.Product,
    "letter": forms_answers.Letter,
    "purpose": forms_answers.PurposeTable,
    "table": forms_answers.TableRules,
    "test": forms_answers.PackTest,
}


def schema_of(form: type[Form]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one form. Exact decimals are written as plain numbers in YAML."""
    plain: dict[str, Any] = _tidy(msgspec.json.schema(form))
    return plain


def _tidy(schema: Any) -> Any:
    """Decimals as numbers; docstrings on one line (Python versions indent them differently)."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {**{k: v for k, v in schema.items() if k not in ("format", "default")}, "type": "number"}
    tidy = {key: _tidy(value) for key, value in schema.items()}
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    return tidy


def schema_texts() -> dict[str, str]:
    """File name → text of every published schema."""
    texts = {}
    for name, form in FORMS.items():
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"Puhui pack format 1: {name}",
            **schema_of(form),
        }
        texts[f"{name}.json"] = json.dumps(schema, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    return texts


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Writes every schema into `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in schema_texts().items():
        path = folder / name
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return tuple(written)
