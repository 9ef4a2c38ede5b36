"""Notes, checkpoints and cosignatures of others: published keys and signatures verify, and ours are written so too."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puhui.wire.keys import Ed25519Signing
from puhui.wire.notes import (
    COSIGNATURE_V1,
    AddCheckpoint,
    Checkpoint,
    Note,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    TlogProof,
    cosigned_at,
    holds,
    read_cosignatures,
    read_size,
    sign_checkpoint,
)

# The published test data of golang.org/x/mod/sumdb/note
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
BY_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"

# The Go checksum database's key and one of its checkpoints
SUM_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
SUM_NOTE = """go.sum database tree
15081221
BoMMe1wd25Tco0mYGROkyqxHZWx+hcSCtMV315Lu6Lg=

— sum.golang.org Az3grilD7vQqTrv66jRgKM84Y80KTprrSt4bKmiOPxgmS5ZVBTeCl6dUvjYnN13R+C8j0jGY1WnUADGMkok3U0m2Zgo=
"""

# A checkpoint of a certificate log with cosignatures of four public witnesses, and their published keys
CT_KEY = "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
CT_NOTE = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501 (as it was published)
CT_WITNESSES = (
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
    "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
)
WITNESS = NoteSigner("witness.example/w1", Ed25519Signing.of_seed("w", b"w" * 32), COSIGNATURE_V1)
LOG = NoteSigner("log.example", Ed25519Signing.of_seed("l", b"l" * 32))
ROOT = "A" * 43 + "="
HEAD = Checkpoint("log.example", 7, b"r" * 32)


def signed() -> Note:
    return Note.parse(sign_checkpoint(HEAD, LOG))


def test_a_published_key_signs_the_published_bytes() -> None:
    signer = NoteSigner("PeterNeumann", Ed25519Signing.of_seed("peter", PETER_SEED))
    assert signer.verifier.vkey == PETER
    assert Note(TEXT, (signer.sign(TEXT),)).message == TEXT + "\n" + BY_PETER


@pytest.mark.parametrize("vkey", [PETER, ENOCH])
def test_published_signatures_hold(vkey: str) -> None:
    message = TEXT + "\n" + BY_PETER + BY_ENOCH
    note = Note.parse(message)
    assert note.message == message
    assert holds(note, NoteVerifier.parse(vkey))
    assert not holds(Note.parse(message.replace("problem", "problam")), NoteVerifier.parse(vkey))


def test_the_go_checksum_databases_checkpoint_verifies() -> None:
    note = Note.parse(SUM_NOTE)
    assert holds(note, NoteVerifier.parse(SUM_KEY))
    assert Checkpoint.parse(note.text).size == 15_081_221


def test_public_witnesses_cosignatures_verify() -> None:
    note = Note.parse(CT_NOTE)
    assert note.message == CT_NOTE
    assert Checkpoint.parse(note.text).text == note.text
    assert holds(note, NoteVerifier.parse(CT_KEY))
    assert {cosigned_at(note, NoteVerifier.parse(vkey)) for vkey in CT_WITNESSES} == {1_779_573_024}


def test_a_cosignature_is_of_one_time_one_text_and_one_key() -> None:
    note = signed()
    line = WITNESS.cosign(note.text, 1_679_315_147)
    assert cosigned_at(note.with_signatures([line]), WITNESS.verifier) == 1_679_315_147
    assert cosigned_at(note, WITNESS.verifier) is None
    later = NoteSignature(line.name, line.key_id, (1_679_315_148).to_bytes(8, "big") + line.signature[8:])
    assert cosigned_at(note.with_signatures([later]), WITNESS.verifier) is None
    assert cosigned_at(note.with_signatures([line, later]), WITNESS.verifier) is None  # a false one spoils it
    other = Note(Checkpoint("log.example", 8, b"r" * 32).text, (line,))
    assert cosigned_at(other, WITNESS.verifier) is None
    plain = NoteVerifier(WITNESS.name, WITNESS.verifier.public)
    assert not holds(note.with_signatures([line]), plain)  # the kind of key is part of its id


def test_a_signer_signs_its_own_kind_alone() -> None:
    with pytest.raises(ValueError, match="another kind"):
        LOG.cosign(HEAD.text, 1)
    with pytest.raises(ValueError, match="another kind"):
        WITNESS.sign(HEAD.text)


def test_no_part_of_a_verifier_key_can_be_changed_or_cut() -> None:
    for first in range(len(PETER) + 1):
        for end in range(first + 1, len(PETER) + 1):
            if (first, end) != (0, len(PETER)):
                with pytest.raises(ValueError):
                    NoteVerifier.parse(PETER[first:end])
    for at in range(len(PETER)):
        with pytest.raises(ValueError):
            NoteVerifier.parse(PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :])


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        PETER.upper(), PETER + "\n", "", "++", "a b+c74f20a3+AA==",
    ],
)  # fmt: skip
def test_keys_of_another_form_are_refused(vkey: str) -> None:
    with pytest.raises(ValueError):
        NoteVerifier.parse(vkey)


@pytest.mark.parametrize(
    "message",
    [
        "", TEXT, TEXT + "\n", TEXT + "\n" + BY_PETER[:-1], "\x01" + TEXT + "\n" + BY_PETER, TEXT + BY_PETER,
        TEXT + "\n" + BY_PETER.replace("— ", "- "), TEXT + "\n" + BY_PETER + "Unexpected line.\n", "\n\n" + BY_PETER,
        TEXT + "\n" + BY_PETER.replace("PeterNeumann", "Bad Name"),
        TEXT + "\n" + BY_PETER.replace("PeterNeumann", "a+b"),
        TEXT + "\n" + BY_PETER.replace("x08go", "x08g="), TEXT + "\n" + BY_PETER * 101, TEXT + "\n— name AAAA\n",
        TEXT + "\n" + BY_PETER + "\n", "\ud800" + TEXT + "\n" + BY_PETER, TEXT + "\r\n" + BY_PETER,
        TEXT + "\n" + BY_PETER.replace("BwJnAM=", "BwJnAN="),  # the same bytes in another spelling
    ],
)  # fmt: skip
def test_notes_of_another_form_are_refused(message: str) -> None:
    with pytest.raises(ValueError):
        Note.parse(message)


@pytest.mark.parametrize(
    "text",
    [
        "", "log.example\n7\n", "log.example\n7\nQQ==\n", f"\n7\n{ROOT}\n", f"log.example\n7\n{ROOT}",
        f"log.example\n-7\n{ROOT}\n", f"log.example\n٧\n{ROOT}\n", f"log.example\n+7\n{ROOT}\n",
        f"log.example\n07\n{ROOT}\n", f"log.example\n9223372036854775808\n{ROOT}\n", f"log.example\n7\n{ROOT}\n\n",
        f"log.example\n7\n{'A' * 44}\n", f"log.example\n7\n{'A' * 42}B=\n",
    ],
)  # fmt: skip
def test_checkpoints_of_another_form_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Checkpoint.parse(text)


@given(
    st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32), st.lists(st.text("abc d", min_size=1), max_size=2)
)
def test_checkpoints_are_read_back(size: int, root: bytes, more: list[str]) -> None:
    head = Checkpoint("log.example", size, root, tuple(more))
    assert Checkpoint.parse(head.text) == head


def test_a_checkpoint_that_has_no_text_is_not_written() -> None:
    for head in (
        Checkpoint("", 1, b"r" * 32),
        Checkpoint("a\nb", 1, b"r" * 32),
        Checkpoint("a", 1, b"r"),
        Checkpoint("a", -1, b"r" * 32),
    ):
        with pytest.raises(ValueError):
            _ = head.text


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.binary(max_size=9))
def test_proof_files_are_read_back(index: int, proof: list[bytes], extra: bytes) -> None:
    made = TlogProof(index, tuple(proof), signed().message, extra)
    assert TlogProof.parse(made.text) == made


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index -3"),
        ("index 3\n", ""),
        ("\n\nlog", "\nlog"),
        ("extra AQ==\n", "extra \n"),
    ],
)
def test_proof_files_of_another_form_are_refused(old: str, new: str) -> None:
    text = TlogProof(3, (b"p" * 32,), signed().message, b"\1").text
    assert old in text
    with pytest.raises(ValueError):
        TlogProof.parse(text.replace(old, new, 1))


def test_a_request_to_a_witness_is_the_specifications() -> None:
    proof = (b"a" * 32, b"b" * 32)
    made = AddCheckpoint(5, proof, signed().message)
    lines = made.body.decode().split("\n")
    assert lines[0] == "old 5"
    assert lines[3:5] == ["", "log.example"]
    assert AddCheckpoint.parse(made.body) == made
    assert AddCheckpoint.parse(AddCheckpoint(0, (), "x").body) == AddCheckpoint(0, (), "x")


@pytest.mark.parametrize(
    "body",
    [b"", b"old 5", b"old 05\n\nx", b"new 5\n\nx", b"old 5\nA\n\nx", b"\xff", b"old 5\n" + b"A" * 43 + b"=\n" * 65],
)
def test_requests_of_another_form_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        AddCheckpoint.parse(body)


def test_a_proof_longer_than_any_tree_is_refused() -> None:
    assert AddCheckpoint.parse(AddCheckpoint(1, (b"p" * 32,) * 63, "x").body)
    with pytest.raises(ValueError, match="so long"):
        AddCheckpoint.parse(AddCheckpoint(1, (b"p" * 32,) * 64, "x").body)


def test_what_a_witness_answers_is_read() -> None:
    line = WITNESS.cosign(HEAD.text, 9)
    assert read_cosignatures(line.line.encode()) == (line,)
    assert read_size(b"20852014\n") == 20_852_014
    for wrong in (b"", b"1", b"01\n", b"-1\n", b"1\n\n", b"\xff\n"):
        with pytest.raises(ValueError):
            read_size(wrong)
        with pytest.raises(ValueError):
            read_cosignatures(wrong)


@settings(max_examples=300)
@given(st.binary(max_size=80) | st.text().map(str.encode))
def test_hostile_bytes_raise_nothing_but_the_refusal(raw: bytes) -> None:
    for read in (AddCheckpoint.parse, read_cosignatures, read_size):
        try:
            read(raw)
        except ValueError:
            continue
