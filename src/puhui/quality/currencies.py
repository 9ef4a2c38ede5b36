"""The words that Chinese registers use for currencies and multiples, with their ISO 4217 codes and powers of
ten."""

from __future__ import annotations

import re

# first match wins, so a word that holds another's (美元 holds 元) stands with its own code and 元 alone comes
# last
CURRENCIES: dict[str, tuple[str, ...]] = {
    "TWD": ("新台币", "台币", "新台元", "台元", "TWD", "NTD", "NT$"),
    "HKD": ("港币", "港元", "港圆", "香港元", "HKD", "HK$"),
    "USD": ("美元", "美金", "USD", "US$"),
    "EUR": ("欧元", "EUR", "€"),
    "JPY": ("日元", "日圆", "日币", "JPY"),
    "GBP": ("英镑", "GBP", "£"),
    "AUD": ("澳大利亚元", "澳元", "澳币", "AUD"),
    "NZD": ("新西兰元", "NZD"),
    "CAD": ("加拿大元", "加元", "加币", "CAD"),
    "SGD": ("新加坡元", "新加坡币", "新元", "坡币", "SGD"),
    "MOP": ("澳门元", "澳门币", "MOP"),
    "CHF": ("瑞士法郎", "瑞郎", "CHF"),
    "KRW": ("韩国元", "韩元", "韩圆", "韩币", "KRW"),
    "DEM": ("德国马克", "马克", "DEM"),
    "FRF": ("法国法郎", "法郎", "FRF"),
    "SEK": ("瑞典克朗", "SEK"),
    "DKK": ("丹麦克朗", "DKK"),
    "NOK": ("挪威克朗", "NOK"),
    "THB": ("泰国铢", "泰铢", "THB"),
    "RUB": ("俄罗斯卢布", "卢布", "RUB"),
    "MYR": ("马来西亚林吉特", "林吉特", "马来西亚币", "MYR"),
    "INR": ("印度卢比", "INR"),
    "VND": ("越南盾", "VND"),
    "PHP": ("菲律宾比索", "PHP"),
    "IDR": ("印度尼西亚盾", "印尼盾", "IDR"),
    "AED": ("阿联酋迪拉姆", "迪拉姆", "AED"),
    "CNY": ("人民币元", "人民币", "CNY", "RMB", "¥"),
}
_DOLLAR_SIGN = "$"  # alone it is the US dollar; behind HK, NT and US it was found above
CURRENCIES["USD"] = (*CURRENCIES["USD"], _DOLLAR_SIGN)
MULTIPLES: dict[str, int] = {
    "百亿": 10, "十亿": 9, "亿": 8, "千万": 7, "百万": 6, "十万": 5, "万": 4, "千": 3, "百": 2,
}  # fmt: skip


def currency_pattern() -> str:
    """A regular expression of all currency words, longest first (for Python and for RE2)."""
    words = sorted((word for group in CURRENCIES.values() for word in group), key=len, reverse=True)
    return "|".join(re.escape(word) for word in words)
