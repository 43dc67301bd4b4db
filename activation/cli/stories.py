"""What `trigger explain` says: one customer's story in sentences, for a terminal."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from activation.decisions.calendar import known_zones, local_time
from activation.reporting.verdicts import ANSWERS, STATES, meaning

NARROWEST, WIDEST = 60, 120
DIGEST_SHOWN = 12
OUTCOMES = {
    "reserved": "not planned yet",
    "lapsed": "it lapsed before it was planned, and is decided again",
    "abandoned": "its run was given up, and it is decided again",
}
UNTOLD = "No build has decided on it yet."


def lines(stories: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The stories as lines that fit the terminal; ids are never broken."""
    width = min(max(shutil.get_terminal_size((100, 24)).columns, NARROWEST), WIDEST)
    for number, story in enumerate(stories):
        if number:
            yield ""
        yield from _wrapped(_heading(story), "", width)
        for sentence in _frame(story):
            yield from _wrapped(sentence, "  ", width)
        for verdict in story["verdicts"]:
            yield from _wrapped(_headline(verdict, story["timezone"]), "    ", width)
            yield from _wrapped(" ".join(sentences(verdict, story)), "        ", width)


def moment(instant: datetime, timezone: str) -> str:
    """An instant in UTC and by the clocks of a zone, both named."""
    told = f"{instant:%Y-%m-%d %H:%M} UTC"
    if timezone == "UTC" or timezone not in known_zones():
        return told
    local = local_time(instant, timezone)
    day = "" if local.date() == instant.date() else f"{local:%Y-%m-%d} "
    return f"{told} ({day}{local:%H:%M} in {timezone})"


def sentences(verdict: Mapping[str, Any], story: Mapping[str, Any]) -> Iterator[str]:
    """Why one verdict was given, and what followed from it."""
    zone = story["timezone"]
    yield f"{verdict['description']}."
    yield from _loss(verdict)
    yield from _drawn(verdict, zone)
    if verdict["plan"]:
        yield _answer(verdict["plan"], zone)
    if verdict["message"]:
        yield from _sending(verdict, zone)
    if verdict["waits_for_time"]:
        yield _wait(verdict["waits_until"], story)
    if verdict["is_open"]:
        yield f"Each build tries it again until {moment(story['expires_at'], zone)}."


def _heading(story: Mapping[str, Any]) -> str:
    return f"{story['occurrence_key']}, step {story['step']}"


def _frame(story: Mapping[str, Any]) -> Iterator[str]:
    zone = story["timezone"]
    yield f"Due {moment(story['eligible_at'], zone)}, of use until {moment(story['expires_at'], zone)}."
    if story["cancelled_at"]:
        yield f"Its reason went away: {moment(story['cancelled_at'], zone)}."
    if not story["is_timezone_known"]:
        yield f"No time zone is known of this customer; days are counted by {zone}."
    if not story["verdicts"]:
        yield UNTOLD


def _headline(verdict: Mapping[str, Any], zone: str) -> str:
    leg = f"{verdict['leg']}: " if verdict["leg"] else ""
    names = " / ".join(dict.fromkeys((verdict["verdict"], verdict["reason"])))
    told = f"{leg}{meaning(verdict['verdict'])} [{names}]"
    return f"{moment(verdict['decided_at'], zone)}, run {verdict['run_id']}: {told}"


def _loss(verdict: Mapping[str, Any]) -> Iterator[str]:
    if verdict["outranked_by"]:
        winner = f"It lost to {verdict['outranked_by']}, occurrence {verdict['outranked_by_key']}"
        yield f"{winner}, under the cap {verdict['cap']}."
    elif verdict["cap"]:
        yield f"The cap is {verdict['cap']}."


def _drawn(verdict: Mapping[str, Any], zone: str) -> Iterator[str]:
    draw = verdict["draw"]
    if not draw:
        return
    arm = draw["arm"].replace("_", " ")
    if draw["variant"] not in (None, "default") and draw["arm"] != "held_out":
        arm = f"{arm} with the variant {draw['variant']}"
    yield f"By the experiment {draw['experiment_id']} it is {arm}, drawn {moment(draw['assigned_at'], zone)}."


def _answer(plan: Mapping[str, Any], zone: str) -> str:
    named = f"Plan {plan['plan_digest'][:DIGEST_SHOWN]}"
    told = f"{named}: {ANSWERS[plan['answer']]}"
    if not plan["answer"]:
        return f"{told}."
    told = f"{told} by {plan['answered_by']}"
    when = f" on {moment(plan['answered_at'], zone)}" if plan["answered_at"] else ""
    note = f' ("{plan["note"]}")' if plan["note"] else ""
    return f"{told}{when}{note}."


def _sending(verdict: Mapping[str, Any], zone: str) -> Iterator[str]:
    message = verdict["message"]
    way = f"By {verdict['channel']}" if verdict["channel"] else "It goes"
    variant = verdict["variant"]
    yield f"{way}, as the variant {variant}." if variant and variant != "default" else f"{way}."
    if message["carried_by"]:
        yield (
            f"It rides in the digest {message['digest']}, in the message of {message['carried_by']}, "
            f"occurrence {message['carried_by_key']}."
        )
    elif message["carries"]:
        others = message["carries"]
        yield f"Its message is the digest {message['digest']} and carries {others} other{'' if others == 1 else 's'}."
    if message["state"]:
        why = f" ({message['reason']})" if message["reason"] else ""
        state = STATES.get(message["state"], message["state"])
        yield f"The message: {state}{why}, since {moment(message['since'], zone)}."
    else:
        outcome = OUTCOMES.get(message["outcome"] or "reserved", message["outcome"])
        yield f"The message: {outcome}; it may leave until {moment(verdict['send_not_after'], zone)}."


def _wait(until: datetime | None, story: Mapping[str, Any]) -> str:
    if until is None:
        return "It waits for longer than the calendar looks ahead."
    told = f"It waits until {moment(until, story['timezone'])}"
    return f"{told}, which is too late." if until >= story["expires_at"] else f"{told}."


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
