"""Simulated histories that stand in a warehouse without having been loaded, and the loads that come after them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from activation.simulator.shop import Shop
from activation.warehouses import schema

END = datetime(2026, 3, 2, 6)
DAYS = 120
# The shop grows until the history's end, so that a customer counts for about so many events over those days.
EVENTS_PER_CUSTOMER = 100
# What a loader would have put aside.
IS_SOUND = """
    event_id is not null and event_name is not null and occurred_at is not null
    and coalesce(user_id, anonymous_id) is not null and json_valid(properties)
"""


@dataclass(frozen=True)
class History:
    """A home whose warehouse holds a simulated past; `end` is where that stops."""

    home: Path
    end: datetime = END

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def event_files(self) -> str:
        return str(self.home / "landing/history/events/*.parquet")

    def now(self) -> datetime:
        """When the last load came."""
        with self.connected() as connection:
            found = connection.execute("select max(loaded_at) from raw.loads").fetchone()
            return found[0] if found else self.end

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect(str(self.warehouse)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            yield connection


def simulate(home: Path, events: int) -> History:
    """A shop with about so many events in its past, put into `raw` as one load of history, without the loader."""
    customers = max(100, events // EVENTS_PER_CUSTOMER)
    Shop(home).create(end=END, customers=customers, days=DAYS, scenario="clean")
    history = History(home)
    with history.connected() as connection:
        for statement in schema.statements():
            connection.execute(statement)
        _load(connection, home / "landing/history", 1, END, is_history=True)
    return history


def _load(
    connection: duckdb.DuckDBPyConnection, landing: Path, load_id: int, instant: datetime, *, is_history: bool = False
) -> int:
    """One load of everything below a landing folder, by DuckDB alone; returns the events."""
    connection.begin()
    put = {table: _put(connection, landing / table, load_id, instant, is_history) for table in schema.CHANGE_TABLES}
    put["events"] = _put(connection, landing / "events", load_id, instant, is_history)
    _record(connection, load_id, instant, is_history)
    connection.commit()
    return put["events"]


def _put(connection: duckdb.DuckDBPyConnection, folder: Path, load_id: int, instant: datetime, is_history: bool) -> int:
    files = sorted(map(str, folder.glob("*.parquet")))
    if not files:
        return 0
    happened = "greatest(occurred_at, received_at)" if folder.name == "events" else "changed_at"
    known_at = f"least({happened}, loaded_at)" if is_history else "loaded_at"
    sound = IS_SOUND if folder.name == "events" else "id is not null and changed_at is not null"
    found = connection.execute(
        f"""
        insert into raw.{folder.name} by name
        select
            *,
            {load_id} as load_id,
            cast($1 as timestamp) as loaded_at,
            {known_at} as known_at
        from read_parquet($2)
        where {sound}
        """,
        [instant, files],
    ).fetchone()
    return int(found[0]) if found else 0


def _record(connection: duckdb.DuckDBPyConnection, load_id: int, instant: datetime, is_history: bool) -> None:
    connection.execute(
        "insert into raw.loads by name select $1 as load_id, cast($2 as timestamp) as loaded_at, $3 as mode",
        [load_id, instant, "history" if is_history else "live"],
    )


def touch(history: History, customers: int, events_each: int, load_id: int) -> int:
    """One load with a new event each of so many customers who had about so many events; returns those they had.

    Those nearest to that number are taken, with whom they share a device left out: a touch concerns them alone.
    """
    instant = history.end + timedelta(minutes=load_id)
    with history.connected() as connection:
        connection.execute(
            """
            create or replace temp table touched as
            with devices as (
                select anonymous_id from raw.events
                where user_id is not null and anonymous_id is not null
                group by anonymous_id
                having count(distinct user_id) > 1
            )
            select user_id, count(*) as event_count
            from raw.events
            where user_id is not null
            group by user_id
            having count(case when anonymous_id in (select anonymous_id from devices) then 1 end) = 0
            order by abs(count(*) - $1), md5(user_id)
            limit $2
            """,
            [events_each, customers],
        )
        connection.begin()
        connection.execute(
            f"""
            insert into raw.events by name
            select
                'touch:{load_id}:' || user_id as event_id,
                'Product Viewed' as event_name,
                user_id,
                cast($1 as timestamp) - interval 1 minute as occurred_at,
                cast($1 as timestamp) as received_at,
                '{{"category":"Tea","price":8.5,"product_id":"p1"}}' as properties,
                '{{}}' as context,
                {load_id} as load_id,
                cast($1 as timestamp) as loaded_at,
                cast($1 as timestamp) as known_at
            from touched
            """,
            [instant],
        )
        _record(connection, load_id, instant, is_history=False)
        connection.commit()
        found = connection.execute("select sum(event_count) from touched").fetchone()
        return int(found[0]) if found else 0


def advance(history: History, events: int, load_id: int) -> int:
    """One load of what the shop's people do next, until that is so many events; returns how many it brought."""
    shop, landing = Shop(history.home), history.home / "landing"
    brought = 0
    while brought < events:
        brought += shop.advance(to=shop.instant + timedelta(hours=3)).rows.get("events", 0)
    with history.connected() as connection:
        return _load(connection, landing, load_id, shop.instant)
