"""A zone's settings: HOME/zone.toml, written once when the zone is made."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from puhui.model.refusal import Said
from puhui.model.refusals import HomeRefused
from puhui.wire.durable import OPEN, replace_bytes

FORMAT = 1
_FILE = "zone.toml"
SIX_MONTHS = 184  # days: the most that six months in a row can have


@dataclass(frozen=True, slots=True)
class Epoch:
    """A log that began when a backup was restored: after so many entries of the one before, with this version of the
    log's key.
    """

    size: int
    key: int


@dataclass(frozen=True, slots=True)
class ZoneSettings:
    """Which city and zone this is, into how many buckets subjects fall, and where its tables are."""

    city: str  # 6 digits of GB/T 2260
    zone: str  # two characters
    buckets: int = 16
    database: str = ""  # empty: SQLite in the home; else postgresql://user@host:port/name
    memory: str = "3GB"
    threads: int = 2
    private_webhooks: bool = False  # notices may go to hosts inside the zone's own networks
    site: str = "http://localhost:8765"  # the origin on which letters are signed with passkeys
    quorum: int = 0  # witnesses that must sign a checkpoint before it counts; 0: none is waited for
    anchor: str = ""  # keeps published checkpoints: a folder (absolute), an http(s) address, or command:/PATH
    sm2_checkpoints: bool = False  # the log signs its checkpoints by SM2 too: puhui[sm2], from the next start on
    keys: str = "files"  # who keeps the keys: files | command:/PATH | pkcs11:URI
    journals: str = ""  # a folder outside the home that gets a second copy of the journals of erasures and stops
    epochs: tuple[Epoch, ...] = ()  # written by a restore
    security_bytes: int = 16 * 1024 * 1024  # that a day's security log may hold
    security_days: int = 200  # that it is kept: 《网络安全法》 asks for six months at least

    def check(self) -> None:
        """HomeRefused where a value cannot be one."""
        faults = [
            (re.fullmatch(r"\d{6}", self.city), "city: 6 位行政区划代码 / 6 digits of GB/T 2260"),
            (re.fullmatch(r"[a-z0-9]{2}", self.zone), "zone: 两位小写字母或数字 / two of a-z, 0-9"),
            (
                not self.anchor or re.match(r"(command:)?/|https?://", self.anchor),
                "anchor: /… | http(s)://… | command:/…",
            ),
            (isinstance(self.sm2_checkpoints, bool), "sm2_checkpoints: true | false"),
            (self.security_bytes >= 4096, "security_bytes: 4096 …"),
            (self.security_days >= SIX_MONTHS, f"security_days: {SIX_MONTHS} …"),
            (self.buckets in (1, 2, 4, 8, 16, 32, 64, 128, 256), "buckets: 1, 2, 4 … 256"),
        ]
        wrong = "; ".join(text for right, text in faults if not right)
        if wrong:
            raise HomeRefused(
                Said(f"专区设置有误：{wrong}", f"the zone's settings are wrong: {wrong}"),
                todo=Said("改正后重试", "mend them and try again"),
            )


def refuse_settled(home: Path) -> None:
    """HomeRefused if the folder is a zone already."""
    if (home / _FILE).exists():
        raise HomeRefused(
            Said(f"{home.name} 已经是一个专区", f"{home.name} is a zone already"),
            todo=Said("换一个空文件夹，或直接使用它", "take an empty folder, or use it as it is"),
        )


def write_settings(home: Path, settings: ZoneSettings) -> None:
    """Write zone.toml, durably and whole. HomeRefused for wrong values, or if the folder is a zone already."""
    settings.check()
    refuse_settled(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = _text(settings)
    replace_bytes(home / _FILE, text.encode(), mode=OPEN)


def begin_epoch(home: Path, epoch: Epoch) -> None:
    """The log goes on as another one from here. The rest of the file stays as people wrote it."""
    known = read_settings(home).epochs
    listed = ", ".join(f"{{size = {one.size}, key = {one.key}}}" for one in (*known, epoch))
    _set(home, "epochs", f"[{listed}]")


def move_database(home: Path, database: str) -> None:
    """The tables are at another PostgreSQL address from now on."""
    _set(home, "database", json.dumps(database))


def _set(home: Path, name: str, value: str) -> None:
    lines = (home / _FILE).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not re.match(rf"{name}\s*=", line)]
    replace_bytes(home / _FILE, "\n".join([*kept, f"{name} = {value}", ""]).encode(), mode=OPEN)


def _text(settings: ZoneSettings) -> str:
    text = (
        f'format = {FORMAT}\ncity = "{settings.city}"\nzone = "{settings.zone}"\nbuckets = {settings.buckets}\n'
        f'database = {json.dumps(settings.database)}\nmemory = "{settings.memory}"\nthreads = {settings.threads}\n'
    )
    said = {"keys": settings.keys, "journals": settings.journals}
    return text + "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())


def read_settings(home: Path) -> ZoneSettings:
    """HomeRefused where the folder is no zone, or of a newer format."""
    try:
        raw = tomllib.loads((home / _FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise HomeRefused(
            Said(f"{home.name} 不是专区文件夹", f"{home.name} is not the home of a zone"),
            todo=Said("先运行 puhui init", "run `puhui init` first"),
        ) from None
    except tomllib.TOMLDecodeError as fault:
        raise HomeRefused(
            Said(f"zone.toml 无法读取：{fault}", f"zone.toml cannot be read: {fault}"),
            todo=Said("从备份恢复 zone.toml", "restore zone.toml from its backup"),
        ) from fault
    if raw.pop("format", None) != FORMAT:
        raise HomeRefused(
            Said("该专区由更新的版本建立", "this zone was made by a newer version"),
            todo=Said("升级 puhui", "upgrade puhui"),
        )
    raw["epochs"] = tuple(Epoch(**one) for one in raw.get("epochs", ()))
    settings = ZoneSettings(**raw)
    settings.check()
    return settings
