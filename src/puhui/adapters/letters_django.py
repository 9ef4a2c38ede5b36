"""Letters and their signers on the zone's tables: SQLite by default, PostgreSQL in production.

The hot path's read is one plain SELECT, and what it says of an unchanged row is made into words once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from django.db import Error, IntegrityError, connection, transaction
from django.db.models import F

from puhui.adapters import django_setup  # noqa: F401  imported first: settings before models
from puhui.adapters.own_connection import OwnConnection
from puhui.consent.bases import hidden_until
from puhui.consent.book import Admitted, Sealed, Stored
from puhui.consent.drafting import refused
from puhui.consent.letter import Letter, Moved, State
from puhui.consent.proposals import Past
from puhui.consent.sealing import RecordKeys, open_sealed
from puhui.consent.signers import Authority, Signer
from puhui.model.question import BasisKind
from puhui.model.refusal import Said
from puhui.model.refusals_question import EvidenceRefused, LogUnavailable, SignerRefused
from puhui.records import models
from puhui.wire.letters import LetterFile, Named, Proof

_COLUMNS = (
    "id, basis, subject, institution, end_user, wording, purpose, items, stated, mode, cap, window, range_months, "
    "retention_days, start, end, state, version, digest, signer, uses, uses_in_window, window_started"
)
_MOMENTS = ("start", "end", "window_started")
_COUNTED = ("id", "uses", "uses_in_window", "window_started")
_STATED = msgspec.json.Decoder(list[str])
_ITEMS = msgspec.json.Decoder(dict[str, str])
_UNSIGNED = (State.PROPOSED, State.DECLINED, State.EXPIRED)
_NONE: Mapping[str, str] = MappingProxyType({})
KEPT = 20_000  # rows that stay made into words: some 30 MB


class DjangoLetters:
    """`LetterBook` and `Letters`. Safe to share between threads: each has a connection of its own."""

    def __init__(self, keys: RecordKeys) -> None:
        self._keys = keys
        self._kept: dict[str, tuple[tuple[Any, ...], Letter]] = {}
        self._select = _select()
        self._own = OwnConnection()

    # the hot path

    def letter(self, letter_id: str) -> Letter | None:
        row = self._row(letter_id)
        if row is None:
            return None
        kept = self._kept.get(letter_id)
        if kept is not None and kept[0] == row:
            return kept[1]
        letter = _of_columns(row)
        if len(self._kept) >= KEPT:
            self._kept.clear()
        self._kept[letter_id] = (row, letter)
        return letter

    def _row(self, letter_id: str) -> tuple[Any, ...] | None:
        try:
            found: tuple[Any, ...] | None = self._own.raw().execute(self._select, (letter_id,)).fetchone()
        except (Error, connection.Database.Error):
            self._own.close()  # the next question gets another one
            raise LogUnavailable(
                LogUnavailable.meaning, todo=Said("检查数据库后重试", "see to the database, then ask again")
            ) from None
        return found

    def stated(self, letter: Letter) -> Mapping[str, str]:
        if not letter.stated:
            return {}
        row = models.Letter.objects.get(pk=letter.id)
        plain = open_sealed(self._keys.record_key(letter.subject), bytes(row.sealed), letter.id)
        return msgspec.json.decode(plain, type=LetterFile).document.stated

    # the stories of people's work

    def institution(self, institution: str) -> Admitted | None:
        row = models.Institution.objects.filter(pk=institution).first()
        if row is None:
            return None
        name = Named(zh=row.name["zh"], en=row.name["en"])
        return Admitted(row.id, name, row.kind, row.state == "admitted")

    @contextmanager
    def one_at_a_time(self) -> Iterator[None]:
        with transaction.atomic():
            _after_the_log()
            yield

    def stored(self, letter_id: str) -> Stored | None:
        return _stored(models.Letter.objects.filter(pk=letter_id).first())

    def by_code(self, code_index: bytes) -> Stored | None:
        return _stored(models.Letter.objects.filter(code_index=code_index, state=State.PROPOSED.value).first())

    def past(self, institution: str, about_index: bytes) -> Sequence[Past]:
        rows = models.Letter.objects.filter(
            institution=institution, about_index=about_index, subject="", state__in=[state.value for state in _UNSIGNED]
        )
        return [Past(row.end) for row in rows]

    def add(
        self, stored: Stored, code_index: bytes, *, what: str, by: str, at: datetime, detail: Mapping[str, str] = _NONE
    ) -> None:
        letter = stored.letter
        try:
            with transaction.atomic():
                _after_the_log()
                models.Letter.objects.create(
                    id=letter.id,
                    sealed=stored.sealed.body,
                    key_id=stored.sealed.key_id,
                    about_index=stored.about_index,
                    code_index=code_index,
                    proposed_at=at,
                    **_values(letter),
                )
                _event(what, by, at, letter, detail)
        except IntegrityError:
            raise refused("该编号的授权书已存在", "there is a letter of this id already", "id") from None

    def sign(self, stored: Stored, moved: Moved) -> None:
        signed, before = stored.letter, moved.letter
        with transaction.atomic():
            _after_the_log()
            found = models.Letter.objects.filter(pk=before.id, version=before.version, state=before.state.value)
            changed = found.update(
                sealed=stored.sealed.body,
                key_id=stored.sealed.key_id,
                code_index=b"",
                **(_values(signed) | {"state": moved.to.value, "version": before.version + 1}),
            )
            if not changed:
                raise _another_was_first()
            _event(moved.act, moved.by, moved.at, self._again(before.id), moved.detail)

    def move(self, moved: Moved) -> Letter:
        before = moved.letter
        with transaction.atomic():
            _after_the_log()
            found = models.Letter.objects.filter(pk=before.id, version=before.version, state=before.state.value)
            if not found.update(state=moved.to.value, version=F("version") + 1):
                raise _another_was_first()
            letter = self._again(before.id)
            _event(moved.act, moved.by, moved.at, letter, moved.detail)
        return letter

    def used(self, signer: str, sign_count: int) -> None:
        """A passkey counts upwards; one that does not count (always 0) is left as it is."""
        rows = models.Signer.objects.filter(pk=signer)
        if sign_count and not rows.filter(sign_count__lt=sign_count).update(sign_count=sign_count):
            raise EvidenceRefused(
                Said("通行密钥的签署计数没有增加", "the passkey's sign count did not grow"),
                todo=Said(
                    "重新签署；多次出现说明密钥可能被复制", "sign again; if it recurs the passkey may have a copy"
                ),
                where="sign_count",
            )

    def of_subject(self, token: str) -> Sequence[Letter]:
        return [_of_row(row) for row in models.Letter.objects.filter(subject=token).order_by("proposed_at", "id")]

    def of_signer(self, signer: str) -> Sequence[Letter]:
        return [_of_row(row) for row in models.Letter.objects.filter(signer=signer).order_by("proposed_at", "id")]

    def signed_after(self, letter_id: str, limit: int) -> Sequence[Stored]:
        rows = models.Letter.objects.filter(pk__gt=letter_id, basis=BasisKind.LETTER.value).exclude(subject="")
        return [_row_stored(row) for row in rows.order_by("pk")[:limit]]

    def subjects(self) -> Sequence[str]:
        rows = models.Letter.objects.filter(state__in=[State.ACTIVE.value, State.PAUSED.value]).exclude(subject="")
        return list(rows.values_list("subject", flat=True).distinct())

    def due(self, now: datetime) -> Sequence[Letter]:
        waiting = [state.value for state in (State.PROPOSED, State.DECLINED, State.ACTIVE, State.PAUSED)]
        rows = models.Letter.objects.filter(end__lte=now, state__in=waiting)
        return [_of_row(row) for row in rows.order_by("end", "id")]

    def access(self, letter: Letter, *, by: str, at: datetime, reason: str) -> None:
        _write("access.by-staff", by, at, letter.subject, _told(letter) | {"reason": reason})

    def _again(self, letter_id: str) -> Letter:
        return _of_row(models.Letter.objects.get(pk=letter_id))


class DjangoSigners:
    """`SignerBook`."""

    def signer(self, signer: str) -> Signer | None:
        row = models.Signer.objects.filter(pk=signer).first()
        return _signer(row) if row else None

    def signers_of(self, token: str) -> Sequence[Signer]:
        return [_signer(row) for row in models.Signer.objects.filter(subject=token).order_by("enrolled_at", "id")]

    def signers_held_by(self, person: str) -> Sequence[Signer]:
        return [_signer(row) for row in models.Signer.objects.filter(person=person).order_by("enrolled_at", "id")]

    def subjects(self) -> Sequence[str]:
        rows = models.Signer.objects.filter(state="enrolled").values_list("subject", "person")
        return sorted({token for pair in rows for token in pair if token})

    def enrol(self, signer: Signer, *, by: str, at: datetime) -> None:
        try:
            with transaction.atomic():
                models.Signer.objects.create(**_signer_values(signer))
                detail = {"signer": signer.id, "capacity": signer.capacity, "proof": signer.proof.kind}
                _write("signer-enrolled", by, at, signer.subject, detail | {"reference": signer.proof.reference})
        except IntegrityError:
            raise SignerRefused(
                Said("该密钥已登记", "the key is a signer already: each subject has keys of its own"),
                todo=Said("换一把密钥", "take another key"),
                where="key",
            ) from None

    def revoke_signer(self, signer: Signer, *, by: str, at: datetime, reason: str) -> None:
        with transaction.atomic():
            if models.Signer.objects.filter(pk=signer.id, state="enrolled").update(state="revoked"):
                _write("signer-revoked", by, at, signer.subject, {"signer": signer.id, "reason": reason})

    def institution_holds(self, algorithm: str, public: bytes) -> bool:
        return bool(models.InstitutionKey.objects.filter(algorithm=algorithm, public=public).exists())


def _select() -> str:
    """The hot path's read, for the driver itself. Moments as text: they are read once a row, not once a question."""
    quote = connection.ops.quote_name
    columns = (quote(name) for name in _COLUMNS.split(", "))
    shown = (f"CAST({name} AS TEXT)" if name.strip('"') in _MOMENTS else name for name in columns)
    mark = "?" if connection.vendor == "sqlite" else "%s"
    return f"SELECT {', '.join(shown)} FROM {quote(models.Letter._meta.db_table)} WHERE id = {mark}"


def _after_the_log() -> None:
    """Take the log's lock before a letter's row, as the sequencer does: then an answer is wholly before or after."""
    if connection.vendor != "sqlite":  # there every transaction that writes has the database to itself
        models.LogTree.objects.select_for_update().filter(pk=1).first()


def _event(what: str, by: str, at: datetime, letter: Letter, detail: Mapping[str, str]) -> None:
    """`letter-<what>`; an order's is `sealed-<what>`, and of nobody until it has ended."""
    hidden = hidden_until(letter) is not None
    kind = f"{'sealed' if hidden else 'letter'}-{what}"
    _write(kind, by, at, "" if hidden else letter.subject, _told(letter) | dict(detail))


def _told(letter: Letter) -> dict[str, Any]:
    told = {"letter": letter.id, "state": letter.state.value, "version": letter.version, "digest": letter.digest.hex()}
    return told | {"basis": letter.basis.value, "institution": letter.institution, "purpose": letter.purpose}


def _write(kind: str, by: str, at: datetime, subject: str, detail: Mapping[str, Any]) -> None:
    models.Event.objects.create(kind=kind, actor=by, at=at, subject=subject, detail=dict(detail))


def _another_was_first() -> Exception:
    return refused("授权书的状态刚刚改变", "the letter's state changed at this moment", "version")


def _of_columns(row: tuple[Any, ...]) -> Letter:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    values["items"], values["stated"] = _ITEMS.decode(values["items"]), _STATED.decode(values["stated"])
    values |= {name: _moment(values[name]) for name in _MOMENTS}
    return _letter(values)


def _of_row(row: models.Letter) -> Letter:
    return _letter({name: getattr(row, name) for name in _COLUMNS.split(", ")})


def _letter(values: dict[str, Any]) -> Letter:
    values["basis"], values["state"] = BasisKind(values["basis"]), State(values["state"])
    values["stated"], values["digest"] = tuple(values["stated"]), bytes(values["digest"])
    return Letter(**values)


def _moment(text: str | None) -> datetime | None:
    """Times are stored in UTC; SQLite's have no zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text is not None else None


def _values(letter: Letter) -> dict[str, Any]:
    """The columns of a row but its id, uses, and what lies sealed."""
    names = [name for name in _COLUMNS.split(", ") if name not in _COUNTED]
    values = {name: getattr(letter, name) for name in names}
    plain = {"basis": letter.basis.value, "state": letter.state.value, "stated": list(letter.stated)}
    return values | plain | {"items": dict(letter.items)}


def _stored(row: Any) -> Stored | None:
    return _row_stored(row) if row is not None else None


def _row_stored(row: Any) -> Stored:
    return Stored(_of_row(row), Sealed(row.key_id, bytes(row.sealed)), bytes(row.about_index))


def _signer(row: Any) -> Signer:
    proof = row.proof
    authority = proof.get("authority")
    return Signer(
        id=row.id,
        subject=row.subject,
        person=row.person,
        capacity=proof["capacity"],
        algorithm=row.algorithm,
        public=bytes(row.public),
        proof=Proof(kind=proof["kind"], reference=proof["reference"]),
        enrolled_at=row.enrolled_at,
        state=row.state,
        authority=msgspec.convert(authority, Authority) if authority else None,
        credential=bytes(row.credential),
        sign_count=row.sign_count,
    )


def _signer_values(signer: Signer) -> dict[str, Any]:
    proof: dict[str, Any] = {"kind": signer.proof.kind, "reference": signer.proof.reference}
    proof |= {"capacity": signer.capacity}
    if signer.authority is not None:
        proof["authority"] = msgspec.to_builtins(signer.authority)
    return {
        "id": signer.id,
        "subject": signer.subject,
        "person": signer.person,
        "method": signer.method,
        "algorithm": signer.algorithm,
        "public": signer.public,
        "credential": signer.credential,
        "sign_count": signer.sign_count,
        "proof": proof,
        "state": signer.state,
        "enrolled_at": signer.enrolled_at,
    }


__all__: Sequence[str] = ("DjangoLetters", "DjangoSigners")
