"""Encodings told strictly, and decoded in a stream to UTF-8.

Order: a byte-order mark decides; then NUL bytes that show UTF-16; then strict UTF-8; then strict GB18030
(which holds GBK and GB 2312). A byte that fits none refuses the file with its offset. Nothing is ever
replaced by a "?".
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from puhui.adapters.files_refused import unreadable
from puhui.adapters.files_scan import Scan
from puhui.model.refusals import ParcelUnreadable

HEAD = 1 << 16
_STEP = 1 << 22
_SURELY_UTF8 = 4  # so many three-byte characters in a row before a broken byte are not GB18030
_USUAL = re.compile("[\\t\\n\\r -~\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_MOST = 0.9
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding_of(head: bytes, scan: Scan) -> tuple[str, bool]:
    """The encoding and whether a byte-order mark states it. Raises ParcelUnreadable for broken UTF-8."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            if encoding == "utf-8" and scan.broken_utf8_at >= 0:
                raise _broken("UTF-8", scan.broken_utf8_at)
            return encoding, True
    if wide := _utf16_without_mark(head):
        return wide, False
    if scan.broken_utf8_at < 0:
        return "utf-8", False
    if scan.wide >= _SURELY_UTF8:
        raise _broken("UTF-8", scan.broken_utf8_at)
    return "gb18030", False


def _utf16_without_mark(head: bytes) -> str:
    """The order of bytes in which a text with NULs is nearly all Chinese and ASCII, with a line end."""
    if b"\0" not in head:
        return ""
    for encoding in ("utf-16-le", "utf-16-be"):
        text = head[: len(head) // 2 * 2].decode(encoding, "replace")
        if ("\n" in text or "\r" in text) and len(_USUAL.findall(text)) >= _MOST * len(text):
            return encoding
    return ""


def decode_to_utf8(path: Path, target: Path, encoding: str) -> None:
    """Write the text to `target` as UTF-8 without a byte-order mark, strictly. Raises ParcelUnreadable."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    fed = 0
    first = True
    with path.open("rb") as source, target.open("wb") as sink:
        while True:
            part = source.read(_STEP)
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(part, final=not part)
            except UnicodeDecodeError as broken:
                raise _broken(encoding.upper(), fed - pending + broken.start) from None
            if first and text:
                text = text.removeprefix("\ufeff")
                first = False
            sink.write(_as_utf8(text, encoding, fed))
            fed += len(part)
            if not part:
                return


def _as_utf8(text: str, encoding: str, near: int) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # a lone surrogate: GB18030 and UTF-16 decoders should not give one
        raise _broken(encoding.upper(), near) from None


def _broken(encoding: str, offset: int) -> ParcelUnreadable:
    return unreadable(
        f"第 {offset} 字节处不是有效的 {encoding} 编码",
        f"the byte at offset {offset} is not valid {encoding}",
        todo_zh="请以 UTF-8 或 GB18030 编码重新导出；文件可能被截断，或由两种编码拼接而成",
        todo_en="export again as UTF-8 or GB18030; the file may be cut off or joined from two encodings",
        where=f"offset {offset}",
    )
