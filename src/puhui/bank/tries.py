"""The tries of a question, kept beside the file that its answer will be in, and the answer file itself.

Promises: a try is on the disk before it is sent, so that after a stop of this machine the same idempotency key and the
earlier signed requests are known, and the answer that the zone may have made is found again and not paid twice. The
tries are removed once the answer file is durable. Both hold identifiers: they are for their owner alone (0600).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import msgspec

from puhui.bank.client import Client
from puhui.bank.exchange import Ask, Exchange
from puhui.model.refusal import Said
from puhui.model.refusals_question import InputRefused
from puhui.wire.answers import AnswerFile, RequestForm, read_answer_file, write_answer_file
from puhui.wire.canonical import canonical
from puhui.wire.durable import publish, sync_folder, write_new

SUFFIX = ".tries"


@dataclass(slots=True)
class Kept:
    """What stands on the disk about the question whose answer goes to `out`."""

    out: Path
    requests: list[RequestForm] = field(default_factory=list)

    @property
    def file(self) -> Path:
        """Beside the answer: one canonical RequestForm a line."""
        return self.out.with_name(self.out.name + SUFFIX)

    @property
    def idempotency_key(self) -> str:
        """Of the tries that are there; empty where there are none."""
        return self.requests[0].headers.get("idempotency-key", "") if self.requests else ""

    def add(self, one: RequestForm) -> None:
        """The try is durable once this returns."""
        new = not self.file.exists()
        try:
            with open(os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
                out.write(canonical(msgspec.to_builtins(one)) + b"\n")
                out.flush()
                os.fsync(out.fileno())
        except OSError as error:
            _refused(f"无法写入（{error.strerror}）", f"cannot be written ({error.strerror})", self.file)
        if new:
            sync_folder(self.file.parent)

    def remove(self) -> None:
        """No try is open any more."""
        self.file.unlink(missing_ok=True)


def kept_tries(out: Path) -> Kept:
    """The tries beside `out`. A last line that a stop cut off was never sent, and is left out. Raises InputRefused."""
    kept = Kept(out)
    try:
        raw = kept.file.read_bytes()
    except FileNotFoundError:
        return kept
    except OSError as error:
        _refused(f"无法读取（{error.strerror}）", f"cannot be read ({error.strerror})", kept.file)
    whole, _, torn = raw.rpartition(b"\n")
    try:
        kept.requests = [msgspec.json.decode(line, type=RequestForm) for line in whole.splitlines()]
    except (msgspec.DecodeError, UnicodeDecodeError):
        _refused("不是未完成提问的文件", "does not hold the tries of a question", kept.file)
    if torn:
        _cut(kept.file, len(raw) - len(torn))
    return kept


def _cut(file: Path, size: int) -> None:
    with file.open("r+b") as opened:
        opened.truncate(size)
        os.fsync(opened.fileno())


def exchange_of(kept: Kept, ask: Ask, client: Client, idempotency_key: str = "") -> Exchange:
    """The question on its way, with the tries that are kept, which are of this very question. Raises InputRefused."""
    key = idempotency_key or kept.idempotency_key
    asked = (ask.path, client.authority, ask.body.decode(), key)
    for one in kept.requests:
        if (one.path, one.authority, one.body, one.headers.get("idempotency-key")) != asked:
            _refused("属于另一个未完成的提问", "belongs to another question that is not finished", kept.file)
    return client.exchange(ask, key, kept.add, kept.requests)


def earlier_answer(kept: Kept) -> AnswerFile | None:
    """The answer that was written just before a stop. Raises InputRefused where `out` holds anything else."""
    try:
        raw = kept.out.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _refused(f"无法读取（{error.strerror}）", f"cannot be read ({error.strerror})", kept.out)
    if not kept.requests:
        _refused("已存在，不会被覆盖", "is there already and is not overwritten", kept.out)
    file = read_answer_file(raw)
    if file.request not in kept.requests:
        _refused("是另一个提问的答复", "is the answer to another question", kept.out)
    return file


def write_answer(kept: Kept, file: AnswerFile) -> None:
    """ANSWER.json, whole or not at all, for its owner alone and durable; then the tries go."""
    write_private_file(kept.out, write_answer_file(file))
    kept.remove()


def write_private_file(target: Path, raw: bytes) -> None:
    """The file whole or not at all, for its owner alone (0600), durable once this returns."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)
        write_new(draft, raw)
        publish(draft, target)
    except OSError as error:
        _refused(f"无法写入（{error.strerror}）", f"cannot be written ({error.strerror})", target)


def _refused(zh: str, en: str, file: Path) -> NoReturn:
    raise InputRefused(
        Said(f"{file.name} {zh}", f"{file.name} {en}"),
        todo=Said(
            "换一个 --out；未完成的提问用原来的命令再问一次，或在放弃后删除其 .tries 文件",
            "name another --out; a question that is not finished is asked again by the same command, "
            "or given up by removing its .tries file",
        ),
    )
