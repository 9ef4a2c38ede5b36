"""The laws of the tables of institutions and contracts, on SQLite and on PostgreSQL: each change with its event.

And of what is held in memory for the hot path: no older than it promises, and never trusted where the database is gone.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from puhui.adapters import contracts_django, directory_django, django_setup
from puhui.adapters.contracts_django import DjangoContracts
from puhui.adapters.directory_django import DjangoDirectory
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.watched_django import EVERY, lock_partners
from puhui.contracts.contract import Contract, Signature, sign_contract
from puhui.institutions.admission import Application, NewKey
from puhui.model.institution import Licence, Standing
from puhui.model.refusals import UnknownName
from puhui.model.refusals_question import AdmissionRefused, ContractBroken, LogUnavailable
from puhui.wire.keys import Ed25519Signing

from ..unit.partners_made import NOW, contract, institution, key
from .test_files_postgres import server  # noqa: F401  the fixture

BY = {"by": "bela", "at": NOW}


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_by(self) -> None:
        self.now += EVERY


@dataclass
class Tables:
    """Both adapters over one database, and a clock that goes by hand."""

    directory: DjangoDirectory
    contracts: DjangoContracts
    clock: Clock
    other: Callable[[], DjangoDirectory]  # another process, as it were
    keys: FileKeys

    def events(self) -> list[str]:
        from puhui.records.models import Event

        return list(Event.objects.order_by("id").values_list("kind", flat=True))


@pytest.fixture(params=["sqlite", "postgresql"])
def tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tables]:
    if request.param == "sqlite":
        django_setup.connect(django_setup.sqlite(tmp_path / "records.db"))
    else:
        django_setup.connect(_emptied(request.getfixturevalue("server")))
    clock, keys = Clock(), FileKeys(tmp_path / "keys")
    with (
        closing(DjangoDirectory(keys, clock=clock)) as directory,
        closing(DjangoContracts(keys, clock=clock)) as contracts,
        closing(DjangoDirectory(keys, clock=clock)) as other,
    ):
        yield Tables(directory, contracts, clock, lambda: other, keys)
    from django.db import connections

    connections.close_all()


def _emptied(conninfo: str) -> dict[str, object]:
    import psycopg

    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS partners WITH (FORCE)")
        connection.execute("CREATE DATABASE partners")
        parts = connection.info
        return django_setup.postgresql({"NAME": "partners", "USER": parts.user, "HOST": parts.host, "PORT": ""})


def new_key(name: str = "bank-a/1", **more: object) -> NewKey:
    values = {
        "algorithm": "ed25519",
        "public": key(name).verifying().public,
        "not_before": NOW,
        "not_after": NOW + timedelta(days=9),
    }
    return NewKey(**{**values, **more})  # type: ignore[arg-type]


def admit(tables: Tables, name: str = "bank-a", *keys: NewKey) -> None:
    application = Application(institution(id=name), keys or (new_key(f"{name}/1"),))
    tables.directory.admit(application, **BY)
    tables.contracts.forget()


def sides(tables: Tables, made: Contract) -> tuple[Signature, Signature]:
    """The institution's signature and the zone's."""
    held = tables.keys.current("zone")
    ours = sign_contract(made.document, Ed25519Signing.of_seed(held.id, held.secret))
    return sign_contract(made.document, key()), ours


def test_an_institution_is_admitted_with_its_keys_and_its_event(tables: Tables) -> None:
    assert tables.directory.key("bank-a/1") is None
    for _ in range(2):
        admit(tables)
    found = tables.directory.key("bank-a/1")
    assert found is not None and found.institution == institution() == tables.directory.institution("bank-a")
    assert found.key.public == key().verifying().public and len(found.pseudonym_key) == 32
    assert (found.not_before, found.not_after, found.revoked_at) == (NOW, NOW + timedelta(days=9), None)
    assert tables.events() == ["institution-admitted"]
    (listed,) = tables.directory.keys("bank-a")
    assert listed["id"] == "bank-a/1" and base64.b64decode(listed["public"]) == found.key.public


def test_each_institution_has_a_secret_of_its_own_for_pseudonyms(tables: Tables) -> None:
    admit(tables)
    admit(tables, "bank-b")
    one, other = tables.directory.key("bank-a/1"), tables.directory.key("bank-b/1")
    assert one is not None and other is not None and one.pseudonym_key != other.pseudonym_key


def test_an_id_is_one_institutions(tables: Tables) -> None:
    admit(tables)
    for application in (
        Application(institution(kind="insurer"), (new_key(),)),
        Application(institution(), (new_key("other/1"),)),
    ):
        with pytest.raises(AdmissionRefused):
            tables.directory.admit(application, **BY)
    assert tables.events() == ["institution-admitted"]


def test_a_key_is_one_partys(tables: Tables) -> None:
    from puhui.records.models import Signer

    admit(tables)
    with pytest.raises(AdmissionRefused):
        tables.directory.admit(Application(institution(id="bank-b"), (new_key(),)), **BY)
    with pytest.raises(AdmissionRefused):
        tables.directory.admit(Application(institution(id="bank-b"), (new_key("b/1"), new_key("b/1"))), **BY)
    assert tables.directory.institution("bank-b") is None, "nothing of it is left"
    public = key("signer/1").verifying().public
    Signer.objects.create(
        id="s", subject="t", method="key", algorithm="ed25519", public=public, state="enrolled", enrolled_at=NOW
    )
    assert (
        tables.directory.holder_of(public) == "signer"
        and tables.directory.holder_of(key().verifying().public) == "bank-a"
    )
    with pytest.raises(AdmissionRefused):
        tables.directory.add_key("bank-a", new_key("signer/1"), **BY)
    tables.directory.revoke_key("bank-a/1", reason="lost", **BY)
    with pytest.raises(AdmissionRefused):
        tables.directory.add_key("bank-a", new_key(), **BY)
    assert tables.directory.holder_of(bytes(32)) == ""


def test_keys_are_turned_over_with_an_overlap_and_revoked_at_once(tables: Tables) -> None:
    admit(tables)
    for _ in range(2):
        assert tables.directory.add_key("bank-a", new_key("next/1"), **BY) == "bank-a/2"
    first, second = tables.directory.key("bank-a/1"), tables.directory.key("bank-a/2")
    assert first is not None and second is not None and first.in_force(NOW) and second.in_force(NOW)
    for _ in range(2):
        tables.directory.revoke_key("bank-a/1", reason="turned over", **BY)
    revoked = tables.directory.key("bank-a/1")
    assert revoked is not None and not revoked.in_force(NOW)
    assert tables.events() == ["institution-admitted", "key-added", "key-revoked"]
    for change in (
        lambda: tables.directory.revoke_key("bank-z/1", reason="none", **BY),
        lambda: tables.directory.add_key("bank-z", new_key("z/1"), **BY),
        lambda: tables.directory.change(institution(id="bank-z"), reason="none", **BY),
        lambda: tables.contracts.end("C-none", reason="none", **BY),
    ):
        with pytest.raises(UnknownName):
            change()


def test_a_standing_is_seen_by_directory_and_book(tables: Tables) -> None:
    admit(tables)
    assert tables.contracts.admitted("bank-a") and not tables.contracts.admitted("bank-b")
    day = date(2026, 6, 1)
    assert tables.contracts.licensed("bank-a", "filed_enterprise_bureau", "B-1", day)
    for channel, record, on in (
        ("filed_enterprise_bureau", "B-2", day),
        ("licensed_personal_bureau", "B-1", day),
        ("filed_enterprise_bureau", "B-1", date(2027, 1, 1)),
        ("filed_enterprise_bureau", "B-1", date(2025, 12, 31)),
    ):
        assert not tables.contracts.licensed("bank-a", channel, record, on)
    tables.directory.change(institution(standing=Standing.SUSPENDED), reason="asked", **BY)
    tables.clock.pass_by()
    known = tables.directory.key("bank-a/1")
    assert known is not None and known.institution.standing is Standing.SUSPENDED
    assert not tables.contracts.admitted("bank-a")
    assert not tables.contracts.licensed("bank-a", "filed_enterprise_bureau", "B-1", day)
    tables.directory.change(institution(licences=()), reason="asked", **BY)
    tables.directory.change(institution(rate=3), reason="asked", **BY)
    tables.directory.change(institution(standing=Standing.ENDED), reason="asked", **BY)
    assert tables.events()[1:] == [
        "institution-suspended", "institution-resumed", "institution-changed", "institution-ended",
    ]  # fmt: skip


def test_a_contract_is_signed_listed_and_ended_at_once(tables: Tables) -> None:
    admit(tables)
    made = contract()
    both = sides(tables, made)
    for _ in range(2):
        tables.contracts.sign(made, both, by=("anna", "bela"), at=NOW)
    (line,) = tables.contracts.lines("bank-a", "tax_loan")
    assert (line.contract, line.digest, line.quotas, line.plan) == (
        made.id,
        made.digest,
        {"day": 10},
        '{"kind":"free"}',
    )
    assert (line.channel, line.holder, line.record) == ("filed_enterprise_bureau", "bank-a", "B-1")
    assert list(tables.contracts.lines("bank-a", "other")) == [] == list(tables.contracts.lines("bank-b", "tax_loan"))
    assert tables.contracts.contract(made.id) == made and tables.contracts.contract("C-none") is None
    assert tables.contracts.in_force(NOW) == [made]
    assert tables.contracts.in_force(made.valid_until) == []
    (state,) = tables.contracts.states("bank-a")
    assert (state["state"], state["products"], state["signatures"]) == (
        "in_force",
        ["tax_loan"],
        [one.as_dict() for one in both],
    )
    assert tables.contracts.states("bank-b") == []
    for _ in range(2):
        tables.contracts.end(made.id, reason="asked", **BY)
    assert list(tables.contracts.lines("bank-a", "tax_loan")) == [] == tables.contracts.in_force(NOW)
    assert tables.contracts.states()[0]["ended_at"] == NOW
    tables.contracts.sign(made, both, by=("anna", "bela"), at=NOW)
    assert tables.contracts.states()[0]["state"] == "ended", "what was ended does not come back"
    assert tables.events() == ["institution-admitted", "contract-signed", "contract-ended"]


def test_the_newest_contract_comes_first(tables: Tables) -> None:
    admit(tables)
    old = contract(valid_from="2026-01-01T00:00:00Z")
    new = contract()
    for made in (new, old):
        tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    assert [line.contract for line in tables.contracts.lines("bank-a", "tax_loan")] == [new.id, old.id]


def test_nothing_changes_without_its_event(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    admit(tables)
    made = contract()
    tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    before = (tables.directory.institutions(), tables.directory.keys("bank-a"), tables.contracts.states())

    def fail(*arguments: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(directory_django, "_event", fail)
    monkeypatch.setattr(contracts_django, "_event", fail)
    other = contract(valid_from="2026-01-01T00:00:00Z")
    for change in (
        lambda: tables.directory.admit(Application(institution(id="bank-b"), (new_key("b/1"),)), **BY),
        lambda: tables.directory.change(institution(standing=Standing.ENDED), reason="x", **BY),
        lambda: tables.directory.add_key("bank-a", new_key("next/1"), **BY),
        lambda: tables.directory.revoke_key("bank-a/1", reason="x", **BY),
        lambda: tables.contracts.sign(other, (), by=("anna", "bela"), at=NOW),
        lambda: tables.contracts.end(made.id, reason="x", **BY),
    ):
        with pytest.raises(OSError):
            change()
    assert (tables.directory.institutions(), tables.directory.keys("bank-a"), tables.contracts.states()) == before


def test_another_process_sees_a_change_within_its_time(tables: Tables) -> None:
    other = tables.other()
    assert other.key("bank-a/1") is None
    admit(tables)
    assert other.key("bank-a/1") is None, "it looks once in a while only"
    tables.clock.pass_by()
    assert other.key("bank-a/1") is not None
    tables.directory.revoke_key("bank-a/1", reason="lost", **BY)
    tables.clock.pass_by()
    known = other.key("bank-a/1")
    assert known is not None and known.revoked_at == NOW


def test_nothing_is_read_again_where_nothing_changed(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    admit(tables)
    first = tables.directory.key("bank-a/1")
    tables.clock.pass_by()
    assert tables.directory.key("bank-a/1") is first
    monkeypatch.setattr(directory_django, "institution_in", None)
    tables.clock.pass_by()
    assert tables.directory.key("bank-a/1") is first


def test_a_change_is_seen_whatever_order_two_writers_end_in(tables: Tables) -> None:
    """The version is raised under a lock: no writer can slip in behind a number that was read already."""
    from django.db import connections, transaction

    from puhui.records.models import Version

    admit(tables)
    ended: list[str] = []
    began, held = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            lock_partners()
            began.set()
            held.wait(10)
            ended.append("slow")
        connections.close_all()

    def quick() -> None:
        began.wait(10)
        with transaction.atomic():
            lock_partners()
            ended.append("quick")
        connections.close_all()

    writers = [threading.Thread(target=one) for one in (slow, quick)]
    for one in writers:
        one.start()
    began.wait(10)
    before = Version.objects.get().number
    held.set()
    for one in writers:
        one.join()
    assert ended == ["slow", "quick"] and Version.objects.get().number == before + 2


def test_a_version_is_raised_in_the_transaction_of_its_change_only(tables: Tables) -> None:
    with pytest.raises(RuntimeError):
        lock_partners()


def test_it_may_be_asked_from_an_event_loop(tables: Tables) -> None:
    admit(tables)
    tables.clock.pass_by()

    async def ask() -> str:
        known = tables.directory.key("bank-a/1")
        return known.institution.id if known is not None else ""

    assert asyncio.run(ask()) == "bank-a"


def test_nothing_old_is_trusted_where_the_database_is_gone(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    admit(tables)
    assert tables.directory.key("bank-a/1") is not None

    def gone(*arguments: object) -> None:
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr("django.db.backends.utils.CursorWrapper.execute", gone)
        tables.clock.pass_by()
        with pytest.raises(LogUnavailable):
            tables.directory.key("bank-a/1")
    assert tables.directory.key("bank-a/1") is not None, "and it comes back"


def test_licences_are_those_of_the_row(tables: Tables) -> None:
    licence = Licence("licensed_personal_bureau", "P-1", date(2026, 1, 1))
    tables.directory.admit(Application(replace(institution(), licences=(licence,)), ()), **BY)
    assert tables.contracts.licensed("bank-a", "licensed_personal_bureau", "P-1", date(2099, 1, 1))


# --- what both sides signed ---


def changed(**columns: object) -> Callable[[Any], None]:
    """A thief's change of the row's columns, behind the back of every adapter."""
    return lambda row: type(row).objects.filter(pk=row.pk).update(**columns)


def wider(row: Any) -> None:
    """A document that grants more, under a digest that fits it."""
    document = bytes(row.document).replace(b'"day":10', b'"day":99')
    assert document != bytes(row.document)
    changed(document=document, digest=hashlib.sha256(document).digest())(row)


def resigned(row: Any) -> None:
    """The same, signed by a key that the thief wrote into the table of keys, and the zone's old signature."""
    wider(row)
    row.refresh_from_db()
    from puhui.records.models import InstitutionKey

    thief = key("thief/1")
    InstitutionKey.objects.update(public=thief.verifying().public)
    own = {**sign_contract(bytes(row.document), thief).as_dict(), "key_id": "bank-a/1"}
    changed(signatures=[own, row.signatures[1]])(row)


def swapped(row: Any) -> None:
    changed(signatures=[row.signatures[0], row.signatures[0]])(row)


SPOILED: dict[str, Callable[[Any], None]] = {
    "the document": lambda row: changed(document=bytes(row.document).replace(b'"day":10', b'"day":99'))(row),
    "the digest": changed(digest=b"x" * 32),
    "document and digest": wider,
    "signed by the thief": resigned,
    "no document": changed(document=b"{"),
    "no signatures": changed(signatures=[]),
    "one side alone": lambda row: changed(signatures=row.signatures[:1])(row),
    "one side twice": swapped,
    "a signature too many": lambda row: changed(signatures=[*row.signatures, row.signatures[0]])(row),
    "no signature at all": changed(signatures=[{"key_id": "bank-a/1"}, "x"]),
    "a longer time": lambda row: changed(valid_until=row.valid_until + timedelta(days=900))(row),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_contract_that_is_not_what_was_signed_lets_nothing_through(tables: Tables, how: str) -> None:
    from puhui.records.models import Contract as Row

    admit(tables)
    made = contract()
    tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    SPOILED[how](Row.objects.get())
    tables.contracts.forget()
    with closing(DjangoContracts(tables.keys, clock=tables.clock)) as fresh, capture_logs() as told:
        for _ in range(3):
            with pytest.raises(ContractBroken):
                fresh.lines("bank-a", "tax_loan")
        assert fresh.states()[0]["state"] == "broken"
        for look in (lambda: fresh.contract(made.id), lambda: fresh.in_force(NOW)):
            with pytest.raises(ContractBroken):
                look()
        assert list(fresh.lines("bank-b", "tax_loan")) == [], "another institution has no contract, and no broken one"
        assert [(one["log_level"], one["contract"]) for one in told] == [("error", made.id)], "told once"
        fresh.end(made.id, reason="broken", **BY)
        assert list(fresh.lines("bank-a", "tax_loan")) == [] == fresh.in_force(NOW)


def test_a_broken_contract_leaves_the_others_in_force(tables: Tables) -> None:
    from puhui.records.models import Contract as Row

    admit(tables)
    good, bad = contract(), contract(valid_from="2026-01-01T00:00:00Z")
    for made in (good, bad):
        tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    Row.objects.filter(pk=bad.id).update(signatures=[])
    with closing(DjangoContracts(tables.keys, clock=tables.clock)) as fresh:
        assert [line.contract for line in fresh.lines("bank-a", "tax_loan")] == [good.id]
        with pytest.raises(ContractBroken):
            fresh.lines("bank-a", "of the broken one, perhaps")


def test_keys_that_ended_still_prove_what_was_signed(tables: Tables) -> None:
    admit(tables)
    made = contract()
    tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    tables.directory.revoke_key("bank-a/1", reason="turned over", **BY)
    tables.keys.renew("zone")
    with closing(DjangoContracts(tables.keys, clock=tables.clock)) as fresh:
        assert [line.contract for line in fresh.lines("bank-a", "tax_loan")] == [made.id]


def test_what_was_verified_is_not_verified_again(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    admit(tables)
    made = contract()
    tables.contracts.sign(made, sides(tables, made), by=("anna", "bela"), at=NOW)
    assert tables.contracts.lines("bank-a", "tax_loan")
    monkeypatch.setattr(contracts_django, "check_both_signed", None)
    tables.directory.change(institution(rate=3), reason="asked", **BY)
    tables.clock.pass_by()
    assert tables.contracts.lines("bank-a", "tax_loan")
