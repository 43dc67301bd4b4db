"""A shop with one destination that is a double, in a simulation."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from activation.config import Config
from activation.delivery.calls import Pace
from activation.delivery.plan import PlanReport, plan
from activation.delivery.send import Engine, SendReport
from activation.destinations.double import DestinationDouble
from activation.errors import ConfigError, TemplateError
from activation.ledger import Ledger, open_ledger, runs
from activation.ledger.attempts import queues_with_work
from activation.ledger.states import standings
from activation.model import (
    Abilities,
    Channel,
    Message,
    OnUnknown,
    Purpose,
    Rendered,
    Run,
    RunMode,
    Sender,
)
from activation.settings import Settings

INSTANT = datetime(2026, 3, 1, 9)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Shop", "site_url": "https://shop.example"}},
        "senders": {"shop": {"name": "Shop", "address": "shop@shop.example"}},
        "destinations": {"double": {"kind": "double", "channel": "email"}},
    }
)
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
    context={},
    customer={},
    send_not_before=INSTANT,
    send_not_after=INSTANT + timedelta(hours=4),
    decided_at=INSTANT,
)


class Renderer:
    """Renders the key and how many times it was asked; refuses the templates in `broken`."""

    def __init__(self) -> None:
        self.times = 0
        self.broken: set[str] = set()

    def render(self, message: Message) -> Rendered:
        self.times += 1
        if message.sender == "nobody":
            raise ConfigError("activation.yml has no sender `nobody`.")
        if message.template in self.broken:
            raise TemplateError("the variable `name` is missing")
        sender = Sender("Shop", "shop@shop.example")
        body = {"text": f"{message.message_key} {self.times}"}
        return Rendered(message.message_key, message.channel, message.contact_point, sender, message.purpose, body)


@dataclass
class Shop:
    """What a delivery test needs."""

    ledger: Ledger
    real_time: "RealTime"
    double: DestinationDouble = field(default_factory=lambda: DestinationDouble(abilities=Abilities(Channel.EMAIL, 4)))
    renderer: Renderer = field(default_factory=Renderer)
    config: Config = CONFIG
    pace: Pace = field(default_factory=Pace)
    waits: list[float] = field(default_factory=list)

    def offer(self, **abilities: object) -> None:
        self.double.abilities = replace(self.double.abilities, **abilities)

    def message(self, number: int, **fields: object) -> Message:
        own = {
            "message_key": f"key{number}",
            "decision_id": f"decision{number}",
            "contact_point": f"person{number}@shop.example",
        }
        return replace(MESSAGE, **{**own, **fields})

    def run(self) -> Run:
        return runs.announce(self.ledger, runs.start_run(self.ledger, "batch", RunMode.LIVE).run_id)

    def plan(self, *messages: Message) -> PlanReport:
        return plan(self.ledger, self.run(), messages, self.config)

    def plan_numbers(self, count: int, **fields: object) -> PlanReport:
        return self.plan(*[self.message(number, **fields) for number in range(count)])

    def deliver(self, **options: object) -> SendReport:
        """Deliver the one queue there is."""
        engine = Engine(self.ledger, self.double, self.renderer, pace=self.pace, sleeper=self.waits.append, **options)
        (queue,) = queues_with_work(self.ledger) or ["double:batch:0"]
        return engine.deliver(queue)

    def states(self, count: int) -> list[str]:
        with self.ledger.read() as connection:
            known = standings(connection, [f"key{number}" for number in range(count)])
        return [known[f"key{number}"].state.value if f"key{number}" in known else "-" for number in range(count)]

    def reasons(self) -> dict[str, str]:
        """The newest reason of each message."""
        with self.ledger.read() as connection:
            rows = connection.exec_driver_sql("select message_key, reason from outcomes order by sequence")
            return {row.message_key: row.reason for row in rows}

    def sent(self) -> list[str]:
        return [item.message_key for item in self.double.accepted]


class RealTime:
    """Real time as a test says it is."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 11, 1)

    def __call__(self) -> datetime:
        return self.instant

    def pass_by(self, **length: float) -> None:
        self.instant += timedelta(**length)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    settings = Settings.from_environ({"ACTIVATION_HOME": str(tmp_path), "ACTIVATION_ENVIRONMENT": "simulation"})
    real_time = RealTime()
    with open_ledger(settings, real_time) as ledger:
        ledger.clock.set(INSTANT)
        yield Shop(ledger, real_time)


@pytest.fixture
def raising() -> Callable[[Exception], Callable[[object], None]]:
    """A fault that comes after the batch was accepted."""

    def make(error: Exception) -> Callable[[object], None]:
        def fault(_batch: object) -> None:
            raise error

        return fault

    return make
