"""How fast the demo shop's past is written, and how much memory it takes.

    python -m benchmarks.bench_simulator [events ...]

Each history is made in a process of its own, so that its peak of memory is its own. The shop's people come day after
day, so memory grows with the people and the busiest day, not with the events. `busy` says how many of the cores'
seconds were used: below 1.5 on two cores the machine had other things to do.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

from activation.simulator.shop import Shop

END = datetime(2026, 3, 2, 6)
DAYS = 120
# The shop grows until the history's end, so that a customer counts for about so many events over those days.
EVENTS_PER_CUSTOMER = 95
SIZES = (200_000, 2_000_000)


def measure(events: int) -> dict[str, float]:
    """Make one history of about so many events; to be called in a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        started, worked = time.perf_counter(), time.process_time()
        report = Shop(Path(folder)).create(end=END, customers=max(1, events // EVENTS_PER_CUSTOMER), days=DAYS)
        seconds, busy = time.perf_counter() - started, time.process_time() - worked
    return {
        "events": report.rows["events"],
        "changes": sum(report.rows.values()) - report.rows["events"],
        "customers": report.counts["known_customers"],
        "seconds": seconds,
        "busy": busy / seconds,
        "pace": report.rows["events"] / seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print a line per size."""
    print("    events    changes  customers  seconds  busy  events/s  peak MB")
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.bench_simulator", "--measure", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        print(
            f"{found['events']:10,.0f} {found['changes']:10,.0f} {found['customers']:10,.0f} {found['seconds']:8.1f}"
            f" {found['busy']:5.2f} {found['pace']:9,.0f} {found['megabytes']:8,.0f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]))))
    else:
        main(tuple(map(int, sys.argv[1:])) or SIZES)
