"""Identifiers of firms and persons: normal forms and check digits, vectorised, without I/O.

Promises: a value is never mended by guess. Full width, blanks, hyphens and lower case are spelling and go; a
letter O or I typed for a digit is an error that is named. A 15-digit citizen number becomes the 18-digit one
and says so.

Sources: GB 32100-2015 (credit code), GB 11714-1997 (organisation code), GB 11643-1999 (citizen number),
GS 15-2006 (15-digit registration number), 税总发〔2015〕145号 and its forerunners (forms of the tax number).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

USCC, RIC, REG_NO, ORG_CODE, TAX_NO = "uscc", "ric", "reg_no", "org_code", "tax_no"
BY_FORM = "by_form"  # a field that holds any of the above: its form tells which
CHECKED_KINDS = (USCC, RIC, REG_NO, ORG_CODE, TAX_NO, BY_FORM)
LOCAL = "local:"  # prefix of codes that a pack declares: taken as they are

ERRORS = ("", "length", "characters", "letter-for-digit", "masked", "check-digit", "birth-date", "ambiguous")
LENGTH, CHARACTERS, LETTER_FOR_DIGIT, MASKED, CHECK_DIGIT, BIRTH_DATE, AMBIGUOUS = range(1, 8)

WARNINGS = {1: "inner-org-code", 2: "converted-from-15", 4: "unknown-department"}
INNER_ORG_CODE, CONVERTED, UNKNOWN_DEPARTMENT = 1, 2, 4

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was found of an array of identifiers, element by element.

    `value`: the normal form, null where blank. `error`: index into ERRORS, 0 where valid or blank.
    `warning`: sum of the keys of WARNINGS.
    """

    value: pa.StringArray
    error: Bytes
    warning: Bytes

    @property
    def valid(self) -> Flags:
        """Filled and without error."""
        filled = pc.is_valid(self.value).to_numpy(zero_copy_only=False)
        return np.asarray(filled & (self.error == 0), np.bool_)


def normalise(kind: str, values: pa.Array) -> pa.StringArray:
    """Half width, capitals, no blanks, no hyphens (local codes keep theirs and case); null where blank."""
    text = values.cast(pa.string())
    odd = pc.fill_null(pc.invert(pc.match_substring_regex(text, "^[0-9A-Z]+$")), False)
    if not pc.any(odd).as_py():  # nearly all are written normally
        return text
    return pc.replace_with_mask(text, odd, _normalised(kind, text.filter(odd)))


def _normalised(kind: str, values: pa.StringArray) -> pa.StringArray:
    text = pc.utf8_normalize(values, "NFKC")
    if kind.startswith(LOCAL):
        text = pc.utf8_trim_whitespace(text)
    else:
        text = pc.utf8_upper(pc.replace_substring_regex(text, r"[\s\-‐-―−]+", ""))
    blank = pc.equal(text, "")
    return pc.if_else(blank, pa.scalar(None, pa.string()), text)


def normalise_identifier(kind: str, text: str) -> str:
    """The normal form of one identifier; empty where blank. A 15-digit citizen number is converted."""
    spelled = normalise(kind, pa.array([text], pa.string()))
    return (verify(kind, spelled, date.max).value[0].as_py() if kind == RIC else spelled[0].as_py()) or ""


def verify(kind: str, values: pa.Array, today: date) -> Verdicts:
    """Normal forms, errors and warnings. `today` bounds birth dates. Other kinds are only spelled."""
    text = normalise(kind, values)
    check = _CHECKS.get(kind)
    if check is None:
        return Verdicts(text, np.zeros(len(text), np.uint8), np.zeros(len(text), np.uint8))
    verdict = check(text, today)
    verdict.error[pc.is_null(text).to_numpy(zero_copy_only=False)] = 0
    return verdict


def kinds_by_form(values: pa.Array, today: date) -> list[str]:
    """For each normal form the kind that its form tells (`uscc`, `ric`, `org_code`, `reg_no`), or empty."""
    found = np.full(len(values), "", dtype=object)
    for kind in (REG_NO, ORG_CODE, USCC):
        found[_CHECKS[kind](values, today).error == 0] = kind
    found[persons_among(values, today)] = RIC
    found[pc.is_null(values).to_numpy(zero_copy_only=False)] = ""
    return list(found)


def persons_among(values: pa.Array, today: date) -> Flags:
    """Which normal forms are citizen numbers where a credit code might stand too.

    One citizen number in 31 has the check character of a credit code, yet hardly a credit code holds a date
    of birth: what satisfies both is a person's, unless it begins with the 9 of the market regulators.
    """
    person, firm = _check_ric(values, today), _check_uscc(values, today)
    nine = pc.fill_null(pc.starts_with(values, "9"), False).to_numpy(zero_copy_only=False)
    return np.asarray(person.valid & ~(firm.valid & nine), np.bool_)


# --- characters ---

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DEPARTMENTS = b"123456789ANY"  # GB 32100, table 1: registering departments
# Weights are float32: the sums stay below 2**24, so they are exact.
_USCC_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1], np.float32)
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.float32)
_RIC_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.float32)
_RIC_CHECKS = np.frombuffer(b"10X98765432", np.uint8)
_ORG_CHECKS = np.frombuffer(b"0X987654321", np.uint8)  # index: weighted sum mod 11


def _table_of(alphabet: str) -> npt.NDArray[np.int8]:
    table = np.full(256, -1, np.int8)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    return table


_USCC_VALUES, _ORG_VALUES, _DIGITS = (_table_of(a) for a in (_USCC_ALPHABET, _ORG_ALPHABET, "0123456789"))


def _of_length(text: pa.StringArray, length: int) -> tuple[npt.NDArray[np.int64], Bytes]:
    """Positions of the values of exactly `length` bytes, and those bytes as a matrix."""
    fits = pc.fill_null(pc.equal(pc.binary_length(text), length), False)
    where: npt.NDArray[np.int64] = np.nonzero(fits.to_numpy(zero_copy_only=False))[0]
    chosen = text.filter(fits).cast(pa.binary())
    if not len(chosen):
        return where, np.zeros((0, length), np.uint8)
    offsets = np.frombuffer(chosen.buffers()[1], np.int32)[chosen.offset : chosen.offset + len(chosen) + 1]
    data = np.frombuffer(chosen.buffers()[2], np.uint8)[offsets[0] : offsets[-1]]
    return where, data.reshape(-1, length)


def _strings(matrix: Bytes) -> pa.StringArray:
    rows, length = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * np.int32(length)
    data = np.ascontiguousarray(matrix)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def _start(text: pa.StringArray) -> Verdicts:
    """Everything is of a wrong length until a form fits it; masked values (with `*`) are told apart."""
    error = np.full(len(text), LENGTH, np.uint8)
    masked = pc.fill_null(pc.match_substring(text, "*"), False).to_numpy(zero_copy_only=False)
    error[masked] = MASKED
    return Verdicts(text, error, np.zeros(len(text), np.uint8))


def _spelled_wrong(matrix: Bytes) -> Bytes:
    """For values with characters outside the alphabet: masked, a letter O or I for a digit, or just wrong."""
    errors = np.full(len(matrix), CHARACTERS, np.uint8)
    errors[np.isin(matrix, np.frombuffer(b"OI", np.uint8)).any(1)] = LETTER_FOR_DIGIT
    errors[(matrix == ord("*")).any(1)] = MASKED
    return errors


def _judge(matrix: Bytes, spelled: Any, checks: Any) -> Bytes:
    errors = np.where(checks, 0, CHECK_DIGIT).astype(np.uint8)
    errors[~spelled] = _spelled_wrong(matrix[~spelled])
    return errors


# --- the forms ---


def _weighted(values: npt.NDArray[np.int8], weights: npt.NDArray[np.float32], modulus: int) -> npt.NDArray[np.int32]:
    """Weighted sums of the rows, modulo `modulus`."""
    sums = np.einsum("ij,j->i", values.astype(np.float32), weights)  # not BLAS: its threads wait longer than they work
    return np.asarray(sums.astype(np.int32) % modulus, np.int32)


def _org_checks(matrix: Bytes) -> Flags:
    sums = _weighted(_ORG_VALUES[matrix[:, :8]], _ORG_WEIGHTS, 11)
    right: Flags = _ORG_CHECKS[sums] == matrix[:, 8]
    return right


def _org_spelled(matrix: Bytes) -> Flags:
    last = (_DIGITS[matrix[:, 8]] >= 0) | (matrix[:, 8] == ord("X"))
    spelled: Flags = (_ORG_VALUES[matrix[:, :8]] >= 0).all(1) & last
    return spelled


def _check_org_code(text: pa.StringArray, today: date) -> Verdicts:
    verdict = _start(text)
    where, matrix = _of_length(text, 9)
    verdict.error[where] = _judge(matrix, _org_spelled(matrix), _org_checks(matrix))
    return verdict


def _check_uscc(text: pa.StringArray, today: date) -> Verdicts:
    verdict = _start(text)
    where, matrix = _of_length(text, 18)
    values = _USCC_VALUES[matrix]
    spelled = (values >= 0).all(1) & (_DIGITS[matrix[:, 2:8]] >= 0).all(1)
    verdict.error[where] = _judge(matrix, spelled, _weighted(values, _USCC_WEIGHTS, 31) == 0)
    inner = matrix[:, 8:17]
    strange = ~np.isin(matrix[:, 0], np.frombuffer(_DEPARTMENTS, np.uint8))
    verdict.warning[where] = np.where(_org_spelled(inner) & _org_checks(inner), 0, INNER_ORG_CODE)
    verdict.warning[where] |= np.where(strange, UNKNOWN_DEPARTMENT, 0).astype(np.uint8)
    verdict.warning[verdict.error != 0] = 0
    return verdict


def _number(digits: Bytes) -> npt.NDArray[np.int32]:
    weights = (10 ** np.arange(digits.shape[1] - 1, -1, -1)).astype(np.int32)
    values = (digits.astype(np.int32) - ord("0")) @ weights
    return np.asarray(values, np.int32)


def _real_dates(digits: Bytes, today: date) -> Flags:
    """Whether 8 digits are a calendar day from 1850 to `today`."""
    year, month, day = _number(digits[:, :4]), _number(digits[:, 4:6]), _number(digits[:, 6:8])
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int32)
    in_year = (month >= 1) & (month <= 12)
    last = lengths[np.where(in_year, month, 0)] + ((month == 2) & leap)
    whole = _number(digits)
    until = today.year * 10000 + today.month * 100 + today.day
    real: Flags = in_year & (day >= 1) & (day <= last) & (year >= 1850) & (whole <= until)
    return real


def _ric_check_digit(body: Bytes) -> Bytes:
    """The 18th character for 17 digits (ISO 7064 mod 11-2)."""
    return np.asarray(_RIC_CHECKS[_weighted(_DIGITS[body], _RIC_WEIGHTS, 11)], np.uint8)


def _judge_ric(matrix: Bytes, today: date) -> Bytes:
    last = (_DIGITS[matrix[:, 17]] >= 0) | (matrix[:, 17] == ord("X"))
    spelled = (_DIGITS[matrix[:, :17]] >= 0).all(1) & last & (matrix[:, 0] != ord("0"))
    errors = _judge(matrix, spelled, _ric_check_digit(matrix[:, :17]) == matrix[:, 17])
    errors[(errors == 0) & ~_real_dates(matrix[:, 6:14], today)] = BIRTH_DATE
    return errors


def _to_eighteen(old: Bytes) -> Bytes:
    """15 digits to 18: the century is 19, the check digit is computed (GB 11643-1999 over GB 11643-1989)."""
    century = np.broadcast_to(np.frombuffer(b"19", np.uint8), (len(old), 2))
    body = np.concatenate([old[:, :6], century, old[:, 6:]], axis=1)
    return np.concatenate([body, _ric_check_digit(body)[:, None]], axis=1)


def _check_ric(text: pa.StringArray, today: date) -> Verdicts:
    verdict = _start(text)
    where, matrix = _of_length(text, 18)
    verdict.error[where] = _judge_ric(matrix, today)
    where, old = _of_length(text, 15)
    if not len(where):
        return verdict
    digits = (_DIGITS[old] >= 0).all(1)
    verdict.error[where[~digits]] = _spelled_wrong(old[~digits])
    where, new = where[digits], _to_eighteen(old[digits])
    verdict.error[where] = _judge_ric(new, today)
    verdict.warning[where] = CONVERTED
    mask = np.zeros(len(text), np.bool_)
    mask[where] = True
    value = pc.replace_with_mask(text, pa.array(mask), _strings(new))
    return Verdicts(value, verdict.error, verdict.warning)


def _check_reg_no(text: pa.StringArray, today: date) -> Verdicts:
    """15 digits under ISO 7064 mod 11,10."""
    verdict = _start(text)
    where, matrix = _of_length(text, 15)
    digits = _DIGITS[matrix].astype(np.int32)
    product = np.full(len(matrix), 10, np.int32)
    for column in range(14):
        total = (product + digits[:, column]) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    verdict.error[where] = _judge(matrix, (digits >= 0).all(1), (product + digits[:, 14]) % 10 == 1)
    return verdict


def _check_tax_no(text: pa.StringArray, today: date) -> Verdicts:
    """15: area and organisation code; 18: credit code or citizen number; 20: citizen number, two digits."""
    verdict = _start(text)
    where, matrix = _of_length(text, 15)
    spelled = (_DIGITS[matrix[:, :6]] >= 0).all(1) & _org_spelled(matrix[:, 6:])
    verdict.error[where] = _judge(matrix, spelled, _org_checks(matrix[:, 6:]))
    where, matrix = _of_length(text, 18)
    firms = _check_uscc(text, today)
    persons = _judge_ric(matrix, today)
    verdict.error[where] = np.where(persons == 0, 0, firms.error[where])
    verdict.warning[where] = np.where(firms.error[where] == 0, firms.warning[where], 0)
    where, matrix = _of_length(text, 20)
    tail = (_DIGITS[matrix[:, 18:]] >= 0).all(1)
    verdict.error[where] = np.where(tail, _judge_ric(matrix[:, :18], today), CHARACTERS)
    return verdict


def _check_by_form(text: pa.StringArray, today: date) -> Verdicts:
    """Valid as one kind; else the error of the kind that its length suggests.

    15 digits that are both a registration number and an old citizen number are ambiguous: nobody guesses.
    """
    firm, person, org, reg = (_CHECKS[kind](text, today) for kind in (USCC, RIC, ORG_CODE, REG_NO))
    error, warning = firm.error.copy(), firm.warning.copy()
    for verdict in (person, org, reg):
        better = (error != 0) & ((verdict.error == 0) | (error == LENGTH))
        error[better], warning[better] = verdict.error[better], verdict.warning[better]
    error[(reg.error == 0) & (person.warning == CONVERTED) & (person.error == 0)] = AMBIGUOUS
    warning[error != 0] = 0
    converted = (error == 0) & (warning == CONVERTED) & (person.warning == CONVERTED)
    return Verdicts(pc.if_else(pa.array(converted), person.value, text), error, warning)


_CHECKS: dict[str, Callable[[pa.StringArray, date], Verdicts]] = {
    USCC: _check_uscc,
    RIC: _check_ric,
    REG_NO: _check_reg_no,
    ORG_CODE: _check_org_code,
    TAX_NO: _check_tax_no,
    BY_FORM: _check_by_form,
}
