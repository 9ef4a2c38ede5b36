"""Proposing, signing and ending letters: what is refused, and what nobody can tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from puhui.adapters import django_setup
from puhui.consent.caps import Purposes, breach
from puhui.consent.drafting import Choices
from puhui.consent.letter import MOVES, REASONS, Act, State
from puhui.desk.letter_signing import attended_by, signed_by
from puhui.desk.letter_states import (
    act_document,
    change_letter,
    decline_letter,
    end_letters,
    letter_facts,
    letter_file,
)
from puhui.desk.letters import (
    draft_letter,
    open_proposal,
    proposal_state,
    propose_letter,
    sign_letter,
)
from puhui.model.refusals import NoSubject, NotAllowed, UnknownName
from puhui.model.refusals_question import (
    BadRequest,
    EvidenceRefused,
    LetterRefused,
    NotVerified,
    QuestionRefused,
    SignerRefused,
)
from puhui.model.subject import Identifier
from puhui.records import models
from puhui.wire.letters import ACT, LETTER, Named, Proof, SignedBy, Use, check_letter_file, document_bytes, read_letter

from .consent_made import (
    ANNA,
    BEN,
    FIRM,
    NOW,
    OTHER_FIRM,
    STRANGER,
    TOKENS,
    Made,
    attended,
    enrol,
    evidence,
    key,
    make,
    packs,
    signed,
    terms,
)

FARMER = {"wording": "farmer_query", "range_months": 12}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    django_setup.connect(django_setup.sqlite(tmp_path_factory.mktemp("tables") / "records.db"))


@pytest.fixture
def made(tables: None, tmp_path: Path) -> Made:
    return make(tmp_path)


def where(refused: type[QuestionRefused], act: object, *given: object, **more: object) -> str:
    with pytest.raises(refused) as told:
        act(*given, **more)  # type: ignore[operator]
    return told.value.where


# --- proposing ---


def test_nobody_can_tell_a_strangers_proposal_from_anyones(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up(about: Identifier) -> None:
        raise AssertionError("a proposal looks nobody up")

    rooms = replace(made.rooms, find=looked_up)  # type: ignore[arg-type]
    known = propose_letter(rooms, terms(**FARMER), ANNA, by="bank-a")
    unknown = propose_letter(rooms, terms(**FARMER), STRANGER, by="bank-a")
    assert (known.state, len(known.id), len(known.code)) == (unknown.state, len(unknown.id), len(unknown.code))
    assert len({len(bytes(row.sealed)) for row in models.Letter.objects.all()}) == 1
    events = [event.detail | {"letter": ""} for event in models.Event.objects.order_by("id")]
    assert events[0] == events[1] and {event.subject for event in models.Event.objects.all()} == {""}
    for proposed in (known, unknown):
        assert proposal_state(rooms, proposed.id, "bank-a") is State.PROPOSED


def test_a_no_shows_to_nobody(made: Made) -> None:
    """Declined or ignored: the proposer sees the same states at the same times, and waits as long."""
    enrol(made.rooms, "anna", ANNA)
    declined = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    ignored = propose_letter(made.rooms, terms(**FARMER), STRANGER, by="bank-a")
    no = act_document(made.rooms, declined.id, "declined")
    decline_letter(made.rooms, declined.id, ANNA, evidence(key("anna"), ACT, no))
    assert models.Event.objects.last().kind == "letter-declined"

    def told() -> list[tuple[object, ...]]:
        seen = []
        for proposed, about in ((declined, ANNA), (ignored, STRANGER)):
            with pytest.raises(LetterRefused) as again:
                propose_letter(made.rooms, terms(**FARMER), about, by="bank-a")
            state = proposal_state(made.rooms, proposed.id, "bank-a")
            seen.append((state, again.value.where, again.value.said, again.value.retry_after))
        return seen

    for days, state in ((0, State.PROPOSED), (29, State.PROPOSED), (1, State.EXPIRED), (29, State.EXPIRED)):
        made.clock.pass_by(days=days)
        first, second = told()
        assert first == second and first[0] is state
    made.clock.pass_by(days=1)
    for about in (ANNA, STRANGER):
        propose_letter(made.rooms, terms(**FARMER), about, by="bank-a")


def test_the_wait_is_of_one_institution_and_one_person(made: Made) -> None:
    propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    propose_letter(made.rooms, terms(**FARMER), BEN, by="bank-a")
    propose_letter(made.rooms, terms(institution="bank-b", **FARMER), ANNA, by="bank-b")
    assert where(LetterRefused, propose_letter, made.rooms, terms(**FARMER), ANNA, by="bank-a") == "proposal"


def test_after_a_signature_nobody_waits(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    first = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    signed(made.rooms, "anna", signer, ANNA, letter_id=first.id, ticks=["land"], **FARMER)
    propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"institution": "nobody"}, "institution"),
        ({"institution": "gone"}, "institution"),
        ({"end_user": "gone"}, "end_user"),
        ({"wording": "nothing"}, "wording"),
        ({"purpose": "guarantee"}, "purpose"),
        ({"range_months": 37}, "range_months"),
        ({"range_months": -1}, "range_months"),
        ({"cap": 5}, "cap"),
        ({"cap": 0}, "cap"),
        ({"window": "day"}, "cap"),
        ({"mode": "once"}, "use"),
        ({"life_days": 367}, "life_days"),
        ({"life_days": 0}, "life_days"),
        ({"retention_days": 1827}, "retention_days"),
    ],
)
def test_terms_beyond_the_purpose_name_their_attribute(made: Made, changed: dict[str, object], part: str) -> None:
    assert where(LetterRefused, propose_letter, made.rooms, terms(**changed), FIRM, by="bank-a") == part
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    assert where(LetterRefused, signed, made.rooms, "anna", signer, **changed) == part
    assert models.Letter.objects.count() == 0


def test_before_the_tables_first_day_no_letter_is_allowed() -> None:
    limits = Purposes(packs().purposes)
    assert breach(terms(), limits.at("lending", NOW.date())) == ""
    assert breach(terms(), limits.at("lending", NOW.date().replace(year=2019))) == "purpose"
    assert breach(terms(), limits.at("public", NOW.date())) == "purpose"


@pytest.mark.parametrize("about", [Identifier("ric", "1" * 18), Identifier("name", "安娜"), Identifier("uscc", "")])
def test_what_is_no_identifier_is_refused_without_being_repeated(made: Made, about: Identifier) -> None:
    with pytest.raises(BadRequest) as told:
        propose_letter(made.rooms, terms(), about, by="bank-a")
    assert not about.value or about.value not in str(told.value.as_dict())


def test_a_proposal_opens_for_whom_it_is_for(made: Made) -> None:
    proposed = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    typed = " ".join(proposed.code.lower())
    for how in ({"letter_id": proposed.id}, {"code": proposed.code}, {"code": typed}):
        assert open_proposal(made.rooms, ANNA, **how) == (proposed.id, terms(**FARMER))  # type: ignore[arg-type]
    for about, how in ((BEN, {"letter_id": proposed.id}), (BEN, {"code": typed}), (ANNA, {"code": "2" * 10}),
                       (ANNA, {"letter_id": "L-x"}), (ANNA, {})):  # fmt: skip
        with pytest.raises(UnknownName):
            open_proposal(made.rooms, about, **how)  # type: ignore[arg-type]
    made.clock.pass_by(days=30)
    with pytest.raises(UnknownName):
        open_proposal(made.rooms, ANNA, letter_id=proposed.id)


def test_an_institution_sees_its_own_letters_only(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    proposed = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    for institution, letter in (("bank-b", proposed.id), ("bank-a", "L-x")):
        with pytest.raises(UnknownName):
            proposal_state(made.rooms, letter, institution)
    signed(made.rooms, "anna", signer, ANNA, letter_id=proposed.id, ticks=["land"], **FARMER)
    assert proposal_state(made.rooms, proposed.id, "bank-a") is State.ACTIVE
    made.clock.pass_by(days=180)
    assert proposal_state(made.rooms, proposed.id, "bank-a") is State.EXPIRED


# --- signing ---


def test_a_proposal_is_signed_as_it_was_proposed(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    proposed = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")

    def sign(**changed: object) -> object:
        return signed(made.rooms, "anna", signer, ANNA, letter_id=proposed.id, ticks=["land"], **(FARMER | changed))

    assert where(LetterRefused, sign, cap=3) == "terms"
    assert where(LetterRefused, sign, institution="bank-b") == "terms"
    letter = sign()
    assert (letter.state, letter.version, letter.subject) == (State.ACTIVE, 2, TOKENS[ANNA])  # type: ignore[attr-defined]
    assert where(LetterRefused, sign) == "state"
    assert models.Letter.objects.get(pk=proposed.id).code_index == b""


def test_a_proposal_to_another_is_nobodys_to_sign(made: Made) -> None:
    signer = enrol(made.rooms, "ben", BEN)
    proposed = propose_letter(made.rooms, terms(**FARMER), ANNA, by="bank-a")
    with pytest.raises(UnknownName):
        signed(made.rooms, "ben", signer, BEN, letter_id=proposed.id, ticks=["land"], **FARMER)
    with pytest.raises(UnknownName):
        no = act_document(made.rooms, proposed.id, "declined")
        decline_letter(made.rooms, proposed.id, BEN, evidence(key("ben"), ACT, no))


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"zone": "puhui/360800/b1"}, "zone"),
        ({"id": "B-" + "a" * 26}, "id"),
        ({"id": "L-" + "a" * 99}, "id"),
        ({"items": {"SWJ-06": "written_consent"}}, "items"),
        ({"items": {}}, "items"),
        ({"ticks": ()}, "ticks"),
        ({"ticks": ("headcount", "tax")}, "ticks"),
        ({"ticks": ("tax", "tax")}, "ticks"),
        ({"ticks": ("everything",)}, "ticks"),
        ({"start": "2026-11-22T02:59:59Z", "end": "2027-05-21T02:59:59Z"}, "start"),
        ({"start": "2026-11-22T05:00:01Z", "end": "2027-05-21T05:00:01Z"}, "start"),
        ({"range_months": 37}, "range_months"),
        ({"retention_days": 4000}, "retention_days"),
        ({"use": Use(mode="periodic", cap=5, window="month")}, "cap"),
        ({"purpose": "medical"}, "purpose"),
        ({"end_user": "gone"}, "end_user"),
        ({"end": "2026-11-22T04:00:01Z"}, "life_days"),
        ({"stated": {"paid": "1\n2"}}, "stated"),
        ({"stated": {"other": "1"}}, "stated"),
        ({"stated": {"paid": "9" * 65}}, "stated"),
    ],
    ids=lambda value: value if isinstance(value, str) else ",".join(value),
)
def test_what_the_rules_would_not_have_drafted_is_refused_however_well_signed(
    made: Made, changed: dict[str, object], part: str
) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    choices = Choices(("tax", "headcount"), {}, "en", signed_by(signer))
    drafted = read_letter(draft_letter(made.rooms, terms(), FIRM, choices).document)
    document = document_bytes(msgspec.structs.replace(drafted, **changed))
    given = evidence(key("anna"), LETTER, document)
    assert where(LetterRefused, sign_letter, made.rooms, document, given) == part


def test_the_institutions_name_and_the_text_are_the_zones_own(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    draft = draft_letter(made.rooms, terms(), FIRM, Choices(("tax",), {}, "zh", signed_by(signer)))
    document = read_letter(draft.document)
    assert "机构bank-a" in draft.text and "用途：贷款" in draft.text and "最终用户" not in draft.text
    through = terms(institution="bureau", end_user="bank-a")
    for_another = draft_letter(made.rooms, through, FIRM, Choices(("tax",), {}, "en", signed_by(signer))).text
    assert "bureau (bureau), for the end user: bank-a (bank-a)" in for_another
    renamed = msgspec.structs.replace(document.institution, name=Named(zh="好银行", en="Good Bank"))
    other_text = msgspec.structs.replace(document.wording, digest="A" * 43 + "=")
    for part, changed in (("institution", renamed), ("wording", other_text)):
        forged = document_bytes(msgspec.structs.replace(document, **{part: changed}))
        assert where(LetterRefused, sign_letter, made.rooms, forged, evidence(key("anna"), LETTER, forged)) == part


def test_a_letter_is_signed_by_whom_it_names(made: Made) -> None:
    anna, ben = enrol(made.rooms, "anna", FIRM, person=ANNA), enrol(made.rooms, "ben", BEN)

    def sign(named: SignedBy, by: str, about: Identifier = FIRM) -> object:
        document = draft_letter(made.rooms, terms(), about, Choices(("tax",), {}, "zh", named)).document
        return sign_letter(made.rooms, document, evidence(key(by), LETTER, document))

    assert where(EvidenceRefused, sign, signed_by(anna), "ben") == "signer"
    assert where(SignerRefused, sign, signed_by(ben), "ben") == "signer"  # a person's key for a firm
    assert where(SignerRefused, sign, signed_by(anna), "anna", OTHER_FIRM) == "signer"
    nobody = replace_signer(anna, key("carl"))
    assert where(SignerRefused, sign, nobody, "carl") == "signer"
    boasts = msgspec.structs.replace(signed_by(anna), proof=Proof(kind="attended", reference="PAPER-1"))
    assert where(EvidenceRefused, sign, boasts, "anna") == "signer"
    document = draft_letter(made.rooms, terms(), FIRM, Choices(("tax",), {}, "zh", signed_by(anna))).document
    revoked = evidence(key("anna"), ACT, document)
    assert where(EvidenceRefused, sign_letter, made.rooms, document, revoked) == "key"
    with pytest.raises(NotVerified):
        sign_letter(made.rooms, document + b" ", evidence(key("anna"), LETTER, document))


def replace_signer(signer: object, signing: object) -> SignedBy:
    from puhui.wire.letters import signer_id

    public = signing.verifying()  # type: ignore[attr-defined]
    named = signed_by(signer)  # type: ignore[arg-type]
    return msgspec.structs.replace(named, id=signer_id(public.algorithm, public.public))


def test_a_wording_is_for_its_kinds_of_subject(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    assert where(LetterRefused, signed, made.rooms, "anna", signer, ANNA, ticks=["tax"]) == "wording"


def test_a_letter_of_somebody_unknown_is_not_signed(made: Made) -> None:
    signer = enrol(made.rooms, "anna", ANNA)
    with pytest.raises(NoSubject):
        signed(made.rooms, "anna", signer, STRANGER, ticks=["land"], **FARMER)


def test_three_values_of_an_item_and_no_fourth(made: Made) -> None:
    """Two checks of one indicator count together: else the register could be asked for the value by guessing."""
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    signed(made.rooms, "anna", signer, stated={"paid": "100000", "paid_again": "110000"})
    third = signed(made.rooms, "anna", signer, stated={"paid": "120000"}, institution="bank-b")
    revoke = act_document(made.rooms, third.id, "revoked")
    change_letter(made.rooms, third.id, "revoked", evidence(key("anna"), ACT, revoke))  # a value told stays told
    for stated in ({"paid": "130000"}, {"paid_again": "130000"}):
        assert where(LetterRefused, signed, made.rooms, "anna", signer, stated=stated) == "stated"
    signed(made.rooms, "anna", signer)


def test_two_officers_may_attend(made: Made) -> None:
    def sign(about: Identifier, person: Identifier | None = None, capacity: str = "self", **changed: object) -> object:
        named = attended_by(capacity, "PAPER-7")  # type: ignore[arg-type]
        ticks = ("land",) if about.kind == "ric" else ("tax",)
        document = draft_letter(made.rooms, terms(**changed), about, Choices(ticks, {}, "zh", named)).document
        return sign_letter(made.rooms, document, attended(LETTER, document), person=person)

    letter = sign(ANNA, **FARMER)
    assert (letter.signer, letter.subject) == ("", TOKENS[ANNA])  # type: ignore[attr-defined]
    assert sign(FIRM, ANNA, "representative").subject == TOKENS[FIRM]  # type: ignore[attr-defined]
    assert where(SignerRefused, sign, FIRM, BEN, "representative") == "signer"
    assert where(SignerRefused, sign, FIRM, None, "representative") == "signer"
    assert where(SignerRefused, sign, FIRM) == "signer"
    assert where(EvidenceRefused, sign, ANNA, None, "representative", **FARMER) == "signer"
    assert [event.actor for event in models.Event.objects.filter(kind="letter-signed")] == ["attended"] * 2
    revoke = act_document(made.rooms, letter.id, "revoked")  # type: ignore[attr-defined]
    gone = change_letter(made.rooms, letter.id, "revoked", attended(ACT, revoke))  # type: ignore[attr-defined]
    assert gone.state is State.REVOKED


# --- what becomes of them ---


def test_what_is_said_of_one_state_is_not_said_of_the_next(made: Made) -> None:
    """An old signature does not pause the letter again after it was resumed."""
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    pause = evidence(key("anna"), ACT, act_document(made.rooms, letter.id, "paused"))
    change_letter(made.rooms, letter.id, "paused", pause)
    resume = evidence(key("anna"), ACT, act_document(made.rooms, letter.id, "resumed"))
    change_letter(made.rooms, letter.id, "resumed", resume)
    for word, given in (("paused", pause), ("revoked", pause), ("paused", resume)):
        assert where(EvidenceRefused, change_letter, made.rooms, letter.id, word, given) == "key"


def test_only_the_subjects_own_signers_speak(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    enrol(made.rooms, "ben", BEN)
    for name in ("ben", "carl"):
        given = evidence(key(name), ACT, act_document(made.rooms, letter.id, "revoked"))
        assert where(SignerRefused, change_letter, made.rooms, letter.id, "revoked", given) == "signer"
    with pytest.raises(UnknownName):
        change_letter(made.rooms, "L-x", "revoked", attended(ACT, b"x"))
    with pytest.raises(UnknownName):
        change_letter(made.rooms, letter.id, "declined", attended(ACT, b"x"))


@pytest.mark.parametrize("reason", REASONS)
def test_letters_end_by_law(made: Made, reason: str) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letters = [signed(made.rooms, "anna", signer) for _ in range(2)]
    pause = evidence(key("anna"), ACT, act_document(made.rooms, letters[0].id, "paused"))
    change_letter(made.rooms, letters[0].id, "paused", pause)
    ended = end_letters(made.rooms, FIRM, reason=reason, by="olga")
    assert [one.state for one in ended] == [State.REVOKED] * 2
    assert end_letters(made.rooms, FIRM, reason=reason, by="olga") == []
    assert models.Event.objects.last().detail["reason"] == reason


def test_letters_end_for_a_stated_reason_by_an_officer(made: Made) -> None:
    assert where(LetterRefused, end_letters, made.rooms, FIRM, reason="because", by="olga") == "reason"
    with pytest.raises(NotAllowed):
        end_letters(made.rooms, FIRM, reason="death", by="stranger")


def test_each_state_has_a_way_out_or_is_an_end() -> None:
    ends = {State.DECLINED, State.REVOKED, State.EXPIRED}
    left = {state for state, _ in MOVES}
    assert left | ends == set(State) and {act for _, act in MOVES} == set(Act)
    assert not {state for state in (State.REVOKED, State.EXPIRED)} & left
    assert State.PROPOSED not in MOVES.values()  # nothing becomes unsigned again


def test_a_paused_letter_that_is_over_is_not_resumed(made: Made) -> None:
    signer = enrol(made.rooms, "anna", FIRM, person=ANNA)
    letter = signed(made.rooms, "anna", signer)
    pause = evidence(key("anna"), ACT, act_document(made.rooms, letter.id, "paused"))
    change_letter(made.rooms, letter.id, "paused", pause)
    made.clock.pass_by(days=180)
    given = evidence(key("anna"), ACT, act_document(made.rooms, letter.id, "resumed"))
    assert where(LetterRefused, change_letter, made.rooms, letter.id, "resumed", given) == "state"


def test_a_letter_is_handed_out_to_an_officer_with_a_reason(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    for by, reason in (("", "a court asks"), ("olga", "  x ")):
        with pytest.raises(NotAllowed):
            letter_file(made.rooms, letter.id, by=by, reason=reason)
    assert models.Event.objects.filter(kind="access.by-staff").count() == 0
    raw = letter_file(made.rooms, letter.id, by="olga", reason="a court asks")
    assert check_letter_file(raw).digest == letter.digest
    proposed = propose_letter(made.rooms, terms(**FARMER), STRANGER, by="bank-a")
    with pytest.raises(UnknownName):
        letter_file(made.rooms, proposed.id, by="olga", reason="a court asks")


def test_what_a_row_says_names_nobody(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA))
    told = repr(letter_facts(letter))
    assert letter.id in told and FIRM.value not in told and TOKENS[FIRM] not in told


def test_a_start_of_ones_own_lasts_as_long_as_it_says(made: Made) -> None:
    letter = signed(made.rooms, "anna", enrol(made.rooms, "anna", FIRM, person=ANNA), life_days=90)
    assert (letter.start, letter.end) == (NOW, NOW + timedelta(days=90))
