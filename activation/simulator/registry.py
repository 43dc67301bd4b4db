"""What the shop keeps records of, as rows of change, and the ids of it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.catalogue import PRODUCTS
from activation.simulator.people import CHANNELS, EMAIL, Bools, Ints

POINT_ENDINGS = ("", *(f"-{channel}" for channel in CHANNELS[1:]))
CHANGE_SCHEMA = pa.schema(
    [("id", pa.string()), ("attributes", pa.string()), ("changed_at", pa.timestamp("us")), ("is_deleted", pa.bool_())]
)


@dataclass
class Changes:
    """Rows of change, table by table."""

    rows: dict[str, list[tuple[str, str, int, bool]]] = field(default_factory=lambda: defaultdict(list))
    columns: dict[str, list[pa.Table]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, row_id: str, attributes: str, changed_at: int, *, is_deleted: bool = False) -> None:
        self.rows[table].append((row_id, attributes, int(changed_at) // 1000 * 1000, is_deleted))

    def add_all(
        self, table: str, row_ids: pa.Array, attributes: pa.Array, changed_at: Ints, is_deleted: Bools | None = None
    ) -> None:
        """Many rows at once, as columns; none of them a deletion where nothing else is said."""
        times = pa.array(np.asarray(changed_at) // 1000 * 1000).cast(pa.timestamp("us"))
        gone = np.zeros(len(row_ids), dtype=np.bool_) if is_deleted is None else is_deleted
        columns = [row_ids, attributes, times, pa.array(gone)]
        if len(row_ids):
            self.columns[table].append(pa.Table.from_arrays(columns, schema=CHANGE_SCHEMA))

    def tables(self) -> dict[str, pa.Table]:
        parts = {table: list(columns) for table, columns in self.columns.items()}
        for table, rows in self.rows.items():
            parts.setdefault(table, []).insert(0, _table(rows))
        return {table: pa.concat_tables(tables) for table, tables in parts.items()}


def _table(rows: list[tuple[str, str, int, bool]]) -> pa.Table:
    ids, attributes, changed_at, is_deleted = zip(*rows, strict=True)
    columns = [pa.array(ids), pa.array(attributes), pa.array(changed_at).cast(pa.timestamp("us")), pa.array(is_deleted)]
    return pa.Table.from_arrays(columns, schema=CHANGE_SCHEMA)


def customer_id(number: int) -> str:
    return f"cust-{number:07d}"


def contact_point_id(number: int, channel: int = EMAIL) -> str:
    return f"cp-{number:07d}{POINT_ENDINGS[channel]}"


def customer_texts(numbers: Ints) -> Any:
    """Ids of customers, in quotes."""
    return documents.join('"', documents.customer_ids(numbers), '"')


def contact_point_ids(numbers: Ints, channel: int) -> Any:
    return documents.join("cp-", documents.digits(numbers, 7), POINT_ENDINGS[channel])


def record_products(products: Ints, price: Ints, stock: Ints, at: int, changes: Changes) -> None:
    for number in products:
        product = PRODUCTS[number]
        changes.add("products", product.product_id, product.attributes(int(price[number]), int(stock[number])), at)
