"""What people, and machines on their behalf, do with the messages that reach them."""

from collections.abc import Mapping, Sequence

import numpy as np

from activation.simulator.effects import DeliveredMessage, Effect
from activation.simulator.people import Floats, Ints, People
from activation.simulator.scripts import Events, no_events


def respond(
    rng: np.random.Generator,  # noqa: ARG001 - nobody responds yet
    people: People,  # noqa: ARG001
    delivered: Sequence[DeliveredMessage],  # noqa: ARG001
    unsubscribed_at: Ints,  # noqa: ARG001
    fatigue: Floats,  # noqa: ARG001
    effects: Mapping[str, Effect],  # noqa: ARG001
) -> Events:
    """The events that the messages bring about, at once or later."""
    return no_events()
