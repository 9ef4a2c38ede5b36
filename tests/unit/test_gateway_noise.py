"""The security log's lines and shares, and the thread that keeps them, over files that a test can break."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from puhui.adapters.security_log import StrangerFiles
from puhui.adapters.settings_toml import ZoneSettings
from puhui.gateway.noise import BURST, EVERY, Refused, Shares, line_of
from puhui.gateway.noise_kept import SETTLED, KeptNoise
from puhui.ledger.entries import Intent
from puhui.ledger.refused import log_unavailable
from puhui.ledger.security import FileState, check_files, name_of, state_in
from puhui.model.refusals import HomeRefused

START = datetime(2026, 11, 22, 10, tzinfo=UTC)
CAP = 16 * 1024


class Ledger:
    """Keeps what is appended; `away`: cannot be written."""

    def __init__(self) -> None:
        self.states: list[FileState] = []
        self.away = False

    def append_blocking(self, intents: Sequence[Intent]) -> list[Any]:
        if self.away:
            raise log_unavailable()
        self.states += [state_in(intent.record(START)) for intent in intents]
        return []


class Town:
    """A security log without its thread: tests write and settle by hand."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.ledger, self.files = Ledger(), StrangerFiles(folder)
        self.folder = folder
        self.noise = self.opened()

    def opened(self, cap: int = 2**20) -> KeptNoise:
        return KeptNoise(self.files, self.ledger, lambda: self.now, origin="puhui/360500/a1", cap=cap, keep_days=184)

    def stranger(self, address: str = "198.51.100.7", code: str = "unknown-key", **more: str) -> None:
        self.noise.note(Refused(self.now, code, address=address, **more))

    def lines(self, name: str = "") -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / (name or name_of(START.date()))).read_text().splitlines()]

    def check(self) -> list[tuple[str, str]]:
        report = check_files(self.ledger.states, self.files, today=self.now.date(), keep_days=184)
        return [(one.code, one.where) for one in report.findings]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path / "security")


def test_a_line_says_what_is_of_closed_lists() -> None:
    said = line_of(Refused(START, "stale", "POST", "/v1/answers", "::1", "bank-a/1", question="cXVlc3Rpb24="))
    assert said.endswith(b"}\n") and json.loads(said) == {
        "at": "2026-11-22T10:00:00.000Z", "code": "stale", "method": "POST", "path": "/v1/answers", "address": "::1",
        "key": "bank-a/1", "question": "cXVlc3Rpb24=",
    }  # fmt: skip


def test_one_address_fills_its_share_and_no_more(town: Town) -> None:
    for _ in range(1_000):
        town.stranger()
    town.stranger("198.51.100.8")
    town.stranger(code="too-fast", institution="bank-a")  # of a bank behind the same address
    town.noise.write()
    assert [line["address"] for line in town.lines()].count("198.51.100.7") == BURST + 1
    assert len(town.lines()) == BURST + 2
    town.now += timedelta(seconds=EVERY)
    town.stranger()
    town.stranger()
    town.noise.settle()
    assert town.lines()[BURST + 2 :] == [
        {"at": "2026-11-22T10:00:20.000Z", "code": "unknown-key", "method": "other", "path": "other",
         "address": "198.51.100.7", "key": "unknown"},
        {"at": "2026-11-22T10:00:20.000Z", "code": "unknown-key", "more": 1_000 - BURST + 1},
    ]  # fmt: skip


def test_a_subscriber_has_one_share_however_many_addresses() -> None:
    shares = Shares(burst=2)
    taken = [shares.take(Refused(START, "stale", address=f"2001:db8::{n}")) for n in range(1, 5)]
    assert taken == [True, True, False, False]
    assert shares.take(Refused(START, "stale", address="2001:db8:0:1::1"))
    assert shares.take(Refused(START, "stale", address="::ffff:198.51.100.7"))
    assert shares.take(Refused(START, "stale", address=""))


def test_shares_do_not_grow_without_end_and_a_clock_set_back_gives_nothing() -> None:
    shares = Shares(burst=1, most=3)
    for n in range(10):
        assert shares.take(Refused(START, "stale", address=f"198.51.100.{n}"))
    assert len(shares._left) == 3
    assert not shares.take(Refused(START - timedelta(days=1), "stale", address="198.51.100.9"))


def test_a_day_stops_at_its_cap_and_counts_on(town: Town) -> None:
    town.noise = town.opened(CAP)
    for n in range(500):
        town.stranger(f"198.51.{n // 250}.{n % 250}")
    town.noise.write()
    file = town.folder / name_of(START.date())
    written = len(town.lines())
    assert CAP - 200 < file.stat().st_size <= CAP
    town.now += SETTLED
    town.noise.write()
    assert town.lines()[written:] == [{"at": "2026-11-22T11:00:00.000Z", "code": "unknown-key", "more": 500 - written}]
    assert town.ledger.states[-1].counts == {"unknown-key": 500}
    for _ in range(3):
        town.stranger("192.0.2.1", "stale")
    town.noise.settle()
    assert town.ledger.states[-1].counts == {"stale": 3, "unknown-key": 500}
    assert town.check() == []


def test_the_ledger_hears_once_an_hour_in_which_something_came(town: Town) -> None:
    town.stranger()
    town.noise.write()
    assert town.ledger.states == []
    town.now += SETTLED
    town.noise.write()
    assert [(one.name, one.counts) for one in town.ledger.states] == [
        ("strangers-2026-11-22.jsonl", {"unknown-key": 1})
    ]
    for _ in range(5):
        town.now += SETTLED
        town.noise.write()
    assert len(town.ledger.states) == 1


def test_at_the_turn_of_the_day_and_at_the_end(town: Town) -> None:
    town.stranger()
    town.now += timedelta(days=1)
    town.stranger(code="stale")
    town.noise.write()
    assert [one.name for one in town.ledger.states] == ["strangers-2026-11-22.jsonl"]
    with town.opened() as noise:
        town.noise = noise
        town.stranger(code="stale")
    assert [(one.name, one.counts) for one in town.ledger.states[1:]] == [("strangers-2026-11-23.jsonl", {"stale": 2})]


def test_old_files_go_after_their_days(town: Town) -> None:
    town.stranger()
    town.noise.settle()
    town.now += timedelta(days=184)
    town.stranger()
    town.noise.settle()
    assert len(town.files.names()) == 2 and town.check() == []
    town.now += timedelta(days=1)
    town.noise.settle()
    assert town.files.names() == ["strangers-2027-05-25.jsonl"] and town.check() == []


def test_what_a_kill_left_is_logged_by_the_next_process(town: Town) -> None:
    town.stranger()
    town.noise.write()
    with (town.folder / name_of(START.date())).open("ab") as torn:
        torn.write(b'{"at":"2026-11-2')
    town.now += timedelta(days=3)
    town.noise = town.opened()
    town.noise.settle()
    assert [one.counts for one in town.ledger.states] == [{"unknown-key": 1}]
    assert town.check() == []


def test_a_torn_line_is_closed_before_the_next(town: Town) -> None:
    town.folder.mkdir()
    file = town.folder / name_of(START.date())
    file.write_bytes(b'{"at":"2026-11-2')
    town.stranger()
    town.noise.settle()
    assert file.read_bytes().startswith(b'{"at":"2026-11-2\n{"at":"2026-11-22T10')
    assert town.ledger.states[-1].counts == {"unknown-key": 1}


def test_the_files_are_the_accounts_alone(town: Town) -> None:
    town.stranger()
    town.noise.write()
    assert town.folder.stat().st_mode & 0o777 == 0o700
    assert (town.folder / name_of(START.date())).stat().st_mode & 0o777 == 0o600


def test_while_the_ledger_is_away_it_is_tried_again(town: Town) -> None:
    town.ledger.away = True
    town.stranger()
    town.now += timedelta(days=1)
    town.noise.write()
    assert town.ledger.states == []
    town.ledger.away = False
    town.now += timedelta(minutes=1)
    town.noise.write()
    assert [one.name for one in town.ledger.states] == ["strangers-2026-11-22.jsonl"]


def test_a_disk_that_is_full_loses_lines_and_no_counts(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(town.files, "append", full)
        town.stranger()
        town.noise.settle()
    town.noise.settle()
    assert town.lines() == [{"at": "2026-11-22T10:00:00.000Z", "code": "unknown-key", "more": 1}]


def test_no_byte_can_be_changed_cut_or_lost_unnoticed(town: Town) -> None:
    for n in range(4):
        town.stranger(code="stale" if n % 2 else "bad-signature")
        town.noise.settle()
    file = town.folder / name_of(START.date())
    whole = file.read_bytes()
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert town.check() == [("changed", file.name)], place
    for size in range(len(whole)):
        file.write_bytes(whole[:size])
        assert town.check() == [("cut", file.name)], size
    file.write_bytes(whole + b"{}\n")
    assert town.check() == [], "nobody vouches for what came since"
    file.unlink()
    assert town.check() == [("missing", file.name)]
    (town.folder / "strangers-2026-01-01.jsonl").write_bytes(b"{}\n")
    file.write_bytes(whole)
    assert town.check() == [("unlogged", "strangers-2026-01-01.jsonl")]


def test_an_entry_that_counts_otherwise_than_its_bytes_is_found(town: Town) -> None:
    town.stranger()
    town.noise.settle()
    told = town.ledger.states.pop()
    town.ledger.states.append(FileState(told.name, told.size, told.digest, {"unknown-key": 2}))
    assert town.check() == [("counts", told.name)]


def test_the_law_s_six_months_cannot_be_set_shorter() -> None:
    ZoneSettings("360500", "a1", security_days=184).check()
    with pytest.raises(HomeRefused) as refused:
        ZoneSettings("360500", "a1", security_days=183).check()
    assert "security_days" in str(refused.value)


def test_a_file_that_somebody_took_away_holds_the_others_up_no_longer(town: Town) -> None:
    town.ledger.away = True
    town.stranger()
    town.now += timedelta(days=1)
    town.stranger()
    town.noise.write()
    town.ledger.away = False
    (town.folder / name_of(START.date())).unlink()
    town.noise.settle()
    assert [one.name for one in town.ledger.states] == ["strangers-2026-11-23.jsonl"]
