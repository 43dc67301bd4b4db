"""Lets delivered messages work on the shop's people, as `effects` says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from activation.model import Purpose
from activation.simulator import contact_points
from activation.simulator.effects import (
    FATIGUE_SPAN,
    DeliveredMessage,
    Effect,
    annoyed,
    effect_of,
    weariness,
    worn,
)
from activation.simulator.people import CHANNELS, CONFIRMED, HOUR, MINUTE, UNCONFIRMED, People, to_micros
from activation.simulator.profiles import people_by_customer
from activation.simulator.registry import Changes
from activation.simulator.responses import respond
from activation.simulator.scripts import Events
from activation.simulator.state import State

LEAVES_WITHIN = 12 * HOUR  # of a message, and not before MINUTE has passed


def influence(
    state: State,
    effects: Mapping[str, Effect],
    delivered: Sequence[DeliveredMessage],
    changes: Changes,
    counts: Counter[str],
) -> Events:
    """From now on the readers of messages are likelier to buy, and a few of them unsubscribe.

    Returns what they, and machines, did with the messages.
    """
    people = state.people
    rng = np.random.default_rng([state.seed, 3, state.counters.stretch])
    owners = people_by_customer(people)
    messages = sorted(delivered, key=lambda each: (each.accepted_at, each.customer_id, each.message_key))
    draws = rng.random((len(messages), 2))
    unsubscribed_at = np.zeros(len(messages), dtype=np.int64)
    tired = np.zeros(len(messages))
    counts["marketing_messages"] = counts["unsubscribed"] = 0
    for row, message in enumerate(messages):
        number = _customer_number(message.customer_id)
        if not 0 < number < len(owners):
            continue
        person, effect, at = int(owners[number]), effect_of(message, effects), to_micros(message.accepted_at)
        fatigue = _fatigue(people, person, at, message.purpose)
        tired[row] = weariness(fatigue)
        counts["marketing_messages"] += message.purpose == Purpose.MARKETING
        state.truth.add(message.trigger_id, messages=1)
        lift = worn(effect.lift, fatigue)
        if lift > 0:
            _encourage(people, person, at, lift, effect.window, state.truth.number_of(message.trigger_id))
        channel = CHANNELS.index(message.channel) if message.channel in CHANNELS else None
        leaves = draws[row, 0] < annoyed(effect.unsubscribe, fatigue)
        if leaves and channel is not None and people.consent[person, channel] in (UNCONFIRMED, CONFIRMED):
            wait = MINUTE + int(draws[row, 1] * (LEAVES_WITHIN - MINUTE))
            unsubscribed_at[row] = (max(at, state.instant) + wait) // 1000 * 1000
            contact_points.withdraw(people, person, channel, int(unsubscribed_at[row]), changes)
            state.truth.add(message.trigger_id, unsubscribed=1)
            counts["unsubscribed"] += 1
    rng = np.random.default_rng([state.seed, 11, state.counters.stretch])
    return respond(rng, people, messages, unsubscribed_at, tired, effects)


def _fatigue(people: People, person: int, at: int, purpose: Purpose) -> float:
    """How tired the person is when a message comes; a marketing message makes it one more."""
    age = max(0, at - int(people.fatigue_at[person])) * timedelta(microseconds=1) / FATIGUE_SPAN
    fatigue = float(people.fatigue[person] * np.exp(-age))
    if purpose == Purpose.MARKETING:
        people.fatigue[person] = fatigue + 1
        people.fatigue_at[person] = at
    return fatigue


def _encourage(people: People, person: int, at: int, lift: float, window: timedelta, trigger: int) -> None:
    """Of several messages that still work the strongest counts, for as long as it lasts."""
    still_works = people.boost_until[person] > at
    if still_works and people.boost[person] > 1 + lift:
        return
    people.boost[person] = 1 + lift
    people.boost_from[person] = at
    people.boost_until[person] = at + window // timedelta(microseconds=1)
    people.boost_trigger[person] = trigger


def _customer_number(customer_id: str) -> int:
    number = customer_id.removeprefix("cust-")
    return int(number) if number.isdecimal() else -1
