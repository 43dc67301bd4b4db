"""
# publish_reports

## What it does
Brings the outcomes of deliveries into the warehouse and writes the report page; the Data Docs are written by the gates.

## When it runs
After deliveries, and daily at 6:00 UTC.

## If it fails
The last report stays where it is. Nothing is sent or held back because of it.

## Safe to re-run
Always: it reads, and replaces the page in one step.
"""

from datetime import datetime, timedelta

from airflow.sdk import dag, task

from activation.orchestration import steps
from activation.orchestration.signals import MESSAGES_DELIVERED, TASK_DEFAULTS, WAREHOUSE_POOL, on_signal


@dag(
    schedule=on_signal("publish_reports", MESSAGES_DELIVERED, "0 6 * * *"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    description="Brings outcomes into the warehouse and writes the report.",
    doc_md=__doc__,
    tags=["activation"],
    default_args={**TASK_DEFAULTS, "retry_delay": timedelta(seconds=30), "pool": WAREHOUSE_POOL},
)
def publish_reports():
    @task
    def refresh_outcomes() -> dict[str, int]:
        return steps.refresh_outcomes()

    @task
    def write_report() -> str:
        return steps.write_report()

    refresh_outcomes() >> write_report()


publish_reports()
