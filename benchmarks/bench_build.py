"""What a run costs: by what is new, not by how long the history is.

    python -m benchmarks.bench_build [events]

`events` is the size of the long history; the short one has a tenth of it, from a tenth as many customers. The facts are
built (all models up to the triggers, without decisions and tests), each step in a process of its own.

- plain: DuckDB alone reads the raw files, sorts the events by customer and time and finds the sessions; once keeping
  the sessions only, once the events too, each with the number of its session
- staging to sessions: the models from staging to `int_sessions`, built from nothing
- nothing new: a run after which nothing has come
- 1,000 touched: a new event each of 1,000 customers with as many events each in both histories; the middle of three
- 100,000 new: what the shop's people do next
"""

import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from activation.project import DECISIONS_TAG, OUTCOMES_TAG, BuildVariables, Project
from activation.settings import Settings
from benchmarks import histories
from benchmarks.histories import History

EVENTS = 2_000_000
TOUCHED = 1_000
TOUCHED_EVENTS = 60
NEW_EVENTS = 100_000
REPEATS = 3
PROJECT = Path(__file__).parents[1]
PATH_TO_SESSIONS = "+int_sessions"
EXCLUDED = (DECISIONS_TAG, OUTCOMES_TAG)
NUMBERED_EVENTS = """
    with events as (
        select *, coalesce(user_id, anonymous_id) as customer_id
        from read_parquet($1)
        where coalesce(user_id, anonymous_id) is not null
    ),
    openings as (
        select
            *,
            case when occurred_at <= lag(occurred_at) over by_time + interval 30 minute then 0 else 1 end as is_opening
        from events
        window by_time as (partition by customer_id order by occurred_at, event_id)
    )
    select *, sum(is_opening) over by_time as session_number
    from openings
    window by_time as (
        partition by customer_id order by occurred_at, event_id rows between unbounded preceding and current row
    )
"""
SESSIONS = f"""
    select customer_id, session_number, count(*) as event_count, min(occurred_at) as started_at,
        max(occurred_at) as ended_at
    from ({NUMBERED_EVENTS}) as numbered
    group by customer_id, session_number
"""


@dataclass(frozen=True)
class Figures:
    """What a step took: seconds, and the most memory its process ever held, in GB."""

    seconds: float
    memory: float


def main() -> None:
    """Print every figure, with the ratios that are promised."""
    events = int(sys.argv[1]) if len(sys.argv) > 1 and sys.argv[1].isdigit() else EVENTS
    with tempfile.TemporaryDirectory() as folder:
        short, long = (
            _simulated(Path(folder) / name, size) for name, size in (("short", events // 10), ("long", events))
        )
        sessions, events_too = (_alone(_plain, long.event_files, query) for query in (SESSIONS, NUMBERED_EVENTS))
        print(f"{'plain, sessions only':<28} {sessions.seconds:8.1f} s  {sessions.memory:5.1f} GB")
        print(f"{'plain, events too':<28} {events_too.seconds:8.1f} s  {events_too.memory:5.1f} GB")
        _rebuild(short, "rebuild, short history")
        path, whole = _rebuild(long, "rebuild, long history")
        for name, plain in (("sessions only", sessions), ("events too", events_too)):
            print(
                f"against plain, {name}: staging to sessions {path.seconds / plain.seconds:.2f} times (at most 4),"
                f" everything {whole.seconds / plain.seconds:.2f} times"
            )
        _ratio("nothing new", [_alone(_run, home).seconds for home in (short, long)])
        _ratio(f"{TOUCHED:,} touched", [_touch(home) for home in (short, long)], " (at most 1.3)")
        brought = histories.advance(long, NEW_EVENTS, load_id=REPEATS + 2)
        figures = _alone(_run, long)
        print(f"{f'{brought:,} new, long history':<28} {figures.seconds:8.1f} s  {figures.memory:5.1f} GB")


def _simulated(home: Path, events: int) -> History:
    started = time.perf_counter()
    history = histories.simulate(home, events)
    with history.connected() as connection:
        found = connection.execute("select count(*) from raw.events").fetchone()
    rows = int(found[0]) if found else 0
    print(f"{home.name} history: {rows:,} events, simulated and put in place in {time.perf_counter() - started:.0f} s")
    return history


def _rebuild(history: History, name: str) -> tuple[Figures, Figures]:
    """The path to the sessions alone, then everything, the path included."""
    path = _alone(_run, history, PATH_TO_SESSIONS)
    whole = _alone(_run, history)
    print(f"{name:<28} {whole.seconds:8.1f} s  {whole.memory:5.1f} GB; staging to sessions alone {path.seconds:.1f} s")
    return path, whole


def _touch(history: History) -> float:
    seconds = []
    for load_id in range(2, 2 + REPEATS):
        concerned = histories.touch(history, TOUCHED, TOUCHED_EVENTS, load_id)
        seconds.append(_alone(_run, history).seconds)
    print(f"{history.home.name} history: {TOUCHED:,} customers with {concerned:,} events touched")
    return statistics.median(seconds)


def _ratio(name: str, seconds: list[float], promise: str = "") -> None:
    short, long = seconds
    print(f"{name:<28} {short:8.1f} s short, {long:.1f} s long: {long / short:.2f} times{promise}")


def _alone(step: Callable[..., float], *arguments: Any) -> Figures:
    """The step in a fresh process, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, step, *arguments).result()


def _measured(step: Callable[..., float], *arguments: Any) -> Figures:
    seconds = step(*arguments)
    return Figures(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000)


def _plain(files: str, query: str) -> float:
    """The same question put to DuckDB, which writes its answer into a file."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "plain.duckdb")) as connection:
        connection.execute("set enable_progress_bar = false")
        started = time.perf_counter()
        connection.execute(f"create table answer as {query}", [files])
        return time.perf_counter() - started


def _run(history: History, select: str | None = None) -> float:
    """Build the facts as a live run would after the last load; parsed, with its seeds, before the clock starts."""
    settings = Settings.from_environ({"ACTIVATION_HOME": str(history.home), "ACTIVATION_PROJECT": str(PROJECT)})
    project = Project(settings)
    variables = BuildVariables(history.now().isoformat(sep=" "), 1, "live", "dev")
    project.manifest()
    seeded = project.seed(variables, target="live")
    if not seeded.passed:
        raise SystemExit(f"The seeds failed: {seeded.failures}")
    started = time.perf_counter()
    if select:
        report = project.run(variables, target="live", select=select)
    else:
        report = project.run_changed(variables, target="live", exclude=EXCLUDED)
    if not report.passed:
        raise SystemExit(f"The build failed: {report.failures}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
