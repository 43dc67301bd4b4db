"""A story in sentences: plain words, both clocks named, lines that fit the terminal."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import pytest

from activation.cli.stories import UNTOLD, lines, moment, sentences
from activation.decisions.explain import Draw, Message, OccurrenceStory, Plan, Verdict

MORNING = datetime(2026, 3, 3, 9)
OPENS = datetime(2026, 3, 4, 7)
EXPIRES = datetime(2026, 3, 6, 9)
MESSAGE: dict[str, Any] = dict.fromkeys(
    ("message_key", "state", "reason", "since", "outcome", "digest", "carried_by", "carried_by_key")
) | {"carries": 0}


def verdict(verdict: str, reason: str, **given: Any) -> Verdict:
    names = ("channel", "outranked_by", "outranked_by_key", "outranked_by_occurrence_id", "cap", "waits_until")
    more = ("send_not_after", "variant", "draw", "plan", "message", "state")
    base = dict.fromkeys((*names, *more)) | {"is_open": False, "waits_for_time": False, "leg": "", "run_id": 7}
    told = {"decided_at": MORNING, "verdict": verdict, "reason": reason, "description": f"Because of {reason}"}
    return Verdict(**base | told | given)  # type: ignore[arg-type]


def story(*verdicts: Verdict, **given: Any) -> dict[str, Any]:
    """As the command line gets it."""
    base = {"occurrence_id": "o", "occurrence_key": "cart:e17", "series_key": "cart", "step": 1, "cancelled_at": None}
    times = {"eligible_at": MORNING, "expires_at": EXPIRES, "timezone": "Europe/Berlin", "is_timezone_known": True}
    return asdict(OccurrenceStory(**base | times | {"verdicts": verdicts} | given))


def told(one: Verdict, **given: Any) -> str:
    found = story(one, **given)
    return " ".join(sentences(found["verdicts"][0], found))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "2026-03-03 21:30 UTC (22:30 in Europe/Berlin)"),
        ("Asia/Tokyo", "2026-03-03 21:30 UTC (2026-03-04 06:30 in Asia/Tokyo)"),
        ("UTC", "2026-03-03 21:30 UTC"),
        ("Mars/Olympus", "2026-03-03 21:30 UTC"),
    ],
)
def test_a_moment_is_told_by_both_clocks(zone: str, expected: str) -> None:
    """With the day where it is another one; a zone that nobody knows is left out."""
    assert moment(datetime(2026, 3, 3, 21, 30), zone) == expected


def test_who_lost_is_told_to_whom_under_which_cap() -> None:
    """And where nobody was chosen instead, the cap alone."""
    lost = verdict("outranked", "outranked", outranked_by="welcome", outranked_by_key="w:1", cap="weekly")
    assert told(lost) == "Because of outranked. It lost to welcome, occurrence w:1, under the cap weekly."
    assert told(verdict("deferred_cap", "cap_reached", cap="weekly")).endswith("The cap is weekly.")


def test_what_waits_is_told_until_when() -> None:
    """The opening; that it is too late then; or that it lies beyond what is looked at."""
    waits = {"waits_for_time": True, "is_open": True}
    opens = told(verdict("deferred_quiet_hours", "quiet_hours", waits_until=OPENS, **waits))
    assert "It waits until 2026-03-04 07:00 UTC (08:00 in Europe/Berlin)." in opens
    assert "Each build tries it again until 2026-03-06 09:00 UTC (10:00 in Europe/Berlin)." in opens
    late = told(verdict("deferred_quiet_hours", "quiet_hours", waits_until=EXPIRES, **waits))
    assert "It waits until 2026-03-06 09:00 UTC (10:00 in Europe/Berlin), which is too late." in late
    never = told(verdict("deferred_quiet_hours", "frozen", **waits))
    assert "It waits for longer than the calendar looks ahead." in never


def test_a_final_verdict_is_not_tried_again() -> None:
    """Nor is one that another took the place of."""
    assert told(verdict("expired", "expired")) == "Because of expired."


def test_a_plan_is_told_with_its_answer() -> None:
    """Who, when and why; or that nobody has answered yet."""
    digest = "5f2c81d04a7e99aa"
    waiting = told(verdict("awaiting_approval", "awaiting_approval", plan=Plan(digest)))
    assert "Plan 5f2c81d04a7e: nobody has answered yet." in waiting
    refused = told(
        verdict("awaiting_approval", "approval_refused", plan=Plan(digest, "refuse", "lena", OPENS, "wrong price"))
    )
    when = "2026-03-04 07:00 UTC (08:00 in Europe/Berlin)"
    assert f'Plan 5f2c81d04a7e: refused by lena on {when} ("wrong price").' in refused


def test_the_held_out_are_told_by_which_experiment() -> None:
    """And the treated with which variant."""
    when = "drawn 2026-03-03 09:00 UTC (10:00 in Europe/Berlin)."
    held_out = told(verdict("held_out_trigger", "held_out_trigger", draw=Draw("cart-2026", "held_out", None, MORNING)))
    assert f"By the experiment cart-2026 it is held out, {when}" in held_out
    treated = told(verdict("outranked", "outranked", draw=Draw("cart-2026", "treated", "short", MORNING)))
    assert f"By the experiment cart-2026 it is treated with the variant short, {when}" in treated


def test_a_message_is_told_with_what_became_of_it() -> None:
    """Its channel and variant, in whose message it rides or how many ride in it, its state or why it has none."""
    riding = MESSAGE | {"digest": "news", "carried_by": "welcome", "carried_by_key": "w:1", "state": "bounced"}
    message = Message(**riding | {"reason": "mailbox full", "since": OPENS})
    rides = told(verdict("send", "chosen", channel="email", variant="short", message=message, state="bounced"))
    assert "By email, as the variant short." in rides
    assert "It rides in the digest news, in the message of welcome, occurrence w:1." in rides
    assert "The message: bounced (mailbox full), since 2026-03-04 07:00 UTC (08:00 in Europe/Berlin)." in rides
    carrying = Message(**MESSAGE | {"digest": "news", "carries": 2, "outcome": "lapsed"})
    carries = told(verdict("send", "chosen", channel="sms", variant="default", message=carrying, send_not_after=OPENS))
    assert "By sms. Its message is the digest news and carries 2 others." in carries
    assert "The message: it lapsed before it was planned, and is decided again; it may leave until" in carries


def test_a_story_says_when_it_is_of_use_and_on_which_channel() -> None:
    """Each verdict under its time, with its name in words and in code; without a verdict, that there is none."""
    told = list(lines([story(verdict("paused", "scope_paused", leg="sms"), cancelled_at=OPENS), story()]))
    assert told[0] == "cart:e17, step 1"
    text = " ".join(line.strip() for line in told)
    assert "Due 2026-03-03 09:00 UTC (10:00 in Europe/Berlin), of use until 2026-03-06 09:00 UTC" in text
    assert "Its reason went away: 2026-03-04 07:00 UTC" in text
    assert "run 7: sms: waits: paused [paused / scope_paused] Because of scope_paused." in text
    assert text.endswith(UNTOLD)


def test_an_unknown_zone_is_told() -> None:
    """With the zone by which days are counted all the same."""
    text = " ".join(lines([story(is_timezone_known=False)]))
    assert "No time zone is known of this customer; days are counted by Europe/Berlin." in text


@pytest.mark.parametrize(("columns", "widest"), [("70", 70), ("20", 60), ("400", 120)])
def test_lines_fit_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: str, widest: int) -> None:
    """However narrow or wide it is, and an id that is longer stays whole."""
    monkeypatch.setenv("COLUMNS", columns)
    key = "k" * 150
    lost = verdict("outranked", "outranked", outranked_by="welcome", outranked_by_key=key, cap="weekly", is_open=True)
    told = list(lines([story(lost)]))
    assert max(len(line) for line in told if key not in line) <= widest
    assert any(key in line for line in told)
    assert len(told) > 5
