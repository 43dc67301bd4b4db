"""What a human answers to plans that wait: yes or no, by their digest."""

import getpass
import json
from collections.abc import Mapping
from typing import Any

import click

from activation.cli.main import JSON, asked, say
from activation.cli.triggers import trigger

NAME = click.argument("name")
DIGEST = click.option(
    "--digest", required=True, help="The plan, as `trigger plans` shows it; its first characters will do."
)
NOTE = click.option("--note", default="", help="Why, kept with the answer.")
BY = click.option("--by", default=None, help="Who answers; the user of this shell unless named.")
ANSWERED = {"": "waits", "approve": "approved", "refuse": "refused"}


@trigger.command("plans")
@NAME
@JSON
def trigger_plans(name: str, as_json: bool) -> None:
    """The plans of a trigger that wait for a human's yes: how many people and messages, and since when.

    \b
    Example: activation trigger plans win_back
    """
    plans = asked("waiting_plans", name)
    if as_json:
        click.echo(json.dumps(plans, default=str))
        return
    for plan in plans:
        click.echo(
            f"{plan['plan_digest']}  people {plan['people']}, messages {plan['messages']}, "
            f"since {plan['since']}: {_state(plan)}"
        )
    if not plans:
        click.echo(f"Nothing of {name} waits for an answer.")


@trigger.command("approve")
@NAME
@DIGEST
@NOTE
@BY
@JSON
def trigger_approve(name: str, digest: str, note: str, by: str | None, as_json: bool) -> None:
    """Say yes to one plan: exactly the occurrences that waited under it go out with the next build.

    \b
    Example: activation trigger approve win_back --digest 5f2c81d04a7e --note 'checked with Lena'
    """
    say(asked("answer_plan", name, digest, "approve", by or _user(), note), as_json, _told)


@trigger.command("refuse")
@NAME
@DIGEST
@NOTE
@BY
@JSON
def trigger_refuse(name: str, digest: str, note: str, by: str | None, as_json: bool) -> None:
    """Say no to one plan: what waited under it is held back until it expires, or until somebody says yes after all.

    \b
    Example: activation trigger refuse win_back --digest 5f2c81d04a7e --note 'wrong price'
    """
    say(asked("answer_plan", name, digest, "refuse", by or _user(), note), as_json, _told)


def _state(plan: Mapping[str, Any]) -> str:
    state = ANSWERED[plan["answer"]]
    return f"{state} by {plan['answered_by']}" if plan["answered_by"] else state


def _told(result: Mapping[str, Any]) -> str:
    follows = {
        "approve": "They go out with the next build that may send to them.",
        "refuse": "They are held back; what is planned and not yet sent is taken back by the next build.",
    }
    done = ANSWERED[result["verdict"]].capitalize()
    return (
        f"{done} {result['trigger_id']}, plan {result['plan_digest']}: people {result['people']}, "
        f"messages {result['messages']}. {follows[result['verdict']]}"
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container may run under a number that has no name.
        return "unknown"
