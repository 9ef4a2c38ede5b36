"""Check digits against python-stdnum and against plain formulas, on random and on nearly valid values."""

from __future__ import annotations

import csv
import os
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_2, mod_11_10

from puhui.model.identifiers import (
    CONVERTED,
    ERRORS,
    INNER_ORG_CODE,
    kinds_by_form,
    normalise,
    normalise_identifier,
    verify,
)  # fmt: skip

TODAY = date(2026, 9, 1)
unhurried = settings(deadline=None, max_examples=60)  # the first call of a kind compiles
DATA = Path(os.environ.get("PUHUI_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def error_of(kind: str, text: str) -> str:
    return ERRORS[verify(kind, pa.array([text]), TODAY).error[0]]


def org_check(body: str) -> str:
    total = sum(LETTERS.index(c) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    return "0X987654321"[total % 11]


codes = st.builds(
    lambda head, area, org: (body := head + area + org) + stdnum_uscc.calc_check_digit(body),
    st.sampled_from(["91", "92", "12", "52", "93"]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
)
numbers = st.builds(
    lambda area, day, serial: (body := f"{area}{day:%Y%m%d}{serial:03d}") + mod_11_2.calc_check_digit(body),
    st.integers(110000, 659999),
    st.dates(date(1900, 1, 1), TODAY),
    st.integers(0, 999),
)
old_numbers = st.builds(
    lambda area, day, serial: f"{area}{day:%y%m%d}{serial:03d}",
    st.integers(110000, 659999), st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(0, 999),
)  # fmt: skip


def spoilt(valid: st.SearchStrategy[str], alphabet: str) -> st.SearchStrategy[str]:
    """Valid values with one character replaced, perhaps by itself."""

    def replace(text: str, at: int, by: str) -> str:
        return text[: at % len(text)] + by + text[at % len(text) + 1 :]

    return st.builds(replace, valid, st.integers(0, 30), st.sampled_from(alphabet))


@unhurried
@given(st.lists(codes | spoilt(codes, ALPHABET) | st.text(ALPHABET, min_size=17, max_size=19), min_size=1))
def test_credit_codes_agree_with_stdnum(texts: list[str]) -> None:
    assert verify("uscc", pa.array(texts), TODAY).valid.tolist() == [
        # stdnum knows no department with a letter
        stdnum_uscc.is_valid(text) or letters_in_department(text) for text in texts
    ]  # fmt: skip


def letters_in_department(text: str) -> bool:
    shaped = len(text) == 18 and text[2:8].isdigit() and all(c in ALPHABET for c in text)
    return shaped and not text[:2].isdigit() and stdnum_uscc.calc_check_digit(text[:17]) == text[17]


@unhurried
@given(codes)
def test_a_wrong_organisation_code_inside_is_a_warning_only(text: str) -> None:
    verdicts = verify("uscc", pa.array([text]), TODAY)
    right = (text[16].isdigit() or text[16] == "X") and org_check(text[8:16]) == text[16]
    assert verdicts.error[0] == 0
    assert bool(verdicts.warning[0] & INNER_ORG_CODE) is not right


@unhurried
@given(st.lists(numbers | spoilt(numbers, "0123456789X"), min_size=1))
def test_citizen_numbers_agree_with_the_formula(texts: list[str]) -> None:
    def valid(text: str) -> bool:
        if not text[:17].isdigit() or text[0] == "0" or not mod_11_2.is_valid(text):
            return False
        try:
            born = date.fromisoformat(f"{text[6:10]}-{text[10:12]}-{text[12:14]}")
        except ValueError:
            return False
        return date(1850, 1, 1) <= born <= TODAY

    assert verify("ric", pa.array(texts), TODAY).valid.tolist() == [valid(text) for text in texts]


@unhurried
@given(old_numbers)
def test_fifteen_digits_become_eighteen_and_say_so(text: str) -> None:
    verdicts = verify("ric", pa.array([text]), TODAY)
    value = verdicts.value[0].as_py()
    assert verdicts.error[0] == 0
    assert verdicts.warning[0] == CONVERTED
    assert (value[:6], value[6:8], value[8:17]) == (text[:6], "19", text[6:])
    assert mod_11_2.is_valid(value)
    assert normalise_identifier("ric", text) == value
    assert verify("ric", pa.array([value]), TODAY).warning[0] == 0


@unhurried
@given(st.dates(TODAY + timedelta(1), date(2100, 1, 1)))
def test_nobody_is_born_after_today(day: date) -> None:
    body = f"360502{day:%Y%m%d}001"
    assert error_of("ric", body + mod_11_2.calc_check_digit(body)) == "birth-date"


digits = st.text("0123456789", min_size=14, max_size=14)
registrations = digits.map(lambda body: body + mod_11_10.calc_check_digit(body))


@unhurried
@given(st.lists(registrations | spoilt(registrations, "0123456789") | digits, min_size=1))
def test_registration_numbers_agree_with_stdnum(texts: list[str]) -> None:
    expected = [len(text) == 15 and mod_11_10.is_valid(text) for text in texts]
    assert verify("reg_no", pa.array(texts), TODAY).valid.tolist() == expected


@unhurried
@given(st.text(LETTERS, min_size=8, max_size=8), st.sampled_from(["", "-", "－"]), st.sampled_from("0123456789X"))
def test_organisation_codes_with_and_without_a_dash(body: str, dash: str, last: str) -> None:
    right = org_check(body) == last
    assert (error_of("org_code", body + dash + last) == "") is right
    assert (error_of("tax_no", "360502" + body + last) == "") is right


@unhurried
@given(codes, numbers)
def test_forms_of_the_tax_number(code: str, number: str) -> None:
    assert error_of("tax_no", code) == error_of("tax_no", number) == error_of("tax_no", number + "01") == ""
    assert error_of("tax_no", number + "0A") == "characters"
    assert error_of("tax_no", code[:-1]) == "length"


@unhurried
@given(codes, st.integers(0, 17), st.sampled_from("OI"))
def test_a_letter_typed_for_a_digit_is_named_and_not_mended(code: str, at: int, letter: str) -> None:
    typed = code[:at] + letter + code[at + 1 :]
    assert error_of("uscc", typed) == "letter-for-digit"
    assert normalise_identifier("uscc", typed) == typed


@unhurried
@given(codes, st.lists(st.sampled_from([" ", "-", "　", "—", "\t"]), max_size=4))
def test_spelling_does_not_matter(code: str, between: list[str]) -> None:
    wide = "".join(chr(ord(c) + 0xFEE0) for c in code[:9]) + code[9:].lower()
    for n, blank in enumerate(between):
        wide = wide[: 4 * n] + blank + wide[4 * n :]
    assert normalise_identifier("uscc", wide) == code


@unhurried
@given(st.lists(st.none() | st.text(max_size=25), max_size=8))
def test_any_text_gets_a_verdict_and_blank_is_no_error(texts: list[str | None]) -> None:
    values = pa.array(texts, pa.string())
    for kind in ("uscc", "ric", "reg_no", "org_code", "tax_no", "by_form", "local:x"):
        verdicts = verify(kind, values, TODAY)
        blank = np.array([not value for value in normalise(kind, values).to_pylist()], bool)
        assert not verdicts.error[blank].any()
        assert not verdicts.valid[blank].any()
        assert len(verdicts.value) == len(texts)


@unhurried
@given(codes, numbers)
def test_a_slice_is_judged_like_its_values(code: str, number: str) -> None:
    values = pa.array(["x", code, number, None, code])
    assert verify("uscc", values[1:4], TODAY).valid.tolist() == verify("uscc", values, TODAY).valid.tolist()[1:4]


@unhurried
@given(codes.filter(lambda code: code[0] == "9"), numbers)
def test_the_form_tells_the_kind(code: str, number: str) -> None:
    org = "D2143569" + org_check("D2143569")
    assert kinds_by_form(pa.array([code, number, org, "123", None]), TODAY) == [
        "uscc",
        "ric",
        "org_code",
        "",
        "",
    ]
    assert error_of("by_form", code) == error_of("by_form", number) == error_of("by_form", org) == ""


@pytest.mark.parametrize("city", ["xinyu", "jian"])
def test_every_code_of_the_real_registers_is_valid(city: str) -> None:
    file = DATA / f"registry_{city}.csv"
    if not file.exists():
        pytest.skip("the real registers are not here (PUHUI_REAL_DATA)")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        values = pa.array([row["统一社会信用代码"] for row in csv.DictReader(opened)])
    verdicts = verify("uscc", values, TODAY)
    assert verdicts.valid.all()
    assert not verdicts.warning.any()
