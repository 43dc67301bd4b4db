"""Lets delivered messages work on the shop's people, as `effects` says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from activation.model import Purpose
from activation.simulator import registry
from activation.simulator.effects import OTHER_EFFECT, DeliveredMessage, Effect
from activation.simulator.people import CONFIRMED, EMAIL, UNCONFIRMED, People, to_micros
from activation.simulator.registry import Changes
from activation.simulator.responses import respond
from activation.simulator.scripts import Events
from activation.simulator.state import State


def influence(
    state: State,
    effects: Mapping[str, Effect],
    delivered: Sequence[DeliveredMessage],
    changes: Changes,
    counts: Counter[str],
) -> Events:
    """From now on the readers of marketing messages are likelier to buy, and a few of them unsubscribe.

    Returns what they did with the messages.
    """
    people = state.people
    rng = np.random.default_rng([state.seed, 3, state.counters.stretch])
    place_of = {int(people.customer[place]): int(place) for place in np.flatnonzero(people.customer >= 0)}
    messages = sorted(delivered, key=lambda each: (each.accepted_at, each.customer_id, each.message_key))
    draws = rng.random((len(messages), 2))
    unsubscribed_at = np.zeros(len(messages), dtype=np.int64)
    fatigue = np.zeros(len(messages))
    counts["marketing_messages"] = counts["unsubscribed"] = 0
    for number, message in enumerate(messages):
        place = place_of.get(_customer_number(message.customer_id), -1)
        if place < 0 or message.purpose != Purpose.MARKETING:
            continue
        effect = effects.get(message.trigger_id, OTHER_EFFECT)
        at = to_micros(message.accepted_at)
        _encourage(people, place, effect, at)
        counts["marketing_messages"] += 1
        if draws[number, 0] < effect.unsubscribe and people.consent[place, EMAIL] in (UNCONFIRMED, CONFIRMED):
            at_least = max(at, state.instant)
            unsubscribed_at[number] = registry.withdraw(people, place, at_least, draws[number, 1], changes)
            counts["unsubscribed"] += 1
    rng = np.random.default_rng([state.seed, 11, state.counters.stretch])
    return respond(rng, people, messages, unsubscribed_at, fatigue, effects)


def _encourage(people: People, place: int, effect: Effect, at: int) -> None:
    """Of several messages that still work the strongest counts, for as long as it lasts."""
    still_works = people.boost_until[place] > at
    if still_works and people.boost[place] > 1 + effect.lift:
        return
    people.boost[place] = 1 + effect.lift
    people.boost_from[place] = at
    people.boost_until[place] = at + effect.window // timedelta(microseconds=1)


def _customer_number(customer_id: str) -> int:
    number = customer_id.removeprefix("cust-")
    return int(number) if number.isdecimal() else -1
