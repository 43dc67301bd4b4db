"""What people are like: season, staples, prices, channels, each shown on people who differ in nothing else."""

import itertools
import json
from datetime import datetime, timedelta

import numpy as np
import pytest

from activation.simulator import contact_points
from activation.simulator.arrivals import busyness, is_due, is_in_season, who_comes
from activation.simulator.catalogue import PER_CATEGORY, PRODUCT_COUNT
from activation.simulator.chances import Chances
from activation.simulator.habits import draw_people
from activation.simulator.people import CONFIRMED, DAY, EMAIL, WITHDRAWN, to_micros
from activation.simulator.registry import Changes
from activation.simulator.scenario import scenario_named
from activation.simulator.visits import ORDER, Shelf, draw_visits

MONDAY = to_micros(datetime(2026, 3, 2, 6))
COUNT = 4000


def customers(seed=1, count=COUNT):
    """People who signed up long ago and have nothing in their carts."""
    people = draw_people(np.random.default_rng(seed), count, 1)
    people.customer = np.arange(count)
    people.signed_up_at = np.full(count, MONDAY - 100 * DAY)
    return people


def orders(people, price, usual, seed=2):
    """Which of the people order when all of them come."""
    shelf = Shelf(np.full(PRODUCT_COUNT, price), np.full(PRODUCT_COUNT, usual), np.full(PRODUCT_COUNT, 100))
    everybody = np.arange(len(people))
    start = np.full(len(people), MONDAY)
    return draw_visits(Chances(seed), people, everybody, start, MONDAY + DAY, shelf, 1).outcome == ORDER


def test_the_year_and_the_week_have_their_seasons():
    """December is busier than June, a Sunday busier than a Wednesday; a whole year is an ordinary one."""
    days = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    factors = {day: busyness(to_micros(day)) for day in days}
    month = {number: np.mean([each for day, each in factors.items() if day.month == number]) for number in (6, 12)}
    assert month[12] > 1.3 * month[6]
    week = [np.mean([each for day, each in factors.items() if day.weekday() == number]) for number in range(7)]
    assert week[6] > 1.05 * week[2]
    assert np.mean(list(factors.values())) == pytest.approx(1.0, abs=0.06)


def test_people_have_a_season_of_their_own():
    """Around their day, over the turn of the year too, they come oftener and look at their category."""
    people = customers()
    people.season_day = np.full(COUNT, -1)
    people.season_day[::2] = 3
    new_year = to_micros(datetime(2025, 12, 29, 6))
    in_season = is_in_season(people, new_year)
    assert in_season.tolist() == (people.season_day == 3).tolist()
    assert not is_in_season(people, new_year + 60 * DAY).any()
    scenario = scenario_named("clean", MONDAY)
    come, _ = who_comes(np.random.default_rng(3), Chances(3), people, new_year, new_year + DAY, scenario)
    assert in_season[come].mean() > 0.6
    everybody, start = np.arange(COUNT), np.full(COUNT, new_year)
    shelf = Shelf(*(np.full(PRODUCT_COUNT, 500) for _ in range(3)))
    views = draw_visits(Chances(4), people, everybody, start, new_year + DAY, shelf, 1).views
    fits = (views // PER_CATEGORY == people.season_taste[:, None]).mean(axis=1)
    assert fits[in_season].mean() > 2 * fits[~in_season].mean()


def test_a_lower_price_sells_to_those_who_mind():
    """The same people on the same day: who does not look at prices buys all the same, the others buy more."""
    people = customers()
    people.sensitivity = np.where(np.arange(COUNT) % 2, 0.0, 2.0)
    usual, cheap, dear = (orders(people, price, 1000) for price in (1000, 800, 1200))
    mind = people.sensitivity > 0
    assert (usual[~mind] == cheap[~mind]).all()
    assert (usual[~mind] == dear[~mind]).all()
    assert cheap[mind].sum() > 1.3 * usual[mind].sum() > 1.3 * dear[mind].sum()
    assert (cheap >= usual).all()


def test_bargain_hunters_wait_for_offers():
    """At the usual price they buy less than others do, at a quarter off far more."""
    people = customers()
    people.sensitivity = np.where(np.arange(COUNT) % 2, 0.0, 4.0)
    hunt = people.sensitivity > 0
    usual, offer = orders(people, 1000, 1000), orders(people, 750, 1000)
    assert usual[hunt].sum() < 0.8 * usual[~hunt].sum()
    assert offer[hunt].sum() > 2 * usual[hunt].sum()


def test_who_has_run_out_comes_and_mostly_buys_it():
    """Everybody whose staple is due comes; about seven in ten order, and the staple is in the cart."""
    people = customers()
    people.staple = np.full(COUNT, 7)
    people.refill_at = np.where(np.arange(COUNT) % 2, MONDAY - DAY, MONDAY + 30 * DAY)
    due = is_due(people, MONDAY + DAY)
    assert due.tolist() == [bool(number % 2) for number in range(COUNT)]
    scenario = scenario_named("clean", MONDAY)
    come, _ = who_comes(np.random.default_rng(5), Chances(5), people, MONDAY, MONDAY + DAY, scenario)
    assert set(np.flatnonzero(due)) <= set(come)
    shelf = Shelf(*(np.full(PRODUCT_COUNT, 500) for _ in range(3)))
    visits = draw_visits(Chances(6), people, come, np.full(len(come), MONDAY), MONDAY + DAY, shelf, 1)
    ordered = visits.outcome == ORDER
    assert 0.6 < ordered[due[come]].mean() < 0.8
    assert (visits.cart_product[ordered & due[come]] == 7).any(axis=1).all()


def test_minds_change_and_change_back():
    """Over months consents are withdrawn and given again, per channel and purpose, each as a row of change."""
    people, rng, changes = customers(count=3000), np.random.default_rng(7), Changes()
    contact_points.give(rng, people, np.arange(3000))
    people.consent[:, EMAIL] = CONFIRMED
    for day in range(120):
        contact_points.live_on(rng, people, MONDAY + day * DAY, MONDAY + (day + 1) * DAY, changes)
    rows = changes.tables()["consents"].to_pylist()
    history: dict[str, list[str]] = {}
    for row in sorted(rows, key=lambda row: row["changed_at"]):
        history.setdefault(row["id"], []).append(json.loads(row["attributes"])["status"])
    assert 0.0005 < len(history) / 3000 / 120 < 0.0012
    assert ["withdrawn", "granted"] in [path[:2] for path in history.values()]
    assert all(earlier != later for path in history.values() for earlier, later in itertools.pairwise(path))
    withdrawn = int((people.consent[:, EMAIL] == WITHDRAWN).sum())
    assert withdrawn == sum(path[-1] == "withdrawn" for path in history.values())
