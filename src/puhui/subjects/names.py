"""Names of organisations as registers and courts write them, brought to one form for comparing.

Promises: the normal form only evens out spelling (width, brackets, blanks, 有限责任公司/有限公司). What
may be left out of a name (its place, its legal form) is kept apart, so that nothing is equated in silence.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

_DROPPED = re.compile(r"[\s()\[\]{}〔〕【】〈〉《》「」『』“”\"'‘’,，.。、;；:：\-‐-―_/\\]+")
_MASKED = re.compile(r"[*＊×○〇□#]|某|XX")
_SOLE_TRADER = re.compile(r"[(\[]个体工商户[)\]]|个体工商户$")
_FORMER = re.compile(r"[(\[](曾用名|原名|已注销|已吊销|注销|吊销)[^)\]]*[)\]]")

# Longest first. What ends a name and says what sort of body it is; a branch is a body of its own.
FORMS = (
    "农民专业合作社联合社", "农民专业合作社", "股份有限公司", "专业合作社", "集团有限公司", "个人独资企业",
    "普通合伙", "有限合伙", "有限公司", "股份公司", "合作社", "分公司", "事务所", "经营部", "公司",
)  # fmt: skip
_NEUTRAL_FORMS = {"农民专业合作社": "合作社", "专业合作社": "合作社"}

_PLACE_ENDINGS = (
    "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区", "自治州", "自治县", "省", "市",
)  # fmt: skip
_ORGANISATION = re.compile(
    r"(公司|集团|厂|店|社|行|部|院|校|所|局|站|场|中心|协会|学会|商会|基金会|联合会|委员会|政府|馆|园|坊|铺|摊|队|处|会|户|"
    r"超市|室|楼|城|吧|屋|家|阁|轩|庄|企业|合伙|学校|大学|医院|幼儿园|银行|寺|矿|房|点|组|村|街道|镇|乡)\d*$"
)
_PERSON = re.compile(r"[\u3400-\u9fff]{2,4}|[\u3400-\u9fff]{1,15}(·[\u3400-\u9fff]{1,15})+")


@dataclass(frozen=True, slots=True)
class NameParts:
    """A normal name taken apart: leading places (short forms, from large to small), core, and legal form."""

    full: str
    places: tuple[str, ...]
    core: str
    form: str

    def __repr__(self) -> str:
        return "NameParts('…')"


class NameMatcher(Protocol):
    """Compares names that are not equal."""

    def score(self, asked: Sequence[NameParts], known: Sequence[NameParts]) -> list[tuple[int, int, float]]:
        """Pairs that may be one body: place in `asked`, place in `known`, probability. Repeatable."""


def spelled(name: str) -> str:
    """Half width, capitals, remarks in brackets such as 曾用名 and 个体工商户 taken off."""
    text = unicodedata.normalize("NFKC", name).upper()
    return _SOLE_TRADER.sub("", _FORMER.sub("", text))


def normal_name(name: str) -> str:
    """Brackets and punctuation dropped, 有限责任公司 as 有限公司. Empty where nothing is left."""
    return _DROPPED.sub("", spelled(name)).replace("有限责任公司", "有限公司")


def is_masked(name: str) -> bool:
    """Whether somebody blotted a part out: such a name is never matched."""
    return bool(_MASKED.search(unicodedata.normalize("NFKC", name).upper()))


def looks_like_person(name: str) -> bool:
    """Two to four Han characters (or parts joined by ·) that end in no word for an organisation."""
    text = spelled(name).strip()
    return bool(_PERSON.fullmatch(text)) and not _ORGANISATION.search(text)


def masked_name(name: str) -> str:
    """What a steward's list shows of a name: the first two and the last two characters."""
    if len(name) <= 4:
        return name[:1] + "*" * (len(name) - 1)
    return name[:2] + "*" * (len(name) - 4) + name[-2:]


class PlaceNames:
    """The place names that a zone's firms put before their own: long forms (新余市) and short ones (新余)."""

    def __init__(self, names: Sequence[str]) -> None:
        spellings: dict[str, str] = {}
        own = [name for name in names if name not in ("市辖区", "县")]
        for name in sorted(own, key=lambda name: (not name.endswith("市"), name)):
            # 吉安市 and 吉安县: the bare 吉安 is the city, the county stays apart
            taken = _short(name) in spellings
            spellings[name] = name if taken else _short(name)
            spellings.setdefault(_short(name), _short(name))
        self._spellings = sorted(spellings.items(), key=lambda pair: (-len(pair[0]), pair[0]))

    def parts(self, name: str) -> NameParts:
        """Takes a name apart. Where less than two characters would be left, the place belongs to the name."""
        full = normal_name(name)
        rest, places = full, []
        while found := self._leading(rest):
            long, short = found
            places.append(short)
            rest = rest[len(long) :]
        core, form = _without_form(rest)
        if len(core) < 2:
            core, form = _without_form(full)
            places = []
        return NameParts(full, tuple(places), core, form)

    def _leading(self, text: str) -> tuple[str, str] | None:
        for spelling in self._spellings:
            if text.startswith(spelling[0]):
                return spelling
        return None


def may_be_one(left: NameParts, right: NameParts) -> bool:
    """Whether places and forms leave it open that two names are one: what both state must not contradict."""
    a, b = set(left.places), set(right.places)
    return (a <= b or b <= a) and (left.form == right.form or not left.form or not right.form)


def _short(name: str) -> str:
    for ending in _PLACE_ENDINGS:
        if name.endswith(ending):
            return name[: -len(ending)]
    return name[:-1] if len(name) > 2 and name[-1] in "县区旗盟" else name


def _without_form(text: str) -> tuple[str, str]:
    for form in FORMS:
        if text.endswith(form):
            return text[: -len(form)], _NEUTRAL_FORMS.get(form, form)
    return text, ""
