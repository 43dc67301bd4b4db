"""The closing summary: what is there, in counts, for a terminal or a program."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from activation.reporting import facts
from activation.reporting.verdicts import STATES, meaning
from activation.warehouses.base import Warehouse
from activation.warehouses.schema import RAW

FOREVER = datetime(9999, 1, 1)


def summary(warehouse: Warehouse, schema: str, raw_schema: str = RAW) -> dict[str, Any]:
    """Counts of events, customers, occurrences and latest verdicts by trigger, and messages by state.

    What is not there yet counts as nothing.
    """
    reader = facts.Reader(warehouse, schema, FOREVER, raw_schema)
    verdicts: dict[str, dict[str, int]] = {}
    for row in facts.verdicts(reader).rows:
        found = verdicts.setdefault(row["trigger_id"], {})
        found[row["verdict"]] = found.get(row["verdict"], 0) + row["occurrences"]
    messages: dict[str, int] = {}
    for row in facts.deliveries(reader).rows:
        messages[row["state"]] = messages.get(row["state"], 0) + row["messages"]
    return {
        "events": reader.count("raw.events") or 0,
        "customers": reader.count("dim_customers") or 0,
        "occurrences": {row["trigger_id"]: row["occurrences"] for row in facts.occurrences_by_trigger(reader).rows},
        "verdicts": verdicts,
        "messages": dict(sorted(messages.items())),
    }


def describe(found: Mapping[str, Any]) -> str:
    """The summary as a few lines for people."""
    lines = [f"{found['events']:,} events, {found['customers']:,} customers"]
    for trigger, count in found["occurrences"].items():
        lines.append(f"{trigger}: {count:,} occurrences")
        counted = found["verdicts"].get(trigger, {})
        lines += [
            f"    {number:>9,}  {meaning(verdict)}"
            for verdict, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        ]
    states = ", ".join(f"{count:,} {STATES.get(state, state)}" for state, count in found["messages"].items())
    lines.append(f"Messages: {states or 'none yet'}")
    return "\n".join(lines)
