"""What DAGs share: the assets they signal with, when they run, and the pools that hold them back.

An asset only says that there is something to do. What to do stands in the ledger's table of runs, which every task
reads anew, so that a signal that is lost, repeated or late changes nothing.
"""

import os
from typing import Any

from airflow.sdk import Asset, AssetAll, AssetOrTimeSchedule, CronTriggerTimetable

from activation.config import read_config
from activation.model import Channel
from activation.settings import Settings

RUN_ANNOUNCED = Asset(name="activation_run", uri="activation://run")
MESSAGES_DELIVERED = Asset(name="activation_deliveries", uri="activation://deliveries")

WAREHOUSE_POOL = "activation_warehouse"
BY_HAND = "by_hand"
# Tests and impatient people turn waiting for a retry off with ACTIVATION_TASK_RETRIES=0.
TASK_DEFAULTS = {
    "owner": "activation",
    "retries": int(os.environ.get("ACTIVATION_TASK_RETRIES", "2")),
    "retry_exponential_backoff": True,
    "max_retry_delay": 300,
}


def cadence(dag_id: str, default: str) -> str | None:
    """The cron expression of `ACTIVATION_SCHEDULE_<DAG>`; `by_hand` means that only people and signals start it."""
    chosen = os.environ.get(f"ACTIVATION_SCHEDULE_{dag_id.upper()}", os.environ.get("ACTIVATION_SCHEDULE", default))
    return None if chosen == BY_HAND else chosen


def on_signal(dag_id: str, asset: Asset, default: str) -> Any:
    """Run on a signal, and sweep on a clock as well: signals that arrive while a run is active may be stranded."""
    cron = cadence(dag_id, default)
    if cron is None:
        return [asset]
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="UTC"), assets=AssetAll(asset))


def destination_pool(destination: str) -> str:
    """The pool of one provider account: as many slots as it has shards."""
    return f"activation_{destination}"


def pools(settings: Settings) -> dict[str, int]:
    """Every pool the DAGs need and its slots. The warehouse's has one, because a DuckDB file has one writer.

    Audiences have none of their own: they are read from the warehouse while they are synced.
    """
    slots = {destination_pool(name): shards for name, shards in message_destinations(settings).items()}
    return {WAREHOUSE_POOL: 1, **slots}


def message_destinations(settings: Settings) -> dict[str, int]:
    """The destinations that take messages and their shards; read from `activation.yml` only."""
    config = read_config(settings.project)
    return {name: item.shards for name, item in config.destinations.items() if item.channel is not Channel.AUDIENCE}
