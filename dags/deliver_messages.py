"""
# deliver_messages

## What it does
Plans what the newest live run decided into the ledger, then sends every queue (destination and shard) in a task of its
own.

## When it runs
When a live run is announced; every quarter of an hour it sweeps what a stranded signal or a failed attempt left.

## If it fails
A task is red when its destination could not be reached or refused our credentials. Its messages stay planned and go
with the next run while they are still right; the others are not held up. `activation ledger status` lists doubts.

## Safe to re-run
Always: a message's key is claimed in the ledger before it is sent, a lease keeps two workers off one queue, and a run
that is not its lane's newest live one is refused.
"""

from datetime import datetime, timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import dag, task

from activation.orchestration import steps
from activation.orchestration.signals import (
    MESSAGES_DELIVERED,
    RUN_ANNOUNCED,
    TASK_DEFAULTS,
    WAREHOUSE_POOL,
    destination_pool,
    message_destinations,
    on_signal,
)
from activation.settings import Settings


@dag(
    schedule=on_signal("deliver_messages", RUN_ANNOUNCED, "*/15 * * * *"),
    start_date=datetime(2026, 1, 1),
    catchup=False,
    description="Sends what the newest live run decided.",
    doc_md=__doc__,
    tags=["activation"],
    default_args={**TASK_DEFAULTS, "retry_delay": timedelta(seconds=30)},
)
def deliver_messages():
    @task(pool=WAREHOUSE_POOL)
    def plan_messages() -> dict[str, int]:
        return steps.plan_messages()

    @task(outlets=[MESSAGES_DELIVERED], trigger_rule="all_done")
    def signal_deliveries() -> None:
        """Say that there are outcomes to report, whether all went well or not."""

    planned = plan_messages()
    deliveries = [
        task(
            task_id=f"deliver_{name}",
            pool=destination_pool(name),
            map_index_template="shard {{ task.op_kwargs['shard'] }}",
        )(steps.deliver_shard)
        .partial(destination=name)
        .expand(shard=list(range(shards)))
        for name, shards in message_destinations(Settings.from_environ()).items()
    ]
    # A run's colour is that of its last tasks, and the signal is always green.
    all_delivered = EmptyOperator(task_id="all_delivered", trigger_rule="none_failed")
    planned >> deliveries >> all_delivered
    deliveries >> signal_deliveries()


deliver_messages()
