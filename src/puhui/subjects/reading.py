"""Reads the identity columns of a delivery: which identifiers are filled and valid, in normal form.

An identifier is written `kind|value` from here on. A tax number of 18 characters is the credit code or the
citizen number that it consists of, so it is read as that. Everything is done on whole columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from puhui.model.delivery import Severity
from puhui.model.identifiers import (
    BY_FORM,
    CONVERTED,
    ERRORS,
    MASKED,
    ORG_CODE,
    REG_NO,
    RIC,
    TAX_NO,
    USCC,
    persons_among,
    verify,
)
from puhui.packs.forms import Resource
from puhui.subjects.keyed import SIZE, Digests, distinct

_PART, _THREADS = 1 << 16, 2  # rows read in one go, and how many of these at once: numpy and Arrow let others work
NAME = "name"
FORMS = (USCC, RIC, ORG_CODE, REG_NO)


class Finding(NamedTuple):
    """What linking found about one identity. `check` is stable; the text never holds an identifier."""

    identity: int
    check: str
    severity: Severity
    field: str


@dataclass(frozen=True, slots=True)
class Ways:
    """How rows find their subjects: identifier fields in order of trust, each with its kinds; a name."""

    identifiers: tuple[tuple[str, tuple[str, ...]], ...]
    name: str
    persons: bool

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(field for field, _ in self.identifiers)


MASKED_IDENTIFIER = "identifier-masked"


@dataclass(frozen=True, slots=True)
class Sight:
    """The identities of one parcel, read.

    `texts`: the distinct identifiers, `digests`: theirs. `codes`: identities × fields, index into `texts`, -1 if blank
    or invalid.
    """

    identity: npt.NDArray[np.int64]
    texts: pa.StringArray
    digests: Digests
    codes: npt.NDArray[np.int32]
    findings: list[Finding]


def ways_of(resource: Resource) -> Ways:
    """A field that is named with several kinds is told by its form, the first kind that fits."""
    kinds: dict[str, list[str]] = {}
    for way in resource.identify:
        if way.kind != NAME:
            kinds.setdefault(way.field, []).extend(FORMS if way.kind == BY_FORM else (way.kind,))
    named = next((way.field for way in resource.identify if way.kind == NAME), "")
    identifiers = tuple((field, tuple(listed)) for field, listed in kinds.items())
    return Ways(identifiers, named or _name_field(resource), resource.about == "person")


def _name_field(resource: Resource) -> str:
    """Where no way is by name: the first name that only the vault keeps."""
    return next((f.name for f in resource.fields if f.semantic == NAME and f.keep == "vault"), "")


def read(ways: Ways, identities: pa.Table, today: date, digests_of: Callable[[pa.StringArray], Digests]) -> Sight:
    """Reads every identifier field that the table has. `digests_of`: the vault's digests of identifiers."""
    columns, findings = read_fields(ways, identities, today)
    numbers = identities["identity"].to_numpy()
    return Sight(numbers, *_encoded(columns, len(numbers), digests_of), findings)


def read_fields(ways: Ways, identities: pa.Table, today: date) -> tuple[list[pa.StringArray], list[Finding]]:
    """For each identifier field its texts as `written`, and what is wrong with its values."""
    numbers = identities["identity"].to_numpy()
    findings: list[Finding] = []
    columns: list[pa.StringArray] = []
    credit_codes: tuple[pa.StringArray, pa.StringArray] | None = None  # as delivered, and as written
    for field, kinds in ways.identifiers:
        if field not in identities.column_names:
            columns.append(pa.nulls(len(numbers), pa.string()))
            continue
        delivered = _column(identities, field)
        if kinds == (TAX_NO,) and credit_codes is not None:
            texts, error = _written_tax_numbers(delivered, *credit_codes, today)
        else:
            texts, error = written(delivered, kinds, today)
        if kinds == (USCC,):
            credit_codes = delivered, texts
        columns.append(texts)
        findings.extend(_invalid(numbers, error, field))
    return columns, findings


def _column(table: pa.Table, name: str) -> pa.StringArray:
    return pa.concat_arrays([pa.array([], pa.string()), *(c.cast(pa.string()) for c in table[name].chunks)])


def written(values: pa.StringArray, kinds: Sequence[str], today: date) -> tuple[pa.StringArray, npt.NDArray[np.uint8]]:
    """Identifiers as `kind|value`, null where blank or invalid, and the error of each (index into ERRORS)."""
    parts = [values.slice(at, _PART) for at in range(0, len(values), _PART)] or [values]
    if len(parts) == 1:
        return _written(values, kinds, today)
    with ThreadPoolExecutor(_THREADS) as pool:
        done = list(pool.map(lambda part: _written(part, kinds, today), parts))
    return pa.concat_arrays([texts for texts, _ in done]), np.concatenate([error for _, error in done])


def _written(values: pa.StringArray, kinds: Sequence[str], today: date) -> tuple[pa.StringArray, npt.NDArray[np.uint8]]:
    result = pa.nulls(len(values), pa.string())
    verdicts = {kind: verify(kind, values, today) for kind in kinds}
    error = verdicts[kinds[0]].error.copy()
    for kind in reversed(kinds):
        verdict = verdicts[kind]
        result = pc.if_else(pa.array(verdict.valid), _prefixed(kind, verdict.value, today), result)
        error[verdict.error == 0] = 0
    if RIC in verdicts and USCC in verdicts:
        person = verdicts[RIC].value
        persons = pa.array(persons_among(person, today))
        result = pc.if_else(persons, pc.binary_join_element_wise(RIC, person, "|"), result)
    if RIC in verdicts and REG_NO in verdicts:
        person, register = verdicts[RIC], verdicts[REG_NO]
        both = register.valid & person.valid & (person.warning == CONVERTED)
        result = pc.if_else(pa.array(both), pa.scalar(None, pa.string()), result)
        error[both] = ERRORS.index("ambiguous")
    return result, error


def _written_tax_numbers(
    values: pa.StringArray, codes: pa.StringArray, texts: pa.StringArray, today: date
) -> tuple[pa.StringArray, npt.NDArray[np.uint8]]:
    """As `written`. A firm's tax number nearly always repeats its credit code, which was read already; one that begins
    with 9 cannot be a citizen's number."""
    same = pc.fill_null(pc.and_(pc.equal(values, codes), pc.starts_with(texts, f"{USCC}|9")), False)
    others = pc.invert(same)
    result, wrong = written(values.filter(others), (TAX_NO,), today)
    error = np.zeros(len(values), np.uint8)
    error[others.to_numpy(zero_copy_only=False)] = wrong
    return pc.replace_with_mask(texts, others, result), error


def _prefixed(kind: str, values: pa.StringArray, today: date) -> pa.StringArray:
    if kind != TAX_NO:
        return pc.binary_join_element_wise(kind, values, "|")
    plain = pc.binary_join_element_wise(TAX_NO, values, "|")
    persons = persons_among(values, today)
    firms = verify(USCC, values, today).valid & ~persons
    for inner, fits in ((RIC, persons & _eighteen(values)), (USCC, firms)):
        plain = pc.if_else(pa.array(fits), pc.binary_join_element_wise(inner, values, "|"), plain)
    return plain


def _eighteen(values: pa.StringArray) -> npt.NDArray[np.bool_]:
    right = pc.fill_null(pc.equal(pc.binary_length(values), 18), False)
    return np.asarray(right.to_numpy(zero_copy_only=False), np.bool_)


def _invalid(numbers: npt.NDArray[np.int64], error: npt.NDArray[np.uint8], field: str) -> list[Finding]:
    checks = {code: f"identifier-{ERRORS[code]}" for code in range(1, len(ERRORS))}
    checks[MASKED] = MASKED_IDENTIFIER
    wrong = np.nonzero(error)[0]
    return [Finding(int(numbers[row]), checks[int(error[row])], Severity.WARN, field) for row in wrong]


def _encoded(
    columns: list[pa.StringArray], rows: int, digests_of: Callable[[pa.StringArray], Digests]
) -> tuple[pa.StringArray, Digests, npt.NDArray[np.int32]]:
    """The distinct texts, their digests, and which text each row has in each column."""
    if not columns:
        return pa.array([], pa.string()), np.zeros((0, SIZE), np.uint8), np.zeros((rows, 0), np.int32)
    first = columns[0]
    # a field that repeats the first one (a tax number that is the credit code) is not spelled out again
    repeats = [pc.fill_null(pc.equal(column, first), False) for column in columns[1:]]
    others = [column.filter(pc.invert(same)) for column, same in zip(columns[1:], repeats, strict=True)]
    spelled = pa.concat_arrays([first, *others])
    filled = spelled.drop_null()
    digests = digests_of(filled)
    numbers, places = distinct(digests)
    found = np.full(len(spelled), -1, np.int32)
    found[pc.is_valid(spelled).to_numpy(zero_copy_only=False)] = numbers
    codes = np.empty((rows, len(columns)), np.int32)
    codes[:, 0], at = found[:rows], rows
    for number, same in enumerate(repeats, 1):
        repeated = same.to_numpy(zero_copy_only=False)
        end = at + rows - int(repeated.sum())
        codes[repeated, number], codes[~repeated, number] = found[:rows][repeated], found[at:end]
        at = end
    if len(places) < len(filled):
        filled, digests = filled.take(pa.array(places)), digests[places]
    return filled, digests, codes
