"""The plain calendar, its seeds, and what is refused of them."""

import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from activation.decisions.calendar import Calendar, Closure, Freeze, Holiday, Place, SendWindow, Stretch, minutes_of
from activation.decisions.holidays import refresh_holidays
from activation.decisions.seeds import prepare_time, read_time_seeds
from activation.decisions.timing import TimedDraw, judge
from activation.errors import ConfigError
from activation.settings import Settings
from activation.warehouses import open_warehouse

SEEDS = Path(__file__).parents[2] / "dbt_project/seeds"
MARKETS = ["GB", "US"]
RULE = "DE,,sms,marketing,09:00,20:00,12345,false,law,a law,2026-01-31"


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    seeds = read_time_seeds(SEEDS, MARKETS)
    holidays = [Holiday("FR", None, date(2026, 7, 14)), Holiday("DE", "BY", date(2026, 1, 6))]
    return Calendar(seeds.rules, seeds.zones, holidays, [Freeze("x", date(2026, 12, 24), date(2026, 12, 24))], MARKETS)


def hours(calendar: Calendar, place: Place, at: datetime, channel: str = "email") -> Stretch | Closure:
    return calendar.stretch(None, channel, "marketing", "default", place, at)


def test_hours_are_those_of_the_clock_on_the_spot(calendar: Calendar) -> None:
    """In summer eight in the morning of Berlin is six of UTC, in winter seven."""
    berlin = calendar.place("Europe/Berlin", "DE", "BE")
    assert hours(calendar, berlin, datetime(2026, 7, 1, 6)) == Stretch(
        datetime(2026, 7, 1, 6), datetime(2026, 7, 1, 19)
    )
    assert hours(calendar, berlin, datetime(2026, 1, 7, 6, 59)) == Closure("quiet_hours", datetime(2026, 1, 7, 7))


def test_sundays_and_public_holidays_are_closed_in_france(calendar: Calendar) -> None:
    """On the eve of the fourteenth of July it closes for more than a day."""
    paris = calendar.place(None, "FR", None)
    assert hours(calendar, paris, datetime(2026, 7, 13, 20)) == Closure("quiet_hours", datetime(2026, 7, 15, 6))
    assert hours(calendar, paris, datetime(2026, 7, 12, 10)) == Closure("quiet_hours", datetime(2026, 7, 13, 6))


def test_texts_to_florida_end_an_hour_earlier(calendar: Calendar) -> None:
    """By the state's law, for those who may live there too."""
    tampa = calendar.place("America/New_York", "US", "Florida")
    somewhere = calendar.place("America/New_York", "US", None)
    seattle = calendar.place("America/Los_Angeles", "US", None)
    at = datetime(2026, 7, 2, 0, 30)
    assert isinstance(hours(calendar, tampa, at, "sms"), Closure)
    assert isinstance(hours(calendar, somewhere, at, "sms"), Closure)
    assert isinstance(hours(calendar, tampa, at), Stretch)
    assert isinstance(hours(calendar, seattle, at, "sms"), Stretch)


def test_an_unknown_place_is_all_markets_at_once(calendar: Calendar) -> None:
    """From eight on Hawaii until nine in the evening of London."""
    nowhere = calendar.place(None, None, None)
    assert hours(calendar, nowhere, datetime(2026, 7, 1, 19, 30)) == Stretch(
        datetime(2026, 7, 1, 18), datetime(2026, 7, 1, 20)
    )
    assert nowhere.day_zone == "Europe/London"


def test_nothing_limits_what_no_rule_names(calendar: Calendar) -> None:
    """Service messages go at any hour, but for a freeze or a window of their own."""
    berlin = calendar.place("Europe/Berlin", "DE", "BY")
    open_ended = Calendar([], read_time_seeds(SEEDS).zones, [Holiday("DE", "BY", date(2026, 1, 6))], [], MARKETS)
    window = SendWindow(minutes_of("09:00"), minutes_of("24:00"), "12345", holidays=False)
    at = datetime(2026, 1, 6, 12)
    assert open_ended.stretch(None, "sms", "service", "default", berlin, at) == Stretch(
        datetime(1900, 1, 1), datetime(9999, 12, 31)
    )
    closed = open_ended.stretch(window, "sms", "service", "default", berlin, at)
    assert closed == Closure("send_window", datetime(2026, 1, 7, 8))
    assert calendar.stretch(window, "sms", "service", "default", berlin, datetime(2026, 12, 24, 3)) == Closure(
        "frozen", datetime(2026, 12, 25, 8)
    )


def test_a_day_without_midnight_is_a_day(calendar: Calendar) -> None:
    """In Cairo the clocks went from midnight to one; the stretch before ends there and the freeze of the day holds."""
    zones = read_time_seeds(SEEDS).zones
    frozen = Calendar([], zones, [], [Freeze("day", date(2023, 4, 28), date(2023, 4, 28))], MARKETS)
    cairo = frozen.place("Africa/Cairo", "EG", None)
    where = (None, "email", "service", "default", cairo)
    before = frozen.stretch(*where, datetime(2023, 4, 27, 12))
    assert isinstance(before, Stretch)
    assert before.closes_at == datetime(2023, 4, 27, 22)
    assert frozen.stretch(*where, datetime(2023, 4, 28, 20, 59)) == Closure("frozen", datetime(2023, 4, 28, 21))


def test_somebody_waits_for_their_best_hour_but_not_past_the_limit(calendar: Calendar) -> None:
    """Thursday 19:00 is better than 10:00; the control group and those without scores do not wait."""
    draw = {
        "trigger_id": "t", "unit_id": "u", "brand": "default", "purpose": "marketing", "channel": "email",
        "place": calendar.place("UTC", "GB", "ENG"), "eligible_at": datetime(2026, 7, 2, 9),
        "due_at": datetime(2026, 7, 2, 9), "expires_at": datetime(2026, 7, 9),
        "scores": {3 * 24 + 10: 1, 3 * 24 + 19: 4},
    }  # fmt: skip
    at, day = datetime(2026, 7, 2, 9), timedelta(hours=24)

    def reason(when: datetime, **more: object) -> str | None:
        return judge(calendar, TimedDraw(**(draw | more)), when).reason  # type: ignore[arg-type]

    assert reason(at, send_time_within=day) == "better_hour"
    assert reason(datetime(2026, 7, 2, 19), send_time_within=day) is None
    assert reason(at) is None
    assert reason(at, send_time_within=day, send_time_control=1.0) is None
    assert reason(at, send_time_within=day, scores={}) is None
    assert reason(datetime(2026, 7, 2, 11), send_time_within=timedelta(hours=3)) is None


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        (lambda row: row.replace("09:00", "21:00"), "local_to"),
        (lambda row: row.replace("09:00", "09:10"), "local_from"),
        (lambda row: row.replace("12345", ""), "days"),
        (lambda row: row.replace("12345", "1155"), "days"),
        (lambda row: row.replace("a law", ""), "source"),
        (lambda row: row.replace("2026-01-31", "lately"), "checked_on"),
        (lambda row: row.replace("DE,", "Germany,"), "country_code"),
        (lambda row: row.replace("DE,", "*,"), "basis"),
        (lambda row: row.replace("DE,,", "DE,XX,"), "region"),
        (lambda row: row.replace("sms", "letter"), "channel"),
        (lambda row: row.replace("marketing", "spam"), "purpose"),
        (lambda row: row.replace("false", "perhaps"), "holidays"),
        (lambda row: row.replace("09:00,20:00", "21:00,23:00"), "local_from"),
    ],
)
def test_a_bad_rule_is_refused(tmp_path: Path, changed: Callable[[str], str], field: str) -> None:
    """With its file, line and field, and what to do; the last one leaves nobody an hour."""
    shutil.copytree(SEEDS, tmp_path / "seeds")
    with (tmp_path / "seeds/quiet_hours.csv").open("a", encoding="utf-8") as file:
        file.write(changed(RULE) + "\n")
    with pytest.raises(ConfigError, match=rf"seeds/quiet_hours\.csv: line 14: {field}: "):
        read_time_seeds(tmp_path / "seeds")


def test_a_zone_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    """And so is a market without a zone."""
    shutil.copytree(SEEDS, tmp_path / "seeds")
    with (tmp_path / "seeds/country_zones.csv").open("a", encoding="utf-8") as file:
        file.write("DE,,,Europe/Bonn,9\n")
    with pytest.raises(ConfigError, match=r"country_zones\.csv: line 502: timezone: 'Europe/Bonn'"):
        read_time_seeds(tmp_path / "seeds")
    with pytest.raises(ConfigError, match="the market XX has no row"):
        read_time_seeds(SEEDS, ["GB", "XX"])


def test_holidays_are_written_once_and_seeds_loaded_when_they_differ(tmp_path: Path) -> None:
    """Of the years around a run, regional ones beside those of the whole country."""
    settings = Settings.from_environ({"ACTIVATION_PROJECT": str(tmp_path), "ACTIVATION_HOME": str(tmp_path)})
    zones = [row for row in read_time_seeds(SEEDS).zones if row.country_code in ("DE", "FR")]
    with open_warehouse(settings) as warehouse:
        warehouse.prepare()
        first = refresh_holidays(warehouse, zones, datetime(2026, 6, 1))
        assert first > 60
        assert refresh_holidays(warehouse, zones, datetime(2026, 12, 31)) == 0
        assert 0 < refresh_holidays(warehouse, zones, datetime(2027, 1, 1)) < first
        found = warehouse.rows("select distinct region from engine.public_holidays where holiday_on = '2026-01-06'")
        assert {row["region"] for row in found} == {"BW", "BY", "ST"}
        assert prepare_time(warehouse, "analysis", SEEDS, datetime(2026, 6, 1)) == (
            ["country_zones", "quiet_hours"],
            False,
        )
