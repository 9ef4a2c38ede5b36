"""A watched folder gives each complete file once, and moves it where it belongs."""

from __future__ import annotations

from pathlib import Path

from puhui.intake.watch import Look, move_away, pending


def put(folder: Path, name: str, text: str = "a,b\n1,2\n") -> Path:
    path = folder / "registrations" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_a_file_is_complete_when_two_looks_agree(tmp_path: Path) -> None:
    seen: dict[Path, Look] = {}
    path = put(tmp_path, "a.csv")
    assert pending(tmp_path, seen) == []
    path.write_text("a,b\n1,2\n3,4\n", "utf-8")
    assert pending(tmp_path, seen) == []
    assert pending(tmp_path, seen) == [path]


def test_a_manifest_or_a_mark_beside_it_says_complete_at_once(tmp_path: Path) -> None:
    first, second = put(tmp_path, "a.csv"), put(tmp_path, "b.csv")
    put(tmp_path, "a.csv.manifest.json", "{}")
    put(tmp_path, "b.csv.done", "")
    assert pending(tmp_path, {}) == [first, second]


def test_what_is_no_delivery_is_passed_over(tmp_path: Path) -> None:
    for name in (".hidden", "~$a.xlsx", "a.csv.part", "b.csv.tmp"):
        put(tmp_path, name)
    (tmp_path / "loose.csv").write_text("a\n", "utf-8")
    put(tmp_path, "taken").unlink()
    (tmp_path / "registrations" / "taken").mkdir()
    (tmp_path / "registrations" / "taken" / "old.csv").write_text("a\n", "utf-8")
    (tmp_path / "registrations" / "link.csv").symlink_to(tmp_path / "loose.csv")
    seen: dict[Path, Look] = {}
    assert pending(tmp_path, seen) == pending(tmp_path, seen) == []


def test_a_taken_file_is_gone_with_what_stands_beside_it_and_never_overwrites(tmp_path: Path) -> None:
    for _ in range(2):
        path = put(tmp_path, "a.csv")
        put(tmp_path, "a.csv.manifest.json", "{}")
        move_away(path, "taken")
    assert sorted(p.name for p in (tmp_path / "registrations" / "taken").iterdir()) == [
        "a.2.csv", "a.2.csv.manifest.json", "a.csv", "a.csv.manifest.json",
    ]  # fmt: skip
    assert pending(tmp_path, {}) == []
