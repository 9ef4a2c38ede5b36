"""Durable files: content, mode, nothing left beside, and the order in which the disk hears of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from puhui.wire import durable


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What reached the disk, in order: `sync NAME` (a folder ends in /), `rename NAME`, `link NAME`, `unlink`."""
    steps: list[str] = []
    sync, rename, link = os.fsync, os.replace, os.link

    def fsync(handle: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{handle}"))
        steps.append(f"sync {_plain(path)}{'/' if path.is_dir() else f' {path.stat().st_size}'}")
        sync(handle)

    def replace(source: Any, target: Any) -> None:
        steps.append(f"rename {Path(target).name}")
        rename(source, target)

    def linked(source: Any, target: Any) -> None:
        steps.append(f"link {Path(target).name}")
        link(source, target)

    monkeypatch.setattr(durable.os, "fsync", fsync)
    monkeypatch.setattr(durable.os, "replace", replace)
    monkeypatch.setattr(durable.os, "link", linked)
    return steps


def _plain(path: Path) -> str:
    return "draft" if path.name.startswith(".") else path.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_bytes_reach_the_disk_before_their_name_and_the_name_before_the_return(folder: Path, told: list[str]) -> None:
    durable.replace_bytes(folder / "a", b"one")
    assert told == ["sync draft 3", "rename a", "sync folder/"]
    assert (folder / "a").read_bytes() == b"one"
    assert [path.name for path in folder.iterdir()] == ["a"]


def test_a_file_is_replaced_whole(folder: Path) -> None:
    (folder / "a").write_bytes(b"a longer text than the next")
    durable.replace_bytes(folder / "a", b"two")
    assert (folder / "a").read_bytes() == b"two"


@pytest.mark.parametrize(("umask", "mode", "given"), [(0, 0o600, 0o600), (0, 0o644, 0o644), (0o077, 0o644, 0o600)])
def test_the_mode_is_the_one_asked_for_narrowed_by_the_umask(folder: Path, umask: int, mode: int, given: int) -> None:
    before = os.umask(umask)
    try:
        durable.replace_bytes(folder / "a", b"", mode=mode)
        durable.create_bytes(folder / "b", b"", mode=mode)
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {given}


def test_private_is_the_rule(folder: Path) -> None:
    durable.replace_bytes(folder / "a", b"")
    assert stat.S_IMODE((folder / "a").stat().st_mode) == 0o600


def test_what_is_created_appears_whole_and_once(folder: Path, told: list[str]) -> None:
    assert durable.create_bytes(folder / "a", b"first")
    assert told == ["sync draft 5", "link a", "sync folder/"]
    assert not durable.create_bytes(folder / "a", b"second")
    assert (folder / "a").read_bytes() == b"first"
    assert [path.name for path in folder.iterdir()] == ["a"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_draft(folder: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    (folder / "a").write_bytes(b"old")

    def full(*given: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(durable.os, step, full)
    with pytest.raises(OSError, match="no space"):
        durable.replace_bytes(folder / "a", b"new")
    assert (folder / "a").read_bytes() == b"old"
    assert [path.name for path in folder.iterdir()] == ["a"]


def test_the_draft_of_a_stop_is_taken_over(folder: Path) -> None:
    (folder / ".a.new").write_bytes(b"half a fi")
    (folder / ".a.new").chmod(0o644)
    durable.replace_bytes(folder / "a", b"new")
    assert (folder / "a").read_bytes() == b"new"
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()] == [("a", 0o600)]


def test_a_draft_that_is_published_takes_its_name(folder: Path, told: list[str]) -> None:
    (folder / "draft").write_bytes(b"new")
    (folder / "a").write_bytes(b"old")
    durable.publish(folder / "draft", folder / "a")
    assert told == ["rename a", "sync folder/"]
    assert (folder / "a").read_bytes() == b"new" and not (folder / "draft").exists()


def test_files_and_folders_are_synced_by_name(folder: Path, told: list[str]) -> None:
    (folder / "a").write_bytes(b"four")
    durable.sync_file(folder / "a")
    durable.sync_folder(folder)
    assert told == ["sync a 4", "sync folder/"]
    with pytest.raises(FileNotFoundError):
        durable.sync_file(folder / "b")


def test_a_new_file_is_written_once_and_its_bytes_are_on_the_disk(folder: Path, told: list[str]) -> None:
    durable.write_new(folder / "a", b"first", mode=0o644)
    durable.write_new(folder / "b", b"")
    assert told == ["sync a 5", "sync b 0"]
    with pytest.raises(FileExistsError):
        durable.write_new(folder / "a", b"second")
    assert (folder / "a").read_bytes() == b"first"
    assert stat.S_IMODE((folder / "b").stat().st_mode) == 0o600
