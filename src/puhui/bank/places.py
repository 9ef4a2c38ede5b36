"""What the commands are given, in the form that messages have: the zone's URL, identifiers, a basis, a month."""

from __future__ import annotations

import re
import sys
import unicodedata
from datetime import UTC, datetime
from urllib.parse import urlsplit

from puhui.model.refusal import Said
from puhui.model.refusals_question import InputRefused

BASES = ("letter", "application", "duty", "order")
_BLANKS = re.compile(r"[\s-]+")


def zone_url(text: str) -> str:
    """The zone's URL: scheme and host alone, since the path is signed. Raises InputRefused."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise _refused("专区网址应为 https://主机[:端口]", "a zone's URL is https://HOST[:PORT], without a path")
    if parts.username is not None:
        raise _refused("专区网址不得含用户名", "a zone's URL names no user")
    return f"{parts.scheme}://{parts.netloc}"


def about(uscc: str, ric: str) -> tuple[str, str]:
    """Kind and value of the one identifier that was given, in its normal form; `-` reads it from standard input."""
    if bool(uscc) == bool(ric):
        raise _refused("须给出 --uscc 或 --ric 之一", "give one of --uscc and --ric")
    kind, value = ("uscc", uscc) if uscc else ("ric", ric)
    given = sys.stdin.readline() if value == "-" else value
    normal = _BLANKS.sub("", unicodedata.normalize("NFKC", given)).upper()
    if not normal:
        raise _refused("没有读到标识", "no identifier was given")
    return kind, normal


def basis_of(letter: str, basis: tuple[str, str] | None) -> tuple[str, str] | None:
    """Kind and id of the basis that was given; None: a product about firms whose every item is public."""
    if letter and basis:
        raise _refused("--letter 与 --basis 只能给一个", "give --letter or --basis, not both")
    if basis and basis[0] not in BASES:
        raise _refused(f"依据种类应为 {'、'.join(BASES)}", f"a basis is one of {', '.join(BASES)}")
    return ("letter", letter) if letter else basis


def month_now() -> str:
    """This month, `2026-11`, in UTC as the log counts it."""
    return datetime.now(UTC).strftime("%Y-%m")


def _refused(zh: str, en: str) -> InputRefused:
    return InputRefused(Said(zh, en), todo=Said("见 puhui-bank COMMAND --help", "see `puhui-bank COMMAND --help`"))
