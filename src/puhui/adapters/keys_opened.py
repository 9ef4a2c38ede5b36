"""The KeyStore that a zone's settings name: files, a command, or files under a token."""

from __future__ import annotations

from pathlib import Path

from puhui.adapters.keys_command import CommandKeys
from puhui.adapters.keys_file import FileKeys
from puhui.model.keys import KeyStore
from puhui.model.refusal import Said
from puhui.model.refusals import KeysRefused

FILES, COMMAND, TOKEN = "files", "command:", "pkcs11:"


def open_keys(folder: Path, setting: str = FILES) -> KeyStore:
    """`files` (the default): in the folder. `command:/PATH`: nothing is in the folder. `pkcs11:…`: wrapped in it.

    Raises KeysRefused where others may read them, where what keeps them does not answer, or for another setting.
    """
    if setting == FILES:
        return FileKeys(folder)
    if setting.startswith(COMMAND):
        return CommandKeys(Path(setting.removeprefix(COMMAND)))
    if setting.startswith(TOKEN):
        return _under_token(folder, setting)
    raise _refused("keys 一项无法识别", "`keys` names no way of keeping keys", "files | command:/PATH | pkcs11:…")


def _under_token(folder: Path, setting: str) -> KeyStore:
    try:
        from puhui.adapters.keys_pkcs11 import TokenUri, TokenWrapping  # an extra: not everybody has it
    except ModuleNotFoundError as missing:
        if missing.name != "pkcs11":
            raise
        raise _refused("未安装 PKCS#11 支持", "PKCS #11 is not installed here", "pip install 'puhui[pkcs11]'") from None
    fresh = not folder.is_dir() or not any(folder.iterdir())
    return FileKeys(folder, TokenWrapping(TokenUri.parse(setting), may_make=fresh))


def _refused(zh: str, en: str, todo: str) -> KeysRefused:
    return KeysRefused(Said(zh, en), todo=Said(f"zone.toml: {todo}", f"zone.toml: {todo}"))
