"""The plain reference of the contest, by hand."""

from datetime import datetime
from typing import Any

from activation.decisions.contest import Candidate, Cap, Contest, PastMessage, Result
from activation.model import Purpose

MORNING, NOON = datetime(2026, 1, 10, 8), datetime(2026, 1, 10, 12)
DAILY = Cap("daily", 1, days=1)
MESSAGE: dict[str, Any] = {
    "customer_id": "c",
    "contact_point": "p",
    "channel": "email",
    "brand": "one",
    "purpose": Purpose.MARKETING,
}


def candidate(name: str, **given: Any) -> Candidate:
    base: dict[str, Any] = {"occurrence_id": name, "trigger_id": "t", "priority": 10, "eligible_at": MORNING}
    return Candidate(**MESSAGE | base | given)


def past(**given: Any) -> PastMessage:
    return PastMessage(**MESSAGE | {"days_ago": 0, "seconds_ago": 60} | given)


def run(caps: list[Cap], candidates: list[Candidate], *messages: PastMessage) -> dict[str, tuple[str, str | None]]:
    """Reason and cap by occurrence."""
    results = Contest(caps, messages).run(candidates)
    return {occurrence: (result.reason, result.cap) for (occurrence, _), result in results.items()}


def test_priority_one_is_first_and_the_loser_is_told_to_whom_it_lost() -> None:
    """One message a day: the cart goes, the welcome waits for it."""
    rivals = [candidate("w", trigger_id="welcome", priority=20), candidate("c", trigger_id="cart", eligible_at=NOON)]
    assert Contest([DAILY], []).run(rivals) == {
        ("c", ""): Result("chosen", ("c", "")),
        ("w", ""): Result("outranked", ("w", ""), "daily", "c", "cart"),
    }


def test_among_equals_the_earlier_wins_then_the_id_then_the_leg() -> None:
    """Priority, then the time at which it became due, then what never ties."""
    rivals = [candidate("b", leg="sms"), candidate("b", leg="email"), candidate("c"), candidate("a", eligible_at=NOON)]
    results = Contest([DAILY], []).run(rivals)
    assert [key for key, result in results.items() if result.reason == "chosen"] == [("b", "email")]


def test_a_cap_counts_its_days_or_hours_only() -> None:
    """Yesterday's message does not fill today's cap; nor does one exactly so many hours ago."""
    for days_ago, reason in ((1, "chosen"), (0, "cap_reached")):
        assert run([DAILY], [candidate("a")], past(days_ago=days_ago))["a"][0] == reason
    for seconds_ago, reason in ((3600, "chosen"), (3599, "cap_reached")):
        assert run([Cap("hourly", 1, hours=1)], [candidate("a")], past(seconds_ago=seconds_ago))["a"][0] == reason


def test_a_cap_per_run_forgets_every_other_run() -> None:
    """A message of a minute ago does not count, one of this very instant does."""
    caps = [Cap("per_run", 1, runs=1)]
    assert run(caps, [candidate("a"), candidate("b")], past()) == {"a": ("chosen", None), "b": ("outranked", "per_run")}
    concurrent = past(is_concurrent=True, occurrence_id="o", trigger_id="t")
    assert run(caps, [candidate("a")], concurrent) == {"a": ("outranked", "per_run")}


def test_an_exempt_purpose_is_free_unless_the_cap_names_it() -> None:
    """An order confirmation uses no cap of all messages and is kept back by none."""
    receipts = [candidate(name, purpose=Purpose.TRANSACTIONAL, priority=1) for name in "ab"]
    assert run([DAILY], [*receipts, candidate("c")]) == dict.fromkeys("abc", ("chosen", None))
    named = Cap("receipts", 1, days=1, only={"purpose": "transactional"})
    assert run([named], receipts)["b"] == ("outranked", "receipts")


def test_a_cap_is_about_messages_that_match_all_its_scopes() -> None:
    """Texts to Florida: neither mails to Florida nor texts elsewhere are counted or kept back."""
    florida = Cap("florida", 1, days=1, only={"channel": "sms", "country_code": "US", "region": "FL"})
    text, place = {"channel": "sms"}, {"country_code": "US", "region": "FL"}
    assert run([florida], [candidate("a", **text, **place)], past(**text), past(**place))["a"][0] == "chosen"
    assert run([florida], [candidate("a", **text, **place)], past(**text, **place))["a"][0] == "cap_reached"
    assert run([florida], [candidate("a", **text)], past(**text, **place))["a"][0] == "chosen"


def test_who_shares_a_contact_point_shares_its_cap_and_a_failed_candidate_uses_none() -> None:
    """The second customer's mail to the shared address fails; the place it did not use goes to the other address."""
    caps = [Cap("person", 1, days=1), Cap("address", 1, days=1, per="contact_point")]
    shared = [candidate("a"), candidate("b", customer_id="d"), candidate("c", customer_id="d", contact_point="q")]
    assert run(caps, shared) == {"a": ("chosen", None), "b": ("outranked", "address"), "c": ("chosen", None)}


def test_a_cap_of_zero_is_used_up_by_nothing() -> None:
    """Nothing goes out under it."""
    assert run([Cap("none", 0, days=1)], [candidate("a")]) == {"a": ("cap_reached", "none")}


def test_what_the_past_used_up_is_named_before_what_others_filled() -> None:
    """So the reason stays when a pass is repeated, whoever was chosen meanwhile."""
    caps = [Cap("daily", 1, days=1), Cap("weekly", 1, days=7, only={"cap_group": "offers"})]
    rivals = [candidate("a", priority=1), candidate("b", cap_group="offers")]
    assert run(caps, rivals, past(days_ago=3, cap_group="offers"))["b"] == ("cap_reached", "weekly")


def test_a_repeated_pass_names_whom_the_first_chose() -> None:
    """What was chosen at this very instant is a winner, not the past."""
    concurrent = past(is_concurrent=True, occurrence_id="first", trigger_id="cart")
    result = Contest([DAILY], [concurrent]).run([candidate("a")])["a", ""]
    assert result == Result("outranked", ("a", ""), "daily", "first", "cart")


def test_a_digest_is_one_message() -> None:
    """It uses one place; all that it carries share its fate, and each one's policy says whether that is the end."""
    letter = [candidate("a", digest="weekly", priority=1), candidate("b", digest="weekly", drops_on_cap=True)]
    results = Contest([Cap("daily", 2, days=1)], []).run([*letter, candidate("c"), candidate("d")])
    assert {key[0]: (one.reason, one.carrier[0]) for key, one in results.items()} == {
        "a": ("chosen", "a"),
        "b": ("chosen", "a"),
        "c": ("chosen", "c"),
        "d": ("outranked", "d"),
    }
    results = Contest([DAILY], [past()]).run(letter)
    assert [one.reason for one in results.values()] == ["cap_reached", "cap_reached_dropped"]


def test_a_digest_mixes_no_purposes_channels_addresses_or_brands() -> None:
    """Marketing never rides in a message that needs no consent."""
    others = {"purpose": Purpose.SERVICE, "channel": "sms", "contact_point": "q", "brand": "two", "customer_id": "d"}
    letters = [candidate("a", digest="weekly")]
    letters += [candidate(name, digest="weekly", **{name: value}) for name, value in others.items()]
    results = Contest([], []).run(letters)
    assert all(result.carrier == key for key, result in results.items())
