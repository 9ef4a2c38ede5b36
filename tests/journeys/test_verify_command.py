"""`puhui verify`, `verify-inclusion`, `verify-consistency` as anybody runs them: exit codes, names, known vectors."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from puhui.cli import verify
from puhui.wire.tlog import leaf_hash
from puhui.wire.trust import write_trust

from ..answered import WITNESSES, Answered, letter_document, letter_file, trust_of

APP = typer.Typer()
verify.register(APP)

# The eight leaves, their roots and proofs that implementations of RFC 6962 have tested with since its authors' own
ENTRIES = [bytes.fromhex(raw) for raw in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
A, B, C = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
D, E = (
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
)
F, G = (
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
)
INCLUSIONS = [(0, 1, []), (0, 8, [A, B, C]), (5, 8, [D, E, ROOTS[3]]), (2, 3, [ROOTS[1]]), (1, 5, [ROOTS[0], B, D])]
CONSISTENCIES = [(1, 1, []), (1, 8, [A, B, C]), (6, 8, [F, E, ROOTS[3]]), (2, 5, [B, D]), (6, 7, [F, G, ROOTS[3]])]


def run(*arguments: object, given: Any = None) -> Result:
    text = given if isinstance(given, str | bytes) else json.dumps(given)
    return CliRunner().invoke(APP, [*map(str, arguments), "--json"], input=text, catch_exceptions=False)


def text(raw: str) -> str:
    return b64encode(bytes.fromhex(raw)).decode()


def inclusion(index: int, size: int, proof: list[str], /, **other: Any) -> dict[str, Any]:
    said = {
        "leafHash": b64encode(leaf_hash(ENTRIES[index])).decode(),
        "leafIndex": index,
        "treeSize": size,
        "proof": [text(step) for step in proof],
        "root": text(ROOTS[size - 1]),
    }
    return {**said, **other}


def consistency(size1: int, size2: int, proof: list[str], /, **other: Any) -> dict[str, Any]:
    said = {
        "size1": size1,
        "size2": size2,
        "proof": [text(step) for step in proof],
        "root1": text(ROOTS[size1 - 1]),
        "root2": text(ROOTS[size2 - 1]),
    }
    return {**said, **other}


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_published_inclusion_proofs(index: int, size: int, proof: list[str]) -> None:
    done = run("verify-inclusion", given=inclusion(index, size, proof))
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"valid": True})
    wrong = [
        {"leafIndex": 2**64 - 1}, {"leafIndex": index ^ 2}, {"treeSize": size * 2}, {"treeSize": 0},
        {"root": text(A)}, {"root": b64encode(b"WrongRoot").decode()}, {"leafHash": ""}, {"leafHash": text(G)},
        {"proof": [*map(text, proof), ""]}, {"proof": [text(ROOTS[0]), *map(text, proof)]},
    ]  # fmt: skip
    for other in wrong:
        done = run("verify-inclusion", given=inclusion(index, size, proof, **other))
        assert (done.exit_code, json.loads(done.stdout)) == (1, {"valid": False}), other


@pytest.mark.parametrize(("size1", "size2", "proof"), CONSISTENCIES)
def test_published_consistency_proofs(size1: int, size2: int, proof: list[str]) -> None:
    done = run("verify-consistency", given=consistency(size1, size2, proof))
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"valid": True})
    wrong = [
        {"size1": 0}, {"size1": size2 + 1}, {"size2": size2 * 2}, {"root1": b64encode(b"WrongRoot").decode()},
        {"root2": text(A)}, {"proof": [*map(text, proof), ""]}, {"proof": [text(A), *map(text, proof)]},
    ]  # fmt: skip
    for other in wrong:
        done = run("verify-consistency", given=consistency(size1, size2, proof, **other))
        assert (done.exit_code, json.loads(done.stdout)) == (1, {"valid": False}), other


def test_a_published_vector_may_be_piped_in_as_it_is() -> None:
    """Its empty proof is null, its index has a shorter name, and it says what it is."""
    given = inclusion(0, 1, [], proof=None, desc="happy path", wantErr=False)
    given["leafIdx"] = given.pop("leafIndex")
    assert run("verify-inclusion", given=given).exit_code == 0
    assert run("verify-consistency", given=consistency(1, 1, [], proof=None, desc="happy path")).exit_code == 0


@pytest.mark.parametrize(
    "given",
    [
        "", "[]", "null", "{", b"\xff", "[" * 100_000, "x" * 1_000_001, {}, inclusion(0, 8, [A, B, C], leafIndex="0"),
        inclusion(0, 8, [A, B, C], leafIndex=-1), inclusion(0, 8, [A, B, C], treeSize=True),
        inclusion(0, 8, [A, B, C], root=None), inclusion(0, 8, [A, B, C], root="="), inclusion(0, 8, [], proof=""),
        inclusion(0, 8, [], proof=[1]), inclusion(0, 8, [], proof=["AB=="]), inclusion(0, 8, [], treeSize=8.0),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_apart_from_what_is_not_valid(given: Any) -> None:
    done = run("verify-inclusion", given=given)
    assert (done.exit_code, json.loads(done.stdout)["refused"]) == (2, "input-refused")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    answered = Answered(cosigned_by=WITNESSES[:2])
    (tmp_path / "ANSWER.json").write_bytes(answered.file())
    (tmp_path / "TRUST.json").write_bytes(write_trust(trust_of(quorum=2)))
    (tmp_path / "L-1.json").write_bytes(letter_file(letter_document()))
    (tmp_path / "L-2.json").write_bytes(letter_file(letter_document(id="L-2")))
    return tmp_path


def test_an_answer_is_verified_by_name(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "_now", lambda: None)
    asked = ("verify", files / "ANSWER.json", "--trust", files / "TRUST.json")
    done = run(*asked, "--letter", files / "L-1.json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["valid"]) == (0, True)
    assert {check["name"] for check in said["checks"] if check["outcome"] != "holds"} == {"checkpoint-sm2"}
    assert len({check["name"] for check in said["checks"]}) == 14
    assert "91360500" not in done.stdout  # whom it is about stays in the file

    done = run(*asked, "--letter", files / "L-2.json")
    failed = [check["name"] for check in json.loads(done.stdout)["checks"] if check["outcome"] == "fails"]
    assert (done.exit_code, failed) == (1, ["letter-digest"])


def test_a_trust_file_that_is_none_is_refused(files: Path) -> None:
    (files / "TRUST.json").write_text("{}")
    done = run("verify", files / "ANSWER.json", "--trust", files / "TRUST.json")
    assert (done.exit_code, json.loads(done.stdout)["refused"]) == (2, "key-refused")
    assert run("verify", files / "none.json", "--trust", files / "TRUST.json").exit_code == 2


def test_people_get_a_table(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUHUI_LANG", "en")
    monkeypatch.setattr(verify, "_now", lambda: None)
    done = CliRunner().invoke(APP, ["verify", str(files / "ANSWER.json"), "--trust", str(files / "TRUST.json")])
    assert "cosignatures" in done.stdout
    assert done.stdout.splitlines()[-1] == "valid"
