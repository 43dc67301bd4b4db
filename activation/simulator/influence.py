"""Lets delivered messages work on the shop's people, as `effects` says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np

from activation.model import Purpose
from activation.simulator import registry
from activation.simulator.effects import OTHER_EFFECT, DeliveredMessage, Effect
from activation.simulator.people import CONFIRMED, UNCONFIRMED, People, to_micros
from activation.simulator.registry import Changes
from activation.simulator.state import State


def influence(
    state: State,
    effects: Mapping[str, Effect],
    delivered: Sequence[DeliveredMessage],
    changes: Changes,
    counts: Counter[str],
) -> None:
    """From now on the readers of marketing messages are likelier to buy, and a few of them unsubscribe."""
    people = state.people
    rng = np.random.default_rng([state.seed, 3, state.counters.stretch])
    place_of = {int(people.customer[place]): int(place) for place in np.flatnonzero(people.customer >= 0)}
    leaving: dict[int, int] = {}
    counts["marketing_messages"] = 0
    for message in sorted(delivered, key=lambda each: (each.accepted_at, each.customer_id, each.trigger_id)):
        place = place_of.get(_customer_number(message.customer_id), -1)
        draw = rng.random()
        if place < 0 or message.purpose != Purpose.MARKETING:
            continue
        effect = effects.get(message.trigger_id, OTHER_EFFECT)
        at = to_micros(message.accepted_at)
        _encourage(people, place, effect, at)
        counts["marketing_messages"] += 1
        if draw < effect.unsubscribe and people.consent[place] in (UNCONFIRMED, CONFIRMED):
            leaving.setdefault(place, max(at, state.instant))
    counts["unsubscribed"] = len(leaving)
    who, at_least = (np.array(list(values), dtype=np.int64) for values in (leaving.keys(), leaving.values()))
    registry.withdraw(rng, people, who, at_least, changes)


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
