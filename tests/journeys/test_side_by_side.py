"""Two processes at one home: one waits or is refused, and nothing of the other is touched."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import pytest

from puhui.adapters.lake_delta import DeltaLake
from puhui.bootstrap import open_zone, parcel_of
from puhui.intake.take import RETENTION, take
from puhui.lake.landing import land
from puhui.model.delivery import Manifest, Parcel

from .town import FIRMS, Refused, Town, firm


def lease(town: Town, table: str = "firms", *layer: str) -> AbstractContextManager[None]:
    return DeltaLake(town.home.joinpath("lake", *(layer or ("business",)))).lease(table)


def test_one_writer_a_resource(town: Town) -> None:
    town.firms(firm(1))
    path = town.file("next.csv", FIRMS, [firm(2)])
    with lease(town):
        with pytest.raises(Refused) as no:
            town.run("deliver", town.home, "firms", path)
        assert (no.value.code, no.value.exit_code) == ("busy", 5)
        town.paid("2026-06", (1, "vat", "2026-06-03", 30))
    assert town.events("parcel-refused") == [], "whoever has to wait was not refused"
    assert town.run("deliver", town.home, "firms", path)["accepted"] == 1


def test_one_builder_of_snapshots(town: Town) -> None:
    town.firms(firm(1))
    with lease(town, "-snapshots", "service", "relations"), pytest.raises(Refused) as no:
        town.snapshot()
    assert no.value.code == "busy"
    assert town.snapshot()["snapshot"] == 1


def test_what_another_process_is_writing_is_left_alone(town: Town) -> None:
    zone = open_zone(town.home)
    landing = land(Parcel("firms", Path("x"), Manifest(), None, "x"), "ab" * 32, 1, zone.intake.now())
    with zone.intake.scratch() as scratch, lease(town):
        sealed = zone.intake.blobs.seal("firms", landing.digest, io.BytesIO(b"x"))
        zone.intake.register.begin(landing, sealed, "implicit", date(2030, 1, 1) + RETENTION)
        assert open_zone(town.home).register.unfinished() != []
        assert list(zone.intake.blobs.names("firms")) == [landing.digest]
        assert scratch.folder.is_dir()
    assert open_zone(town.home).register.unfinished() == [], "it is dead now, and forgotten"
    assert list(zone.intake.blobs.names("firms")) == []


def test_a_process_that_lives_on_mends_what_another_left(town: Town) -> None:
    """A watcher opened the home before the other was killed, so that its own start repaired nothing."""
    zone = open_zone(town.home)
    path = town.file("firms.csv", FIRMS, [firm(1)])
    parcel = parcel_of(zone, "firms", path)
    digest = str(take(parcel, zone.intake).result["digest"])
    other = town.home.parent / "other"
    copied = Town.copy_of(town.home, other)
    zone = open_zone(copied.home)
    from puhui.records import models  # its tables can be named once Django is set up

    models.Parcel.objects.update(state="taking", result={})  # as if killed between commit and register
    models.Edition.objects.all().delete()
    again = take(parcel, zone.intake)
    assert again.repeated and again.result["digest"] == digest and again.result["accepted"] == 1
    assert [e.number for e in zone.register.editions("firms")] == [1]


def test_a_watched_folder_takes_what_is_complete(town: Town, tmp_path: Path) -> None:
    inbox = tmp_path / "inbox"
    for name, rows in (("good.csv", [firm(1)]), ("bad.csv", [firm(2, capital="1000000000")])):
        target = inbox / "firms" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        town.file(name, FIRMS, rows).rename(target)
        target.with_name(name + ".done").touch()
    with lease(town):
        town.run("watch", town.home, inbox, "--once", "--seconds", "0")
    assert {p.name for p in (inbox / "firms").iterdir()} == {"good.csv", "good.csv.done", "bad.csv", "bad.csv.done"}
    town.run("watch", town.home, inbox, "--once", "--seconds", "0")
    assert (inbox / "firms" / "taken" / "good.csv").exists()
    assert (inbox / "firms" / "refused" / "bad.csv.reason.json").exists()
    assert len(town.rows("firms")) == 1
