"""The plain reference of the contest, by hand."""

from datetime import datetime

from activation.decisions.contest import Candidate, Cap, Contest, PastMessage, Result, Rules
from activation.model import Purpose

MORNING, NOON = datetime(2026, 1, 10, 8), datetime(2026, 1, 10, 12)
CART, WELCOME = Rules(Purpose.MARKETING, 300), Rules(Purpose.MARKETING, 200)
DAILY = Cap("daily", Purpose.MARKETING, days=1, limit=1)
RULES = {"cart": CART, "welcome": WELCOME, "order": Rules(Purpose.TRANSACTIONAL, 1000)}


def candidate(name: str, trigger: str, eligible_at: datetime = MORNING, unit: str = "u") -> Candidate:
    return Candidate(name, unit, trigger, eligible_at)


def test_the_higher_priority_wins_and_the_loser_is_told_to_whom() -> None:
    """One marketing message a day: the cart goes, the welcome waits for it."""
    results = Contest(RULES, [DAILY], set(), []).run([candidate("w", "welcome"), candidate("c", "cart", NOON)])
    assert results == {"c": Result("chosen"), "w": Result("outranked", "c")}


def test_among_equals_the_earlier_wins() -> None:
    """Priority, then the time at which it became due."""
    results = Contest(RULES, [DAILY], set(), []).run([candidate("late", "cart", NOON), candidate("early", "cart")])
    assert results["early"] == Result("chosen")
    assert results["late"] == Result("outranked", "early")


def test_who_is_held_out_uses_no_cap_and_outranks_nobody() -> None:
    """The held out cart leaves the day's message to the welcome."""
    results = Contest(RULES, [DAILY], {("u", "cart")}, []).run([candidate("c", "cart"), candidate("w", "welcome")])
    assert results == {"c": Result("held_out_trigger"), "w": Result("chosen")}


def test_the_global_holdout_is_for_marketing_only() -> None:
    """An order confirmation is never held out, and no marketing cap counts it."""
    results = Contest(RULES, [DAILY], {("u", None)}, []).run([candidate("c", "cart"), candidate("o", "order")])
    assert results == {"c": Result("held_out_global"), "o": Result("chosen")}


def test_a_cap_counts_its_days_only() -> None:
    """Yesterday's message does not fill today's cap; today's does."""
    for days_ago, reason in ((1, "chosen"), (0, "cap_reached")):
        past = [PastMessage("u", Purpose.MARKETING, days_ago)]
        assert Contest(RULES, [DAILY], set(), past).run([candidate("c", "cart")]) == {"c": Result(reason)}


def test_above_its_volume_the_whole_trigger_waits() -> None:
    """The guard never trims."""
    rules = {"cart": Rules(Purpose.MARKETING, 300, max_volume=1)}
    results = Contest(rules, [], set(), []).run([candidate("a", "cart"), candidate("b", "cart", unit="v")])
    assert set(results.values()) == {Result("over_volume")}
