"""Who comes in a stretch of at most one day, and when: habit, season, mood and what has run out at home."""

from datetime import UTC, datetime

import numpy as np

from activation.simulator.chances import Chances, at_habit
from activation.simulator.habits import draw_people
from activation.simulator.people import DAY, SECOND, Bools, Ints, People
from activation.simulator.scenario import Scenario

DORMANT_FACTOR = 0.12  # how often a dormant customer comes, relative to before
FALL_ASLEEP = 0.008  # per day
WAKE_UP = 0.002  # per day
YEAR = 365
PERSONAL_SEASON, SEASON_FACTOR = 10, 3.0  # days before and after, and how much oftener the person comes
# How busy the shop is from Monday to Sunday.
WEEKDAYS = (1.00, 0.96, 0.95, 0.97, 0.99, 1.06, 1.07)
WINTER, WINTER_DAY = 0.10, 15  # the year's slow wave, highest in the middle of January
FEAST, FEAST_DAY, FEAST_SPREAD = 0.45, 342, 14.0  # the weeks before Christmas


def change_moods(rng: np.random.Generator, people: People, length: int) -> None:
    """Some active customers fall asleep, some dormant ones wake up."""
    draw = rng.random(len(people)) * (DAY / length)
    is_customer = people.customer >= 0
    asleep = is_customer & ~people.is_dormant & (draw < FALL_ASLEEP)
    awake = people.is_dormant & (draw < WAKE_UP)
    people.is_dormant[asleep] = True
    people.is_dormant[awake] = False


def busyness(instant: int) -> float:
    """How busy the shop is on the day of an instant, relative to an ordinary one."""
    day = _day_of_year(instant)
    wave = WINTER * np.cos(2 * np.pi * (day - WINTER_DAY) / YEAR)
    feast = FEAST * np.exp(-(((day - FEAST_DAY) / FEAST_SPREAD) ** 2))
    weekday = datetime.fromtimestamp(instant // SECOND, UTC).weekday()
    return float((1 + wave + feast) * WEEKDAYS[weekday])


def is_in_season(people: People, instant: int) -> Bools:
    """The people who look for the one category that they look for at this time of every year."""
    away = (_day_of_year(instant) - people.season_day + YEAR // 2) % YEAR - YEAR // 2
    return np.asarray((people.season_day >= 0) & (np.abs(away) <= PERSONAL_SEASON))


def who_comes(
    rng: np.random.Generator, chances: Chances, people: People, start: int, end: int, scenario: Scenario
) -> tuple[Ints, Ints]:
    """The people who visit between two instants, at most a day apart, and when: each at most once."""
    rate = people.visit_rate * np.where(people.is_dormant, DORMANT_FACTOR, 1.0)
    rate *= np.where(is_in_season(people, start), SEASON_FACTOR, 1.0) * busyness(start) * scenario.traffic(start)
    comes = rng.random(len(people)) < -np.expm1(-rate)
    person = np.flatnonzero((comes | is_due(people, end)) & ~people.is_gone)
    begins = at_habit(chances, "the hour", people, person, start)
    return person[begins < end], begins[begins < end]


def is_due(people: People, end: int) -> Bools:
    """The customers whose staple has run out by an instant."""
    return (people.refill_at > 0) & (people.refill_at < end) & (people.customer >= 0) & ~people.is_dormant


def who_is_new(
    rng: np.random.Generator, chances: Chances, daily: float, start: int, end: int, first_device: int,
    scenario: Scenario,
) -> tuple[People, Ints]:  # fmt: skip
    """The visitors who come for the first time between two instants, and when."""
    count = int(rng.poisson(daily * busyness(start) * scenario.traffic(start)))
    newcomers = draw_people(rng, count, first_device, scenario.mess.wrong_clock)
    begins = at_habit(chances, "the first hour", newcomers, np.arange(count), start)
    return newcomers.take(begins < end), begins[begins < end]


def _day_of_year(instant: int) -> int:
    return datetime.fromtimestamp(instant // SECOND, UTC).timetuple().tm_yday
