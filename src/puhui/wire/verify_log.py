"""Checks of an answer's place in the log: commitment, checkpoint (by SM2 too), inclusion, cosignatures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from puhui.model.refusal import Said
from puhui.wire.http_signatures import SKEW
from puhui.wire.keys import ED25519, SM2_SM3
from puhui.wire.notes import Checkpoint, Note, NoteVerifier, cosigned_at, holds
from puhui.wire.tlog import leaf_hash, verify_inclusion
from puhui.wire.verify_case import Case, Check, Outcome, fail


def _leaf(case: Case) -> bytes:
    return leaf_hash(sha256(case.body.salt + case.body.record).digest())


def commitment(case: Case) -> Said:
    """What the log holds is made of the salt and of this very record."""
    if len(case.body.salt) != 32:
        fail("盐的长度不符", "the salt has another length")
    return Said("承诺由盐与记录得出", "the commitment is made of salt and record")


def checkpoint(case: Case) -> Said:
    """The zone's log signed the receipt's checkpoint by a key of that time, and one that was enclosed later by any."""
    receipt, keys = case.body.form.receipt, case.zone.log_keys_of(ED25519)
    case.notes.append(_of_log(receipt.checkpoint, [key.verifier for key in keys if key.in_force(case.at)], case))
    if case.notes[0][1].size != receipt.tree_size:
        fail("检查点的大小与回执不符", "the checkpoint is of another size than the receipt says")
    if case.proof is not None:
        if case.proof.index != receipt.index or case.proof.extra:
            fail("所附证明是另一条目的", "the enclosed proof is of another entry, or holds what nobody signed")
        case.notes.append(_of_log(case.proof.checkpoint, [key.verifier for key in keys], case))
    return Said("检查点由该专区的日志密钥签名", "the checkpoint is signed by the zone's log")


def _of_log(text: str, keys: Sequence[NoteVerifier], case: Case) -> tuple[Note, Checkpoint]:
    """The checkpoint of a note that the zone's log signed, and nobody whom the trust file does not know."""
    note = Note.parse(text)
    read = Checkpoint.parse(note.text)
    if read.origin != case.zone.origin or read.extensions:
        fail("检查点属于另一日志", "the checkpoint is of another log")
    signed = [key for key in keys if note.of(key)]
    if not signed or not all(holds(note, key) for key in signed):
        fail("检查点没有有效日志密钥的签名", "no key of the log, valid at that time, signed the checkpoint")
    by_sm2 = [key.verifier for key in case.zone.log_keys_of(SM2_SM3)]
    known = {(key.name, key.key_id) for key in (*keys, *by_sm2, *case.trust.witness_keys())}
    if any((one.name, one.key_id) not in known for one in note.signatures):
        fail("检查点上有未受信任者的签名", "somebody whom the trust file does not know signed the checkpoint")
    return note, read


def checkpoint_sm2(case: Case) -> Said | Check:
    """A key of SM2 signed each checkpoint too where one was in force; whoever signed so, it holds.

    The checkpoint that was enclosed later has no time: it needs such a signature where the key of then has no end.
    """
    listed = case.zone.log_keys_of(SM2_SM3)
    in_force = [key for key in listed if key.in_force(case.at)]
    owed = (in_force, listed if any(not key.end for key in in_force) else ())
    for keys, (note, _) in zip(owed, case.notes, strict=False):
        signed = [key for key in listed if note.of(key.verifier)]
        if not all(holds(note, key.verifier) for key in signed):
            fail("检查点上的 SM2 签名不成立", "the SM2 signature of a checkpoint does not hold")
        if keys and not any(key in keys for key in signed):
            fail("检查点缺少当时应有的 SM2 签名", "the checkpoint lacks the SM2 signature that it should have")
    if in_force:
        return Said("检查点另有日志的 SM2 签名", "the checkpoint is signed by SM2 too")
    said = Said("当时没有须签名的 SM2 日志密钥", "no SM2 key of the log was in force, and none is needed")
    return Check("checkpoint-sm2", Outcome.ABSENT, said)


def inclusion(case: Case) -> Said:
    """The commitment is the leaf that the receipt names, in every checkpoint of the file."""
    receipt, leaf = case.body.form.receipt, _leaf(case)
    proofs: list[Sequence[bytes]] = [case.body.proof, *([] if case.proof is None else [case.proof.proof])]
    for proof, (_, head) in zip(proofs, case.notes, strict=True):
        if not verify_inclusion(leaf, receipt.index, head.size, proof, head.root):
            fail("包含证明不成立", "the inclusion proof does not hold")
    return Said("记录在日志中", f"the record is entry {receipt.index} of the log")


def cosignatures(case: Case) -> Said:
    """As many witnesses as the trust file asks for cosigned a checkpoint with the entry; two keys of one are one."""
    keys = case.trust.witness_keys()
    counted = [key.name for key in keys if any(_counts(note, key, case) for note, _ in case.notes)]
    case.witnesses = tuple(dict.fromkeys(counted))
    everyone = len({key.name for key in keys})
    told = Said(
        f"{everyone} 个见证者中有 {len(case.witnesses)} 个联署，要求 {case.trust.quorum} 个",
        f"{len(case.witnesses)} of {everyone} witnesses cosigned; {case.trust.quorum} are asked for",
    )
    if len(case.witnesses) < case.trust.quorum:
        fail(told.zh, told.en)
    return told


def _counts(note: Note, key: NoteVerifier, case: Case) -> bool:
    """Whether the witness cosigned, after the entry was made and not in the future. A false cosignature fails all."""
    if not note.of(key):
        return False
    if (seconds := cosigned_at(note, key)) is None:
        fail("联署签名不成立", "a cosignature does not hold")
    latest = datetime.max.replace(tzinfo=UTC) if case.now is None else case.now + timedelta(seconds=SKEW)
    if not case.at.timestamp() - SKEW <= seconds <= latest.timestamp():
        fail("联署时间与答复时间矛盾", "a cosignature's time contradicts the answer's")
    return True
