"""The lives of one district: firms with a health that moves by months, people who work for them and live together.

A district is closed: its people work for its firms. So a city of any size is made district by district in the memory of
one. Places in arrays are the subjects of the district: organisations first, then people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from puhui.city import names, words
from puhui.city.columns import NEVER, pick
from puhui.city.identifiers import (
    citizen_numbers,
    credit_codes,
    org_codes,
    phones,
    registration_numbers,
    strings_of,
)
from puhui.city.settings import Days, Real, Settings, Truth, Whole, organisations_of, rng_of

ENTERPRISE, COOPERATIVE, TRADER, INSTITUTION, ASSOCIATION = range(5)
_KIND_SHARES = np.array([0.58, 0.05, 0.30, 0.03, 0.04])
_HEADS = np.frombuffer(b"9193921251", dtype=np.uint8).reshape(5, 2)
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Firms:
    """Organisations of a district. Matrices are months × firms."""

    kind: Whole
    uscc: pa.Array
    org_code: pa.Array
    reg_no: pa.Array
    name: pa.Array
    old_name: pa.Array  # null where never renamed
    renamed_on: Days
    area: Whole  # as in the credit code, old revisions and offices among them
    home: Whole  # place in words.HOME_AREAS where the firm is today
    address: pa.Array
    established: Days
    ended: Days  # NaT while active
    revoked: Truth  # how an ended one ended
    trade: Whole
    capital: Whole  # CNY 10k
    staff: Real  # wanted headcount
    scale: Real  # monthly sales in CNY at health 0
    general: Truth  # general VAT payer
    health: Real
    sales: Whole  # true monthly sales in fen
    defaulted: Whole  # month in which it stopped paying, or months where it never did
    boss: Whole  # legal representative: place among the people

    def __len__(self) -> int:
        return len(self.kind)

    def alive(self, month_ends: Days) -> Truth:
        """Months × firms: established and not ended on that month's last day."""
        born = self.established[None, :] <= month_ends[:, None]
        return born & (np.isnat(self.ended)[None, :] | (self.ended[None, :] > month_ends[:, None]))


@dataclass(frozen=True, slots=True)
class People:
    """People of a district."""

    ric: pa.Array
    name: pa.Array
    phone: pa.Array
    birth: Days
    home: Whole
    address: pa.Array
    household: Whole
    wage: Whole  # fen a month
    employer: Whole  # months × people: place of the firm, or NOBODY
    farmer: Truth
    volunteer: Truth
    owner: Truth  # of a flat
    thrift: Real  # the latent of persons: drives arrears, court cases, overdue instalments

    def __len__(self) -> int:
        return len(self.birth)


@dataclass(frozen=True, slots=True)
class District:
    """One district with its settings, its place, and the number of its first subject."""

    settings: Settings
    place: int
    first: int
    firms: Firms
    people: People

    @property
    def month_ends(self) -> Days:
        return self.settings.month_ends

    @property
    def as_of(self) -> np.datetime64:
        return np.datetime64(self.settings.as_of)

    def rng(self, purpose: str) -> np.random.Generator:
        return rng_of(self.settings.seed, self.place, purpose)

    def person(self, places: Whole) -> Whole:
        """Subjects of people, given their places among the people."""
        return places + len(self.firms)

    def serial(self, count: int, block: int) -> Whole:
        """Numbers for documents that meet no other document's, in this district or another."""
        return np.arange(count, dtype=np.int64) + self.place * block


def make_district(settings: Settings, place: int, first: int, count: int) -> District:
    """The district at `place`, whose subjects are first … first + count − 1."""
    orgs = organisations_of(count)
    people_count = count - orgs
    rng = rng_of(settings.seed, place, "firms")
    first_person = first - (first + 1) // 3
    born = _births(settings, first_person, people_count)
    firms = _make_firms(settings, rng, place, (first + 1) // 3, orgs, people_count)
    people = _make_people(settings, rng_of(settings.seed, place, "people"), first_person, born, firms)
    return District(settings, place, first, firms, people)


def _births(settings: Settings, first: int, count: int) -> tuple[Whole, Days]:
    """(area of birth, birth date): together they are met once, since every citizen number has the sequence 000."""
    areas = np.array([code for code, _ in (*words.HOME_AREAS, *words.ELSEWHERE)], dtype=np.int64)
    span = 62 * 365
    serial = first + np.arange(count, dtype=np.int64)
    day = (serial // len(areas)) * 7_919 % span
    blocks = serial // (len(areas) * span)
    area = areas[serial % len(areas)]
    # past the first 226,300 people the next counties of the province follow, by number
    area = np.where(blocks > 0, 360_000 + (blocks * 10 + serial % 10) % 9_990 + 10, area)
    newest = np.datetime64(settings.as_of) - np.timedelta64(18 * 365 + 30, "D")
    return area, newest - day.astype("timedelta64[D]")


def _make_firms(settings: Settings, rng: np.random.Generator, place: int, first: int, count: int, people: int) -> Firms:
    kind = rng.choice(5, size=count, p=_KIND_SHARES).astype(np.int64)
    home = (rng.random(count) < 0.3).astype(np.int64)
    area = _areas_in_codes(settings, rng, home)
    serial = first + np.arange(count, dtype=np.int64)
    org = org_codes(serial, settings.seed)
    trade = rng.choice(len(words.TRADES), size=count, p=_trade_shares()).astype(np.int64)
    established = _established(settings, rng, kind)
    ended, revoked = _endings(settings, rng, established, kind)
    renamed = (rng.random(count) < settings.rates.renamed) & (kind == ENTERPRISE)
    name, old_name = names.firm_names(settings, rng, place, kind, trade, renamed)
    staff, scale, general = _sizes(rng, kind, trade)
    health = _healths(rng, settings.months, count)
    return Firms(
        kind=kind,
        uscc=strings_of(credit_codes(_HEADS[kind], area, org)),
        org_code=strings_of(org),
        reg_no=strings_of(registration_numbers(area, serial)),
        name=name,
        old_name=old_name,
        renamed_on=_renamed_on(settings, rng, renamed, established),
        area=area,
        home=home,
        address=names.addresses(rng, home),
        established=established,
        ended=ended,
        revoked=revoked,
        trade=trade,
        capital=rng.choice([10, 30, 50, 100, 200, 500, 1000, 2000, 5000], size=count).astype(np.int64),
        staff=staff,
        scale=scale,
        general=general,
        health=health,
        sales=_sales(rng, scale, health, settings),
        defaulted=_defaults(rng, health),
        boss=rng.permutation(people)[np.arange(count) % people].astype(np.int64),
    )


def _trade_shares() -> Real:
    shares = np.array([trade[5] for trade in words.TRADES])
    return np.asarray(shares / shares.sum())


def _areas_in_codes(settings: Settings, rng: np.random.Generator, home: Whole) -> Whole:
    """The area in each credit code: today's, or one in ten an older revision or a registry office."""
    today = np.array([code for code, _ in words.HOME_AREAS], dtype=np.int64)[home]
    draw = rng.random(len(home))
    old = np.array(words.OLD_AREAS)[rng.integers(0, len(words.OLD_AREAS), len(home))]
    office = np.array(words.OFFICE_AREAS)[rng.integers(0, len(words.OFFICE_AREAS), len(home))]
    rates = settings.rates
    return np.where(
        draw < rates.old_area, old, np.where(draw < rates.old_area + rates.office_area, office, today)
    ).astype(np.int64)


def _established(settings: Settings, rng: np.random.Generator, kind: Whole) -> Days:
    """Ages fall off exponentially; institutions are old."""
    mean = np.where(kind >= INSTITUTION, 9_000.0, np.where(kind == TRADER, 1_700.0, 2_800.0))
    age = np.clip(rng.exponential(mean), 5, 16_000).astype(np.int64)
    return np.datetime64(settings.as_of) - age.astype("timedelta64[D]")


def _endings(settings: Settings, rng: np.random.Generator, established: Days, kind: Whole) -> tuple[Days, Truth]:
    """Some businesses older than two years ended within the city's months: deregistered, or their licence revoked."""
    as_of = np.datetime64(settings.as_of)
    old = (as_of - established) > np.timedelta64(730, "D")
    ends = old & (kind <= TRADER) & (rng.random(len(kind)) < 0.06)
    back = rng.integers(5, settings.months * 28, len(kind)).astype("timedelta64[D]")
    ended = np.maximum(as_of - back, established + np.timedelta64(400, "D"))
    return np.where(ends, ended, NEVER), rng.random(len(kind)) < 0.4


def _renamed_on(settings: Settings, rng: np.random.Generator, renamed: Truth, established: Days) -> Days:
    as_of = np.datetime64(settings.as_of)
    life = np.maximum((as_of - established).astype(np.int64), 4)
    on = as_of - (rng.random(len(renamed)) * np.minimum(life - 2, 1_500)).astype("timedelta64[D]")
    return np.where(renamed, on, NEVER)


def _sizes(rng: np.random.Generator, kind: Whole, trade: Whole) -> tuple[Real, Real, Truth]:
    """(wanted headcount, monthly sales in CNY at health 0, general VAT payer)."""
    by_staff = np.array([t[2] for t in words.TRADES])[trade]
    by_sales = np.array([t[3] for t in words.TRADES])[trade]
    size = rng.lognormal(0.0, 0.9, len(kind))
    weight = np.array([1.0, 0.5, 0.12, 6.0, 0.4])[kind]
    staff = np.maximum(size * by_staff * weight * 3.0, 0.3)
    scale = size * by_sales * np.array([130_000.0, 60_000.0, 18_000.0, 0.0, 0.0])[kind]
    return staff, scale, (scale > 120_000.0) & (kind <= COOPERATIVE)


def _healths(rng: np.random.Generator, months: int, count: int) -> Real:
    """A latent that remembers: mean of its own, autoregression of 0.92 a month."""
    mean = rng.normal(0.2, 0.6, count)
    health = np.empty((months, count))
    health[0] = mean + rng.normal(0.0, 0.8, count)
    for month in range(1, months):
        health[month] = mean + 0.92 * (health[month - 1] - mean) + rng.normal(0.0, 0.32, count)
    return health


def _sales(rng: np.random.Generator, scale: Real, health: Real, settings: Settings) -> Whole:
    """True sales in fen; a firm in very poor health sells nothing."""
    calendar_month = settings.month_ends.astype("datetime64[M]").astype(np.int64) % 12
    season = 1.0 + 0.15 * np.sin((calendar_month - 2) * np.pi / 6)
    noise = rng.lognormal(0.0, 0.25, health.shape)
    sales = scale[None, :] * np.exp(0.45 * health) * season[:, None] * noise
    fen: Whole = np.where(health < -1.35, 0.0, sales * 100).round().astype(np.int64)
    return fen


def _defaults(rng: np.random.Generator, health: Real) -> Whole:
    """The month in which a firm stops paying; the number of months where it never does."""
    hazard = 1.0 / (1.0 + np.exp(6.9 + 2.1 * health))
    hits = rng.random(health.shape) < hazard
    month: Whole = np.where(hits.any(axis=0), hits.argmax(axis=0), health.shape[0]).astype(np.int64)
    return month


def _make_people(
    settings: Settings, rng: np.random.Generator, first: int, born: tuple[Whole, Days], firms: Firms
) -> People:
    area, birth = born
    count = len(birth)
    household = rng.permutation(count) // 2
    home = (household * 7_919 % 10 < 3).astype(np.int64)
    number = strings_of(citizen_numbers(area, birth))
    farmer = rng.random(count) < 0.22
    thrift = rng.normal(0.0, 1.0, count)
    age = (np.datetime64(settings.as_of) - birth).astype(np.int64) // 365
    works = (age > 20) & (age < 61) & (rng.random(count) < np.where(farmer, 0.12, 0.68))
    return People(
        ric=number,
        name=names.person_names(rng, count),
        phone=phones(first + np.arange(count, dtype=np.int64)),
        birth=birth,
        home=home,
        address=names.addresses(rng, home),
        household=household.astype(np.int64),
        wage=(rng.lognormal(8.5, 0.4, count).round() * 100).astype(np.int64),
        employer=_employment(rng, settings, works, firms),
        farmer=farmer,
        volunteer=rng.random(count) < 0.12,
        owner=(rng.random(count) < 0.45) & (age > 24),
        thrift=thrift,
    )


def _employment(rng: np.random.Generator, settings: Settings, works: Truth, firms: Firms) -> Whole:
    """Months × people: where each works. Firms in poor health lose people; who lost a place soon finds another."""
    alive = firms.alive(settings.month_ends)
    employer = np.full((settings.months, len(works)), NOBODY, dtype=np.int64)
    weight = firms.staff.copy()
    at = np.where(works, _drawn(rng, weight * alive[0], len(works)), NOBODY)
    for month in range(settings.months):
        held = at != NOBODY
        firm = np.where(held, at, 0)
        leaving = 0.008 + 0.05 / (1.0 + np.exp(3.0 + 2.5 * firms.health[month, firm]))
        at = np.where(held & ((rng.random(len(at)) < leaving) | ~alive[month, firm]), NOBODY, at)
        seeking = works & (at == NOBODY) & (rng.random(len(at)) < 0.22)
        found = _drawn(rng, weight * alive[month] * np.exp(0.8 * firms.health[month]), len(at))
        at = np.where(seeking, found, at)
        employer[month] = at
    return employer


def _drawn(rng: np.random.Generator, weight: Real, count: int) -> Whole:
    """`count` places drawn by weight; NOBODY where no weight is left."""
    total = np.cumsum(weight)
    if total[-1] <= 0:
        return np.full(count, NOBODY, dtype=np.int64)
    places: Whole = np.searchsorted(total, rng.random(count) * total[-1], side="right").clip(0, len(weight) - 1)
    return places


def pick_firm(firms: Firms, column: pa.Array, places: Whole) -> pa.Array:
    """A column of the firms at `places`; null where a place is NOBODY."""
    return pick(column, np.maximum(places, 0), where=places >= 0) if len(firms) else pa.nulls(len(places))
