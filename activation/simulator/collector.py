"""The shop's collector: takes down what happens, with the mess of the real world, and writes what has arrived.

It works on a thread of its own, behind the shop by a few stretches at most: while people come, the day before is
written. One thread takes the stretches in turn, so the files do not depend on how fast it is.
"""

from collections import Counter, deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from activation.simulator import files, mess
from activation.simulator.people import to_moment
from activation.simulator.scripts import Events
from activation.simulator.state import State

ROWS_PER_FILE = 250_000
BEHIND = 2  # stretches


class Collector:
    """Collects the rows of one call below a folder. Leave its context to have everything written."""

    def __init__(self, folder: Path, state: State) -> None:
        self.paths: list[Path] = []
        self.rows: Counter[str] = Counter()
        self._folder, self._state = folder, state
        self._parts: dict[str, list[pa.Table]] = {table: [] for table in files.TABLES}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="collector")
        self._behind: deque[Future[None]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._wait(0)
                for table in files.TABLES:
                    self._write(table, self._state.instant)
        finally:
            self._thread.shutdown(cancel_futures=True)

    def collect(self, events: Events, changes: Mapping[str, pa.Table], until: int) -> None:
        """Take what happened in a stretch that ends at `until`. People may change as soon as this returns."""
        people, stretch = self._state.people, self._state.counters.stretch
        places, skews = people.place[events.person], people.skew[events.person]
        self._wait(BEHIND - 1)
        self._behind.append(
            self._thread.submit(self._take_down, events, mess.Origins(places, skews), changes, stretch, until)
        )

    def _wait(self, most: int) -> None:
        while len(self._behind) > most:
            self._behind.popleft().result()

    def _take_down(
        self, events: Events, origins: mess.Origins, changes: Mapping[str, pa.Table], stretch: int, until: int
    ) -> None:
        state = self._state
        rng = np.random.default_rng([state.seed, 4, stretch])
        rows, state.counters.event = mess.arrive(rng, events, origins, state.counters.event, state.scenario)
        tables = {files.EVENTS: rows} | mess.repeat_changes(rng, changes, state.scenario.mess)
        for table in files.TABLES:
            self._add(table, tables.get(table, files.empty_table(table)), until)

    def _add(self, table: str, rows: pa.Table, end: int) -> None:
        """Take what has arrived by `end`, of the new rows and of those that waited; the rest waits."""
        everything = pa.concat_tables([self._state.waiting[table], rows])
        arrived, self._state.waiting[table] = files.split_by_time(table, everything, end)
        self._parts[table].append(arrived)
        if sum(part.num_rows for part in self._parts[table]) >= ROWS_PER_FILE:
            self._write(table, end)

    def _write(self, table: str, end: int) -> None:
        parts, self._parts[table] = self._parts[table], []
        path = files.write(self._folder, table, to_moment(end), parts)
        if path is not None:
            self.paths.append(path)
            self.rows[table] += sum(part.num_rows for part in parts)
