"""C2SP signed notes: notes, verifier keys, checkpoints, cosignatures, tlog-proof files, witness requests.

Reading is strict: one spelling of each number, base64 and line, so that what was read is written back byte for byte.
Whatever has another form raises ValueError; whether a signature holds is a separate question with its own answer. The
forms: https://c2sp.org/signed-note, /tlog-checkpoint, /tlog-cosignature (version 1), /tlog-proof and /tlog-witness.
Signatures are Ed25519; a note may have a line more by SM2, of a type of our own, which other readers pass over.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from puhui.wire import keys
from puhui.wire.keys import Ed25519Verifying, Signing, Verifying
from puhui.wire.tlog import HASH_SIZE, MAX_SIZE, Proof

ED25519 = 0x01  # signs the note's text
COSIGNATURE_V1 = 0x04  # signs a time and the text of a checkpoint
SM2 = 0xFF  # signs the note's text by SM2 with SM3; signed-note gives it no byte of its own, so its long name follows
_TYPES = {  # of each kind: what stands before the public key, the algorithm, the public key's size
    ED25519: (bytes([ED25519]), keys.ED25519, 32),
    COSIGNATURE_V1: (bytes([COSIGNATURE_V1]), keys.ED25519, 32),
    SM2: (bytes([SM2]) + b"puhui/signed-note/sm2-sm3/v1\n", keys.SM2_SM3, 64),
}
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000  # characters
MAX_PROOF = 63  # hashes: no tree is higher
_DASH = "— "
_PROOF_HEAD = "c2sp.org/tlog-proof@v1"


def decode_base64(text: str) -> bytes:
    """The bytes of canonical standard base64 with padding. Raises ValueError for any other spelling."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if encode_base64(raw) != text:
        raise ValueError("not the one spelling of its base64")
    return raw


def encode_base64(raw: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(raw).decode("ascii")


def decode_hash(text: str) -> bytes:
    """A 32-byte hash in base64. Raises ValueError for another length."""
    raw = decode_base64(text)
    if len(raw) != HASH_SIZE:
        raise ValueError("a hash has 32 bytes")
    return raw


def decode_number(text: str) -> int:
    """A decimal number from 0 to 2**63 - 1 without leading zeros. Raises ValueError for any other text."""
    if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0") or len(text) > 19:
        raise ValueError("not a decimal number without leading zeros")
    if (number := int(text)) > MAX_SIZE:
        raise ValueError("the number is too large")
    return number


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A named public key that verifies notes of one kind: ED25519, COSIGNATURE_V1 or SM2."""

    name: str
    public: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or any(letter.isspace() or letter < " " for letter in self.name):
            raise ValueError("a key's name is not empty and has no space and no plus sign")
        if self.kind not in _TYPES or len(self.public) != _TYPES[self.kind][2]:
            raise ValueError("not a key of a known kind")

    @property
    def algorithm(self) -> str:
        """Of its signatures: `ed25519` or `sm2-sm3`."""
        return _TYPES[self.kind][1]

    @property
    def _typed(self) -> bytes:
        """The public key behind its type."""
        return _TYPES[self.kind][0] + self.public

    @property
    def key_id(self) -> bytes:
        """The four bytes that begin a signature of this key."""
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:4]

    @property
    def vkey(self) -> str:
        """The key as one text: name+id+base64."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self._typed)}"

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the bare signature holds over the message. Raises KeyRefused where SM2 is not installed."""
        return self._verifying().verify(message, signature)

    def _verifying(self) -> Verifying:
        if self.algorithm == keys.ED25519:
            return Ed25519Verifying(self.name, self.public)  # libsodium looks at the point when it verifies
        return keys.verifying(self.name, self.algorithm, self.public)

    @classmethod
    def parse(cls, vkey: str) -> NoteVerifier:
        """The key of a vkey text. Raises ValueError where the text, the kind or the id is not right."""
        parts = vkey.split("+", 2)
        raw = decode_base64(parts[-1])
        if len(parts) != 3 or not raw:
            raise ValueError("a verifier key is name+id+base64")
        before = _TYPES.get(raw[0], (b"",))[0]
        key = cls(parts[0], raw[len(before) :], raw[0])
        if key.vkey != vkey:
            raise ValueError("the key's id does not fit its name, type and key")
        return key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line of a note."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line with its newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """The signature of a line without its newline. Raises ValueError for any other line."""
        dash, _, rest = line.partition(" ")
        name, space, text = rest.partition(" ")
        raw = decode_base64(text)
        if dash + " " != _DASH or not space or not name or "+" in name or any(map(str.isspace, name)) or len(raw) < 5:
            raise ValueError("a signature line is a dash, a name and base64 of at least five bytes")
        return cls(name, raw[:4], raw[4:])


@dataclass(frozen=True)
class NoteSigner:
    """A named private key that signs notes of one kind. `key`: of its algorithm; the key's own id is of no account."""

    name: str
    key: Signing = field(repr=False)
    kind: int = ED25519

    def __post_init__(self) -> None:
        if self.kind not in _TYPES or self.key.algorithm != _TYPES[self.kind][1]:
            raise ValueError("the key is of another algorithm than the signatures")

    @cached_property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        return NoteVerifier(self.name, self.key.verifying().public, self.kind)

    @cached_property
    def _key_id(self) -> bytes:
        return self.verifier.key_id

    def sign(self, text: str) -> NoteSignature:
        """The signature over a note's text. The signer must be of kind ED25519 or SM2."""
        return self._signed((ED25519, SM2), text.encode(), b"")

    def cosign(self, text: str, at: int) -> NoteSignature:
        """The cosignature over a checkpoint's text, at `at` Unix seconds. The signer must be of kind COSIGNATURE_V1."""
        return self._signed((COSIGNATURE_V1,), _cosigned(text, at), at.to_bytes(8, "big"))

    def _signed(self, kinds: Sequence[int], message: bytes, prefix: bytes) -> NoteSignature:
        if self.kind not in kinds:
            raise ValueError("the signer is of another kind")
        return NoteSignature(self.name, self._key_id, prefix + self.key.sign(message))


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Note:
    """A text, which ends with a newline, and the signatures over it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def message(self) -> str:
        """The note as it is kept and sent."""
        return self.text + "\n" + "".join(signature.line for signature in self.signatures)

    @classmethod
    def parse(cls, message: str) -> Note:
        """The note of a message. Raises ValueError for any other form; no signature is verified here."""
        text, blank, lines = message.rpartition("\n\n")
        if not blank or not text or not lines.endswith("\n") or len(message) > MAX_NOTE:
            raise ValueError("a note is a text, an empty line and signatures")
        if any(letter < " " and letter != "\n" for letter in message):
            raise ValueError("a note has no control characters")
        message.encode()  # a lone surrogate has no UTF-8 and is a ValueError too
        signed = lines[:-1].split("\n")
        if len(signed) > MAX_SIGNATURES:
            raise ValueError("a note has at most 100 signatures")
        return cls(text + "\n", tuple(map(NoteSignature.parse, signed)))

    def with_signatures(self, more: Iterable[NoteSignature]) -> Note:
        """The note with further signatures after its own; one that it has already is not put in twice."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *more))))

    def of(self, key: NoteVerifier) -> list[NoteSignature]:
        """The signatures that name this key. Whether they hold is asked by `holds` and `cosigned_at`."""
        key_id = key.key_id
        return [one for one in self.signatures if one.name == key.name and one.key_id == key_id]


def holds(note: Note, key: NoteVerifier) -> bool:
    """Whether the key, of kind ED25519 or SM2, signed the note; False where one of its signatures does not hold."""
    if key.kind not in (ED25519, SM2) or not (own := note.of(key)):
        return False
    message = note.text.encode()
    return all(key.verifies(message, one.signature) for one in own)


def cosigned_at(note: Note, key: NoteVerifier) -> int | None:
    """When the witness of that key cosigned the checkpoint, in Unix seconds; None where it did not, or one is false."""
    if key.kind != COSIGNATURE_V1 or not (own := note.of(key)):
        return None
    times = [_time_of(note.text, key, one.signature) for one in own]
    return None if None in times else max(time for time in times if time is not None)


def _time_of(text: str, key: NoteVerifier, signature: bytes) -> int | None:
    at = int.from_bytes(signature[:8], "big")
    if len(signature) != 72 or at > MAX_SIZE:
        return None
    return at if key.verifies(_cosigned(text, at), signature[8:]) else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head: its origin, its number of leaves and their root. `extensions`: lines that we never write."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note's text. Raises ValueError where a line would be empty or broken, or a number has no place in it."""
        lines = (self.origin, str(self.size), encode_base64(self.root), *self.extensions)
        text = "".join(f"{line}\n" for line in lines)
        if Checkpoint.parse(text) != self:
            raise ValueError("not a checkpoint")
        return text

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint of a note's text. Raises ValueError for any other text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
            raise ValueError("a checkpoint is an origin, a size and a root, each on its line")
        return cls(lines[0], decode_number(lines[1]), decode_hash(lines[2]), tuple(lines[3:-1]))


def sign_checkpoint(checkpoint: Checkpoint, *signers: NoteSigner) -> str:
    """The checkpoint as a note that each of them signed, in their order."""
    text = checkpoint.text
    return Note(text, tuple(one.sign(text) for one in signers)).message


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof that an entry is in a log, to be kept in a file of its own (`.tlog-proof`). `extra` is not protected."""

    index: int
    proof: Proof
    checkpoint: str  # a signed note
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The file."""
        extra = [f"extra {encode_base64(self.extra)}"] if self.extra else []
        lines = [_PROOF_HEAD, *extra, f"index {self.index}", *map(encode_base64, self.proof)]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def parse(cls, text: str) -> TlogProof:
        """The proof of a file. Raises ValueError for any other form; nothing is verified here."""
        head, _, checkpoint = text.partition("\n\n")
        version, *lines = head.split("\n")
        extra = decode_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
        if version != _PROOF_HEAD or not lines or not lines[0].startswith("index "):
            raise ValueError("not a tlog-proof of version 1")
        found = cls(decode_number(lines[0][6:]), decode_proof(lines[1:]), checkpoint, extra)
        Checkpoint.parse(Note.parse(checkpoint).text)
        if found.text != text:
            raise ValueError("not the one spelling of a tlog-proof")
        return found


def decode_proof(lines: Sequence[str]) -> Proof:
    """Hashes of a proof, one base64 text each. Raises ValueError where there are too many or one is not a hash."""
    if len(lines) > MAX_PROOF:
        raise ValueError("no proof is so long")
    return tuple(map(decode_hash, lines))


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """What a log sends to a witness: `POST <prefix>/add-checkpoint`.

    `old_size`: of the checkpoint that the witness cosigned last, 0 where the log does not know. `proof`: of consistency
    from there to the checkpoint, a signed note.
    """

    old_size: int
    proof: Proof
    checkpoint: str

    @property
    def body(self) -> bytes:
        """The request's body."""
        lines = [f"old {self.old_size}", *map(encode_base64, self.proof)]
        return ("\n".join(lines) + "\n\n" + self.checkpoint).encode()

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The request of a body. Raises ValueError for any other form; the checkpoint is read by its own functions."""
        head, blank, checkpoint = body.decode().partition("\n\n")
        old, *lines = head.split("\n")
        if not blank or not old.startswith("old "):
            raise ValueError("a request is an old size, a proof, an empty line and a checkpoint")
        return cls(decode_number(old[4:]), decode_proof(lines), checkpoint)


def read_cosignatures(body: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines in a witness's answer 200. Raises ValueError for any other body; verify before use."""
    text = body.decode()
    if not text.endswith("\n") or len(text) > MAX_NOTE:
        raise ValueError("a witness answers with signature lines")
    return tuple(map(NoteSignature.parse, text[:-1].split("\n")))


def read_size(body: bytes) -> int:
    """The size in a witness's answer 409 of type text/x.tlog.size. Raises ValueError for any other body."""
    text = body.decode()
    if not text.endswith("\n"):
        raise ValueError("the size ends with a newline")
    return decode_number(text[:-1])
