"""Identifiers of the synthetic city: right check characters, blocks that are not issued, none twice."""

from __future__ import annotations

import numpy as np
import pytest
from stdnum.cn import ric, uscc

from puhui.city.identifiers import (
    ORG_ALPHABET,
    citizen_numbers,
    compact_days,
    credit_codes,
    org_codes,
    phones,
    registration_numbers,
    spoil,
    strings_of,
)

SERIAL = np.arange(5_000)


def _codes(head: bytes = b"91") -> list[str]:
    area = np.full(len(SERIAL), 360502)
    code = credit_codes(np.frombuffer(head, np.uint8), area, org_codes(SERIAL, 3))
    return list(strings_of(code).to_pylist())


def test_credit_codes_are_valid_and_unique() -> None:
    codes = _codes()
    assert all(uscc.is_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)
    assert {code[8:10] for code in codes} == {"YY"}


def test_inner_organisation_code_has_its_check_character() -> None:
    for code in _codes()[:500]:
        body = code[8:17]
        total = sum(
            ORG_ALPHABET.index(sign) * weight for sign, weight in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=False)
        )
        assert body[8] == "0123456789X0"[(11 - total % 11) % 11]


def test_citizen_numbers_have_their_check_character_and_the_sequence_000() -> None:
    birth = np.datetime64("1961-03-01") + SERIAL
    numbers = strings_of(citizen_numbers(np.full(len(SERIAL), 360502), birth)).to_pylist()
    assert all(number[-1] == ric.calc_check_digit(number) for number in numbers)
    assert {number[14:17] for number in numbers} == {"000"}
    assert numbers[0][6:14] == "19610301"


def test_registration_numbers_follow_iso_7064() -> None:
    numbers = strings_of(registration_numbers(np.full(len(SERIAL), 360502), SERIAL)).to_pylist()
    for number in numbers[:200]:
        product = 10
        for digit in number[:14]:
            product = ((product + int(digit)) % 10 or 10) * 2 % 11
        assert (product + int(number[14])) % 10 == 1


def test_phones_lie_in_a_block_that_no_carrier_has() -> None:
    assert phones(np.array([7])).to_pylist() == ["10000000007"]


@pytest.mark.parametrize("head", [b"91", b"12"])
def test_a_spoilt_code_is_never_valid(head: bytes) -> None:
    codes = strings_of(credit_codes(np.frombuffer(head, np.uint8), np.full(len(SERIAL), 360521), org_codes(SERIAL, 9)))
    assert not any(uscc.is_valid(code) for code in spoil(codes).to_pylist())


def test_days_as_compact_numbers() -> None:
    assert compact_days(np.array(["2024-02-29", "1999-12-01"], dtype="datetime64[D]")).tolist() == [
        20240229,
        19991201,
    ]
