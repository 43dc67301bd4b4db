"""The closing summary counts what is there."""

import json
from typing import Any

from activation.reporting.summary import describe, summary


def test_summary(shop: Any) -> None:
    """Counts are those of the tables, and every occurrence has one verdict."""
    found = summary(shop, "activation")
    assert (found["events"], found["customers"]) == (12345, 4321)
    assert sum(found["occurrences"].values()) == 4000
    assert {trigger: sum(counts.values()) for trigger, counts in found["verdicts"].items()} == found["occurrences"]
    assert sum(found["messages"].values()) == 1500
    assert json.loads(json.dumps(found)) == found


def test_describe(shop: Any) -> None:
    """People read the same counts in words."""
    text = describe(summary(shop, "activation"))
    assert "12,345 events, 4,321 customers" in text
    assert "held out from this trigger" in text
    assert "16 in doubt" in text


def test_nothing_yet(warehouse: Any) -> None:
    """An empty warehouse has an empty summary."""
    found = summary(warehouse, "activation")
    assert found == {"events": 0, "customers": 0, "occurrences": {}, "verdicts": {}, "messages": {}}
    assert "none yet" in describe(found)
