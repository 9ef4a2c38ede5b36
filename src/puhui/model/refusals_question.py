"""The refusal codes of the way of a question. `docs/reference/refusals.md` is generated from this file too.

`status` is the HTTP status. A refusal that is `hidden` depends on the subject: to the outside all of them are one code,
one body size and one time class; the log holds the true one.
"""

from __future__ import annotations

from typing import ClassVar

from puhui.model.refusal import Fault, Refusal, Said

OUTWARD = "not-available"  # what every hidden refusal is called outside


class QuestionRefused(Refusal):
    """Root of the refusals to a caller."""

    status: ClassVar[int] = 403
    hidden: ClassVar[bool] = False
    retry_after: int | None = None  # seconds
    contract: str = ""  # whose quota the question counts toward; known once there is a mandate
    fault = Fault.CALLER
    exit_code = 9
    code = "question-refused"
    meaning = Said("提问被拒绝", "The question was refused.")


class BadRequest(QuestionRefused):
    """The message is not of the form that the interface states."""

    code = "bad-request"
    status = 400
    meaning = Said("报文格式不符合接口规定", "The message is not of the form that the interface states.")


class TooLarge(QuestionRefused):
    """The body is larger than the interface allows."""

    code = "too-large"
    status = 413
    meaning = Said("报文超过允许的大小", "The body is larger than the interface allows.")


class BadSignature(QuestionRefused):
    """The signature is not of the profile, or does not fit message and key."""

    code = "bad-signature"
    status = 401
    meaning = Said(
        "签名不符合规定或与报文、密钥不符", "The signature is not of the profile, or does not fit message and key."
    )


class Stale(QuestionRefused):
    """The signature was made too long ago, or in the future."""

    code = "stale"
    status = 401
    meaning = Said("签名时间过早或超前", "The signature was made too long ago, or in the future.")


class Replayed(QuestionRefused):
    """The nonce was used before."""

    code = "replayed"
    status = 401
    meaning = Said("随机数已经用过", "The nonce was used before.")


class UnknownKey(QuestionRefused):
    """No admitted institution has this key, or it is revoked or outside its validity."""

    code = "unknown-key"
    status = 401
    meaning = Said(
        "没有已准入机构使用该密钥，或密钥已吊销、不在有效期内",
        "No admitted institution has this key, or it is revoked or outside its validity.",
    )


class AddressRefused(QuestionRefused):
    """The institution does not ask from this network address."""

    code = "address-refused"
    meaning = Said("该网络地址不在机构登记的范围内", "The institution did not register this network address.")


class ScopeRefused(QuestionRefused):
    """The institution was not admitted for this act."""

    code = "scope-refused"
    meaning = Said("机构的准入范围不含该操作", "The institution was not admitted for this act.")


class IdempotencyConflict(QuestionRefused):
    """The idempotency key was used for another question."""

    code = "idempotency-conflict"
    status = 409
    meaning = Said("该幂等键已用于另一个提问", "The idempotency key was used for another question.")


class NoContract(QuestionRefused):
    """No contract in force lets the institution ask this product."""

    code = "no-contract"
    meaning = Said("没有生效的合同允许该机构查询此产品", "No contract in force lets the institution ask this product.")


class ContractBroken(QuestionRefused):
    """A stored contract is not what both sides signed, so nothing is let through by it."""

    code = "contract-broken"
    status = 503
    fault = Fault.ZONE
    meaning = Said("存储的合同与双方签名不符，不予放行", "A stored contract is not what both sides signed.")


class PurposeRefused(QuestionRefused):
    """The purpose is not one of the contract, the product or the basis."""

    code = "purpose-refused"
    meaning = Said(
        "用途不在合同、产品或授权的范围内", "The purpose is not one of the contract, the product or the basis."
    )


class ChannelRefused(QuestionRefused):
    """The product's lawful channel has no licence record in force, or another than the caller goes through."""

    code = "channel-refused"
    meaning = Said(
        "产品的合法通道没有有效的许可或备案记录",
        "The lawful channel of the product has no licence record in force.",
    )


class ProhibitedItem(QuestionRefused):
    """The law forbids the item for this purpose; the article is named."""

    code = "prohibited-item"
    meaning = Said("法律禁止为该用途提供此项信息", "The law forbids this item for the purpose.")


class QuotaSpent(QuestionRefused):
    """The contract's quota of the window is used up; `retry_after` says when the next begins."""

    code = "quota-spent"
    status = 429
    meaning = Said("合同在该周期内的次数已用完", "The contract's quota of the window is used up.")


class TooFast(QuestionRefused):
    """More questions a second than the institution's rate."""

    code = "too-fast"
    status = 429
    meaning = Said("每秒提问数超过机构的限速", "More questions a second than the institution's rate.")


class SnapshotBehind(QuestionRefused):
    """The product needs a definition that the current snapshot was not built with."""

    code = "snapshot-behind"
    status = 503
    fault = Fault.ZONE
    meaning = Said(
        "产品需要的指标定义不在当前快照内", "The product needs a definition that the current snapshot does not have."
    )


class LogUnavailable(QuestionRefused):
    """The log could not be written, so nothing leaves."""

    code = "log-unavailable"
    status = 503
    fault = Fault.ZONE
    meaning = Said("日志无法写入，因此不作答", "The log could not be written, so nothing leaves.")


class LetterRefused(QuestionRefused):
    """The letter cannot be proposed or signed as it is: wording, items, caps, period, institution."""

    code = "letter-refused"
    meaning = Said(
        "授权书不能这样提出或签署：文本、事项、上限、期限或机构不符",
        "The letter cannot be proposed or signed as it is: wording, items, caps, period or institution.",
    )


class LetterNotInForce(QuestionRefused):
    """The letter, which the caller itself holds, is paused, revoked, expired or not signed yet."""

    code = "letter-not-in-force"
    meaning = Said("授权书已暂停、撤回、到期或尚未签署", "The letter is paused, revoked, expired or not signed yet.")


class LetterSpent(QuestionRefused):
    """The letter's own cap on range, frequency or uses is reached; the attribute is named."""

    code = "letter-spent"
    status = 429
    meaning = Said("授权书规定的范围、频次或次数已用完", "The letter's cap on range, frequency or uses is reached.")


class MissingTick(QuestionRefused):
    """The letter lacks the tick that an item's gate asks for."""

    code = "missing-tick"
    meaning = Said("授权书缺少该事项所需的勾选", "The letter lacks the tick that an item asks for.")


class EvidenceRefused(QuestionRefused):
    """The evidence of a signature does not hold: passkey, key or attended."""

    code = "evidence-refused"
    meaning = Said("签署凭证不成立", "The evidence of the signature does not hold.")


class SignerRefused(QuestionRefused):
    """Nobody may sign so for this subject: not enrolled, no real-name proof, no authority, too young."""

    code = "signer-refused"
    meaning = Said(
        "该签署人不能为此主体签署：未登记、未实名、无权限或未成年",
        "This signer may not sign for the subject: not enrolled, no proof, no authority, or too young.",
    )


# --- hidden: what depends on the subject ---


class SubjectUnknown(QuestionRefused):
    """The zone knows nobody of that identifier, or the subject is erased."""

    code = "subject-unknown"
    hidden = True
    meaning = Said("专区没有该标识的主体", "The zone knows nobody of that identifier.")


class NoBasis(QuestionRefused):
    """No basis of that id covers this caller, product, purpose and subject."""

    code = "no-basis"
    hidden = True
    meaning = Said(
        "没有覆盖该机构、产品、用途和主体的依据", "No basis covers this caller, product, purpose and subject."
    )


class SubjectRefused(QuestionRefused):
    """The law protects the subject: a minor asked for lending, a dead person, a deregistered firm."""

    code = "subject-refused"
    hidden = True
    meaning = Said("依法不得就该主体作答", "The law does not let this subject be answered about.")


class BudgetSpent(QuestionRefused):
    """Another answer would, with the earlier ones, show more than either may."""

    code = "budget-spent"
    hidden = True
    meaning = Said(
        "与先前的答复合并会泄露超出许可的内容", "With the earlier answers this one would show more than either may."
    )


# --- admissions and contracts ---


class AdmissionRefused(Refusal):
    """The institution cannot be admitted or changed as it is stated; everything that is wrong is named."""

    code = "admission-refused"
    fault = Fault.OPERATOR
    exit_code = 9
    meaning = Said("机构不能按所述准入或变更", "The institution cannot be admitted or changed as it is stated.")


class ContractRefused(Refusal):
    """The contract cannot be proposed or signed as it is; everything that is wrong is named."""

    code = "contract-refused"
    fault = Fault.OPERATOR
    exit_code = 9
    meaning = Said("合同不能按所述提出或签署", "The contract cannot be proposed or signed as it is.")


class Differencing(Refusal):
    """The institution's products together would show more than each may; the products are named."""

    code = "differencing"
    fault = Fault.OPERATOR
    exit_code = 9
    meaning = Said(
        "该机构的各产品合并会泄露超出各自许可的内容",
        "The products of the institution would together show more than each may.",
    )


# --- the log and its witnesses ---


class LogBroken(Refusal):
    """The log's storage contradicts itself or a checkpoint that was signed."""

    code = "log-broken"
    fault = Fault.ZONE
    exit_code = 6
    meaning = Said(
        "日志存储自相矛盾，或与已签名的检查点不符", "The log contradicts itself or a checkpoint that was signed."
    )


class NotVerified(Refusal):
    """What was given to be verified does not hold."""

    code = "not-verified"
    fault = Fault.CALLER
    exit_code = 10
    meaning = Said("所验证的内容不成立", "What was given to be verified does not hold.")


class KeyRefused(Refusal):
    """The key cannot be used: no such algorithm here, wrong bytes, or not a key file."""

    code = "key-refused"
    fault = Fault.OPERATOR
    exit_code = 2
    meaning = Said(
        "密钥无法使用：算法未安装、内容不符或不是密钥文件",
        "The key cannot be used: its algorithm is not installed, its bytes are wrong, or it is no key file.",
    )


class InputRefused(Refusal):
    """What a command was given to read has another form, so that nothing could be checked."""

    code = "input-refused"
    fault = Fault.OPERATOR
    exit_code = 2
    meaning = Said("命令的输入格式不符，无从检查", "What the command was given has another form; nothing was checked.")
