"""One small shop for every test that only reads: sixty days of history, then two days one by one."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from activation.simulator.shop import Shop, ShopReport

END = datetime(2026, 3, 2, 6)


def read_table(landing: Path, table: str) -> pd.DataFrame:
    """Every row of one table, history and live, with the file that it came in."""
    paths = [*sorted(landing.glob(f"history/{table}/*.parquet")), *sorted(landing.glob(f"{table}/*.parquet"))]
    return pd.concat([pd.read_parquet(path).assign(file=path.stem) for path in paths], ignore_index=True)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def clean(events: pd.DataFrame) -> pd.DataFrame:
    """What a loader keeps: the rows that are whole, each event once, the earliest received first."""
    whole = events["occurred_at"].notna() & (events["event_name"] != "") & events["properties"].map(is_json)
    whole &= events["user_id"].notna() | events["anonymous_id"].notna()
    kept = events[whole].sort_values("received_at", kind="stable").drop_duplicates("event_id")
    return kept.assign(properties=kept["properties"].map(json.loads))


@dataclass(frozen=True)
class Sample:
    shop: Shop
    reports: tuple[ShopReport, ...]
    events: pd.DataFrame
    clean: pd.DataFrame

    def changes(self, table: str) -> pd.DataFrame:
        rows = read_table(self.shop.landing_path, table)
        attributes = pd.json_normalize(rows["attributes"].map(json.loads).tolist())
        return pd.concat([rows.drop(columns="attributes"), attributes], axis=1)

    def named(self, name: str) -> pd.DataFrame:
        return self.clean[self.clean["event_name"] == name]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    shop = Shop(tmp_path_factory.mktemp("shop"))
    reports = [shop.create(end=END, customers=1000, days=60, seed=11)]
    reports += [shop.advance(to=END + timedelta(days=day)) for day in (1, 2)]
    events = read_table(shop.landing_path, "events")
    return Sample(shop, tuple(reports), events, clean(events))


@pytest.fixture
def new_shop(tmp_path: Path) -> Callable[..., Shop]:
    """Makes small shops, each below a folder of its own."""

    def make(folder: str, *, customers: int = 150, days: int = 10, seed: int = 3) -> Shop:
        shop = Shop(tmp_path / folder)
        shop.create(end=END, customers=customers, days=days, seed=seed)
        return shop

    return make
