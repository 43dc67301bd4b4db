"""
# sync_audiences

## What it does
Pushes what changed in each audience since the last time (adds, updates, removals) to its list, one task per audience.

## When it runs
When a live run is announced; every hour it sweeps what a stranded signal left.

## If it fails
The audience's task is red and its members keep their last confirmed state; the next run computes the same difference
again. Other audiences are not held up.

## Safe to re-run
Always: adding who is there and removing who is gone change nothing.
"""

from datetime import datetime, timedelta

from airflow.sdk import dag, task

from activation.orchestration import steps
from activation.orchestration.signals import RUN_ANNOUNCED, TASK_DEFAULTS, WAREHOUSE_POOL, on_signal


@dag(
    schedule=on_signal("sync_audiences", RUN_ANNOUNCED, "@hourly"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    description="Pushes what changed in each audience to its list.",
    doc_md=__doc__,
    tags=["activation"],
    default_args={**TASK_DEFAULTS, "retry_delay": timedelta(seconds=30), "pool": WAREHOUSE_POOL},
)
def sync_audiences():
    @task
    def list_audiences() -> list[str]:
        return steps.list_audiences()

    @task(map_index_template="{{ task.op_kwargs['audience_id'] }}")
    def sync_audience(audience_id: str) -> dict[str, int]:
        return steps.sync_audience(audience_id)

    sync_audience.expand(audience_id=list_audiences())


sync_audiences()
