"""What triggers need, read off small lineages and off the project's own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from activation.cli import main
from activation.loading.needs import Needs, compare, find_needs, names_in

ROOT = Path(__file__).parents[2]


def model(name: str, sql: str = "", *parents: str, trigger: str | None = None) -> dict[str, Any]:
    return {
        "unique_id": f"model.shop.{name}",
        "name": name,
        "raw_code": sql,
        "depends_on": {"nodes": [*parents]},
        "config": {"meta": {"trigger": {"id": trigger}} if trigger else {}},
    }


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("where event_name = 'Signed Up'", {"Signed Up"}),
        ("where a.event_name in (\n 'Product Added',\n 'Product Removed'\n)", {"Product Added", "Product Removed"}),
        ("where event_name not in ('Signed In') and kind = 'Other Thing'", {"Signed In"}),
        ("case when event_name <> 'Unsubscribed' then 1 end", {"Unsubscribed"}),
        ("-- event_name = 'Old Name'\n{# event_name = 'Older Name' #} select 1", set()),
    ],
)
def test_names_are_those_that_are_compared(sql: str, names: set[str]) -> None:
    """Literals beside `event_name`, not other texts, nor what is commented out."""
    assert names_in(sql) == names


def test_needs_are_those_of_all_ancestors_up_to_the_boundaries() -> None:
    """Who a person is, and which customers are concerned, every trigger asks alike: that is not told for each."""
    nudge = ("model.shop.int_visits", "model.shop.int_changed_customers")
    decisions = ("model.shop.act_occurrences", "source.shop.raw.consents", "source.shop.engine.runs")
    models = [
        model("trg_nudge", "event_name = 'Cart Viewed'", *nudge, trigger="nudge"),
        model("int_visits", "event_name in ('Page Viewed')", "model.shop.int_events", "source.shop.raw.products"),
        model("int_events", "event_name = 'Signed Out'", "source.shop.raw.events"),
        model("int_changed_customers", "event_name = 'Order Refunded'", "source.shop.raw.bookings"),
        model("act_decisions", "event_name = 'X'", *decisions),
        model("act_occurrences", "", "model.shop.trg_nudge"),
    ]
    assert find_needs(models) == [
        Needs("nudge", ("Cart Viewed", "Page Viewed"), ("products",)),
        Needs("any message", (), ("consents",)),
    ]


def test_a_verdict_names_what_is_lacking() -> None:
    """All there, partly, nothing."""
    need = Needs("nudge", ("Cart Viewed", "Page Viewed"), ("products",))
    states = [
        ({"Cart Viewed", "Page Viewed", "Other"}, {"products"}),
        ({"Page Viewed"}, {"products"}),
        ({"Other"}, {"events"}),
    ]
    found = [compare([need], events, tables)[0] for events, tables in states]
    assert [(one.state, one.missing_events, one.missing_tables) for one in found] == [
        ("complete", (), ()),
        ("partial", ("Cart Viewed",), ()),
        ("nothing", ("Cart Viewed", "Page Viewed"), ("products",)),
    ]


@pytest.fixture
def activation(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs a command against a deployment of this project without any data, and gives its JSON."""
    environ = {"ACTIVATION_PROJECT": str(ROOT), "ACTIVATION_HOME": str(tmp_path / "var")}

    def run(*arguments: str) -> dict[str, Any]:
        result = CliRunner(env=environ).invoke(main, [*arguments, "--json"])
        assert result.exit_code == 0, result.output
        return dict(json.loads(result.stdout))

    return run


@pytest.mark.dbt
def test_the_command_counts_what_is_in_the_warehouse_too(
    activation: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    """A trigger of the project lacks less with each load, and checking loads nothing."""
    samples = Path(__file__).parent / "samples"

    def check(sample: str, mapping: str) -> dict[str, dict[str, Any]]:
        found = activation("load", str(samples / sample), "--mapping", mapping, "--check")
        return {verdict["trigger"]: verdict for verdict in found["triggers"]}

    before = check("segment.jsonl", "segment")
    assert not (tmp_path / "var" / "warehouse.duckdb").exists()
    assert {"Product Added", "Product Removed"} <= set(before["cart_abandonment"]["missing_events"])
    assert "Checkout Started" in before["cart_abandonment"]["events"]
    assert {"contact_points", "consents"} <= set(before["welcome_series"]["missing_tables"])
    assert {"customers", "contact_points", "consents"} <= set(before["any message"]["missing_tables"])
    activation("load", str(samples / "ga4.jsonl"), "--mapping", "ga4")
    after = check("segment.jsonl", "segment_emails")
    assert "Product Added" not in after["cart_abandonment"]["missing_events"]
    assert "Product Removed" in after["cart_abandonment"]["missing_events"]
    assert "contact_points" not in after["any message"]["missing_tables"]
    assert check("segment.jsonl", "segment_emails") == after
