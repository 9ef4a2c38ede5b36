"""What an attack at the desk comes to: a refusal of the right code, and the log's entry of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from puhui.model.refusal import Refusal
from puhui.model.subject import Identifier

from ...questions.town import ANNA, BEN, CHILD, FIRM, QUIET, Office

Does = Callable[[Office], Any]
PEOPLE = (FIRM, QUIET, ANNA, BEN, CHILD)


@dataclass(frozen=True)
class Try:
    """One attack. `event`, `act`: of its entry. `actor`: an officer who was proved. `about`: whose key seals it."""

    does: Does
    code: str
    event: str
    act: str
    actor: str = "unknown"
    about: Identifier | None = None


def size(office: Office) -> int:
    """How many entries the log has by now, everything that waited taken over."""
    log: Any = office.questions.rooms.log
    return int(log.pad())


def refused_acts(office: Office, since: int) -> list[dict[str, Any]]:
    """The entries of refused acts behind the first `since`; `sealed`: whose key opens it."""
    log, found = office.questions.log, []
    for index in range(since, size(office)):
        row = log.store.entry(index)
        opened = log.archive.open(row) if row is not None else None
        record = json.loads(opened[1]) if opened else {}
        if row is not None and str(record.get("event", "")).endswith(".refused"):
            found.append({**record, "sealed": row.subject if row.key_id == "subject" else ""})
    return found


def held_off(office: Office, attack: Try) -> Refusal:
    """Does the attack, and looks at what the people saw and what stands in the log."""
    before = size(office)
    with pytest.raises(Refusal) as refused:
        attack.does(office)
    assert refused.value.code == attack.code
    (entry,) = refused_acts(office, before)
    token = office.letter_rooms.find(attack.about).token if attack.about else ""
    assert (entry["event"], entry["detail"]["act"]) == (attack.event, attack.act)
    assert (entry["detail"]["code"], entry["actor"]) == (attack.code, attack.actor)
    assert (entry["subject"], entry["sealed"]) == (token, token)
    for value in (person.value for person in PEOPLE):
        assert value not in f"{json.dumps(entry)} {refused.value} {refused.value.todo}"
    return refused.value
