"""The stretches of time that the models find are those of the plain calendar, on every warehouse."""

import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from activation.decisions.calendar import (
    LOOKS_AHEAD,
    LOOKS_BACK,
    Calendar,
    Closure,
    Freeze,
    Holiday,
    Place,
    SendWindow,
    Stretch,
    minutes_of,
    slot_of,
)
from activation.decisions.holidays import refresh_holidays
from activation.decisions.seeds import TimeSeeds, read_time_seeds
from activation.project import warehouse_variables
from activation.settings import Settings
from activation.warehouses import Warehouse, open_warehouse

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "dbt_project"
MARKETS = ["GB", "FR", "US"]
# Clocks go forward and back, by an hour or half of one, some at midnight, which then does not exist or comes twice.
INSTANTS = (
    datetime(2024, 3, 10, 6, 52),
    datetime(2024, 3, 31, 0, 7, 30),
    datetime(2024, 4, 6, 14, 59, 59),
    datetime(2024, 10, 5, 15, 30),
    datetime(2024, 11, 3, 5, 45),
    datetime(2023, 12, 23, 23, 14, 59),
    datetime(2023, 4, 27, 22, 0),
    datetime(2022, 9, 11, 4, 0),
)
ODD_ZONES = (
    *("Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "America/St_Johns", "Pacific/Apia"),
    *("Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Beirut", "Antarctica/Troll", "Pacific/Kiritimati"),
)
PROFILES: dict[str, SendWindow | None] = {
    "marketing": None,
    "service": None,
    "marketing early": SendWindow(minutes_of("06:30"), minutes_of("09:15"), "12345", holidays=False),
    "service late": SendWindow(minutes_of("22:00"), minutes_of("24:00")),
}
CHANNELS = ("email", "sms")
FREEZES = (
    Freeze("change", date(2024, 3, 31), date(2024, 4, 1), country_code="DE"),
    Freeze("feast", date(2023, 12, 24), date(2023, 12, 26), purpose="service", channel="sms", brand="other"),
    Freeze("autumn", date(2024, 10, 6), date(2024, 10, 20), channel="email", country_code="AU"),
)
BRANDS = ("default", "other")
MODELS = (
    *("int_customer_places", "act_place_members", "act_area_limits", "act_limits", "act_calendars"),
    *("act_closed_slots", "act_calendar_slots", "act_windows", "act_closures", "stg_engine__public_holidays"),
)

COMPARED = 200
"""How many of a thousand combinations are compared at each instant."""

Key = tuple[str, str, str, str]
"""Time profile, brand, channel, place."""
Pair = tuple[datetime, datetime]
Profile = tuple[str | None, str | None, str | None]
"""Zone, country and region, in the profile's own words."""

pytestmark = pytest.mark.dbt


@dataclass
class Town:
    """A warehouse with nothing but people's places and the house's policies."""

    settings: Settings
    profiles: list[Profile]
    calendar: Calendar
    flags: list[str]
    manifest: Any = None

    def build(self, as_of: datetime) -> None:
        """Build the models of time as of an instant, in this process."""
        from dbt.cli.main import dbtRunner

        variables = json.dumps({"as_of": str(as_of), "markets": MARKETS})
        command = ["run", "--full-refresh", "--vars", variables, "--select", *MODELS, *self.flags]
        with _environment(self.settings):
            if self.manifest is None:
                self.manifest = dbtRunner().invoke(["parse", "--vars", variables, *self.flags]).result
                assert dbtRunner(manifest=self.manifest).invoke(["seed", "--vars", variables, *self.flags]).success
            built = dbtRunner(manifest=self.manifest).invoke(command)
        assert built.success, built.exception or [result.message for result in built.result]

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.settings) as warehouse:
            return warehouse.rows(query)


@contextmanager
def _environment(settings: Settings) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**warehouse_variables(settings), "DO_NOT_TRACK": "1"}.items():
            patch.setitem(os.environ, name, value)
        yield


def draw_profiles(seeds: TimeSeeds, chance: random.Random) -> list[Profile]:
    """People who tell everything, little, nothing, or nonsense."""
    known = chance.sample(seeds.zones, 40)
    places: list[Profile] = [(row.timezone, row.country_code, row.region or None) for row in known[:15]]
    places += [(None, row.country_code, row.region_name or "Nowhere") for row in known[15:25]]
    places += [(row.timezone, chance.choice(["US", "DE", "FR", None]), None) for row in known[25:]]
    places += [(zone, chance.choice([None, "US", "AU", "ES"]), None) for zone in ODD_ZONES]
    places += [(None, country, None) for country in ("US", "AU", "FR", "DE", "ES", "XX", None)]
    places += [
        (None, "US", "FL"),
        ("America/Chicago", "US", "florida"),
        (None, "au", " AU-NSW "),
        ("Mars/Base", "GB", "SCT"),
        ("Europe/Paris", "FR", None),
    ]
    return places


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Town:
    is_server = request.param == "postgres"
    url = request.getfixturevalue("new_postgres")() if is_server else ""
    folder = tmp_path_factory.mktemp("windows")
    settings = Settings.from_environ(
        {"ACTIVATION_PROJECT": str(ROOT), "ACTIVATION_HOME": str(folder), "ACTIVATION_WAREHOUSE_URL": url}
    )
    folders = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": folder / "target", "log-path": folder}
    flags = [*(f"--{name}={value}" for name, value in folders.items()), "--quiet", "--no-print", "--no-use-colors"]
    flags.append(f"--profile={'activation_postgres' if is_server else 'activation'}")
    seeds = read_time_seeds(PROJECT / "seeds")
    profiles = draw_profiles(seeds, random.Random(7))
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        for year in sorted({instant.year for instant in INSTANTS}):
            refresh_holidays(warehouse, seeds.zones, datetime(year, 6, 1))
        holidays = [
            Holiday(row["country_code"], row["region"] or None, date.fromisoformat(row["holiday_on"]))
            for row in warehouse.rows("select * from engine.public_holidays")
        ]
        _write_inputs(warehouse, profiles)
    return Town(settings, profiles, Calendar(seeds.rules, seeds.zones, holidays, FREEZES, MARKETS), flags)


def _write_inputs(warehouse: Warehouse, profiles: list[Profile]) -> None:
    """What the models of time read of others."""
    warehouse.execute("create schema if not exists analysis")
    policies = [(f"{profile}/{brand}", profile, brand) for profile in PROFILES for brand in BRANDS]
    windows = [(name, window) for name, window in PROFILES.items() if window]
    customers = [(f"u{number}", *profile) for number, profile in enumerate(profiles)]
    _create(
        warehouse,
        "int_customer_profiles",
        "customer_id text, timezone text, country_code text, region text, is_timezone_known boolean",
        [(key, zone, country and country.upper(), region, zone != "Mars/Base" and zone is not None)
         for key, zone, country, region in customers],
    )  # fmt: skip
    _create(warehouse, "int_unit_customers", "customer_id text", [(key,) for key, *_ in customers])
    _create(warehouse, "int_changed_customers", "customer_id text, load_id bigint", [])
    _create(
        warehouse,
        "act_policies",
        "trigger_id text, time_profile text, brand text, purpose text",
        [(key, profile, brand, profile.partition(" ")[0]) for key, profile, brand in policies],
    )
    _create(
        warehouse,
        "act_policy_channels",
        "trigger_id text, channel text",
        [(key, channel) for key, *_ in policies for channel in CHANNELS],
    )
    _create(
        warehouse,
        "act_policy_windows",
        "time_profile text, local_from text, local_to text, days text, holidays_allowed boolean",
        [(name, clock(one.opens), clock(one.closes), one.days, one.holidays) for name, one in windows],
    )
    _create(
        warehouse,
        "act_freezes",
        "freeze_id text, starts_on date, ends_on date, purpose text, channel text, brand text, country_code text",
        [
            (one.freeze_id, one.starts_on, one.ends_on, one.purpose, one.channel, one.brand, one.country_code)
            for one in FREEZES
        ],
    )


def _create(warehouse: Warehouse, table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    names = [column.split()[0] for column in columns.split(", ")]
    warehouse.execute(f"create table analysis.{table} ({columns})")
    if rows:
        filled = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])
        warehouse.append("analysis", table, filled.to_batches())


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def stretches(town: Town, key: Key, place: Place, as_of: datetime) -> tuple[list[Pair], str | None]:
    """By the plain calendar: the stretches around an instant, and why it is closed then."""
    profile, brand, channel, _ = key
    where = (PROFILES[profile], channel, profile.partition(" ")[0], brand, place)
    first, last = slot_of(as_of) - LOOKS_BACK, slot_of(as_of) + LOOKS_AHEAD
    found: list[Pair] = []
    at: datetime | None = first
    while at is not None and at < last:
        one = town.calendar.stretch(*where, at)
        if isinstance(one, Stretch) and one.opens_at.year == 1900:
            found, at = [(one.opens_at, one.closes_at)], None
        elif isinstance(one, Stretch):
            end = min(one.closes_at, last)
            # What reaches further than the calendar looks goes on where it stopped.
            start = found.pop()[0] if found and found[-1][1] == at else at
            found.append((start, end))
            at = end
        else:
            at = one.next_opens_at
    present = town.calendar.stretch(*where, as_of)
    return found, present.reason if isinstance(present, Closure) else None


@pytest.mark.parametrize("as_of", INSTANTS, ids=str)
def test_the_models_and_the_calendar_agree(town: Town, as_of: datetime) -> None:
    """Where everybody is, when it is open there for whom, and why it is closed."""
    town.build(as_of)
    places = [town.calendar.place(*profile) for profile in town.profiles]
    found = town.rows("select customer_id, place_id, day_zone, country_code, region from analysis.int_customer_places")
    assert {tuple(row.values()) for row in found} == {
        (f"u{number}", place.place_id, place.day_zone, place.country_code, place.region)
        for number, place in enumerate(places)
    }
    windows: dict[Key, list[Pair]] = {}
    for row in town.rows("select * from analysis.act_windows order by opens_at"):
        windows.setdefault(_key(row), []).append((row["opens_at"], row["closes_at"]))
    closures = {_key(row): row["reason"] for row in town.rows("select * from analysis.act_closures")}
    keys = [(p, b, c, place.place_id) for p in PROFILES for b in BRANDS for c in CHANNELS for place in places]
    by_id = {place.place_id: place for place in places}
    for key in random.Random(str(as_of)).sample(sorted(set(keys)), COMPARED):
        assert (windows.get(key, []), closures.get(key)) == stretches(town, key, by_id[key[3]], as_of), key
    assert windows.keys() | closures.keys() <= set(keys)
    assert closures


def _key(row: dict[str, Any]) -> Key:
    return row["time_profile"], row["brand"], row["channel"], row["place_id"]


def test_members_are_everywhere_that_somebody_may_be(town: Town) -> None:
    """Of every place, the same zones, countries and regions."""
    town.build(INSTANTS[0])
    wanted = {
        (place.place_id, member.timezone, member.country_code, member.region)
        for place in (town.calendar.place(*profile) for profile in town.profiles)
        for member in place.members
    }
    rows = town.rows("select * from analysis.act_place_members")
    assert {(row["place_id"], row["timezone"], row["country_code"], row["region"]) for row in rows} == wanted
    assert len(rows) == len(wanted)
