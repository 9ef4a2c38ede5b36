"""Keys that an external command keeps: of a key service, a vault product, an appliance of the city's own.

The command is called without a shell as `COMMAND current NAME`, `COMMAND get NAME/VERSION`, `COMMAND renew NAME`,
`COMMAND destroy NAME/VERSION`. The first three print one line, `NAME/VERSION HEX` with 64 hexadecimal digits, and end
with 0; `current` makes version 1 where there is none. 3 means: no such key. Any other end is a fault.

Promises: nothing secret is in the arguments, in the environment that we hand over, or in a text of ours; the command
is bounded in time and its answer in size; a program that others may write is not run.
"""

from __future__ import annotations

import os
import re
import stat
import subprocess
from pathlib import Path
from threading import Timer

from puhui.adapters.keys_file import check_name, key_lost, parts_of
from puhui.model.keys import Key
from puhui.model.refusal import Said
from puhui.model.refusals import KeysRefused

SECONDS = 10.0  # that a call may take
GONE = 3  # exit code: there is no such key
_LONGEST = 256  # bytes of an answer
_LINE = re.compile(rb"([a-z0-9][a-z0-9._-]{0,100}/[0-9]{1,9}) ([0-9a-f]{64})\n?")


class CommandKeys:
    """A KeyStore behind a command. Secrets that were read by id stay in memory, as they do in whoever asked."""

    def __init__(self, command: Path, *, seconds: float = SECONDS) -> None:
        self._command, self._seconds = command, seconds
        self._known: dict[str, Key] = {}
        _check_program(command)

    def current(self, name: str) -> Key:
        """The newest version; another process may have made it a moment ago, so the command is asked each time."""
        check_name(name)
        return self._asked("current", name)

    def by_id(self, key_id: str) -> Key:
        """The key of that id. Raises Broken if it is gone."""
        parts_of(key_id)
        if key_id not in self._known:
            self._known[key_id] = self._asked("get", key_id)
        return self._known[key_id]

    def renew(self, name: str) -> Key:
        """A new version, durable once the command ended."""
        check_name(name)
        return self._asked("renew", name)

    def destroy(self, key_id: str) -> None:
        """The command destroys it; one that is gone already is gone."""
        parts_of(key_id)
        self._known.pop(key_id, None)
        code, _ = self._run("destroy", key_id)
        if code not in (0, GONE):
            raise _no_answer(f"it ended with {code}")

    def _asked(self, verb: str, what: str) -> Key:
        code, said = self._run(verb, what)
        if code == GONE:
            raise key_lost(what)
        line = _LINE.fullmatch(said) if code == 0 else None
        if line is None:
            raise _no_answer(f"it ended with {code}" if code else "its answer has another form")
        key_id = line[1].decode()
        if key_id != what and (verb == "get" or parts_of(key_id)[0] != what):
            raise _no_answer("it gave another key")
        return Key(key_id, bytes.fromhex(line[2].decode()))

    def _run(self, verb: str, what: str) -> tuple[int, bytes]:
        """Exit code and answer. What the command says on standard error is dropped: it may hold secrets."""
        environment = {name: os.environ[name] for name in ("HOME", "PATH", "LANG") if name in os.environ}
        try:
            process = subprocess.Popen(
                [str(self._command), verb, what],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
        except OSError as fault:
            raise _no_answer(fault.strerror or "it cannot be started") from None
        return self._outcome(process)

    def _outcome(self, process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
        with process, _Watch(process, self._seconds) as watch:
            said = process.stdout.read(_LONGEST + 1) if process.stdout else b""
            if len(said) > _LONGEST:
                watch.end()
                raise _no_answer("its answer is too long")
            code = process.wait()
        if watch.ended:
            raise _no_answer("it took too long")
        return code, said


class _Watch:
    """Ends a process and what it started when its time is over."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self._process = process
        self.ended = False
        self._timer = Timer(seconds, self.end)
        self._timer.daemon = True

    def __enter__(self) -> _Watch:
        self._timer.start()
        return self

    def __exit__(self, *ended: object) -> None:
        self._timer.cancel()

    def end(self) -> None:
        """The whole session of the process is killed: it is the process's own."""
        self.ended = True
        if self._process.poll() is None:
            os.killpg(self._process.pid, 9)


def _check_program(command: Path) -> None:
    """KeysRefused where it is no absolute path of a program that only its owner may write."""
    found = command.stat() if command.is_absolute() and command.is_file() else None
    if found is None or not os.access(command, os.X_OK):
        raise _no_answer("it is no absolute path of a program")
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise _no_answer("others may write it")


def _no_answer(why: str) -> KeysRefused:
    return KeysRefused(
        Said(f"取密钥的程序没有给出密钥（{why}）", f"the command that keeps the keys gave none: {why}"),
        todo=Said(
            "检查 zone.toml 的 keys 一项和该程序；密钥服务可用后重试",
            "check `keys` in zone.toml and the command; try again when the key service answers",
        ),
    )
