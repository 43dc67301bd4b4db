from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activation.loading.zones import utc_of_local

ZONES = (
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Asia/Kolkata",
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1))


def converted(zone: str, *times: datetime | None) -> list[datetime | None]:
    found: list[datetime | None] = utc_of_local(zone)(
        pa.chunked_array([pa.array(times, pa.timestamp("us"))])
    ).to_pylist()
    return found


@given(st.sampled_from(ZONES), st.lists(TIMES, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None)
def test_it_agrees_with_the_standard_library(zone: str, times: list[datetime]) -> None:
    """Any local time of any zone becomes what zoneinfo makes of it."""
    offsets = [time.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta(0) for time in times]
    assert converted(zone, *times) == [time - offset for time, offset in zip(times, offsets, strict=True)]


@pytest.mark.parametrize("zone", ZONES)
def test_it_agrees_on_every_quarter_of_an_hour_of_a_year(zone: str) -> None:
    """Around the changes too, where times come twice or not at all."""
    times = [datetime(2011, 1, 1) + timedelta(minutes=15 * step) for step in range(35_040)]
    offsets = [time.replace(tzinfo=ZoneInfo(zone)).utcoffset() or timedelta(0) for time in times]
    assert converted(zone, *times) == [time - offset for time, offset in zip(times, offsets, strict=True)]


def test_a_time_that_comes_twice_is_the_earlier_one() -> None:
    """02:30 on the night in which Germany's clocks go back is still summer time."""
    assert converted("Europe/Berlin", datetime(2025, 10, 26, 2, 30)) == [datetime(2025, 10, 26, 0, 30)]


def test_a_time_that_does_not_exist_moves_forward() -> None:
    """01:30 on the night in which Britain's clocks go forward is 02:30 summer time; nothing stays nothing."""
    assert converted("Europe/London", datetime(2010, 3, 28, 1, 30), None) == [datetime(2010, 3, 28, 1, 30), None]
