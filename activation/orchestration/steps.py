"""The tasks' bodies: each opens the application, does one step and returns counts, never rows."""

import atexit
import logging
import os
from collections.abc import Callable
from functools import wraps
from multiprocessing import util
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from activation.config import read_config
from activation.errors import (
    ActivationError,
    BusyError,
    DeliveryError,
    DestinationError,
    LedgerUnavailableError,
    RunRefusedError,
    WarehouseError,
)
from activation.model import RunMode
from activation.settings import Settings, connection_variable

if TYPE_CHECKING:
    from activation.app import App

logger = logging.getLogger(__name__)


RETRIED = (BusyError, LedgerUnavailableError, WarehouseError, DeliveryError, DestinationError)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def step(body: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """A task's body: what time may heal is tried again, everything else fails at once.

    Its sentence and its remedy stand in the log as lines of their own, since Airflow's trace drowns them.
    """

    @wraps(body)
    def run(*arguments: Parameters.args, **named: Parameters.kwargs) -> Result:
        from airflow.sdk.exceptions import AirflowFailException

        _tidy_up_at_the_end()
        try:
            return body(*arguments, **named)
        except ActivationError as error:
            logger.error("%s", error.message)
            if error.remedy:
                logger.error("%s", error.remedy)
            if isinstance(error, RETRIED):
                raise
            raise AirflowFailException(str(error)) from error

    return run


def app_with_connections() -> "App":
    """The application, with the Airflow connections `activation_<destination>` in its environment only."""
    # DAG files import this module every few seconds; the engine's libraries are for the tasks.
    from activation.app import open_app

    environ = dict(os.environ)
    settings = Settings.from_environ(environ)
    for name in read_config(settings.project).destinations:
        uri = _connection_uri(f"activation_{name}")
        if uri:
            environ[connection_variable(name)] = uri
    return open_app(Settings.from_environ(environ))


@step
def load_events() -> dict[str, int]:
    """Load what landed and copy the ledger into the warehouse."""
    with app_with_connections() as app:
        loaded = app.load_landing()
        return {"rows_loaded": sum(report.rows_loaded for report in loaded), "changes_copied": app.copy_ledger()}


@step
def start_run(run_type: str, logical_date: Any = None) -> int:
    """Open a run and return its id. A backfill builds an analysis of its own instant and can send nothing."""
    with app_with_connections() as app:
        if run_type == "backfill":
            as_of = logical_date.replace(tzinfo=None) if logical_date is not None else None
            return app.start_run(mode=RunMode.ANALYSIS, as_of=as_of).run_id
        return app.start_run().run_id


@step
def build_facts(run_id: int) -> dict[str, int]:
    with app_with_connections() as app:
        return dict(app.build_facts(app.run(run_id)).counts)


@step
def check_quality(run_id: int) -> dict[str, int]:
    with app_with_connections() as app:
        report = app.check_quality(app.run(run_id))
        return {"checks": len(report.checks), "blocks": len(report.blocks)}


@step
def decide(run_id: int) -> int:
    """Decide and return the run that did: another one when the hand-over had to be decided once more."""
    with app_with_connections() as app:
        decided = app.decide(app.run(run_id))
        logger.info("run %d hands over %d messages", decided["run_id"], decided["messages"])
        return decided["run_id"]


@step
def announce_run(run_id: int) -> bool:
    """Publish the read copy and announce a live run; an analysis is published but announces nothing."""
    with app_with_connections() as app:
        return app.announce(app.run(run_id))


@step
def plan_messages() -> dict[str, int]:
    with app_with_connections() as app:
        return app.plan()


@step
def deliver_shard(destination: str, shard: int) -> dict[str, int]:
    """Send one queue's messages. Raises DeliveryError, a red task, when some could not go for now."""
    with app_with_connections() as app:
        return app.deliver(destination, shard)


@step
def list_audiences() -> list[str]:
    with app_with_connections() as app:
        try:
            app.newest_run()
        except RunRefusedError:
            return []
        return [declared.policy.id for declared in app.project.audiences() if declared.policy.enabled]


@step
def sync_audience(audience_id: str) -> dict[str, int]:
    with app_with_connections() as app:
        return app.sync(audience_id)


@step
def refresh_outcomes() -> dict[str, int]:
    with app_with_connections() as app:
        return {"changes_copied": app.refresh_outcomes()}


@step
def write_report() -> str:
    from activation import operations

    with app_with_connections() as app:
        return str(operations.write_report(app))


def _tidy_up_at_the_end() -> None:
    """Let the task's process end as Python's own do: Airflow's fork forgets what was registered before it.

    Without it dbt's locks are reported as leaked, in red, below every task that ran dbt.
    """
    clean_up = util._exit_function  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name
    atexit.unregister(clean_up)
    atexit.register(clean_up)


def _connection_uri(connection_id: str) -> str | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError

    try:
        return str(Connection.get(connection_id).get_uri())
    except (AirflowNotFoundException, AirflowRuntimeError):
        return None
