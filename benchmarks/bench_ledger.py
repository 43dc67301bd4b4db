"""How fast messages are planned and sent against a double that answers at once.

    python benchmarks/bench_ledger.py [messages]

One worker, one queue, SQLite with full durability. `kept` is the size of a rendered message in bytes: it is kept on
disk until the outcome is final, so it costs.
"""

import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from activation.config import Config
from activation.delivery.plan import plan
from activation.delivery.send import Engine
from activation.destinations.double import DestinationDouble
from activation.ledger import Ledger, open_ledger, runs
from activation.ledger.attempts import queues_with_work
from activation.ledger.export import export_changes
from activation.model import (
    Abilities,
    Channel,
    Message,
    OnUnknown,
    Purpose,
    Rendered,
    RunMode,
    Sender,
)
from activation.settings import Settings

INSTANT = datetime(2026, 1, 1)
CONFIG = Config.model_validate(
    {
        "brands": {"default": {"name": "Bench", "site_url": "https://bench.example"}},
        "senders": {"shop": {"name": "Bench", "address": "bench@bench.example"}},
        "destinations": {"double": {"kind": "double", "channel": "email"}},
    }
)
MESSAGE = Message(
    message_key="",
    decision_id="",
    run_id=1,
    environment="simulation",
    brand="default",
    trigger_id="bench",
    trigger_version=1,
    step=1,
    occurrence_ids=("0" * 32,),
    customer_id="customer",
    unit_id="customer",
    purpose=Purpose.MARKETING,
    channel=Channel.EMAIL,
    contact_point="",
    contact_point_id="",
    template="bench",
    variant="a",
    sender="shop",
    locale="en",
    timezone="UTC",
    priority=100,
    on_unknown=OnUnknown.HOLD,
    mandatory=False,
    context={"items": [{"product_id": "p1", "name": "Pot", "price": 12.5}], "cart_amount": 12.5},
    customer={"first_name": "Ada", "last_name": "Lovelace"},
    send_not_before=INSTANT,
    send_not_after=INSTANT + timedelta(hours=1),
    decided_at=INSTANT,
)


class Plain:
    """Renders a body of a fixed size at no cost."""

    def __init__(self, size: int) -> None:
        self._body = "x" * size

    def render(self, message: Message) -> Rendered:
        sender = Sender("Bench", "bench@bench.example")
        return Rendered(
            message.message_key, message.channel, message.contact_point, sender, message.purpose, {"html": self._body}
        )


def measure(count: int, window: int, batch: int, size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, _ledger(Path(folder)) as ledger:
        run = runs.announce(ledger, runs.start_run(ledger, "batch", RunMode.LIVE).run_id)
        messages = (
            replace(
                MESSAGE,
                message_key=f"{number * 2654435761 % 2**32:032x}",
                decision_id=f"{number:032x}",
                contact_point=f"{number}@bench.example",
            )
            for number in range(count)
        )
        figures = {}
        started = time.perf_counter()
        plan(ledger, run, messages, CONFIG)
        figures["plan"] = count / (time.perf_counter() - started)
        double = DestinationDouble(abilities=Abilities(Channel.EMAIL, window=window, batch=batch))
        started, worked = time.perf_counter(), time.process_time()
        for queue in queues_with_work(ledger):
            Engine(ledger, double, Plain(size)).deliver(queue)
        figures["send"] = count / (time.perf_counter() - started)
        figures["cpu"] = (time.process_time() - worked) / count * 1e6
        if len(double.accepted) != count:
            raise SystemExit(f"{len(double.accepted)} of {count} messages arrived")
        started = time.perf_counter()
        rows = sum(exported.num_rows for _, exported in export_changes(ledger))
        figures["export"] = rows / (time.perf_counter() - started)
        return figures


def _ledger(folder: Path) -> Ledger:
    ledger = open_ledger(
        Settings.from_environ({"ACTIVATION_HOME": str(folder), "ACTIVATION_ENVIRONMENT": "simulation"})
    )
    ledger.clock.set(INSTANT)
    return ledger


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    print("window  batch  kept bytes  planned/s  sent/s  CPU us/message  exported rows/s")
    for window, batch, size in ((64, 64, 500), (64, 1, 500), (256, 256, 500), (256, 1, 500), (64, 64, 20_000)):
        figures = measure(count, window, batch, size)
        print(
            f"{window:6d} {batch:6d} {size:11d} {figures['plan']:10,.0f} {figures['send']:7,.0f}"
            f" {figures['cpu']:15.0f} {figures['export']:16,.0f}"
        )


if __name__ == "__main__":
    main()
