"""A shop in a folder, and workers that really die."""

import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from activation.config import Config
from activation.delivery.plan import plan
from activation.delivery.send import Engine, SendReport
from activation.destinations.double import DestinationDouble
from activation.errors import BusyError
from activation.ledger import Ledger, open_ledger, runs
from activation.ledger.attempts import queues_with_work
from activation.ledger.clock import utc_now
from activation.ledger.operations import Status, status
from activation.model import (
    Abilities,
    Channel,
    Idempotency,
    IdempotencyScope,
    Message,
    OnUnknown,
    Purpose,
    Rendered,
    RunMode,
    Sender,
)
from activation.settings import Settings

INSTANT = datetime(2026, 3, 1, 9)
WINDOW = 8
BATCH = 2
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Shop", "site_url": "https://shop.example"}},
        "senders": {"shop": {"name": "Shop", "address": "shop@shop.example"}},
        "destinations": {"double": {"kind": "double", "channel": "email"}},
    }
)
FORK = multiprocessing.get_context("fork")


def message(number: int, on_unknown: OnUnknown) -> Message:
    return Message(
        message_key=f"key{number:04d}",
        decision_id=f"decision{number}",
        run_id=1,
        environment="simulation",
        brand="default",
        trigger_id="welcome",
        trigger_version=1,
        step=1,
        occurrence_ids=(f"occurrence{number}",),
        customer_id=f"customer{number}",
        unit_id=f"customer{number}",
        purpose=Purpose.MARKETING if on_unknown is OnUnknown.HOLD else Purpose.TRANSACTIONAL,
        channel=Channel.EMAIL,
        contact_point=f"person{number}@shop.example",
        contact_point_id=f"point{number}",
        template="welcome",
        variant="",
        sender="shop",
        locale="en",
        timezone="UTC",
        priority=100,
        on_unknown=on_unknown,
        mandatory=False,
        context={},
        customer={},
        send_not_before=INSTANT,
        send_not_after=INSTANT + timedelta(hours=4),
        decided_at=INSTANT,
    )


class Renderer:
    """Never renders the same bytes twice, as a template that shows the time does not."""

    def render(self, message: Message) -> Rendered:
        sender = Sender("Shop", "shop@shop.example")
        body = {"text": f"{message.message_key} {random.getrandbits(64)}"}
        return Rendered(
            message.message_key, message.channel, message.contact_point, sender, message.purpose, body, None, INSTANT
        )


class Watched(DestinationDouble):
    """A double in the middle of whose call a process may end: accepted, not yet answered."""

    checkpoint: Callable[[str], None] = staticmethod(lambda _name: None)

    def _store(self, taken, batch) -> None:
        super()._store(taken, batch)
        self.checkpoint("in_call")


@dataclass
class Shop:
    """A ledger and a destination in a folder. Every worker lives ten minutes of real time after the one before."""

    home: Path
    scope: IdempotencyScope
    on_unknown: OnUnknown
    count: int
    lives: int = 0
    crashes: int = 0
    status: Status | None = None
    sent: Counter[str] = field(default_factory=Counter)
    renderer: Renderer = field(default_factory=Renderer)

    def open(self) -> Ledger:
        settings = Settings.from_environ({"ACTIVATION_HOME": str(self.home), "ACTIVATION_ENVIRONMENT": "simulation"})
        ahead = timedelta(minutes=10) * self.lives
        return open_ledger(settings, lambda: utc_now() + ahead)

    def prepare(self) -> "Shop":
        with self.open() as ledger:
            ledger.clock.set(INSTANT)
            run = runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)
            plan(ledger, run, (message(number, self.on_unknown) for number in range(self.count)), CONFIG)
        return self

    def destination(self) -> Watched:
        promise = Idempotency(self.scope, timedelta(hours=24))
        abilities = Abilities(Channel.EMAIL, WINDOW, BATCH, timeout=5, idempotency=promise)
        return Watched(self.home / "accepted.jsonl", abilities)

    def deliver(self, checkpoint: Callable[[str], None]) -> list[SendReport]:
        with self.open() as ledger:
            double = self.destination()
            double.checkpoint = checkpoint
            engine = Engine(ledger, double, self.renderer, checkpoint=checkpoint, sleeper=lambda _seconds: None)
            return [engine.deliver(queue) for queue in queues_with_work(ledger)]

    def live(self, checkpoint: Callable[[str], None] = lambda _name: None) -> bool:
        """Deliver in a process of its own; returns whether it came to its end."""
        self.lives += 1
        worker = FORK.Process(target=_work, args=(self, checkpoint))
        worker.start()
        worker.join(60)
        assert worker.exitcode is not None, "the worker hangs"
        assert worker.exitcode in (0, -signal.SIGKILL, -signal.SIGALRM)
        self.crashes += worker.exitcode != 0
        return worker.exitcode == 0

    def look(self) -> "Shop":
        with self.open() as ledger:
            self.status = status(ledger)
        self.sent = Counter(self.destination().accepted_keys())
        return self

    def assert_promise_kept(self) -> None:
        """The promise of the ledger, word for word."""
        doubtful = {doubt.message_key for doubt in self.status.doubtful}
        every = {f"key{number:04d}" for number in range(self.count)}
        assert sum(self.status.states.values()) == self.count
        assert set(self.status.states) <= {"accepted", "unknown"}
        assert every - set(self.sent) <= doubtful, "lost"
        assert len(doubtful) <= WINDOW * self.crashes
        doubled = {key for key, times in self.sent.items() if times > 1}
        if self.scope is not IdempotencyScope.NONE:
            assert not doubled
            assert not doubtful
        elif self.on_unknown is OnUnknown.HOLD:
            assert not doubled
            assert len(doubtful) == self.status.states.get("unknown", 0)
        else:
            assert not doubtful
            assert sum(self.sent.values()) - self.count <= WINDOW * self.crashes


def _work(shop: Shop, checkpoint: Callable[[str], None]) -> None:
    try:
        shop.deliver(checkpoint)
    except BusyError:
        os._exit(3)
    os._exit(0)


def die_at(name: str, time: int) -> Callable[[str], None]:
    """A checkpoint at which the process is killed when it comes by for the n-th time; any name for `*`."""
    seen = 0

    def checkpoint(reached: str) -> None:
        nonlocal seen
        seen += name in ("*", reached)
        if seen == time and name in ("*", reached):
            os.kill(os.getpid(), signal.SIGKILL)

    return checkpoint


@pytest.fixture
def open_shop(tmp_path: Path) -> Callable[..., Shop]:
    def make(scope: IdempotencyScope, on_unknown: OnUnknown, count: int = 20, name: str = "shop") -> Shop:
        return Shop(tmp_path / name, scope, on_unknown, count).prepare()

    return make


@pytest.fixture
def kill_at() -> Callable[[str, int], Callable[[str], None]]:
    return die_at
