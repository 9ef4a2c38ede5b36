"""Every refusal code of the house. `docs/reference/refusals.md` is generated from this file."""

from __future__ import annotations

from collections.abc import Sequence

from puhui.model.refusal import Fault, Mistake, Refusal, Said


class PackRefused(Refusal):
    """The pack has mistakes; all of them are in `mistakes`. Nothing of it was loaded."""

    code = "pack-refused"
    fault = Fault.PACK
    exit_code = 3
    meaning = Said(
        "数据包有错误，全部列在 mistakes 中，未加载任何内容",
        "The pack has mistakes, all of them listed in `mistakes`; nothing of it was loaded.",
    )

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        n = len(mistakes)
        super().__init__(
            Said(f"数据包有 {n} 处错误，未加载", f"the pack has {n} mistakes and was not loaded"),
            todo=Said("按列出的文件和行号逐一改正", "mend each at the file and line that is named"),
        )
        self.mistakes = tuple(mistakes)

    def as_dict(self) -> dict[str, object]:
        listed = [
            {
                "file": m.file,
                "line": m.line,
                "code": m.code,
                "message": {"zh": m.said.zh, "en": m.said.en},
                "article": m.article,
                "column": m.column,
                "clause": m.clause,
            }
            for m in self.mistakes
        ]
        return {**super().as_dict(), "mistakes": listed}


class UnknownName(Refusal):
    """A resource, indicator, snapshot, parcel … of that name does not exist here."""

    code = "unknown-name"
    fault = Fault.OPERATOR
    exit_code = 2
    meaning = Said(
        "这里没有该名称的资源、指标、快照或包",
        "No resource, indicator, snapshot or parcel of that name is here.",
    )


class TableRefused(Refusal):
    """A table over groups is not made: it cannot be protected, or its figures are not for tables."""

    code = "table-refused"
    fault = Fault.OPERATOR
    exit_code = 3
    meaning = Said(
        "分组统计表不能出具：无法保护个体，或所用指标不得用于统计",
        "A table over groups is not made: it would show somebody, or its figures are not for tables.",
    )


class HomeRefused(Refusal):
    """The home folder is not a zone, is one already, or was made by a newer version."""

    code = "home-refused"
    fault = Fault.OPERATOR
    exit_code = 2
    meaning = Said(
        "该文件夹不是专区、已经是专区，或由更新的版本建立",
        "The folder is not a zone, is one already, or was made by a newer version.",
    )


class KeysRefused(Refusal):
    """The zone's keys cannot be used: others may read them, or what keeps them does not answer."""

    code = "keys-refused"
    fault = Fault.OPERATOR
    exit_code = 2
    meaning = Said(
        "密钥不能使用：他人可读，或保管密钥的设备、程序没有应答",
        "The zone's keys cannot be used: others may read them, or what keeps them does not answer.",
    )


class ParcelUnreadable(Refusal):
    """The file cannot be read in the form it claims: encoding, archive, sheet, XML."""

    code = "parcel-unreadable"
    fault = Fault.SUPPLIER
    exit_code = 4
    meaning = Said(
        "文件无法按其形式读取：编码、压缩包、工作表或 XML",
        "The file cannot be read in the form it claims: encoding, archive, sheet or XML.",
    )


class ParcelMismatch(Refusal):
    """Manifest and file disagree: rows, digest, resource, period or signature."""

    code = "parcel-mismatch"
    fault = Fault.SUPPLIER
    exit_code = 4
    meaning = Said(
        "清单与文件不一致：行数、摘要、资源、所属期或签名",
        "Manifest and file disagree: rows, digest, resource, period or signature.",
    )


class ParcelSecret(Refusal):
    """The parcel is marked as a state or work secret; nothing of it was stored."""

    code = "parcel-secret"
    fault = Fault.SUPPLIER
    exit_code = 4
    meaning = Said(
        "文件标有国家秘密、工作秘密或核心数据标志，未保存任何内容",
        "The file is marked as a state secret, a work secret or core data; nothing of it was stored.",
    )


class ParcelUnmapped(Refusal):
    """No mapping fits the file's header; a proposal is in `where` or printed."""

    code = "parcel-unmapped"
    fault = Fault.OPERATOR
    exit_code = 4
    meaning = Said("没有与文件表头相符的映射", "No mapping fits the header of the file.")


class ParcelOverThreshold(Refusal):
    """More rows than the resource allows were set aside, or a check of severity `refuse` failed."""

    code = "parcel-over-threshold"
    fault = Fault.SUPPLIER
    exit_code = 4
    meaning = Said(
        "搁置的行超过该资源允许的比例，或未通过整包检查",
        "More rows than the resource allows were set aside, or a check of severity `refuse` failed.",
    )


class Busy(Refusal):
    """Another process writes this table; a lease lets one writer in."""

    code = "busy"
    fault = Fault.ZONE
    exit_code = 5
    meaning = Said("另一进程正在写入同一张表", "Another process writes this table.")


class Broken(Refusal):
    """Stored bytes do not match their digest or key: a disk fault or tampering."""

    code = "broken"
    fault = Fault.ZONE
    exit_code = 6
    meaning = Said(
        "保存的内容与摘要或密钥不符：磁盘故障或被篡改",
        "Stored bytes do not match their digest or key: a disk fault or tampering.",
    )


class NotAllowed(Refusal):
    """The act needs an officer, a second person or a reason that was not given."""

    code = "not-allowed"
    fault = Fault.OPERATOR
    exit_code = 7
    meaning = Said("该操作缺少经办人、事由或第二人", "The act lacks an officer, a reason or a second person.")


class LegalHold(Refusal):
    """The law keeps the record for longer than the erasure asks."""

    code = "legal-hold"
    fault = Fault.OPERATOR
    exit_code = 7
    meaning = Said("法律要求的保存期未满，不能删除", "The law keeps the record for longer than the erasure asks.")


class Redacted(Refusal):
    """Files of that edition were removed with the rows of erased subjects; it can no longer be read."""

    code = "redacted"
    fault = Fault.OPERATOR
    exit_code = 8
    meaning = Said(
        "该版本含已依法删除的主体，其文件已清除，不可再读",
        "Files of that edition were removed with the rows of erased subjects; it can no longer be read.",
    )


class NoSubject(Refusal):
    """No subject has this identifier, or it is not a valid one."""

    code = "no-subject"
    fault = Fault.CALLER
    exit_code = 8
    meaning = Said("没有该标识的主体，或标识无效", "No subject has this identifier, or it is not a valid one.")


class NoSnapshot(Refusal):
    """There is no snapshot yet, or not of that number."""

    code = "no-snapshot"
    fault = Fault.OPERATOR
    exit_code = 8
    meaning = Said("尚无快照，或没有该编号的快照", "There is no snapshot yet, or none of that number.")


class WrongFigures(Refusal):
    """An indicator's SQL gives what its head does not say: another type, or two rows for a subject."""

    code = "wrong-figures"
    fault = Fault.PACK
    exit_code = 3
    meaning = Said(
        "指标的 SQL 与其说明不符：类型不同，或同一主体不止一行",
        "The SQL of an indicator gives another type than its head says, or more than one row for a subject.",
    )


class EngineRefused(Refusal):
    """The engine could not run a query of a plan: a type that does not fit, or a number past 38 digits."""

    code = "engine-refused"
    fault = Fault.PACK
    exit_code = 3
    meaning = Said(
        "计算引擎无法执行该查询：类型不合，或数字超过 38 位",
        "The engine cannot run the query: a type that does not fit, or a number past 38 digits.",
    )
