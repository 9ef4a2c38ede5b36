"""However a pack is mangled, loading it either works or refuses with lines that exist; it never crashes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.model.refusals import PackRefused
from puhui.packs import load_packs, new_pack

SNIPPETS = st.sampled_from(
    ["x", "- ", "  ", "\t", "{", "]", ": ", "'", "&a ", "*a", "null", "2024-13-01", "#", "%", "é"]
)


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        pack = new_pack(Path(folder), "tax-loan")
        files = sorted(path for path in pack.rglob("*") if path.is_file())
        return {str(path.relative_to(pack)): path.read_text(encoding="utf-8") for path in files}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_mangled_pack_is_refused_with_lines_that_exist(texts: dict[str, str], data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(sorted(texts)))
    lines = texts[path].split("\n")
    at = data.draw(st.integers(0, len(lines) - 1))
    column = data.draw(st.integers(0, len(lines[at])))
    match data.draw(st.sampled_from(["drop", "double", "insert", "cut"])):
        case "drop":
            del lines[at]
        case "double":
            lines.insert(at, lines[at])
        case "insert":
            lines[at] = lines[at][:column] + data.draw(SNIPPETS) + lines[at][column:]
        case _:
            lines[at] = lines[at][:column]
    with tempfile.TemporaryDirectory() as folder:
        pack = Path(folder) / "tax-loan"
        for name, text in {**texts, path: "\n".join(lines)}.items():
            (pack / name).parent.mkdir(parents=True, exist_ok=True)
            (pack / name).write_text(text, encoding="utf-8")
        try:
            load_packs([pack])
        except PackRefused as refused:
            assert refused.mistakes
            for mistake in refused.mistakes:
                length = len((pack.parent / mistake.file).read_text(encoding="utf-8").split("\n"))
                assert 1 <= mistake.line <= length + 1
