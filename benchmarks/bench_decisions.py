"""What deciding costs: by what waits and what is new, not by how much was decided before.

    python -m benchmarks.bench_decisions [open] [past]

`open` occurrences wait, `past` messages went out over the last four weeks; ten caps hold. DuckDB may take 2 GB and two
threads. Only the models of the decisions run, from what is due to what is handed over; dbt's own work is told apart.

- sort: DuckDB alone sorts the waiting occurrences and the past messages by customer and time
- empty: the chain over empty tables, which is what dbt and its many models cost in any case
- first: a run that decides about everything that waits
- next: the run after it, which tells the losers that the cap is now used up
- quiet: the run after that, for which nothing has changed
- one person: as many occurrences that wait, all of one customer
"""

import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from benchmarks.decided import BEGAN, MEMORY_LIMIT, NOW, Arena, Sizes

OPEN, PAST = 50_000, 150_000
SLOWEST = 5
SORT = """
    create temp table sorted as
    select customer_id, eligible_at as instant from waiting
    union all
    select customer_id, accepted_at from activation.act_deliveries
    order by customer_id, instant
"""


def main() -> None:
    """Print every figure, with what is promised for a million that wait and three million in the past."""
    sizes = [int(text) for text in sys.argv[1:3] if text.isdigit()] or [OPEN, PAST]
    waiting, past = sizes[0], sizes[-1]
    with tempfile.TemporaryDirectory() as folder:
        _many(Arena(Path(folder) / "many", Sizes(waiting, past)))
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(Path(folder) / "one", Sizes(waiting, past, one_person=True))
        arena.make()
        arena.fill()
        _run(arena, "one person", NOW)


def _many(arena: Arena) -> None:
    arena.make()
    empty = _run(arena, "empty", BEGAN)
    started = time.perf_counter()
    arena.fill()
    seconds = time.perf_counter() - started
    print(f"{arena.sizes.open:,} wait, {arena.sizes.past:,} went out; put in place in {seconds:.0f} s")
    sorting = _sorted(arena)
    print(f"{'sort':<12} {sorting:8.2f} s")
    _against(sorting, _run(arena, "first", NOW), empty, 10)
    for minutes, name in enumerate(("next", "quiet"), start=1):
        arena.announce(NOW + timedelta(minutes=minutes - 1))
        seconds = _run(arena, name, NOW + timedelta(minutes=minutes))
    _against(sorting, seconds, empty, 2)


def _against(sorting: float, seconds: float, empty: float, promised: int) -> None:
    more = seconds - empty
    print(
        f"{'':<12} {more:8.2f} s more than over empty tables, {more / sorting:.1f} times the sort"
        f" (promised for a million and three million: {promised} s)"
    )


def _run(arena: Arena, name: str, now: datetime) -> float:
    """One run of the decisions; returns the seconds that its models took together."""
    before = arena.verdicts()
    started = time.perf_counter()
    arena.decide(now)
    wall = time.perf_counter() - started
    told = arena.seconds()
    models = sum(told.values())
    print(
        f"{name:<12} {models:8.2f} s in {len(told)} models, {wall:.1f} s with dbt;"
        f" {arena.verdicts() - before:,} verdicts, {arena.sends():,} to send; {MEMORY_LIMIT}"
    )
    for model, seconds in sorted(told.items(), key=lambda item: -item[1])[:SLOWEST]:
        print(f"{'':<12} {seconds:8.2f} s {model}")
    return models


def _sorted(arena: Arena) -> float:
    with arena.connected() as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
        connection.execute("set threads = 2")
        connection.execute(f"create temp table waiting as {arena.waiting()}")
        started = time.perf_counter()
        connection.execute(SORT)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
