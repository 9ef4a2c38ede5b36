"""Keys: both algorithms behind one interface, their files, and what is refused."""

from __future__ import annotations

import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from puhui.model.refusals_question import KeyRefused
from puhui.wire import keys
from puhui.wire.keys import (
    ALGORITHMS,
    ED25519,
    SM2_SM3,
    Ed25519Signing,
    generate,
    of_seed,
    private_of_pem,
    public_of_pem,
    public_pem,
    read_private,
    verifying,
    write_private,
)

needs_sm2 = pytest.mark.skipif(find_spec("gmssl_pyx") is None, reason="the extra `sm2` is not installed")
EACH = [ED25519, pytest.param(SM2_SM3, marks=needs_sm2)]


@pytest.mark.parametrize("algorithm", EACH)
def test_a_signature_is_of_one_message_and_one_key(algorithm: str) -> None:
    key, other = generate("bank-a/1", algorithm), generate("bank-a/1", algorithm)
    signature = key.sign(b"message")
    assert (key.algorithm, len(signature)) == (algorithm, 64)
    assert key.verifying().verify(b"message", signature)
    assert not key.verifying().verify(b"massage", signature)
    assert not other.verifying().verify(b"message", signature)
    assert not key.verifying().verify(b"message", signature[:-1])
    assert not key.verifying().verify(b"message", signature[::-1])
    assert not key.verifying().verify(b"message", bytes(64))
    assert not key.verifying().verify(b"message", b"\xff" * 64)


@pytest.mark.parametrize("algorithm", EACH)
def test_a_seed_gives_one_key(algorithm: str) -> None:
    key, again, other = (of_seed("zone/1", algorithm, seed * 32) for seed in (b"a", b"a", b"b"))
    assert (key.algorithm, key.private_pem()) == (algorithm, again.private_pem())
    assert key.verifying() == again.verifying() != other.verifying()
    assert again.verifying().verify(b"message", key.sign(b"message"))
    assert private_of_pem(key.private_pem(), "zone/1") == key  # its public half is the private one's
    for seed in (b"", b"a" * 31, b"a" * 33):
        with pytest.raises(KeyRefused):
            of_seed("zone/1", algorithm, seed)


@needs_sm2
def test_our_points_of_sm2_are_the_librarys() -> None:
    from puhui.wire import sm2

    for _ in range(5):
        key = sm2.generate("zone/1")
        x, y = sm2._times(int.from_bytes(key._secret), sm2._BASE)
        assert x.to_bytes(32) + y.to_bytes(32) == key._public
    x, y = sm2._times(sm2._ORDER - 2, sm2._BASE)  # -2G has the x of 2G
    assert x == sm2._plus(sm2._BASE, sm2._BASE)[0] and (y * y - x**3 - sm2._A * x - sm2._B) % sm2._PRIME == 0


@pytest.mark.parametrize("algorithm", EACH)
def test_files(algorithm: str, tmp_path: Path) -> None:
    key, file = generate("bank-a/1", algorithm), tmp_path / "key.pem"
    write_private(key, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_private(file, "bank-a/1") == key
    with pytest.raises(FileExistsError):
        write_private(generate("bank-a/2", algorithm), file)
    assert file.read_bytes() == key.private_pem()
    public = key.verifying()
    assert public_of_pem(public_pem(public), "bank-a/1") == public
    assert verifying("bank-a/1", algorithm, public.public) == public


@pytest.mark.parametrize("algorithm", EACH)
def test_no_text_of_ours_shows_a_private_key(algorithm: str) -> None:
    key = generate("bank-a/1", algorithm)
    assert "bank-a/1" in repr(key)
    assert not any(repr(part)[2:-1] in repr(key) for part in (key._secret, key._secret[:32], key.private_pem()))


PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
P_256 = ec.generate_private_key(ec.SECP256R1()).private_bytes(*PEM, serialization.NoEncryption())
ENCRYPTED = Ed25519PrivateKey.generate().private_bytes(*PEM, serialization.BestAvailableEncryption(b"password"))


def refused_pem() -> dict[str, bytes]:
    ed25519 = generate("x/1").private_pem()
    lines = ed25519.splitlines()
    return {
        "nothing": b"",
        "no PEM": b"key",
        "no base64": b"\n".join([lines[0], b"!!!!", lines[-1]]),
        "cut": b"\n".join([lines[0], lines[1][:20], lines[-1]]),
        "a public key": public_pem(generate("x/1").verifying()),
        "another algorithm": P_256,
        "encrypted": ENCRYPTED,
    }


@pytest.mark.parametrize("kind", refused_pem())
def test_what_is_no_private_key(kind: str) -> None:
    with pytest.raises(KeyRefused):
        private_of_pem(refused_pem()[kind], "x/1")


@pytest.mark.parametrize("pem", [b"", b"key", generate("x/1").private_pem(), P_256])
def test_what_is_no_public_key(pem: bytes) -> None:
    with pytest.raises(KeyRefused):
        public_of_pem(pem, "x/1")


def test_a_key_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused) as refused:
        read_private(tmp_path / "nowhere.pem", "x/1")
    assert str(tmp_path) not in refused.value.said.en


SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")  # a point of order 8


@pytest.mark.parametrize(
    ("algorithm", "public"),
    [
        (ED25519, b""),
        (ED25519, bytes(31)),
        (ED25519, bytes(32)),
        (ED25519, b"\x01" + bytes(31)),
        (ED25519, b"\xff" * 32),
        (ED25519, SMALL_ORDER),
        ("none", bytes(32)),
        ("hmac-sha256", bytes(32)),
        ("", bytes(32)),
        pytest.param(SM2_SM3, bytes(64), marks=needs_sm2),
        pytest.param(SM2_SM3, bytes(32), marks=needs_sm2),
        pytest.param(SM2_SM3, b"\x01" * 64, marks=needs_sm2),
    ],
)
def test_bytes_that_are_no_public_key(algorithm: str, public: bytes) -> None:
    with pytest.raises(KeyRefused):
        verifying("x/1", algorithm, public)


def test_an_unknown_algorithm_makes_no_key() -> None:
    with pytest.raises(KeyRefused):
        generate("x/1", "rsa-pss-sha512")
    with pytest.raises(KeyRefused):
        Ed25519Signing.of_seed("x/1", bytes(33))


def test_rfc_8032_test_1() -> None:
    key = Ed25519Signing.of_seed(
        "x/1", bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert key.verifying().public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


def test_a_second_form_of_an_ed25519_signature_is_refused() -> None:
    """S + L verifies where a library does not look: RFC 8032, 5.1.7."""
    key = Ed25519Signing.of_seed("x/1", bytes(range(32)))
    signature = key.sign(b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    second = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not key.verifying().verify(b"message", second)


def test_without_the_extra_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    monkeypatch.delitem(sys.modules, "puhui.wire.sm2", raising=False)
    monkeypatch.delattr("puhui.wire.sm2", raising=False)
    with pytest.raises(KeyRefused) as refused:
        generate("x/1", SM2_SM3)
    assert "puhui[sm2]" in refused.value.todo.en
    assert generate("x/1").algorithm == ED25519


def test_ed25519_needs_no_extra() -> None:
    """In a process of its own: nothing of SM2 is loaded until a key asks for it."""
    code = "import sys, puhui.wire.keys as k; k.generate('x/1'); sys.exit('gmssl_pyx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- SM2 ---

# GB/T 32918.5-2017, A.2: the recommended curve, the user id 1234567812345678, the message "message digest".
SAMPLE_PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
SAMPLE_SIGNATURE = bytes.fromhex(
    "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3"
    "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA"
)


@needs_sm2
def test_the_sample_of_gb_t_32918_5() -> None:
    key = verifying("x/1", SM2_SM3, SAMPLE_PUBLIC)
    assert key.verify(b"message digest", SAMPLE_SIGNATURE)
    assert not key.verify(b"message digesu", SAMPLE_SIGNATURE)


@needs_sm2
@pytest.mark.parametrize("part", [bytes(32), b"\xff" * 32], ids=["nought", "beyond the order"])
def test_an_sm2_signature_out_of_range_does_not_reach_the_library(
    part: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    key = verifying("x/1", SM2_SM3, SAMPLE_PUBLIC)
    assert not key.verify(b"message digest", part + SAMPLE_SIGNATURE[32:])
    assert not key.verify(b"message digest", SAMPLE_SIGNATURE[:32] + part)
    assert capfd.readouterr().err == ""  # the library writes a line for each signature that it refuses


@needs_sm2
def test_an_sm2_file_whose_public_half_is_anothers_is_refused() -> None:
    from puhui.wire import sm2

    one, other = sm2.generate("x/1"), sm2.generate("x/1")
    mixed = sm2.Sm2Signing("x/1", one._secret, other._public).private_pem()
    with pytest.raises(KeyRefused):
        private_of_pem(mixed, "x/1")


@needs_sm2
@pytest.mark.skipif(which("openssl") is None, reason="the command openssl is not here")
def test_openssl_and_we_verify_each_other(tmp_path: Path) -> None:
    def openssl(*arguments: str) -> bool:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    options = ["-rawin", "-digest", "sm3", "-in", "m", "-pkeyopt", "distid:1234567812345678"]
    (tmp_path / "m").write_bytes(b"consent")
    if not openssl("genpkey", "-algorithm", "SM2", "-out", "k.pem"):
        pytest.skip("this openssl has no SM2")
    assert openssl("pkeyutl", "-sign", "-inkey", "k.pem", "-out", "s", *options)
    key = read_private(tmp_path / "k.pem", "x/1")
    assert key.private_pem() == (tmp_path / "k.pem").read_bytes()
    from puhui.wire import sm2

    assert key.verifying().verify(b"consent", sm2._raw((tmp_path / "s").read_bytes()))
    signature = key.sign(b"consent")
    (tmp_path / "p.pem").write_bytes(public_pem(key.verifying()))
    (tmp_path / "s").write_bytes(sm2._der(int.from_bytes(signature[:32]), int.from_bytes(signature[32:])))
    assert openssl("pkeyutl", "-verify", "-pubin", "-inkey", "p.pem", "-sigfile", "s", *options)


def test_the_algorithms_are_these() -> None:
    assert ALGORITHMS == ("ed25519", "sm2-sm3")
    assert keys.SIGNATURE_SIZE == 64


@pytest.mark.parametrize("algorithm", EACH)
def test_words_before_the_key_are_no_part_of_it(algorithm: str) -> None:
    key = generate("bank-a/1", algorithm)
    words = b"Key-Id: bank-a/1\n\n"
    assert private_of_pem(words + key.private_pem(), "bank-a/1").verifying().public == key.verifying().public
    assert public_of_pem(words + public_pem(key.verifying()), "bank-a/1").public == key.verifying().public
