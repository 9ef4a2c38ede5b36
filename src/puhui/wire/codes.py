"""What a caller is told when the answer is no: the codes that leave the zone, and the body of a refusal.

Promises: everything that depends on the subject leaves as one code, one status and one size; what differs inside never
shows outside. `docs/reference` has the table of CODES.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

import msgspec

from puhui.model import refusals_question
from puhui.model.refusal import Fault, Said
from puhui.model.refusals_question import OUTWARD, QuestionRefused
from puhui.wire.canonical import quick

HIDDEN_SIZE = 1024  # bytes of every refusal that depends on the subject


class SaidForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One text in both languages."""

    zh: str
    en: str


class RefusalForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of every refusal. `id`: of the answer it stands for; `pad`: dots that bring a hidden one to its size."""

    article: str
    fault: str
    id: str
    message: SaidForm
    pad: str
    refused: str
    retry_after: int | None
    todo: SaidForm
    v: Literal[1]
    where: str


class Code(NamedTuple):
    """What a caller can be told: its HTTP status, whose fault it is, what it means."""

    status: int
    fault: Fault
    meaning: Said


_HIDDEN = Code(403, Fault.CALLER, Said("不能提供", "Not available."))
_HIDDEN_ADVICE = Said("核对标识、产品、用途和依据", "Check identifier, product, purpose and basis.")


def _codes() -> Mapping[str, Code]:
    kinds = [kind for kind in vars(refusals_question).values() if isinstance(kind, type)]
    told = [
        kind for kind in kinds if issubclass(kind, QuestionRefused) and kind is not QuestionRefused and not kind.hidden
    ]
    codes = {kind.code: Code(kind.status, kind.fault, kind.meaning) for kind in told}
    return MappingProxyType(codes | {OUTWARD: _HIDDEN})


CODES: Mapping[str, Code] = _codes()  # every code that leaves the zone


def outward_status(refusal: QuestionRefused) -> int:
    """The HTTP status: of all hidden refusals the same."""
    return _HIDDEN.status if refusal.hidden else refusal.status


def encode_refusal(answer: str, refusal: QuestionRefused) -> bytes:
    """The body of a refusal under that answer's id, RFC 8785.

    A hidden one says `not-available` alone and has exactly HIDDEN_SIZE bytes, whatever was refused.
    """
    if not refusal.hidden:
        return quick(_refusal_form(answer, refusal))
    form = RefusalForm(
        article="",
        fault=_HIDDEN.fault,
        id=answer,
        message=_said(_HIDDEN.meaning),
        pad="",
        refused=OUTWARD,
        retry_after=None,
        todo=_said(_HIDDEN_ADVICE),
        v=1,
        where="",
    )
    return quick(msgspec.structs.replace(form, pad="." * (HIDDEN_SIZE - len(quick(form)))))


def _refusal_form(answer: str, refusal: QuestionRefused) -> RefusalForm:
    return RefusalForm(
        article=refusal.article,
        fault=refusal.fault,
        id=answer,
        message=_said(refusal.said),
        pad="",
        refused=refusal.code,
        retry_after=refusal.retry_after,
        todo=_said(refusal.todo),
        v=1,
        where=refusal.where,
    )


def _said(said: Said) -> SaidForm:
    return SaidForm(zh=said.zh, en=said.en)
