"""What the messages truly did: kept with the shop's state, and written beside it for those who check reports.

Every visit draws one number; the order happens where the number is below the chance. A message raises the chance, so
the orders whose number lies between the chance without and with it are the ones that the messages made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from activation.simulator import documents
from activation.simulator.effects import EFFECTS, PURPOSE_EFFECTS, Effect
from activation.simulator.people import People
from activation.simulator.sectors import Orders

FIGURES = ("messages", "unsubscribed", "visits", "orders", "caused_orders", "caused_amount")
CAUSED_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("trigger_id", pa.string()),
        ("order_id", pa.string()),
        ("ordered_at", pa.timestamp("us")),
        ("amount", pa.float64()),
    ]
)


@dataclass
class Truth:
    """The sums so far, per trigger, and the caused orders of the present step.

    `triggers` numbers the triggers for `People.boost_trigger`; the first is none.
    """

    triggers: list[str] = field(default_factory=lambda: [""])
    figures: dict[str, dict[str, int]] = field(default_factory=dict)
    caused: list[pa.Table] = field(default_factory=list)

    def number_of(self, trigger_id: str) -> int:
        if trigger_id not in self.triggers:
            self.triggers.append(trigger_id)
        return self.triggers.index(trigger_id)

    def add(self, trigger_id: str, **more: int) -> None:
        sums = self.figures.setdefault(trigger_id, dict.fromkeys(FIGURES, 0))
        for name, value in more.items():
            sums[name] += value

    def note(self, people: People, person: Any, is_caused: Any, total: Any) -> None:
        """The visits of a stretch that began while a message worked; `total` is 0 where nothing was ordered."""
        trigger = people.boost_trigger[person]
        for number in np.unique(trigger):
            own = trigger == number
            self.add(
                self.triggers[number],
                visits=int(own.sum()),
                orders=int((total[own] > 0).sum()),
                caused_orders=int(is_caused[own].sum()),
                caused_amount=int(total[own & is_caused].sum()),
            )

    def note_caused(self, people: People, orders: Orders, is_caused: Any) -> None:
        """The orders that the messages made, one by one."""
        person = orders.person[is_caused]
        columns = [
            documents.customer_ids(people.customer[person]),
            pa.array(self.triggers).take(pa.array(people.boost_trigger[person])),
            documents.join("order-", documents.digits(orders.number[is_caused], 8)),
            pa.array(orders.ordered_at[is_caused]).cast(pa.timestamp("us")),
            pa.array(orders.total[is_caused] / 100),
        ]
        if len(person):
            self.caused.append(pa.Table.from_arrays(columns, schema=CAUSED_SCHEMA))

    def told(self, effects: Mapping[str, Effect] = EFFECTS) -> dict[str, Any]:
        """The effects as they are and, per trigger that sent anything, what came of them; amounts in pounds."""
        return {
            "effects": {name: _effect(effect) for name, effect in sorted(effects.items())},
            "other_effects": {purpose.value: _effect(effect) for purpose, effect in PURPOSE_EFFECTS.items()},
            "realised": {
                name: {**sums, "caused_amount": sums["caused_amount"] / 100}
                for name, sums in sorted(self.figures.items())
            },
        }

    def write_caused(self, path: Path) -> None:
        """The caused orders of one step; no file where there are none."""
        if self.caused:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f".{path.name}.part")
            pq.write_table(pa.concat_tables(self.caused), unfinished, compression="zstd", store_schema=False)
            unfinished.replace(path)
        self.caused = []


def _effect(effect: Effect) -> dict[str, float]:
    return {
        "lift": effect.lift,
        "window_days": effect.window / timedelta(days=1),
        "unsubscribe": effect.unsubscribe,
    }
