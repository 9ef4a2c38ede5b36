"""Key personnel (SCJ-05): who represents each enterprise and cooperative, and who supervises some of them.

The representative is the firm's boss, a person of the city, in office since the newest change of representative that
SCJ-08 tells, or since the firm was established.
"""

from __future__ import annotations

import numpy as np

from puhui.city.agencies.market import pripid, registration_changes
from puhui.city.columns import Rows, dates, pick, rows_of, same
from puhui.city.lives import COOPERATIVE, District
from puhui.city.settings import Days

REPRESENTATIVE, SUPERVISOR = "法定代表人", "监事"
UNNAMED = 0.01  # share of firms whose representative the register does not name
SUPERVISED = 0.3  # share of firms that name a supervisor as well


def key_personnel(district: District) -> Rows:
    """One row for a firm and each position; it is about the person."""
    firms, rng = district.firms, district.rng("SCJ-05")
    registered = np.flatnonzero(firms.kind <= COOPERATIVE)
    draw = rng.random((2, len(registered)))
    led, supervised = registered[draw[0] >= UNNAMED], registered[draw[1] < SUPERVISED]
    firm = np.concatenate([led, supervised])
    position = np.repeat([0, 1], [len(led), len(supervised)])
    person = (firms.boss[firm] + position * 1_471) % len(district.people)
    started = np.where(position == 0, _in_office_since(district)[firm], firms.established[firm])
    columns = {
        "uscc": pick(firms.uscc, firm),
        "ent_name": pick(firms.name, firm),
        "pripid": pripid(district, firm),
        "name": pick(district.people.name, person),
        "id_type": same("居民身份证", len(firm)),
        "id_no": pick(district.people.ric, person),
        "person_position": pick((REPRESENTATIVE, SUPERVISOR), position),
        "appoint_date": dates(started),
    }
    return rows_of("SCJ-05", district.person(person), columns)


def _in_office_since(district: District) -> Days:
    """Of each firm, the day of its newest change of representative, or that of its establishment."""
    since = district.firms.established.copy()
    changes = registration_changes(district)
    of_representative = np.asarray(changes.table.column("change_item").to_pylist()) == REPRESENTATIVE
    days = changes.table.column("change_date").combine_chunks().to_numpy(zero_copy_only=False)
    np.maximum.at(since, changes.subject[of_representative], days.astype("datetime64[D]")[of_representative])
    return since
