"""The worked example of docs/mappings.md, as it stands there."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from activation.loading import LoadReport, Mapping, read_mapping, shipped_mappings
from activation.loading.survey import survey
from activation.warehouses import Warehouse

PAGE = Path(__file__).parents[2] / "docs/mappings.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_works_as_described(
    write: Callable[..., Path], load_file: Callable[..., LoadReport], warehouse: Warehouse, now: Any
) -> None:
    """No row fits at first; ids and times suffice for all; names and properties make the events that models read."""
    path = write("clicks.jsonl", *blocks("json")[0].splitlines())
    assert survey([path], now=now).rows_fit == 0
    steps = [yaml.safe_load(block) for block in blocks("yaml")]
    first = survey([path], now=now, mapping=Mapping.model_validate(steps[0]))
    assert (first.rows_fit, first.unused, len(first.unknown_events)) == (4, {}, 4)
    merged = {key: value for step in steps for key, value in step.items()}
    found = write("clicks.yml", yaml.safe_dump(merged))
    report = load_file(path, mapping=read_mapping(found))
    assert (report.rows_loaded, report.reasons) == (3, {"heartbeat": 1})
    rows = warehouse.rows("select event_id, event_name, properties from raw.events order by event_id")
    assert [(row["event_id"], row["event_name"]) for row in rows] == [
        ("click:91", "Product Added"),
        ("click:92", "Order Completed"),
        ("click:94", "liked"),
    ]
    added, order, liked = (json.loads(row["properties"]) for row in rows)
    whole = {"member": {"no": "M-7"}, "thing": {"sku": "A-1", "cost": "4.50"}}
    assert added == {"product_id": "A-1", "price": 4.5, "quantity": 2, "currency": "EUR", **whole}
    assert order["products"] == [{"product_id": "A-1", "price": 4.5, "quantity": 2}]
    assert (order["order_id"], order["total"]) == ("B-5", 9.0)
    assert liked == {"product_id": "A-2", "stars": 5, "currency": "EUR", "thing": {"sku": "A-2"}}
    steps[-1]["properties"].pop("*")
    without = survey([path], now=now, mapping=Mapping.model_validate({**merged, "properties": steps[-1]["properties"]}))
    assert without.unused == {"stars": 1}


def test_the_page_lists_every_shipped_mapping() -> None:
    """In its table, by name."""
    table = PAGE.read_text(encoding="utf-8").split("| mapping | from | to |")[1].split("\n\n")[0]
    listed = {
        name
        for line in table.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    }
    assert listed == set(shipped_mappings())
