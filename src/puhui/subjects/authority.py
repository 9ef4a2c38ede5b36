"""What an authoritative source says of its subjects goes into the vault, with history.

Promises: a new name for a known code is a rename and keeps the old one; what did not change since this
source spoke last is recognised by a keyed digest and neither decrypted nor written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from puhui.model.delivery import Severity
from puhui.model.subject import TOKEN_KIND_AT
from puhui.packs.forms import Resource
from puhui.subjects.adoption import Adoption
from puhui.subjects.names import is_masked, normal_name
from puhui.subjects.reading import Finding, Ways
from puhui.subjects.vault import ORGANISATIONS, DetailEntry, NameEntry, Opened, Vault

TWO_NAMES, TWO_CODES = "one-code-two-names", "one-name-two-codes"
_UNIT, _ROW = "\x1f", "\x1e"
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class SourceOfNames:
    """Where names come from: the parcel's digest, its period, and the day it was taken in."""

    parcel: str
    period: str
    at: date


def names_of(identities: pa.Table, ways: Ways) -> pa.DictionaryArray | None:
    """The name of each identity; None where a parcel has no names beside its codes."""
    if ways.name not in identities.column_names or not ways.identifiers:
        return None
    return identities[ways.name].combine_chunks().cast(pa.string()).dictionary_encode()


def name_findings(
    identities: pa.Table, ways: Ways, numbers: npt.NDArray[np.int32], names: pa.DictionaryArray | None
) -> list[Finding]:
    """One code under two names and one name under two codes, in one parcel. `numbers`: subject or -1; `names`: as
    `names_of` gives them."""
    if names is None:
        return []
    codes = names.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    empty = pc.index(names.dictionary, "").as_py()  # -1 where no name is empty
    rows = np.nonzero((codes >= 0) & (codes != empty) & (numbers >= 0))[0]
    identity = identities["identity"].to_numpy()
    found: list[Finding] = []
    for key, value, check in ((numbers, codes, TWO_NAMES), (codes, numbers, TWO_CODES)):
        for group in _several(key[rows], value[rows]):
            members = rows[group]
            if check == TWO_NAMES and len({normal_name(names[int(row)].as_py()) for row in members}) < 2:
                continue
            found.extend(Finding(int(identity[row]), check, Severity.WARN, ways.name) for row in members)
    return found


def _several(keys: npt.NDArray[np.int32], values: npt.NDArray[np.int32]) -> Iterator[npt.NDArray[np.int64]]:
    """Groups of positions that share a key (from 0) and have more than one value."""
    repeated = np.nonzero(np.bincount(keys)[keys] > 1)[0]  # nearly all keys stand once
    order = repeated[np.lexsort((values[repeated], keys[repeated]))]
    keys, values = keys[order], values[order]
    starts = np.concatenate([[0], np.nonzero(np.diff(keys))[0] + 1, [len(keys)]])
    lengths = np.diff(starts)
    for start, length in zip(starts[:-1][lengths > 1], lengths[lengths > 1], strict=True):
        if values[start] != values[start + length - 1]:
            yield order[start : start + length]


def feed(
    vault: Vault, adoption: Adoption, resource: Resource, ways: Ways, identities: pa.Table,
    numbers: npt.NDArray[np.int32], subjects: list[str], source: SourceOfNames,
) -> None:  # fmt: skip
    """Adds the names and details of an authoritative resource to the records of its subjects."""
    fields = _fields(resource, ways, identities)
    if not fields:
        return
    rows = _by_subject(_joined(identities, fields), numbers)
    tokens = [subjects[number] for number in rows]
    marks = vault.digests(
        f"m|{token}|{resource.name}|{text}".encode() for token, text in zip(tokens, rows.values(), strict=True)
    )
    before = vault.store.marks(resource.name, tokens)
    changed = [
        (token, mark, text)
        for token, mark, text, old in zip(tokens, marks, rows.values(), before, strict=True)
        if mark != old
    ]
    adoption.fetch(token for token, _, _ in changed)
    named: list[tuple[bytes, str]] = []
    for token, _, text in changed:
        fresh = _write(adoption.change(token), fields, text, resource.name, source)
        if token[TOKEN_KIND_AT] in ORGANISATIONS:
            named.extend(_name_pairs(vault, token, fresh))
    vault.store.index_names(named)
    vault.store.set_marks(resource.name, [(token, mark) for token, mark, _ in changed])


def _fields(resource: Resource, ways: Ways, identities: pa.Table) -> list[tuple[str, str]]:
    """(field, semantic) of what feeds the vault: the subject's name first, then what only the vault keeps."""
    rest = set(identities.column_names) - {*ways.fields, ways.name}
    own = [(ways.name, "")] if ways.name in identities.column_names else []
    return own + [(f.name, f.semantic) for f in resource.fields if f.keep == "vault" and f.name in rest]


def _joined(identities: pa.Table, fields: list[tuple[str, str]]) -> list[str]:
    """The fields of each row as one text; what separates them is taken out of the values."""
    columns = [pc.fill_null(identities[name].combine_chunks().cast(pa.string()), "") for name, _ in fields]
    clean = [pc.replace_substring_regex(column, f"[{_UNIT}{_ROW}]", " ") for column in columns]
    texts: list[str] = pc.binary_join_element_wise(*clean, _UNIT).to_pylist()
    return texts


def _by_subject(texts: list[str], numbers: npt.NDArray[np.int32]) -> dict[int, str]:
    """Subject number → its rows' texts; several rows of one subject are put in an order of their own."""
    result: dict[int, str] = {}
    several: dict[int, set[str]] = {}
    for number, text in zip(numbers.tolist(), texts, strict=True):
        if number < 0:
            continue
        if number in result:
            several.setdefault(number, {result[number]}).add(text)
        result[number] = text
    for number, found in several.items():
        result[number] = _ROW.join(sorted(found))
    return result


def _write(opened: Opened, fields: list[tuple[str, str]], text: str, resource: str, source: SourceOfNames) -> list[str]:
    """Adds what is new to the record; returns the names that are new."""
    record, at, fresh = opened.record, source.at.isoformat(), []
    for row in text.split(_ROW):
        for (field, semantic), value in zip(fields, map(_tidy, row.split(_UNIT)), strict=True):
            if not value:
                continue
            if not semantic:
                if value != record.current_name():
                    record.names.append(NameEntry(value, resource, source.parcel, source.period, at))
                    fresh.append(value)
            elif not any(d.value == value for d in _latest(record.details, resource, field)):
                record.details.append(DetailEntry(field, semantic, value, resource, source.parcel, at))
    return fresh


def _latest(details: list[DetailEntry], resource: str, field: str) -> Iterable[DetailEntry]:
    """The newest entry of one field, and its companions of the same parcel."""
    mine = [d for d in details if d.field == field and d.resource == resource]
    return [d for d in mine if d.parcel == mine[-1].parcel] if mine else []


def _tidy(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _name_pairs(vault: Vault, token: str, names: list[str]) -> Iterator[tuple[bytes, str]]:
    for name in names:
        if not is_masked(name):
            yield from ((digest, token) for digest in vault.name_digests(vault.places.parts(name)))
