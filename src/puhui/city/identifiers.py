"""Identifiers with right check digits, made from blocks that are not issued, many at a time.

Organisation codes start with `YY`; citizen numbers have the sequence number 000 (so their 17th digit tells no sex);
mobile numbers start with 100. Arrays of text are Arrow strings of one length.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from puhui.city.settings import Days, Whole

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100: no I, O, S, V, Z
ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # GB 11714 values of letters
_USCC = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
_USCC_VALUE = np.zeros(256, dtype=np.int64)
_USCC_VALUE[_USCC] = np.arange(31)
_ORG_VALUE = np.zeros(256, dtype=np.int64)
_ORG_VALUE[np.frombuffer(ORG_ALPHABET.encode(), dtype=np.uint8)] = np.arange(36)
_USCC_WEIGHT = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
_ORG_WEIGHT = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_RIC_WEIGHT = np.array([pow(2, 17 - i, 11) for i in range(17)], dtype=np.int64)
_RIC_CHECK = np.frombuffer(b"10X98765432", dtype=np.uint8)
_ORG_CHECK = np.frombuffer(b"0123456789X", dtype=np.uint8)
_BLOCK = 31**6
_STRIDE = 400_000_009  # prime, no factor of 31: a walk through the block that meets no number twice

Bytes = npt.NDArray[np.uint8]


def strings_of(rows: Bytes) -> pa.StringArray:
    """A matrix of ASCII bytes, one row each, as Arrow strings."""
    n, width = rows.shape
    offsets = np.arange(n + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(rows)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(data))


def digits_of(numbers: Whole, width: int) -> Bytes:
    """Decimal digits of each number, led by zeros to `width`."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return ((numbers[:, None] // powers) % 10 + ord("0")).astype(np.uint8)


def org_codes(serial: Whole, seed: int) -> Bytes:
    """Organisation codes (GB 11714): `YY`, six characters that walk with the serial, check character."""
    number = (serial * _STRIDE + seed * 7_919) % _BLOCK
    powers = 31 ** np.arange(5, -1, -1, dtype=np.int64)
    body = np.empty((len(serial), 9), dtype=np.uint8)
    body[:, :2] = ord("Y")
    body[:, 2:8] = _USCC[(number[:, None] // powers) % 31]
    total = (_ORG_VALUE[body[:, :8]] * _ORG_WEIGHT).sum(axis=1)
    body[:, 8] = _ORG_CHECK[(11 - total % 11) % 11]
    # an inner check of X is lawful in GB 11714 and in the alphabet of GB 32100
    return body


def credit_codes(head: Bytes, region: Whole, org: Bytes) -> Bytes:
    """Credit codes (GB 32100): two characters of `head`, area, organisation code, check character."""
    code = np.empty((len(region), 18), dtype=np.uint8)
    code[:, :2] = head
    code[:, 2:8] = digits_of(region, 6)
    code[:, 8:17] = org
    total = (_USCC_VALUE[code[:, :17]] * _USCC_WEIGHT).sum(axis=1)
    code[:, 17] = _USCC[(31 - total % 31) % 31]
    return code


def citizen_numbers(region: Whole, birth: Days) -> Bytes:
    """Citizen numbers (GB 11643) of the sequence 000."""
    number = np.empty((len(region), 18), dtype=np.uint8)
    number[:, :6] = digits_of(region, 6)
    number[:, 6:14] = digits_of(compact_days(birth), 8)
    number[:, 14:17] = ord("0")
    total = ((number[:, :17].astype(np.int64) - ord("0")) * _RIC_WEIGHT).sum(axis=1)
    number[:, 17] = _RIC_CHECK[total % 11]
    return number


def compact_days(days: Days) -> Whole:
    """2026-06-30 as the number 20260630."""
    months = days.astype("datetime64[M]")
    month_index = months.astype(np.int64)
    day = (days.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64) + 1
    numbers: Whole = (1970 + month_index // 12) * 10_000 + (month_index % 12 + 1) * 100 + day
    return numbers


def registration_numbers(region: Whole, serial: Whole) -> Bytes:
    """15-digit registration numbers (GS 15-2006): area, eight digits, check digit by ISO 7064 mod 11,10."""
    number = np.empty((len(region), 15), dtype=np.uint8)
    number[:, :6] = digits_of(region, 6)
    number[:, 6:14] = digits_of(90_000_000 + serial % 10_000_000, 8)
    product = np.full(len(region), 10, dtype=np.int64)
    for at in range(14):
        total = (product + number[:, at] - ord("0")) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    number[:, 14] = ((11 - product) % 10 + ord("0")).astype(np.uint8)
    return number


def phones(serial: Whole) -> pa.StringArray:
    """Mobile numbers of the block 100, which no carrier has."""
    return strings_of(np.hstack([np.tile(np.frombuffer(b"100", np.uint8), (len(serial), 1)), digits_of(serial, 8)]))


def spoil(codes: pa.Array) -> pa.Array:
    """The same codes with a last character that cannot be right: the next one of the alphabet of credit codes."""
    following = dict(zip(USCC_ALPHABET, USCC_ALPHABET[1:] + "0", strict=True))
    return pa.array([code[:-1] + following[code[-1]] for code in codes.to_pylist()], pa.string())
