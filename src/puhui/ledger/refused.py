"""The refusals of the log's own transaction, in words."""

from __future__ import annotations

from puhui.model.refusal import Said
from puhui.model.refusals_question import (
    BudgetSpent,
    IdempotencyConflict,
    LetterNotInForce,
    LetterSpent,
    LogBroken,
    LogUnavailable,
    NoContract,
    QuotaSpent,
    Replayed,
    SubjectUnknown,
    UnknownKey,
)


def nonce_used() -> Replayed:
    return Replayed(
        Said("该随机数已经用过", "the nonce was used before"),
        todo=Said("每次提问用新的随机数重新签名", "sign every try with a new nonce"),
    )


def answered_otherwise() -> IdempotencyConflict:
    return IdempotencyConflict(
        Said("该幂等键已用于另一个提问", "the idempotency key was used for another question"),
        todo=Said("新的提问用新的幂等键", "take a new idempotency key for a new question"),
    )


def key_gone() -> UnknownKey:
    return UnknownKey(
        Said("该密钥已吊销、已过期，或机构未准入", "the key is revoked or expired, or the institution is not admitted"),
        todo=Said("用有效的密钥签名；向专区核对准入状态", "sign with a key in force; ask the zone about the admission"),
    )


def contract_changed() -> NoContract:
    return NoContract(
        Said("合同已终止、到期或被替换", "the contract has ended, expired or been replaced"),
        todo=Said("查看 /v1/mandates 中生效的合同", "see which contracts are in force under /v1/mandates"),
    )


def letter_changed() -> LetterNotInForce:
    return LetterNotInForce(
        Said("授权书的状态已变，不再允许该提问", "the letter's state changed and no longer lets the question pass"),
        todo=Said(
            "查看授权书状态；需要时请主体重新授权", "look at the letter's state; ask the subject anew where needed"
        ),
    )


def letter_spent() -> LetterSpent:
    return LetterSpent(
        Said("授权书在该周期内的次数已用完", "the letter's uses in this window are spent"),
        todo=Said("等到下一周期，或请主体签署新的授权书", "wait for the next window, or ask for a new letter"),
        where="cap",
    )


def quota_spent(seconds: int | None) -> QuotaSpent:
    refusal = QuotaSpent(
        Said("合同在该周期内的次数已用完", "the contract's quota of the window is used up"),
        todo=Said("等到下一周期，或与专区变更合同", "wait for the next window, or agree on another quota"),
    )
    refusal.retry_after = seconds
    return refusal


def budget_spent() -> BudgetSpent:
    return BudgetSpent(
        Said("与先前的答复合并会超出许可", "with an earlier answer this one would show more than either may"),
        todo=Said("使用先前已答复的产品", "use the product that was answered before"),
    )


def subject_gone() -> SubjectUnknown:
    return SubjectUnknown(
        Said("该主体已被删除", "the subject is erased"),
        todo=Said("不要再就该主体提问", "do not ask about this subject again"),
    )


def log_unavailable() -> LogUnavailable:
    refusal = LogUnavailable(
        Said("日志无法写入，因此不作答", "the log could not be written, so nothing leaves"),
        todo=Said("稍后以同一幂等键重试", "try again later with the same idempotency key"),
    )
    refusal.retry_after = 5
    return refusal


def log_shrank(known: int, found: int) -> LogBroken:
    return LogBroken(
        Said(f"日志曾有 {known} 条，现在只有 {found} 条", f"the log had {known} entries and now has {found}"),
        todo=Said(
            "停止服务；从副本恢复，并与见证方核对最新检查点", "stop; restore from a copy and compare with a witness"
        ),
    )


def broken(zh: str, en: str) -> LogBroken:
    """The log contradicts itself."""
    return LogBroken(
        Said(zh, en),
        todo=Said("运行 puhui ledger check；从备份恢复", "run `puhui ledger check`; restore from a backup"),
    )
