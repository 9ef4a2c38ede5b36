"""What an attacker gets: files without keys, texts and errors, rows that were moved or changed."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from puhui.model.refusal import Refusal
from puhui.model.refusals import Broken, Busy, HomeRefused
from puhui.subjects.erase import erase
from puhui.subjects.lookup import find, history
from puhui.subjects.resolve import decide, open_cases
from puhui.subjects.vault import Vault

from .subjects_made import COURT, REGISTER, TODAY, deliver, open_vault, reg_no, ric, tokens, uscc

NAME, SHARED = "新余市昌盛商贸有限公司", "分宜县两家同名有限公司"
ROW = {
    "uscc": uscc(1),
    "reg_no": reg_no(7),
    "ent_name": NAME,
    "address": "仙来大道一号",
    "phone": "16000001234",
}
PERSON = ric(serial=42)
SECRETS = [uscc(1), uscc(1)[8:17], reg_no(7), PERSON, NAME, "昌盛商贸", "仙来大道", "16000001234", SHARED]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path) -> Vault:
    vault = open_vault(home)
    deliver(vault, REGISTER, [ROW, *({"uscc": uscc(n), "ent_name": SHARED} for n in (2, 3))])
    deliver(vault, COURT, [{"exec_id": PERSON}, {"exec_id": "", "exec_name": SHARED}])
    return vault


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def spellings(secret: str) -> list[bytes]:
    return [
        secret.encode("utf-8"),
        secret.encode("utf-16-le"),
        secret.encode("gb18030"),
        secret.encode().hex().encode(),
    ]


def test_no_file_of_the_vault_holds_an_identifier_or_a_name(vault: Vault, home: Path) -> None:
    held = b"".join(path.read_bytes() for path in files(home / "vault"))
    assert len(held) > 10_000
    assert [secret for secret in SECRETS for bytes_ in spellings(secret) if bytes_ in held] == []


def test_the_vault_folder_is_the_zones_alone(vault: Vault, home: Path) -> None:
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (home / "vault", home / "keys")} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(home)} == {0o600}


def test_no_text_of_ours_shows_what_the_vault_knows(vault: Vault) -> None:
    subject = find(vault, "uscc", uscc(1), today=TODAY)
    opened = vault.open_records([subject.token])[subject.token]
    shown = [
        vault,
        opened,
        opened.record,
        opened.record.names,
        opened.record.details,
        history(vault, subject),
    ]
    text = " ".join(map(repr, [*shown, vault.store.records([subject.token]), open_cases(vault)]))
    assert [secret for secret in SECRETS if secret in text] == []
    assert opened.key.hex() not in text
    assert repr(opened.key)[2:-1] not in text


def test_no_refusal_shows_what_was_asked(vault: Vault) -> None:
    refusals: list[Refusal] = []
    for act in (
        lambda: find(vault, "uscc", uscc(99), today=TODAY),
        lambda: find(vault, "ric", PERSON + "1", today=TODAY),
        lambda: decide(vault, uscc(1), None, by="o", reason=NAME, at=TODAY),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        refusals.append(refused.value)
    text = " ".join(f"{refusal!r} {refusal.as_dict()}" for refusal in refusals)
    assert [secret for secret in [*SECRETS, uscc(99)] if secret in text] == []


def test_other_keys_are_refused_at_the_door(vault: Vault, home: Path) -> None:
    shutil.rmtree(home / "keys")
    with pytest.raises(Broken):
        open_vault(home)
    with pytest.raises(Broken):  # not even after somebody made new ones
        open_vault_with_new_keys(home)


def open_vault_with_new_keys(home: Path) -> Vault:
    from puhui.adapters.keys_file import FileKeys

    for name in ("vault-index", "vault-seal", "vault-journal"):
        FileKeys(home / "keys").current(name)
    return open_vault(home)


def test_a_vault_of_another_zone_or_city_is_refused(vault: Vault, home: Path) -> None:
    for other in ({"zone": "b2"}, {"city": "360800"}):
        with pytest.raises(HomeRefused):
            open_vault(home, **other)


def test_two_zones_share_neither_tokens_nor_digests(vault: Vault, tmp_path: Path) -> None:
    other = open_vault(tmp_path / "other", zone="b2")
    deliver(other, REGISTER, [ROW])
    text = f"uscc|{uscc(1)}".encode()
    assert vault.digests([text]) != other.digests([text])
    mine, theirs = (find(v, "uscc", uscc(1), today=TODAY).token for v in (vault, other))
    assert mine[9:] != theirs[9:]


@pytest.mark.parametrize("column", ["wrapped", "body"])
def test_a_changed_byte_is_noticed(vault: Vault, home: Path, column: str) -> None:
    subject = find(vault, "uscc", uscc(1), today=TODAY)
    with sqlite3.connect(home / "vault" / "vault.db") as raw:
        for row, sealed in raw.execute(f"SELECT id, {column} FROM subject").fetchall():
            spoilt = sealed[:-1] + bytes([sealed[-1] ^ 1])
            raw.execute(f"UPDATE subject SET {column} = ? WHERE id = ?", (spoilt, row))
    with pytest.raises(Broken):
        history(vault, subject)


def test_a_record_moved_to_another_subject_does_not_open(vault: Vault, home: Path) -> None:
    mine, theirs = (find(vault, "uscc", uscc(n), today=TODAY) for n in (1, 2))
    records = vault.store.records([mine.token, theirs.token])
    with vault.batch():
        moved = records[theirs.token]
        vault.store.replace([type(moved)(mine.token, moved.created, 1, 1, moved.wrapped, moved.body)])
    with pytest.raises(Broken):
        history(vault, mine)


def test_an_unknown_algorithm_is_refused(vault: Vault, home: Path) -> None:
    with sqlite3.connect(home / "vault" / "vault.db") as raw:
        raw.execute("UPDATE subject SET cipher = 99")
    with pytest.raises(Broken):
        history(vault, find(vault, "uscc", uscc(1), today=TODAY))


def test_the_bytes_of_an_erased_subject_are_gone_from_the_files(vault: Vault, home: Path) -> None:
    subject = find(vault, "uscc", uscc(1), today=TODAY)
    deliver(vault, REGISTER, [ROW | {"ent_name": "新余市改名商贸有限公司"}], parcel="p2")  # an older copy lies about
    record = vault.store.records([subject.token])[subject.token]
    (digest,) = vault.digests([f"uscc|{uscc(1)}".encode()])
    pieces = [record.wrapped, record.body, digest[8:], *vault.name_digests(vault.places.parts(NAME))]
    held = b"".join(path.read_bytes() for path in files(home / "vault"))
    assert record.wrapped in held
    erase(vault, subject, by="o", reason="request", at=TODAY, holds=[])
    left = b"".join(path.read_bytes() for path in files(home / "vault"))
    assert [i for i, piece in enumerate(pieces) if piece in left] == []


def test_a_file_that_is_no_vault_is_refused(home: Path) -> None:
    (home / "vault").mkdir(parents=True)
    (home / "vault" / "vault.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(Broken):
        open_vault(home)


def test_a_vault_of_a_newer_version_is_refused(vault: Vault, home: Path) -> None:
    with sqlite3.connect(home / "vault" / "vault.db") as raw:
        raw.execute("PRAGMA user_version = 99")
    with pytest.raises(HomeRefused):
        open_vault(home)


def test_one_writer_at_a_time(vault: Vault, home: Path) -> None:
    other = open_vault(home, patience=0)
    with vault.batch():
        deliver(vault, REGISTER, [{"uscc": uscc(50)}])
        with pytest.raises(Busy), other.batch():
            raise AssertionError
    assert tokens(deliver(other, REGISTER, [{"uscc": uscc(50)}])) == tokens(
        deliver(vault, REGISTER, [{"uscc": uscc(50)}])
    )
