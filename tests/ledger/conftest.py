"""A ledger in a simulated shop, a lease clock that tests move, and messages to put in."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from activation.ledger import Ledger, open_ledger, runs
from activation.ledger.attempts import NewAttempt, append, insert_messages
from activation.ledger.messages import message_row
from activation.model import Channel, Message, OnUnknown, Purpose, Run, RunMode
from activation.settings import Settings

INSTANT = datetime(2026, 3, 1, 9)
QUEUE = "inbox:batch:0"


class RealTime:
    """Real time as a test says it is."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 1)

    def __call__(self) -> datetime:
        return self.instant

    def pass_by(self, **length: float) -> None:
        self.instant += timedelta(**length)


@pytest.fixture
def real_time() -> RealTime:
    return RealTime()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "simulation"})


@pytest.fixture
def ledger(settings: Settings, real_time: RealTime) -> Iterator[Ledger]:
    with open_ledger(settings, real_time) as opened:
        opened.clock.set(INSTANT)
        yield opened


@pytest.fixture
def run(ledger: Ledger) -> Run:
    return runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)


MESSAGE = Message(
    message_key="",
    decision_id="",
    run_id=1,
    environment="simulation",
    brand="default",
    trigger_id="welcome",
    trigger_version=1,
    step=1,
    occurrence_ids=("occurrence",),
    customer_id="customer",
    unit_id="customer",
    purpose=Purpose.MARKETING,
    channel=Channel.EMAIL,
    contact_point="",
    contact_point_id="",
    template="welcome",
    variant="",
    sender="shop",
    locale="en",
    timezone="UTC",
    priority=100,
    on_unknown=OnUnknown.HOLD,
    mandatory=False,
    context={"b": [1.5], "a": "ü"},
    customer={"first_name": "Ada"},
    send_not_before=INSTANT,
    send_not_after=INSTANT + timedelta(hours=4),
    decided_at=INSTANT,
)


@pytest.fixture
def make_message() -> Callable[..., Message]:
    """A message by its number; anything may be given otherwise."""

    def make(number: int, **fields: object) -> Message:
        own = {
            "message_key": f"key{number}",
            "decision_id": f"decision{number}",
            "contact_point": f"person{number}@shop.example",
        }
        return replace(MESSAGE, **{**own, **fields})

    return make


@pytest.fixture
def put(ledger: Ledger) -> Callable[..., None]:
    """Put messages into a queue without asking anyone."""

    def put_messages(messages: list[Message], queue: str = QUEUE) -> None:
        with ledger.write() as writing:
            insert_messages(writing, [message_row(message, "inbox") for message in messages])
            new = [NewAttempt(queue, message.message_key, message.decision_id, 1) for message in messages]
            append(writing, new, ledger.clock.now())

    return put_messages
