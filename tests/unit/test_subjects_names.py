"""Names: what is only spelling is evened out, what tells bodies apart is kept."""

from __future__ import annotations

import pytest

from puhui.model.regions import places_of
from puhui.subjects.names import (
    PlaceNames,
    is_masked,
    looks_like_person,
    masked_name,
    may_be_one,
    normal_name,
)  # fmt: skip

JIAN, XINYU = PlaceNames(places_of("360800")), PlaceNames(places_of("360500"))


@pytest.mark.parametrize(
    "name",
    [
        "新余市甲（集团）有限责任公司",
        "新余市甲(集团)有限公司",
        " 新余市 甲（集团）　有限公司 ",
        "新余市甲(集团)有限公司(曾用名乙)",
    ],
)
def test_spellings_of_one_name(name: str) -> None:
    assert normal_name(name) == "新余市甲集团有限公司"


def test_stock_and_limited_companies_stay_apart() -> None:
    assert normal_name("甲股份有限公司") != normal_name("甲有限公司")


@pytest.mark.parametrize(
    ("name", "places", "core", "form"),
    [
        ("江西省新余市渝水区昌盛商贸有限公司", ("江西", "新余", "渝水"), "昌盛商贸", "有限公司"),
        ("新余昌盛商贸有限公司", ("新余",), "昌盛商贸", "有限公司"),
        ("分宜县兴农专业合作社", ("分宜",), "兴农", "合作社"),
        ("江西志群工程有限公司安福分公司", ("江西",), "志群工程有限公司安福", "分公司"),
        ("新余有限公司", (), "新余", "有限公司"),
    ],
)
def test_a_name_taken_apart(name: str, places: tuple[str, ...], core: str, form: str) -> None:
    parts = XINYU.parts(name)
    assert (parts.places, parts.core, parts.form) == (places, core, form)
    assert core not in repr(parts)


def test_a_county_and_a_city_of_one_name_stay_apart() -> None:
    city, county = JIAN.parts("吉安市第二建筑公司"), JIAN.parts("吉安县第二建筑公司")
    assert city.core == county.core
    assert not may_be_one(city, county)
    assert may_be_one(city, JIAN.parts("吉安第二建筑公司"))


@pytest.mark.parametrize(
    ("left", "right", "open_"),
    [
        ("新余市昌盛商贸有限公司", "昌盛商贸有限公司", True),
        ("新余市昌盛商贸有限公司", "江西省新余市昌盛商贸", True),
        ("新余市昌盛商贸有限公司", "分宜县昌盛商贸有限公司", False),
        ("新余市昌盛商贸有限公司", "新余市昌盛商贸厂", True),
        ("新余市昌盛商贸有限公司", "新余市昌盛商贸股份有限公司", False),
    ],
)
def test_what_contradicts(left: str, right: str, open_: bool) -> None:
    assert may_be_one(XINYU.parts(left), XINYU.parts(right)) is open_


def test_persons_and_masked_names_are_seen() -> None:
    assert all(looks_like_person(name) for name in ["王小明", "欧阳春", "买买提·吐尔逊", " 李四 "])
    assert not any(looks_like_person(name) for name in ["昌盛厂", "新余商会", "供销社", "新余市昌盛商贸有限公司"])
    assert all(is_masked(name) for name in ["张*", "新余＊＊有限公司", "李某", "○○公司", "xx公司"])
    assert not is_masked("新余市昌盛商贸有限公司")


@pytest.mark.parametrize(("name", "shown"), [("王明", "王*"), ("新余市昌盛商贸", "新余***商贸"), ("", "")])
def test_what_a_stewards_list_shows(name: str, shown: str) -> None:
    assert masked_name(name) == shown
