"""What a trigger said at T it still says later: the same rows, in every column, `context` included."""

import random
import shutil
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.dbt

Row = tuple[str, dict[str, Any]]
START = datetime(2025, 9, 1)
DAYS = 180
LOAD_DAYS = 4
NOW = START + timedelta(days=DAYS)
CUSTOMERS = 120
PRODUCTS = {f"p{number}": 4.5 + number for number in range(6)}
COLUMNS = "customer_id, occurrence_key, series_key, step, occurred_at, eligible_at, expires_at, context"


class Person:
    """The random life of one customer: rows with the time each of them happened."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.number = number
        self.name = f"c{number:03}"
        self.is_sharing = number % 6 in (0, 1)
        self.device = f"d{number - number % 6 if self.is_sharing else number:03}"
        self.count = 0
        self.rows: list[Row] = []

    def live(self) -> list[Row]:
        signed_up_at = START + timedelta(days=self.chance.uniform(0, DAYS / 2))
        self._visit(signed_up_at - timedelta(days=self.chance.uniform(0, 3)), is_known=False)
        self._event("Signed Up", signed_up_at, self.name, {})
        self._agree(signed_up_at + timedelta(hours=self.chance.choice([0, 1, 60])))
        visit_at = signed_up_at
        while (visit_at := visit_at + timedelta(days=self.chance.expovariate(1 / 15))) < NOW:
            self._visit(visit_at, is_known=self.chance.random() < 0.8)
        if self.number % 7 == 3:
            self._turn_out(START + timedelta(days=self.chance.uniform(20, DAYS - 5)))
        return self.rows

    def _turn_out(self, at: datetime) -> None:
        """It becomes known that this customer is the one before; for some, later, that they are two after all."""
        self._change("customers", self.name, at, {"merged_into": f"c{self.number - 1:03}"})
        if self.number % 2:
            self._change("customers", self.name, at + timedelta(days=self.chance.uniform(5, 40)), {})

    def _visit(self, at: datetime, *, is_known: bool) -> None:
        user = self.name if is_known else None
        for _ in range(self.chance.randrange(4)):
            at += timedelta(hours=self.chance.choice([0.1, 1, 5, 30]))
            name = "Product Removed" if self.chance.random() < 0.2 else "Product Added"
            self._event(name, at, user, self._line() | {"currency": "EUR"})
        if self.chance.random() < 0.4:
            self._buy(at + timedelta(hours=self.chance.choice([0.2, 6, 40])), user)
        if self.is_sharing and user and self.chance.random() < 0.7:
            self._event("Signed Out", at + timedelta(hours=50), user, {})

    def _buy(self, at: datetime, user: str | None) -> None:
        order = f"o{self.name}{self.count}"
        if self.chance.random() < 0.5:
            self._event("Checkout Started", at - timedelta(minutes=5), user, {"checkout_id": order})
        lines = [self._line() for _ in range(self.chance.randrange(1, 3))]
        total = sum(line["price"] * line["quantity"] for line in lines)
        self._event("Order Completed", at, user, {"order_id": order, "total": total, "products": lines})
        if self.chance.random() < 0.15:
            back_at = at + timedelta(days=self.chance.uniform(1, 90))
            self._event("Order Refunded", back_at, self.name, {"order_id": order, "total": total})

    def _line(self) -> dict[str, Any]:
        product = self.chance.choice(list(PRODUCTS))
        line = {"product_id": product, "name": product.upper(), "category": "Home", "price": PRODUCTS[product]}
        return line | {"quantity": self.chance.choice([1, 1, 2])}

    def _event(self, name: str, at: datetime, user: str | None, properties: dict[str, Any]) -> None:
        self.count += 1
        row = {"event_id": f"e{self.name}{self.count:03}", "event_name": name, "user_id": user}
        row |= {"anonymous_id": self.device, "occurred_at": at, "received_at": at}
        self.rows.append(("events", row | {"properties": properties, "context": {}}))

    def _agree(self, at: datetime) -> None:
        point = f"cp{self.name}"
        address = {"customer_id": self.name, "channel": "email", "address": f"{self.name}@post.example"}
        self._change("contact_points", point, at, address | {"is_primary": True})
        consent = {"contact_point_id": point, "channel": "email", "purpose": "marketing", "brand": "default"}
        granted = consent | {"status": "granted", "is_confirmed": True, "source": "form"}
        self._change("consents", f"{point}:email", at, granted)
        if self.chance.random() < 0.2:
            gone_at = at + timedelta(days=self.chance.uniform(0.5, 60))
            self._change("consents", f"{point}:email", gone_at, granted | {"status": "withdrawn"})

    def _change(self, table: str, identifier: str, at: datetime, attributes: dict[str, Any]) -> None:
        self.rows.append((table, {"id": identifier, "attributes": attributes, "changed_at": at, "is_deleted": False}))


def load_of(chance: random.Random, row: Row) -> int:
    """The load that brings a row: the next one after it happened, for some events a later one."""
    table, content = row
    at = content["occurred_at" if table == "events" else "changed_at"]
    late = chance.choice([1, 2, 5]) if table == "events" and chance.random() < 0.03 else 0
    return int((at - START) / timedelta(days=LOAD_DAYS)) + 1 + late


def filled(shop: Any, chance: random.Random) -> Any:
    """Load everyone's rows into the warehouse, as they come in."""
    loads: dict[int, list[Row]] = {}
    for number in range(CUSTOMERS):
        for row in Person(chance, number).live():
            loads.setdefault(load_of(chance, row), []).append(row)
    for number in sorted(loads):
        shop.load(START + timedelta(days=LOAD_DAYS * number), loads[number])
    return shop


def triggers(shop: Any) -> list[str]:
    """Every trigger of the project, the user's own included."""
    if shop.dbt.manifest is None:
        shop.dbt.manifest = shop.dbt.invoke(shop.path, "parse")
    models = (node for node in shop.dbt.manifest.nodes.values() if node.resource_type == "model")
    return sorted(node.name for node in models if "trigger" in node.config.meta)


def due(shop: Any, trigger: str, at: datetime, excused: set[str]) -> set[tuple[Any, ...]]:
    """A trigger's rows due by `at`, as far as they were known then, of those who are not excused."""
    rows = shop.rows(
        f"select {COLUMNS}, case when cancelled_at <= timestamp '{at}' then cancelled_at end"
        f" from analysis.{trigger} where eligible_at <= timestamp '{at}'"
    )
    return {row for row in rows if row[0] not in excused}


def late_at(shop: Any, at: datetime) -> set[str]:
    """Customers of whom something had happened by `at` that was known only later, a stitching included."""
    rows = shop.rows(
        "select distinct customer_id from analysis.int_events"
        f" where occurred_at <= timestamp '{at}' and known_at > timestamp '{at}'"
    )
    return {customer for (customer,) in rows}


def merged_at(then: Any, later: Any, at: datetime) -> set[str]:
    """Customers who were merged or parted by what was known only after `at`, and whoever was left of them."""
    rows = later.rows(f"select distinct id from raw.customers where known_at > timestamp '{at}'")
    names = {name for (name,) in rows}
    for shop in (then, later):
        survivors = survivors_of(shop)
        names |= {survivors[name] for name in names if name in survivors}
    return names


def survivors_of(shop: Any) -> dict[str, str]:
    return dict(shop.rows("select absorbed_customer_id, customer_id from analysis.int_customer_merges"))


def built(shop: Any, folder: Path, at: datetime, models: Iterable[str], dbt: Any = None) -> Any:
    """The same raw data, built as of an instant in a file of its own; its name is in the manifest."""
    folder.mkdir()
    copy = type(shop)(folder / shop.path.name, dbt or shop.dbt)
    copy.path.write_bytes(shop.path.read_bytes())
    copy.run(at, [f"+{name}" for name in models])
    return copy


@pytest.fixture(scope="module")
def lives(new_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Everyone's rows, loaded and nothing built of them."""
    return filled(new_shop(tmp_path_factory.mktemp("lives") / "warehouse.duckdb"), random.Random(7))


def test_a_past_moment_is_recomputed_alike(lives: Any, tmp_path: Path) -> None:
    """Built as of T and of a later T', every trigger's rows due by T agree in every column, but of those excused."""
    later = built(lives, tmp_path / "later", NOW, triggers(lives))
    for day in (120, 152):
        at = START + timedelta(days=day)
        then = built(lives, tmp_path / f"day_{day}", at, triggers(lives))
        late, merged = late_at(later, at), merged_at(then, later, at)
        compared = {}
        for trigger in triggers(lives):
            before, after = (due(shop, trigger, at, late | merged) for shop in (then, later))
            assert before == after, (trigger, sorted(before ^ after)[:4])
            compared[trigger] = len(before)
        assert 0 < len(late) < CUSTOMERS / 3
        assert 0 < len(merged) < CUSTOMERS / 3
        assert min(compared.values()) >= 20, compared
        assert set(survivors_of(then).values()) - merged - late
        assert_keys_moved(then, later, at)


def assert_keys_moved(then: Any, later: Any, at: datetime) -> None:
    """What was due for a customer who was absorbed after `at` keeps its key, and is the survivor's."""
    moved = 0
    absorbed = {name: into for name, into in survivors_of(later).items() if name not in survivors_of(then)}
    for trigger in triggers(then):
        was, now = (
            dict(shop.rows(f"select occurrence_key, customer_id from analysis.{trigger}")) for shop in (then, later)
        )
        owners = {key: (absorbed[name], now[key]) for key, name in was.items() if name in absorbed and key in now}
        assert all(survivor == owner for survivor, owner in owners.values())
        assert not set(now.values()) & set(absorbed)
        moved += len(owners)
    assert moved > 0


def test_a_trigger_that_leaks_is_caught(lives: Any, tmp_path: Path) -> None:
    """A confirmation whose context says what the order is worth today differs, although its columns agree."""
    project = tmp_path / "dbt_project"
    shutil.copytree(lives.dbt.project, project, ignore=shutil.ignore_patterns("target", "logs"))
    sql = project / "models" / "triggers" / "trg_order_confirmation.sql"
    text = sql.read_text()
    assert text.count("orders.gross_amount,") == 1
    sql.write_text(text.replace("orders.gross_amount,", "orders.net_amount as gross_amount,"))
    dbt = type(lives.dbt)(tmp_path / "scratch", project)
    at = START + timedelta(days=120)
    then, later = (
        built(lives, tmp_path / name, when, [sql.stem], dbt) for name, when in (("then", at), ("later", NOW))
    )
    excused = late_at(later, at) | merged_at(then, later, at)
    before, after = (due(shop, sql.stem, at, excused) for shop in (then, later))
    assert {row[:-2] for row in before} == {row[:-2] for row in after}
    assert before != after
