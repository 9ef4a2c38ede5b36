"""Linking: the identities of a parcel become subjects' tokens.

`link` is the story: read, look up, adopt what is new, feed names, resolve names. It runs in one transaction
of the vault before the lake commits. Repeatable: the same parcel again adopts nothing. After a crash between
the two commits the vault holds tokens that no row uses; they are harmless and found again by the next run.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from puhui.model.delivery import Severity
from puhui.model.subject import bucket_of
from puhui.packs.forms import Resource
from puhui.subjects.adoption import Adoption
from puhui.subjects.authority import SourceOfNames, feed, name_findings, names_of
from puhui.subjects.names import NameMatcher
from puhui.subjects.newcomers import adopt_newcomers
from puhui.subjects.reading import MASKED_IDENTIFIER, Finding, Sight, read, ways_of, written
from puhui.subjects.resolve import DISMISSED, MASKED, NO_MATCH, PERSON, UNSURE, resolve_names
from puhui.subjects.vault import Vault

UNRESOLVED = "subject-unresolved"
UNRESOLVED_CHECKS = (UNRESOLVED, UNSURE, NO_MATCH, MASKED, PERSON, DISMISSED)  # a row lacks only its subject


@dataclass(frozen=True, slots=True)
class Linking:
    """`tokens`: identity (int64); token, bucket (int32), confidence (1 by code), null where none; shared: whether the
    subject has several of the identities."""

    tokens: pa.Table
    findings: list[Finding]
    new_subjects: int


@dataclass(slots=True)
class _Placed:
    """Which subject each row has (index into `known` and then `added`, -1 for none) and how surely."""

    known: pa.StringArray
    numbers: npt.NDArray[np.int32]
    confidence: npt.NDArray[np.float64]
    added: list[str] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)

    def number_of(self, token: str) -> int:
        """The subject's index; it gets one if it has none."""
        if not self._places:  # most parcels bring nothing that asks for it
            self._places.update((token, number) for number, token in enumerate(self.subjects().to_pylist()))
        if token not in self._places:
            self._places[token] = len(self.known) + len(self.added)
            self.added.append(token)
        return self._places[token]

    def subjects(self) -> pa.StringArray:
        return pa.concat_arrays([self.known, pa.array(self.added, pa.string())])


def link(
    vault: Vault,
    resource: Resource,
    identities: pa.Table,
    *,
    source: SourceOfNames,
    today: date,
    matcher: NameMatcher,
) -> Linking:
    """Tokens for the distinct identities of a parcel.

    `identities`: column `identity` (int64, distinct) and a text column for each field by which the resource
    identifies, and, where it is authoritative for names, for each field that only the vault keeps.
    Raises Busy, Broken.
    """
    ways = ways_of(resource)
    speaks_of_names = resource.names == "authoritative"
    sight = read(ways, identities, today, vault.identifier_digests)
    with _no_search_for_cycles(), ThreadPoolExecutor(1) as beside, vault.batch():
        names = beside.submit(names_of, identities, ways)  # Arrow leaves the interpreter to the adoption
        known = vault.store.tokens_of(sight.digests)
        placed = _place(sight, known)
        born = 0
        if not speaks_of_names:
            born = _adopt_newcomers(vault, sight, known, placed, created=today.isoformat(), persons=ways.persons)
        adoption = Adoption(vault, _open_texts(sight, placed), today.isoformat(), ways.persons)
        findings = sight.findings + _adopt(sight, placed, adoption, ways.fields)
        findings += name_findings(identities, ways, placed.numbers, names.result())
        if speaks_of_names:
            feed(vault, adoption, resource, ways, identities, placed.numbers, placed.subjects().to_pylist(), source)
        adoption.store()
        refused = _refused(sight, placed)
        nameless = {finding.identity for finding in refused}
        findings += _by_name(vault, matcher, resource, identities, ways.name, placed, source, nameless)
        findings = [one for one in findings if one.identity not in nameless] + refused
    return Linking(_tokens(sight.identity, placed, vault.buckets), findings, born + len(adoption.born))


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Adoption makes some millions of objects, none of them in a cycle: looking for cycles among them would take half
    of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def link_others(
    vault: Vault, kind: str | Sequence[str], values: pa.Array, *, today: date, persons: bool = False
) -> pa.StringArray:
    """Tokens of other subjects that rows point to, null where blank or invalid; unknown valid ones are
    adopted.

    `kind`: one kind of identifier, or several that the form tells apart. `persons`: whose local codes these
    are.
    """
    encoded = values.cast(pa.string()).dictionary_encode()
    kinds = (kind,) if isinstance(kind, str) else tuple(kind)
    texts = written(encoded.dictionary, kinds, today)[0].to_pylist()
    with vault.batch():
        asked = pa.array(sorted({text for text in texts if text}), pa.string())
        tokens = dict(zip(asked.to_pylist(), vault.tokens_of(asked).to_pylist(), strict=True))
        missing = [text for text, token in tokens.items() if token is None]
        adoption = Adoption(vault, missing, today.isoformat(), persons)
        for text in missing:
            tokens[text] = adoption.settle([("", text)])[0]
        adoption.store()
    found = pa.array([tokens.get(text) if text else None for text in texts], pa.string())
    return found.take(encoded.indices)


def _place(sight: Sight, known: pa.DictionaryArray) -> _Placed:
    """The rows whose identifiers are all known as one and the same subject; the others get -1."""
    subjects = known.dictionary
    numbers = pc.fill_null(known.indices, -2).to_numpy(zero_copy_only=False)
    number_of_text = np.append(numbers, -1).astype(np.int32)  # the last one: blank
    rows = number_of_text[sight.codes]  # identities × fields: subject, -1 blank, -2 unknown
    width = rows.shape[1]
    if not width:
        nobody = np.full(len(sight.identity), -1, np.int32)
        return _Placed(subjects, nobody, np.zeros(len(nobody)))
    first = rows[np.arange(len(rows)), (rows != -1).argmax(1)]
    whole = ((rows == first[:, None]) | (rows == -1)).all(1) & (first >= 0)
    numbers = np.where(whole, first, -1).astype(np.int32)
    return _Placed(subjects, numbers, np.where(whole, 1.0, 0.0))


def _adopt_newcomers(
    vault: Vault, sight: Sight, known: pa.DictionaryArray, placed: _Placed, *, created: str, persons: bool
) -> int:
    """Adopts those that depend on nobody else and places their rows; returns how many they are."""
    rows = _open_rows(sight, placed)
    if not len(rows):
        return 0
    codes = sight.codes[rows]
    is_known = pc.is_valid(known).to_numpy(zero_copy_only=False)
    come = adopt_newcomers(vault, sight.texts, sight.digests, codes, is_known, created=created, persons=persons)
    number_of_code = np.full(len(sight.texts), -1, np.int32)
    number_of_code[come.codes] = len(placed.known) + len(placed.added) + np.arange(len(come.codes))
    numbers = number_of_code[codes.max(1)]  # rows that say something else besides have no newcomer
    placed.added.extend(come.tokens)
    placed.numbers[rows] = numbers
    placed.confidence[rows[numbers >= 0]] = 1.0
    return len(come.codes)


def _open_rows(sight: Sight, placed: _Placed) -> npt.NDArray[np.int64]:
    return np.nonzero((placed.numbers < 0) & (sight.codes >= 0).any(1))[0]


def _open_texts(sight: Sight, placed: _Placed) -> list[str]:
    codes = np.unique(sight.codes[_open_rows(sight, placed)])
    texts: list[str] = sight.texts.take(pa.array(codes[codes >= 0])).to_pylist()
    return texts


def _adopt(sight: Sight, placed: _Placed, adoption: Adoption, fields: tuple[str, ...]) -> list[Finding]:
    """Settles, row by row in their order, those that are not all known."""
    findings = []
    for row, said in _said(sight, _open_rows(sight, placed)):
        filled = [(field, text) for field, text in zip(fields, said, strict=True) if text]
        token, wrong = adoption.settle(filled)
        placed.numbers[row] = placed.number_of(token)
        placed.confidence[row] = 1.0
        identity = int(sight.identity[row])
        findings += [Finding(identity, check, Severity.WARN, field) for check, field in dict.fromkeys(wrong)]
    return findings


def _said(sight: Sight, rows: npt.NDArray[np.int64]) -> Iterator[tuple[int, list[str]]]:
    """Some rows with their identifiers, empty where blank or invalid."""
    codes = sight.codes[rows]
    by_field = []
    for column in range(codes.shape[1]):
        one = codes[:, column]
        by_field.append(sight.texts.take(pa.array(np.maximum(one, 0), mask=one < 0)).fill_null("").to_pylist())
    return zip(rows.tolist(), map(list, zip(*by_field, strict=True)), strict=True)


def _refused(sight: Sight, placed: _Placed) -> list[Finding]:
    """Rows that state an identifier, and none that is valid: set aside. A name does not mend a wrong code, for two
    firms may share it; a masked identifier says nothing, so there the name may speak."""
    nowhere = set(sight.identity[placed.numbers < 0].tolist())
    wrong = (one for one in sight.findings if one.identity in nowhere and one.check != MASKED_IDENTIFIER)
    return [one._replace(severity=Severity.SET_ASIDE) for one in wrong]


def _by_name(
    vault: Vault, matcher: NameMatcher, resource: Resource, identities: pa.Table, field: str, placed: _Placed,
    source: SourceOfNames, nameless: set[int],
) -> list[Finding]:  # fmt: skip
    """Rows without an identifier: by name where the resource allows it, else unresolved."""
    identity = identities["identity"].to_numpy()
    rows = [row for row in np.nonzero(placed.numbers < 0)[0].tolist() if int(identity[row]) not in nameless]
    if not rows:
        return []
    by_name = any(way.kind == "name" for way in resource.identify) and field in identities.column_names
    column = identities[field].take(pa.array(rows)).to_pylist() if by_name else []
    names = [name or "" for name in column] or [""] * len(rows)
    matches = resolve_names(vault, matcher, resource.name, set(names), source) if by_name else {}
    findings = []
    for row, name in zip(rows, names, strict=True):
        match = matches.get(name)
        if match and match.token:
            placed.numbers[row] = placed.number_of(match.token)
            placed.confidence[row] = match.confidence
        else:
            check = match.check if match else UNRESOLVED
            findings.append(Finding(int(identity[row]), check, Severity.SET_ASIDE, field if match else ""))
    return findings


def _tokens(identity: npt.NDArray[np.int64], placed: _Placed, buckets: int) -> pa.Table:
    none = placed.numbers < 0
    of_subject = np.bincount(placed.numbers[~none], minlength=1)
    chosen = pa.array(np.where(none, 0, placed.numbers), mask=none)
    subjects = placed.subjects()
    return pa.table(
        {
            "identity": pa.array(identity),
            "token": subjects.take(chosen),
            "bucket": _buckets(subjects, buckets).take(chosen),
            "confidence": pa.array(placed.confidence, mask=none),
            "shared": pa.array((of_subject[placed.numbers] > 1) & ~none),
        }
    )


def _buckets(tokens: pa.StringArray, buckets: int) -> pa.Int32Array:
    ends = pc.utf8_slice_codeunits(tokens, -2).dictionary_encode()  # what a bucket depends on
    return pa.array([bucket_of(end, buckets) for end in ends.dictionary.to_pylist()], pa.int32()).take(ends.indices)
