"""One window of a queue: which attempts it takes, and in which batches they go out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Protocol

from activation.errors import ConfigError, TemplateError
from activation.ledger.claims import Attempt, waiting
from activation.ledger.outcomes import Settled, in_truth
from activation.ledger.renderings import kept
from activation.ledger.store import Ledger
from activation.model import Abilities, IdempotencyScope, Message, Rendered, State

RENDERING = "rendering"
CONFIGURATION = "configuration"
BATCH_INCOMPLETE = "batch_incomplete"


class MessageRenderer(Protocol):
    """Makes a message ready to go out. Raises TemplateError for a message that its template cannot take, and
    ConfigError where the deployment lacks what the message needs."""

    def render(self, message: Message) -> Rendered: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """A window before it is claimed: what each attempt would send, or why it cannot. `faults` are the deployment's."""

    attempts: Sequence[Attempt]
    rendered: Mapping[int, Rendered]
    refused: Mapping[int, Settled]
    faults: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A claimed window: batches to call, the attempts in them, and what is settled without a call."""

    batches: Sequence[Sequence[Rendered]]
    fresh: Sequence[Sequence[Rendered]]
    attempts: Mapping[str, Attempt]
    settled: Sequence[Settled] = field(default_factory=list)


def next_attempts(ledger: Ledger, queue: str, size: int, horizon: int) -> list[Attempt]:
    """The next attempts to claim, at most `size`; a batch that goes out again is not cut in two."""
    found = waiting(ledger, queue, size + 1, horizon)
    if len(found) <= size:
        return found
    cut = found[size].batch_id
    whole = found[:size]
    if cut is None or whole[-1].batch_id != cut:
        return whole
    return [attempt for attempt in whole if attempt.batch_id != cut] or whole


def draft(ledger: Ledger, renderer: MessageRenderer, attempts: Sequence[Attempt], now: datetime) -> Draft:
    """Render what is to be rendered afresh, and fetch the kept bytes of the rest."""
    again = kept(ledger, [attempt.message_key for attempt in attempts if attempt.batch_id is not None])
    rendered: dict[int, Rendered] = {}
    refused: dict[int, Settled] = {}
    faults: list[str] = []
    for attempt in attempts:
        if attempt.batch_id is not None:
            if attempt.message_key in again:
                rendered[attempt.attempt_id] = again[attempt.message_key].rendered
            else:
                refused[attempt.attempt_id] = Settled(attempt, State.UNKNOWN, BATCH_INCOMPLETE)
            continue
        try:
            fresh = renderer.render(attempt.message)
        except TemplateError as error:
            reason = f"{RENDERING}: {error.message}"
            refused[attempt.attempt_id] = in_truth(Settled(attempt, State.REJECTED, reason))
        except ConfigError as error:
            # Mending the deployment's settings mends the message: it waits, and those beside it go out.
            faults.append(error.message)
            refused[attempt.attempt_id] = in_truth(Settled(attempt, State.FAILED, CONFIGURATION))
        else:
            rendered[attempt.attempt_id] = replace(fresh, sent_at=now) if fresh.sent_at is None else fresh
    return Draft(attempts, rendered, refused, faults)


def compose(drafted: Draft, held_back: Mapping[int, Settled], abilities: Abilities, size: int) -> Window:
    """Put what may go out into batches. A check outranks a rendering fault: it is the better reason."""
    settled = {**drafted.refused, **held_back}
    in_request = abilities.idempotency.scope is IdempotencyScope.REQUEST
    batches: list[list[Rendered]] = []
    fresh: list[list[Rendered]] = []
    for batch_id, group in groupby(drafted.attempts, key=lambda attempt: attempt.batch_id if in_request else None):
        members = list(group)
        if batch_id is not None:
            # The provider knows the request by all of its bytes: it goes out whole or not at all.
            if any(attempt.attempt_id in settled for attempt in members):
                for attempt in members:
                    settled.setdefault(attempt.attempt_id, Settled(attempt, State.UNKNOWN, BATCH_INCOMPLETE))
            else:
                batches.append([drafted.rendered[attempt.attempt_id] for attempt in members])
            continue
        sendable = [attempt for attempt in members if attempt.attempt_id not in settled]
        for start in range(0, len(sendable), size):
            part = sendable[start : start + size]
            batches.append([drafted.rendered[attempt.attempt_id] for attempt in part])
            fresh.append([drafted.rendered[attempt.attempt_id] for attempt in part if attempt.batch_id is None])
    going = {attempt.message_key: attempt for attempt in drafted.attempts if attempt.attempt_id not in settled}
    return Window(batches, [batch for batch in fresh if batch], going, list(settled.values()))
