"""A cohort's real year and a half: lifetimes as published, and quintiles worked out once more in plain Python."""

import csv
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from activation.app import TARGETS, App, open_app
from activation.model import RunMode
from activation.settings import Settings

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ACTIVATION_TEST_DATA", ROOT / ".." / "shared"))
SOURCE = next((path for path in (DATA / "cdnow", DATA / "data" / "cdnow") if path.exists()), None)
ORACLE = "oracle_lifetimes_cdnow_sample_19970930_weeks.csv"
CALIBRATED = datetime(1997, 9, 30)
ENDED = datetime(1998, 7, 15)
MONTHS = [datetime(1997 + month // 12, month % 12 + 1, 1) for month in range(19)]
WEEK = 7
MAPPING = ROOT / "tests/loading/mappings/cdnow.yml"

pytestmark = [
    pytest.mark.dbt,
    pytest.mark.real_data,
    pytest.mark.skipif(SOURCE is None, reason="cdnow/ is absent: set ACTIVATION_TEST_DATA"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The orders as history, built as of the end in one schema and as of the calibration's end in another."""
    folder = tmp_path_factory.mktemp("cdnow")
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", folder)
    declared = folder / "dbt_project" / "dbt_project.yml"
    text = declared.read_text(encoding="utf-8")
    declared.write_text(text.replace('first_vintage_date: "2020-01-01"', 'first_vintage_date: "1997-01-01"'))
    environ = {
        "ACTIVATION_PROJECT": str(folder),
        "ACTIVATION_HOME": str(folder / "var"),
        "ACTIVATION_ENVIRONMENT": "simulation",
    }
    with open_app(Settings.from_environ(environ)) as opened:
        assert opened.project.variable("first_vintage_date") == "1997-01-01"
        opened.ledger.clock.set(ENDED)
        loaded = opened.load([str(SOURCE / "events.parquet")], table="events", mapping=MAPPING, history=True)
        assert loaded.rows_loaded == 69_659
        for mode, as_of in ((RunMode.LIVE, None), (RunMode.ANALYSIS, CALIBRATED)):
            run = opened.start_run(mode, as_of)
            built = opened.project.run(opened._variables(run), target=TARGETS[mode], select="+dim_customers")
            assert built.passed, built.failures
        yield opened


@pytest.fixture(scope="module")
def orders() -> pd.DataFrame:
    return pd.read_parquet(SOURCE / "events.parquet")


def rows(app: App, query: str) -> list[tuple[Any, ...]]:
    with app._warehouse() as warehouse:
        return [tuple(row.values()) for row in warehouse.rows(query)]


def published() -> dict[str, tuple[float, float, float]]:
    """Frequency, and recency and T in weeks, of the sample's customers by the cohort's own ids."""
    with (SOURCE / "CDNOW_sample.txt").open(encoding="utf-8") as lines:
        names = {int(line.split()[1]): f"{int(line.split()[0]):05}" for line in lines if line.strip()}
    with (SOURCE / ORACLE).open(encoding="utf-8", newline="") as file:
        return {
            names[int(row["customer_id"])]: (float(row["frequency"]), float(row["recency"]), float(row["T"]))
            for row in csv.DictReader(file)
        }


def test_lifetimes_are_the_published_ones(app: App) -> None:
    """Frequency, recency and T in weeks of all 2,357 customers of the sample agree to the last digit.

    Eight of them paid nothing for their only order.
    """
    query = "select customer_id, repeat_day_count, age_at_last_purchase_days, age_days from analysis.dim_customers"
    found = {customer: (x, tx / WEEK, t / WEEK) for customer, x, tx, t in rows(app, query)}
    expected = published()
    assert len(expected) == 2357
    assert sum(1 for x, _, _ in expected.values() if x) > 900
    assert {name: (found[name], values) for name, values in expected.items() if found[name] != values} == {}


def quintiles(values: dict[str, Any]) -> dict[str, int]:
    """NTILE(5): in the order of value and id, the first few quintiles take one more."""
    ranked = sorted(values, key=lambda name: (values[name], name))
    size, more = divmod(len(ranked), 5)
    starts = [number * size + min(number, more) for number in range(6)]
    return {name: number + 1 for number in range(5) for name in ranked[starts[number] : starts[number + 1]]}


def scores(orders: pd.DataFrame, month: datetime) -> dict[str, tuple[int, int, int]]:
    """Recency, frequency and monetary quintile of everyone who had paid for something by a month's first instant."""
    known = orders[(orders["event_time"] <= month) & (orders["value"] > 0)]
    spent: dict[str, Decimal] = defaultdict(Decimal)
    for user, value in zip(known["user_id"], known["value"], strict=True):
        spent[user] += Decimal(str(value))
    last = known.groupby("user_id")["event_time"].max().to_dict()
    counts = known["user_id"].value_counts().to_dict()
    measures = [quintiles(found) for found in (last, counts, spent)]
    return {user: tuple(measure[user] for measure in measures) for user in spent}  # type: ignore[misc]


def test_scores_are_those_of_ntile(app: App, orders: pd.DataFrame) -> None:
    """The scores in force at either instant are NTILE(5) over what was known when the month began, for everyone."""
    query = "select customer_id, recency_score, frequency_score, monetary_score from {}.int_customer_rfm"
    for schema, month in (("analysis", datetime(1997, 9, 1)), ("activation", datetime(1998, 7, 1))):
        expected = scores(orders, month)
        found = {customer: (int(r), int(f), int(m)) for customer, r, f, m in rows(app, query.format(schema))}
        assert len(expected) > 23_000
        assert found == expected


def test_every_month_can_be_scored_again(app: App, orders: pd.DataFrame) -> None:
    """A month's boundaries, value and id, are the first of each quintile, in every month."""
    query = "select valid_from, measure, quintile, from_user_id from activation.int_rfm_vintages"
    found = {(month, measure, int(quintile)): user for month, measure, quintile, user in rows(app, query)}
    assert {month for month, _, _ in found} == set(MONTHS)
    for month in MONTHS[::6]:
        for place, measure in enumerate(("recency", "frequency", "monetary")):
            members = {user: theirs[place] for user, theirs in scores(orders, month).items()}
            for quintile in range(1, 6):
                assert members[found[month, measure, quintile]] == quintile


def test_a_month_stays_as_it_was(app: App) -> None:
    """What was ranked as of the calibration's end is the same as of nine months later."""
    query = "select * from {}.int_rfm_vintages where valid_from <= timestamp '1997-09-30'"
    then, since = (set(rows(app, query.format(schema))) for schema in ("analysis", "activation"))
    assert len(then) == 9 * 3 * 5
    assert then == since
