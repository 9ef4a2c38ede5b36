"""Where a word occurs in the catalogue: names, titles in both languages, item numbers, aliases."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from puhui.packs.forms import Field, Resource, Words
from puhui.packs.packset import PackSet


@dataclass(frozen=True, slots=True)
class Hit:
    """One find. `kind`: resource, field or indicator; `resource` is empty for an indicator. `score`: less is closer."""

    kind: str
    name: str
    title: Words
    resource: str
    score: int


def find(packs: PackSet, text: str) -> tuple[Hit, ...]:
    """Everything in which all words of `text` occur, the closest first: whole name, then start, then anywhere."""
    words = _folded(text).split()
    if not words:
        return ()
    hits = [hit for hit in _candidates(packs, words) if hit.score < _NOWHERE]
    return tuple(sorted(hits, key=lambda hit: (hit.score, hit.kind, hit.resource, hit.name)))


_WHOLE, _START, _INSIDE, _NOWHERE = range(4)


def _candidates(packs: PackSet, words: list[str]) -> Iterator[Hit]:
    for resource in packs.resources.values():
        yield Hit("resource", resource.name, resource.title, resource.name, _score(words, _resource(resource)))
        for field in resource.fields:
            score = _score(words, _field(field))
            yield Hit("field", field.name, field.title, resource.name, score)
    for indicator in packs.indicators.values():
        texts = [indicator.name, indicator.head.id, indicator.head.title.zh, indicator.head.title.en]
        yield Hit("indicator", indicator.name, indicator.head.title, "", _score(words, texts))


def _resource(resource: Resource) -> list[str]:
    words = (resource.title, resource.agency)
    return [resource.name, resource.item_id, *(text for said in words for text in (said.zh, said.en))]


def _field(field: Field) -> list[str]:
    return [field.name, field.title.zh, field.title.en, *field.aliases]


def _score(words: list[str], texts: list[str]) -> int:
    folded = [_folded(text) for text in texts]
    if not all(any(word in text for text in folded) for word in words):
        return _NOWHERE
    whole = " ".join(words)
    if whole in folded:
        return _WHOLE
    return _START if any(text.startswith(whole) for text in folded) else _INSIDE


def _folded(text: str) -> str:
    """Full width to half width, no case."""
    return unicodedata.normalize("NFKC", text).casefold().strip()
