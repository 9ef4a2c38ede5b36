"""Proposals: an institution asks a subject for a letter, and learns nothing but what the subject then does.

Promises: proposing looks nobody up, so a stranger's proposal is PROPOSED like any other, and takes as long; a subject's
"no" shows to nobody; one proposal is open per institution and identifier, and after one that ended unsigned, declined
or not, the institution waits.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from puhui.consent.letter import Letter, State
from puhui.model.refusal import Said
from puhui.model.refusals_question import LetterRefused
from puhui.wire.short_names import SIZE, short_name

CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no letter that is taken for a digit
CODE_LENGTH = 10
_ID = re.compile(r"L-[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class ProposalRules:
    """How long a proposal waits for its subject, and the institution after one that came to nothing."""

    open_days: int = 30
    wait_days: int = 30


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier proposal to the same identifier that nobody signed. `end`: its last moment."""

    end: datetime


def check_may_propose(past: Sequence[Past], rules: ProposalRules, now: datetime) -> None:
    """Raises LetterRefused while one is open or the waiting time runs. Knows of no "no": only of time."""
    if not past:
        return
    last = max(one.end for one in past)
    again = last + timedelta(days=rules.wait_days)
    if now < last:
        raise _wait("已有一份待签的授权书", "a proposal for this identifier is open already", again - now)
    if now < again:
        raise _wait("上一份未获签署，等待期未满", "the last one was not signed; the waiting time runs", again - now)


def state_for_proposer(letter: Letter, now: datetime) -> State:
    """What the proposing institution sees. A declined proposal looks as if nobody had answered."""
    if letter.state in (State.PROPOSED, State.DECLINED):
        return State.PROPOSED if now < letter.end else State.EXPIRED
    if letter.state in (State.ACTIVE, State.PAUSED) and now >= letter.end:
        return State.EXPIRED
    return letter.state


def new_letter_id() -> str:
    """A letter's id: 130 random bits."""
    return "L-" + short_name(secrets.token_bytes(SIZE))


def is_letter_id(text: str) -> bool:
    """Whether a text is of the form of a letter's id."""
    return _ID.fullmatch(text) is not None


def new_code() -> str:
    """What a subject types to find a proposal: 10 characters, 49 random bits."""
    return "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))


def plain_code(typed: str) -> str:
    """A code as it was given out, whatever the case and the gaps it was typed with."""
    return "".join(character for character in typed.upper() if character in CODE_SIGNS)


def _wait(zh: str, en: str, left: timedelta) -> LetterRefused:
    refused = LetterRefused(
        Said(zh, en), todo=Said("等待期满后再提出", "propose again after the time"), where="proposal"
    )
    refused.retry_after = int(left.total_seconds()) + 1
    return refused
