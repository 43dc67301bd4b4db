"""A wholesaler's real year, from its invoices to net orders and win-backs, worked out once more in plain Python."""

import os
import shutil
import statistics
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activation.app import TARGETS, App, open_app
from activation.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ACTIVATION_TEST_DATA", ROOT / ".." / "shared"))
CANDIDATES = [DATA / "online_retail_2009_2010.parquet", DATA / "data" / "online_retail_2009_2010.parquet"]
SOURCE = next((path for path in CANDIDATES if path.exists()), None)
NOT_PRODUCTS = {
    *("POST", "DOT", "D", "M", "S", "B", "C2", "C3", "BANK CHARGES", "AMAZONFEE", "GIFT"),
    *("ADJUST", "ADJUST2", "TEST001", "TEST002"),
}
AS_OF = datetime(2010, 12, 10)
VINTAGES = [datetime(2010, month, 1) for month in range(1, 13)]
NEVER = datetime(9999, 12, 31)
LEAST = timedelta(days=60)
LIFETIME = timedelta(days=365)
STEPS = [timedelta(days=days) for days in (0, 14, 30)]

pytestmark = [
    pytest.mark.dbt,
    pytest.mark.real_data,
    pytest.mark.skipif(SOURCE is None, reason="online_retail_2009_2010.parquet is absent: set ACTIVATION_TEST_DATA"),
]


@dataclass
class Line:
    """A line of an invoice, with the pieces of it that were not returned, and when the last one was."""

    line_id: str
    product: str
    pieces: int
    price: Decimal
    left: int = 0
    gone_at: datetime | None = None


@dataclass
class Invoice:
    """An order or a credit note."""

    number: str
    customer: str | None
    at: datetime
    is_credit: bool
    gross: Decimal
    lines: list[Line] = field(default_factory=list)
    returned: Decimal = Decimal(0)
    void_at: datetime | None = None

    @property
    def event_id(self) -> str:
        return f"order:{self.number}"

    @property
    def net(self) -> Decimal:
        return max(self.gross - self.returned, Decimal(0))

    def give_back(self, pieces: int, line: Line, at: datetime) -> None:
        line.left -= pieces
        line.gone_at = at if line.left == 0 else None
        self.returned += pieces * line.price
        if self.void_at is None and self.returned >= self.gross:
            self.void_at = at


def read_invoices() -> list[Invoice]:
    """Every invoice of products, in the order in which they happened; a credit note before an order of its minute."""
    lines = pd.read_parquet(str(SOURCE))
    is_gift = (lines["event_type"] == "free_item") & lines["user_id"].notna()
    kept = lines["event_type"].isin(["purchase", "refund"]) | is_gift
    lines = lines[kept & ~lines["product_id"].str.upper().isin(NOT_PRODUCTS)].copy()
    lines["utc"] = lines["event_time"].dt.tz_localize("Europe/London").dt.tz_convert("UTC").dt.tz_localize(None)
    lines = lines.sort_values("utc", kind="stable")
    found: dict[str, Invoice] = {}
    columns = ["order_id", "user_id", "utc", "product_id", "quantity", "unit_price", "value"]
    for number, user, utc, product, quantity, price, value in lines[columns].itertuples(index=False):
        customer = user if isinstance(user, str) else None
        invoice = found.setdefault(
            number, Invoice(number, customer, utc.to_pydatetime(), number.startswith("C"), Decimal(0))
        )
        pieces = abs(int(quantity))
        line_id = f"{number}:{len(invoice.lines) + 1}"
        invoice.lines.append(Line(line_id, product, pieces, Decimal(str(price)), pieces))
        invoice.gross += abs(Decimal(str(value)))
    return sorted(found.values(), key=lambda invoice: (invoice.at, not invoice.is_credit, invoice.event_id))


def settle(invoices: list[Invoice]) -> dict[str, list[Invoice]]:
    """Each customer's orders, oldest first, less what their credit notes gave back.

    A credit note names no order: its pieces are taken from the customer's latest earlier line of the product, then from
    the one before, at the price they had been bought for. What was never bought is given back to nobody.
    """
    orders: dict[str, list[Invoice]] = defaultdict(list)
    for invoice in invoices:
        if invoice.customer is None:
            continue
        if invoice.is_credit:
            for line in invoice.lines:
                take_back(orders[invoice.customer], line, invoice.at)
            continue
        if invoice.gross == 0:
            invoice.void_at = invoice.at
        orders[invoice.customer].append(invoice)
    return {customer: found for customer, found in orders.items() if found}


def take_back(orders: list[Invoice], credit: Line, at: datetime) -> None:
    owed = credit.pieces
    for order in reversed(orders):
        for line in reversed(order.lines):
            pieces = min(owed, line.left)
            if line.product == credit.product and pieces:
                order.give_back(pieces, line, at)
                owed -= pieces


def intervals(orders: dict[str, list[Invoice]]) -> list[dict[str, float]]:
    """Per vintage, the median of days between two purchases of a product by one customer, as its first moment knew it.

    A purchase that was returned in whole by then is none.
    """
    gaps: list[dict[str, list[int]]] = [defaultdict(list) for _ in VINTAGES]
    for found in orders.values():
        bought: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
        for order in found:
            for line in order.lines:
                bought[line.product].append((order.at, earliest(line.gone_at, order.void_at) or NEVER))
        for product, purchases in bought.items():
            if len(purchases) > 1:
                add_gaps(gaps, product, purchases)
    return [{product: statistics.median(days) for product, days in found.items()} for found in gaps]


def add_gaps(gaps: list[dict[str, list[int]]], product: str, purchases: list[tuple[datetime, datetime]]) -> None:
    for vintage, found in zip(VINTAGES, gaps, strict=True):
        times = sorted({at for at, gone_at in purchases if at <= vintage < gone_at})
        found[product] += [(later.date() - earlier.date()).days for earlier, later in pairwise(times)]
        if not found[product]:
            del found[product]


def first_due_at(order: Invoice, known: list[dict[str, float]]) -> datetime:
    """When the silence after a first order has lasted its window, as the vintage then in force has it.

    The window is twice the usual days between purchases of the order's dearest line, at least 60 days; 60 where the
    vintage knows none. The last vintage stays in force.
    """
    dearest = min(order.lines, key=lambda line: (-line.price * line.pieces, line.line_id))
    at = order.at + LEAST
    for number in range(bisect_right(VINTAGES, at) - 1, len(VINTAGES)):
        days = known[number].get(dearest.product) if number >= 0 else None
        begins = max(at, VINTAGES[number]) if number >= 0 else at
        ends = VINTAGES[number + 1] if number + 1 < len(VINTAGES) else NEVER
        due_at = max(begins, order.at + timedelta(seconds=int(2 * 86400 * days))) if days is not None else begins
        if due_at < ends:
            return due_at
    raise AssertionError("the last vintage ends never")


def win_backs(customer: str, orders: list[Invoice], known: list[dict[str, float]]) -> Iterator[tuple[Any, ...]]:
    """The occurrences of one customer: after every order, three steps of silence.

    The window after the second order and later ones is twice the customer's median gap so far, at least 60 days. The
    next order of any kind ends the silence, and so does the return of everything that was ever bought up to then. A
    step lasts until the next, the last until a year after the order; what never becomes due is not there.
    """
    for number, order in enumerate(orders):
        so_far = orders[: number + 1]
        if number:
            gaps = [(later.at - earlier.at).total_seconds() for earlier, later in pairwise(so_far)]
            due_at = order.at + max(LEAST, timedelta(seconds=int(2 * statistics.median(gaps))))
        else:
            due_at = first_due_at(order, known)
        voids = [found.void_at for found in so_far]
        all_void_at = None if None in voids else max(void_at for void_at in voids if void_at)
        next_at = orders[number + 1].at if number + 1 < len(orders) else None
        ends_at = earliest(next_at, all_void_at)
        for step, offset in enumerate(STEPS, start=1):
            eligible_at = due_at + offset
            until = due_at + STEPS[step] if step < len(STEPS) else NEVER
            expires_at = min(until, order.at + LIFETIME)
            if eligible_at < expires_at and (ends_at is None or ends_at > eligible_at):
                key = f"{order.event_id}:{step}"
                yield (customer, key, order.event_id, step, order.at, eligible_at, expires_at, ends_at)


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((at for at in (one, other) if at), default=None)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A deployment whose vintages begin with the data, in which the file was imported and the models were built."""
    folder = tmp_path_factory.mktemp("retail")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", folder)
    declared = folder / "dbt_project" / "dbt_project.yml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace('first_vintage_date: "2020-01-01"', 'first_vintage_date: "2010-01-01"'))
    environ = {
        "ACTIVATION_PROJECT": str(folder),
        "ACTIVATION_HOME": str(folder / "var"),
        "ACTIVATION_ENVIRONMENT": "simulation",
    }
    with open_app(Settings.from_environ(environ)) as opened:
        assert opened.project.variable("first_vintage_date") == "2010-01-01"
        opened.ledger.clock.set(AS_OF)
        opened.load([str(SOURCE)], table="events", mapping=Path("online_retail"), history=True)
        run = opened.start_run()
        built = opened.project.run(opened._variables(run), target=TARGETS[run.mode], select="+trg_win_back")
        assert built.passed, built.failures
        yield opened


@pytest.fixture(scope="module")
def orders() -> dict[str, list[Invoice]]:
    return settle(read_invoices())


@pytest.fixture(scope="module")
def known(orders: dict[str, list[Invoice]]) -> list[dict[str, float]]:
    return intervals(orders)


def rows(app: App, query: str) -> list[tuple[Any, ...]]:
    with app._warehouse() as warehouse:
        return [tuple(row.values()) for row in warehouse.rows(query)]


def test_every_order_is_net_of_what_came_back(app: App, orders: dict[str, list[Invoice]]) -> None:
    """Gross, taken back, net and the instant at which nothing was left agree for every order of a known customer.

    Worked out by `settle`: a credit note takes its pieces from the customer's latest earlier lines of the product.
    """
    expected = {
        (order.number, customer, order.at): (order.gross, order.returned, order.net, order.void_at)
        for customer, found in orders.items()
        for order in found
    }
    query = (
        "select order_id, customer_id, ordered_at, gross_amount, refunded_amount, net_amount, voided_known_at"
        " from activation.int_orders where is_identified"
    )
    found = {row[:3]: row[3:] for row in rows(app, query)}
    assert len(expected) > 15_000
    assert sum(1 for values in expected.values() if values[1]) > 1000
    assert sum(1 for values in expected.values() if values[3]) > 100
    assert found.keys() == expected.keys()
    assert {key: (found[key], values) for key, values in expected.items() if found[key] != values} == {}


def test_every_line_says_what_came_back_of_it(app: App, orders: dict[str, list[Invoice]]) -> None:
    """Pieces bought and returned agree line by line."""
    lines = (line for found in orders.values() for order in found for line in order.lines)
    expected = {(line.line_id, line.product, line.pieces, line.pieces - line.left) for line in lines}
    query = (
        "select order_line_id, product_id, quantity, returned_quantity"
        " from activation.int_order_lines where not starts_with(customer_id, 'anonymous:')"
    )
    assert set(rows(app, query)) == expected


def test_a_guest_is_no_customer(app: App) -> None:
    """Guests' orders are there, unidentified and untouched by guests' credit notes, and give no reason to write."""
    query = "select count(*), sum(refunded_amount) from activation.int_orders where not is_identified"
    ((guests, refunded),) = rows(app, query)
    assert guests > 500
    assert refunded == 0
    unknown = "select count(*) from activation.trg_win_back where starts_with(customer_id, 'anonymous:')"
    assert rows(app, unknown) == [(0,)]


def test_every_win_back_is_where_it_must_be(
    app: App, orders: dict[str, list[Invoice]], known: list[dict[str, float]]
) -> None:
    """Who, after which order, which step, from when, until when and why no more agree for every occurrence.

    Worked out by `win_backs` and, for first orders, by `intervals` and `first_due_at`.
    """
    expected = {found for customer, theirs in orders.items() for found in win_backs(customer, theirs, known)}
    query = (
        "select customer_id, occurrence_key, series_key, step, occurred_at, eligible_at, expires_at, cancelled_at"
        " from activation.trg_win_back"
    )
    found = set(rows(app, query))
    assert len(expected) > 5_000
    assert {row[3] for row in expected} == {1, 2, 3}
    assert sorted(found ^ expected, key=lambda row: row[:4])[:6] == []


def test_vintages_move_the_windows_of_first_orders(
    orders: dict[str, list[Invoice]], known: list[dict[str, float]]
) -> None:
    """The comparison above covers windows that a product's own interval makes longer than 60 days."""
    longer = [found for found in orders.values() if first_due_at(found[0], known) > found[0].at + LEAST]
    assert len(longer) > 100
