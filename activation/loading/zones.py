"""Local times to UTC, many at once.

Where a local time comes twice (clocks go back), the earlier instant counts. One that does not exist (clocks go
forward) is read with the offset before the change, which moves it forward by the length of the gap. Both are what
`zoneinfo` does with `fold=0`.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

FIRST = datetime(1989, 12, 1, tzinfo=UTC)
LAST = datetime(2100, 1, 1, tzinfo=UTC)
STEP = timedelta(days=7)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMESTAMP = pa.timestamp("us")

Integers = npt.NDArray[np.int64]


def utc_of_local(zone: str) -> Callable[[pa.ChunkedArray], pa.Array]:
    """A function of an Arrow array of local times that gives the times in UTC."""

    def converted(local: pa.ChunkedArray) -> pa.Array:
        starts, offsets = _offsets(zone)
        times = local.cast(TIMESTAMP).cast(pa.int64())
        values = times.fill_null(0).to_numpy()
        utc = values - offsets[np.searchsorted(starts, values, side="right") - 1]
        return pa.array(utc, pa.int64(), mask=times.is_null().to_numpy()).cast(TIMESTAMP)

    return converted


@cache
def _offsets(name: str) -> tuple[Integers, Integers]:
    """The local microseconds from which on each offset holds, and the offsets."""
    zone = ZoneInfo(name)
    starts, offsets = [np.iinfo(np.int64).min], [_micros(_offset(zone, FIRST))]
    for instant in _changes(zone):
        before, after = offsets[-1], _micros(_offset(zone, instant))
        starts.append(_micros(instant - EPOCH) + max(before, after))
        offsets.append(after)
    return np.array(starts, np.int64), np.array(offsets, np.int64)


def _changes(zone: ZoneInfo) -> Iterator[datetime]:
    """Every instant at which the zone's offset changes."""
    start = FIRST
    while start < LAST:
        end = start + STEP
        # Two changes within a week would hide each other where they cancel out (Morocco's Ramadan lasts four).
        if _offset(zone, start) != _offset(zone, end):
            yield _change_between(zone, start, end)
        start = end


def _change_between(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    before = _offset(zone, start)
    while end - start > timedelta(seconds=1):
        middle = start + timedelta(seconds=int((end - start).total_seconds()) // 2)
        start, end = (middle, end) if _offset(zone, middle) == before else (start, middle)
    return end


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _micros(length: timedelta) -> int:
    return length // MICROSECOND
