"""Two profiles turn out to be one person between two runs: nothing fires twice, and who is left gets what was due."""

import json
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from activation.decisions.explain import explain

pytestmark = pytest.mark.dbt

# A Tuesday on which all markets permit marketing.
MORNING = datetime(2026, 3, 3, 9)
NOON = MORNING + timedelta(hours=6)
PAIRS = [(f"old{number}", f"new{number}") for number in range(12)]
SURVIVOR = "replace(customer_id, 'old', 'new')"


def event(person: str, what: str, at: datetime, /, **properties: Any) -> tuple[str, dict[str, Any]]:
    row = {"event_id": f"{person}:{what}", "event_name": what, "user_id": person, "anonymous_id": f"{person}.phone"}
    return "events", row | {"occurred_at": at, "received_at": at, "properties": properties, "context": {}}


def change(table: str, identifier: str, at: datetime, /, **attributes: Any) -> tuple[str, dict[str, Any]]:
    return table, {"id": identifier, "attributes": attributes, "changed_at": at, "is_deleted": False}


def profile(name: str, at: datetime) -> list[tuple[str, dict[str, Any]]]:
    """Somebody signs up, agrees to e-mail, and leaves a cart."""
    point = {"customer_id": name, "channel": "email", "address": f"{name}@post.example", "is_primary": True}
    consent = {"contact_point_id": f"cp{name}", "channel": "email", "purpose": "marketing", "brand": "default"}
    consent |= {"status": "granted", "is_confirmed": True, "source": "form"}
    return [
        event(name, "Signed Up", at),
        event(name, "Product Added", at, product_id="p1", name="Mug", price=9.5, quantity=1),
        change("contact_points", f"cp{name}", at, **point),
        change("consents", f"cp{name}:email", at, **consent),
    ]


class Tables:
    """As much of a warehouse as telling a story needs."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop

    def rows(self, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        with duckdb.connect(str(self.shop.path)) as connection:
            result = connection.execute(query, parameters)
            names = [column[0] for column in result.description or ()]
            return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def decide(shop: Any, at: datetime, run_id: int) -> None:
    """Build everything as the live run `run_id` would, and announce it."""
    variables = {"as_of": str(at), "run_id": run_id, "run_mode": "live"}
    shop.dbt.invoke(shop.path, "run", "--vars", json.dumps(variables))
    row = f"({run_id}, 'batch', timestamp '{at}', 'live', timestamp '{at}')"
    shop.execute(f"insert into engine.runs (run_id, lane, as_of, mode, announced_at) values {row}")


@pytest.fixture(scope="module")
def merged(new_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run that decided for both profiles of each pair, and a run after they turned out to be one."""
    shop = new_shop(tmp_path_factory.mktemp("merged") / "warehouse.duckdb")
    signed_up_at = MORNING - timedelta(hours=5)
    shop.load(MORNING, [row for pair in PAIRS for name in pair for row in profile(name, signed_up_at)])
    decide(shop, MORNING, 1)
    shop.execute("create table before as select * from analysis.act_occurrences")
    shop.execute("create table first_messages as select * from analysis.act_messages")
    rows = [change("customers", old, NOON, merged_into=new) for old, new in PAIRS]
    rows += [event(new, "Order Completed", NOON, order_id=new, total=9.5, products=[]) for _, new in PAIRS[:6]]
    shop.load(NOON, rows)
    decide(shop, NOON, 2)
    return shop


def test_nothing_fires_again_for_whoever_is_left(merged: Any) -> None:
    """A merge adds no occurrence; each of the absorbed profile's keeps its key and is decided for the survivor."""
    again = f"""
        select occurrences.occurrence_key from analysis.act_occurrences as occurrences
        left join before using (occurrence_id)
        where before.occurrence_id is null and occurrences.eligible_at < timestamp '{NOON}'
    """
    assert merged.rows(again) == []
    ((absorbed,),) = merged.rows("select count(*) from before where customer_id like 'old%'")
    assert absorbed >= len(PAIRS)
    assert merged.rows("select count(*) from analysis.act_open_occurrences where customer_id like 'old%'") == [(0,)]
    decided = "select distinct customer_id like 'old%' from analysis.act_decisions where run_id = 2"
    assert merged.rows(decided) == [(False,)]


def test_an_order_of_one_profile_ends_the_cart_of_the_other(merged: Any) -> None:
    """What the survivor bought cancels the absorbed profile's cart, which the run before had left open."""
    ended = """
        select distinct customer_id from analysis.act_occurrences
        where trigger_id = 'cart_abandonment' and customer_id like 'old%' and cancelled_at is not null
    """
    assert {name for (name,) in merged.rows(ended)} == {old for old, _ in PAIRS[:6]}


def test_a_message_that_waits_goes_to_whoever_is_left(merged: Any) -> None:
    """What was decided before the merge is handed over under the survivor's name, with the key that it had."""
    names = "select message_key, customer_id, unit_id from {} where message_key in (select message_key from {})"
    first = dict(row[:2] for row in merged.rows(names.format("first_messages", "analysis.act_messages")))
    now = {
        key: (name, unit) for key, name, unit in merged.rows(names.format("analysis.act_messages", "first_messages"))
    }
    assert any(name.startswith("old") for name in first.values())
    assert now == {key: (name.replace("old", "new"), name.replace("old", "new")) for key, name in first.items()}


def test_the_earlier_assignment_wins(merged: Any) -> None:
    """Whoever is left has one arm, the first that either profile drew; two arms that differ are marked."""
    arms = """
        select arms.experiment_id, arms.unit_id, arms.arm, arms.assigned_at
        from analysis.act_arms as arms where arms.unit_id like 'old%'
    """
    assert merged.rows(arms) == []
    assert merged.rows("select count(*) from analysis.act_assignments where assigned_run_id = 2") == [(0,)]
    contradictory = f"""
        select experiment_id, {SURVIVOR.replace("customer_id", "unit_id")} as unit_id
        from analysis.act_assignments group by all having count(distinct arm) > 1
    """
    marked = "select experiment_id, unit_id from analysis.fct_experiment_units where has_two_arms"
    assert set(merged.rows(marked)) == set(merged.rows(contradictory))
    assert merged.rows(contradictory)


def test_either_profile_tells_the_whole_story(merged: Any) -> None:
    """Whichever of the two ids is asked about, the verdicts on the occurrences of both are told, and no one else's."""
    for old, new in PAIRS:
        of_old, of_new = (explain(Tables(merged), "analysis", "welcome_series", name) for name in (old, new))
        assert of_old == of_new
        keys = {story.occurrence_key for story in of_new if story.verdicts}
        assert {key.partition(":")[0] for key in keys} <= {old, new}
        assert len(keys) >= 2
