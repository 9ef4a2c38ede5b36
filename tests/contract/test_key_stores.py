"""One suite for every place that keys live in: files, an external command, files under a token (SoftHSM here)."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from puhui.adapters.keys_command import CommandKeys
from puhui.adapters.keys_file import FileKeys
from puhui.adapters.keys_opened import open_keys
from puhui.model.keys import KeyStore
from puhui.model.refusals import Broken, KeysRefused

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
SERVICE = """\
#!{python}
# keeps keys in a folder, as a key service's own program would keep them elsewhere
import sys, pathlib
from puhui.adapters.keys_file import FileKeys
from puhui.model.refusals import Broken
keys, (verb, what) = FileKeys(pathlib.Path({folder!r})), sys.argv[1:]
try:
    key = {{"current": keys.current, "get": keys.by_id, "renew": keys.renew, "destroy": keys.destroy}}[verb](what)
except Broken:
    sys.exit(3)
if key:
    print(key.id, key.secret.hex())
"""
Opened = Callable[[], KeyStore]  # the same keys again, as another process would open them


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The setting for a key of that label in a token that is made once."""
    pytest.importorskip("pkcs11", reason="the extra `pkcs11` is not installed")
    module = next((name for name in MODULES if Path(name).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed (softhsm2)")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")  # the module reads it when it is loaded
    made = ["softhsm2-util", "--init-token", "--free", "--label", "puhui", "--pin", "4711", "--so-pin", "4712"]
    subprocess.run(made, check=True, capture_output=True)
    pin = folder / "pin"
    pin.write_text("4711\n")
    pin.chmod(0o600)
    return lambda label: f"pkcs11:token=puhui;object={label}?module-path={module}&pin-source=file:{pin}"


def service(folder: Path) -> Path:
    """A program that keeps keys."""
    program = folder / "keeper"
    program.write_text(SERVICE.format(python=sys.executable, folder=str(folder / "elsewhere")))
    program.chmod(0o700)
    return program


@pytest.fixture(params=["files", "command", "pkcs11"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    setting = "files"
    if request.param == "command":
        setting = f"command:{service(tmp_path)}"
    if request.param == "pkcs11":
        setting = request.getfixturevalue("token")(uuid4().hex)
    return lambda: open_keys(tmp_path / "keys", setting)


@pytest.fixture
def keys(opened: Opened) -> KeyStore:
    return opened()


def test_a_key_is_made_once_and_stays(keys: KeyStore, opened: Opened) -> None:
    first = keys.current("vault-seal")
    assert first == keys.current("vault-seal") == opened().current("vault-seal")
    assert (first.id, len(first.secret)) == ("vault-seal/1", 32)
    assert first.secret != keys.current("vault-index").secret
    assert repr(first) == "Key(id='vault-seal/1')"


def test_an_older_version_stays_readable(keys: KeyStore, opened: Opened) -> None:
    old = keys.current("k")
    new = keys.renew("k")
    assert new.id == "k/2" and new.secret != old.secret
    assert keys.current("k") == new == opened().current("k")
    assert keys.by_id("k/1") == old == opened().by_id("k/1")


def test_a_version_that_another_process_made_is_the_newest(keys: KeyStore, opened: Opened) -> None:
    keys.current("k")
    assert opened().renew("k") == keys.current("k")


def test_names_that_begin_alike_are_different_keys(keys: KeyStore) -> None:
    assert keys.current("parcel").id == "parcel/1"
    assert keys.renew("parcel.1").id == "parcel.1/1"
    assert keys.current("parcel").id == "parcel/1"


def test_a_destroyed_key_is_gone_and_stays_gone(keys: KeyStore, opened: Opened) -> None:
    keys.current("k")
    keys.renew("k")
    keys.destroy("k/1")
    keys.destroy("k/1")
    for store in (keys, opened()):
        with pytest.raises(Broken):
            store.by_id("k/1")
    assert keys.current("k").id == "k/2"


@pytest.mark.parametrize("name", ["", "../vault", "A", "a/b", ".hidden", "--help"])
def test_odd_names_are_no_keys(keys: KeyStore, name: str) -> None:
    with pytest.raises(ValueError):
        keys.current(name)
    with pytest.raises(ValueError):
        keys.renew(name)
    with pytest.raises(ValueError):
        keys.by_id(f"{name}/1")


# --- files ---


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    keys.current("j")
    (tmp_path / "keys" / "j.1").write_bytes(b"short")
    with pytest.raises(Broken):
        keys.by_id("j/1")


@pytest.mark.parametrize("mode", [0o710, 0o705, 0o770])
def test_a_folder_that_others_may_enter_is_refused_and_not_mended(tmp_path: Path, mode: int) -> None:
    FileKeys(tmp_path / "keys").current("k")
    (tmp_path / "keys").chmod(mode)
    with pytest.raises(KeysRefused, match="other accounts") as refused:
        FileKeys(tmp_path / "keys")
    assert "chmod 700" in refused.value.todo.en
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == mode


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    keys = FileKeys(tmp_path / "keys")
    keys.current("k")
    (tmp_path / "keys" / "k.1").chmod(mode)
    with pytest.raises(KeysRefused):
        keys.current("k")
    (tmp_path / "keys" / "k.1").chmod(0o600)
    assert keys.current("k").id == "k/1"


def test_processes_that_ask_at_once_get_one_key(tmp_path: Path) -> None:
    ask = "import sys, pathlib; from puhui.adapters.keys_file import FileKeys\n"
    ask += "print(FileKeys(pathlib.Path(sys.argv[1])).current('shared').secret.hex())"
    command = [sys.executable, "-c", ask, str(tmp_path / "keys")]
    asking = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    secrets = {process.communicate(timeout=60)[0] for process in asking}
    assert len(secrets) == 1
    assert secrets != {b""}
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["shared.1"]


def test_a_setting_that_names_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeysRefused):
        open_keys(tmp_path / "keys", "cloud")


# --- a command ---


def program(folder: Path, text: str, mode: int = 0o700) -> Path:
    file = folder / "program"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "text",
    [
        "echo k/1 tooshort",
        f"echo k/1 {'A' * 64}",
        f"echo other/1 {'a' * 64}",
        f"echo k/1 {'a' * 64}; echo more",
        f"echo k/1 {'a' * 64}; exit 1",
        "exec cat /dev/zero",
        "exec tail -f /dev/null",
        "sh -c 'exec tail -f /dev/null' & wait",
    ],
)
def test_a_command_that_does_not_answer_as_it_should(tmp_path: Path, text: str) -> None:
    keys = CommandKeys(program(tmp_path, text), seconds=0.5)
    with pytest.raises(KeysRefused):
        keys.current("k")


def test_a_command_is_given_nothing_but_verb_and_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "not for others")
    heard = tmp_path / "heard"
    text = f'(echo "$@"; env; cat) > {heard}; echo secret-in-a-message >&2; echo "k/1 {"a" * 64}"'
    assert CommandKeys(program(tmp_path, text)).by_id("k/1").secret == bytes.fromhex("a" * 64)
    said = heard.read_text().splitlines()
    assert said[0] == "get k/1"
    assert {line.partition("=")[0] for line in said[1:]} <= {"HOME", "PATH", "LANG", "PWD", "SHLVL", "OLDPWD", "_"}


def test_a_command_is_an_absolute_path_that_only_its_owner_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = program(tmp_path, "exit 0")
    monkeypatch.chdir(tmp_path)
    for wrong in (Path("program"), tmp_path / "absent", tmp_path):
        with pytest.raises(KeysRefused):
            CommandKeys(wrong)
    for mode in (0o600, 0o720, 0o702):
        file.chmod(mode)
        with pytest.raises(KeysRefused):
            CommandKeys(file)


# --- a token ---


def test_what_lies_in_the_folder_is_worth_nothing_without_the_token(
    tmp_path: Path, token: Callable[[str], str]
) -> None:
    keys = open_keys(tmp_path / "keys", token("a"))
    secret = keys.current("zone").secret
    assert secret not in (tmp_path / "keys" / "zone.1").read_bytes()
    with pytest.raises(Broken):
        FileKeys(tmp_path / "keys").current("zone")


def test_a_wrapped_key_is_bound_to_its_id(tmp_path: Path, token: Callable[[str], str]) -> None:
    keys = open_keys(tmp_path / "keys", token("b"))
    keys.current("zone")
    keys.current("vault-seal")
    os.replace(tmp_path / "keys" / "zone.1", tmp_path / "keys" / "vault-seal.1")
    with pytest.raises(Broken):
        keys.by_id("vault-seal/1")


def test_another_key_is_never_made_in_place_of_a_lost_one(tmp_path: Path, token: Callable[[str], str]) -> None:
    open_keys(tmp_path / "keys", token("c")).current("zone")
    with pytest.raises(KeysRefused):
        open_keys(tmp_path / "keys", token("never-made"))


def test_a_pin_that_others_may_read_is_refused_and_never_stands_in_the_setting(
    tmp_path: Path, token: Callable[[str], str]
) -> None:
    setting = token("d")
    pin = Path(setting.rpartition("file:")[2])
    pin.chmod(0o644)
    try:
        with pytest.raises(KeysRefused, match="PIN"):
            open_keys(tmp_path / "keys", setting)
    finally:
        pin.chmod(0o600)
    with pytest.raises(KeysRefused):
        open_keys(tmp_path / "keys", setting.replace("pin-source=", "pin-value="))
