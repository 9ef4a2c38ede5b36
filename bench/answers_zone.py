"""A zone to be asked: a small city's figures, one bank with a contract, and letters enough for every question."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.common import cache
from puhui.bootstrap import Zone, init_zone, now, open_zone, parcel_of, shipped_packs
from puhui.city.make import make_city
from puhui.desk.editions import release
from puhui.desk.snapshots import build_snapshot
from puhui.intake.take import take
from puhui.model.refusals import NoSubject
from puhui.model.time import month_end, months_back
from puhui.packs.load import load_packs
from puhui.subjects.lookup import find
from puhui.wire.keys import Signing, generate, public_pem, read_private, write_private

CITY = 1_000  # subjects
PRODUCT, WORDING, PURPOSE = "tax_loan_basic", "tax_loan_enterprise", "lending"
USES = 24  # questions that one letter carries: the purpose's limit
PACKS = ("base", "tax-loan")


@dataclass(frozen=True, slots=True)
class Firm:
    """One firm to ask about: its credit code and its token."""

    uscc: str
    token: str


@dataclass(frozen=True, slots=True)
class Town:
    """The home of the zone, the bank's key, and whom it may ask about."""

    home: Path
    bank: Signing
    firms: tuple[Firm, ...]


def town(folder: Path) -> Town:
    """A fresh copy of the zone in a folder, with the bank admitted and its contract in force."""
    home = folder / "home"
    shutil.copytree(figures_home(), home, symlinks=True)
    bank = _admit(home, folder)
    return Town(home, bank, _firms(home))


def town_at(folder: Path) -> Town:
    """The zone that `town` made in that folder before."""
    return Town(folder / "home", read_private(folder / "bank-a.pem", "bank-a/1"), _firms(folder / "home"))


def figures_home() -> Path:
    """A zone with one snapshot, made once for each month."""
    as_of = month_end(months_back(now().date(), 1))
    folder = cache() / f"answers-{as_of}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        packs = [shipped_packs() / name for name in PACKS]
        make_city(folder / "city", load_packs(packs), subjects=CITY, seed=1, as_of=as_of, truth=False)
        zone = init_zone(folder / "home", packs)
        _deliver(zone, folder / "city")
        build_snapshot(zone.desk, as_of)
        (folder / "ready").touch()
    return folder / "home"


def _deliver(zone: Zone, city: Path) -> None:
    for entry in json.loads((city / "deliveries.json").read_text(encoding="utf-8"))["deliveries"]:
        path = city / entry["file"]
        parcel = parcel_of(zone, entry["resource"], path, period=entry["period"], kind=entry["kind"])
        result = take(parcel, zone.intake).result
        if entry["steward_release"]:
            release(zone.desk, str(result["resource"]), int(str(result["edition"])), by="bench")


def _admit(home: Path, folder: Path) -> Signing:
    """Admission and contract, by the commands that officers use."""
    key = generate("bank-a/1")
    write_private(key, folder / "bank-a.pem")
    (folder / "bank-a.pub").write_bytes(public_pem(key.verifying()))
    _approved(home, "institution", "propose", home, "--name", "bank-a", "--key", folder / "bank-a.pub",
              "--title-zh", "甲银行", "--title-en", "Bank A", "--scope", "answers", "--rate", "10000",
              "--licence", "filed_enterprise_bureau,REC-1,2026-01-01")  # fmt: skip
    _approved(home, "contract", "propose", home, "--institution", "bank-a", "--product", PRODUCT, "--holder", "bank-a",
              "--plan", '{"kind":"per_call","fen":100}', "--signing-key", folder / "bank-a.pem")  # fmt: skip
    return read_private(folder / "bank-a.pem", "bank-a/1")


def _approved(home: Path, *command: object) -> None:
    proposed = _run(*command, "--by", "one", "--reason", "benchmark")
    _run("approve", home, proposed["proposal"], "--by", "two")


def _run(*command: object) -> dict[str, Any]:
    words = [sys.executable, "-c", "from puhui.main import app; app()", *map(str, command), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _firms(home: Path) -> tuple[Firm, ...]:
    """The enterprises of the city that the zone knows."""
    zone = open_zone(home)
    listed = pq.read_table(figures_home().parent / "city" / "truth" / "subjects.parquet").to_pylist()
    found = []
    for row in listed:
        if row["kind"] == "enterprise" and row["identifier_kind"] == "uscc":
            try:
                subject = find(zone.desk.vault, "uscc", row["identifier"], today=now().date())
            except NoSubject:
                continue
            found.append(Firm(row["identifier"], subject.token))
    return tuple(found)


def give_letters(town: Town, questions: int, run: str = "bench") -> list[tuple[Firm, str]]:
    """Letters in force for so many questions: firm and letter of each. Rows alone, as the hot path reads them.

    `run`: a part of their names, where the zone is asked again.
    """
    from puhui.records import models  # once Django is set up

    zone = open_zone(town.home)
    items = {
        item: tick.gate for tick in zone.packs.letters[WORDING].ticks for item in tick.items
    }  # fmt: skip
    at = datetime.now(UTC)
    pairs = []
    rows = []
    for number in range(-(-questions // USES)):
        firm = town.firms[number % len(town.firms)]
        name = f"L-{run}{number:08}"
        rows.append(models.Letter(
            id=name, subject=firm.token, institution="bank-a", wording=WORDING, purpose=PURPOSE, items=items,
            mode="periodic", cap=USES, window="letter", range_months=36, retention_days=1000,
            start=at - timedelta(days=1), end=at + timedelta(days=90), state="ACTIVE", digest=b"d" * 32,
            proposed_at=at, end_user="",
        ))  # fmt: skip
        pairs += [(firm, name)] * USES
    models.Letter.objects.bulk_create(rows, batch_size=500)
    return pairs[:questions]
