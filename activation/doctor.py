"""What is configured, what is missing, and what to do about it: one finding per thing that a run needs."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from activation.config import Config, read_config
from activation.errors import ActivationError, BusyError, PolicyError
from activation.settings import Settings

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` is empty where nothing needs to be done; what is fine with one is a
    warning: legal, and worth a look."""

    what: str
    is_fine: bool
    says: str
    remedy: str = ""

    @property
    def is_warning(self) -> bool:
        return self.is_fine and bool(self.remedy)

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "is_warning": self.is_warning}


def examine(environ: Mapping[str, str] | None = None) -> list[Finding]:
    """Look at everything; nothing is sent and nothing is changed but empty folders and stores that are made."""
    try:
        settings = Settings.from_environ(os.environ if environ is None else environ)
    except ActivationError as error:
        return [_found("environment", error)]
    return list(_findings(settings))


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding("python", sys.version_info >= (3, 11), f"{sys.version_info.major}.{sys.version_info.minor}")
    yield Finding("environment", True, f"{settings.environment} with state below {settings.home}")
    yield _free_space(settings)
    yield _look("signing key", lambda: _signing_key(settings))
    yield _look("ledger", lambda: _ledger(settings))
    yield _look("warehouse", lambda: _warehouse(settings))
    project = _look("dbt project", lambda: _project(settings))
    yield project
    if project.is_fine:
        yield from _oddities(settings)
    try:
        config = read_config(settings.project)
    except ActivationError as error:
        yield _found("activation.yml", error)
        return
    yield Finding("activation.yml", True, f"{len(config.senders)} senders, {len(config.destinations)} destinations")
    for name in config.destinations:
        yield _look(f"destination {name}", _destination(name, config, settings))


def _look(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except BusyError as error:
        return Finding(what, True, f"in use: {error.message}")
    except ActivationError as error:
        return _found(what, error)


def _found(what: str, error: ActivationError) -> Finding:
    return Finding(what, False, error.message, error.remedy)


def _free_space(settings: Settings) -> Finding:
    folder = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    is_enough = free > LEAST_FREE_BYTES
    return Finding("disk", is_enough, f"{free / 1e9:.1f} GB free", "" if is_enough else "Free at least 1 GB.")


def _signing_key(settings: Settings) -> str:
    settings.require_signing_key()
    return "set"


def _ledger(settings: Settings) -> str:
    from activation.ledger import open_ledger

    with open_ledger(settings) as ledger:
        return f"answers, high-water mark {ledger.high_water_mark()}"


def _warehouse(settings: Settings) -> str:
    from activation.project import Project
    from activation.warehouses import open_warehouse
    from activation.warehouses.schema import quoted

    place = f"PostgreSQL at {settings.warehouse}" if settings.warehouse else f"DuckDB file {settings.warehouse_path}"
    with open_warehouse(settings) as warehouse:
        schema = Project(settings).raw_schema
        if not warehouse.has_table(schema, "events"):
            return f"{place}: {schema}.events is not there: load events with `activation load`"
        rows = warehouse.rows(f"select count(*) as events from {quoted(schema, 'events')}")  # noqa: S608 - quoted
        return f"{place}: {rows[0]['events']:,} events"


def _project(settings: Settings) -> str:
    from activation.project import Project

    project = Project(settings)
    contradictions = project.contradictions()
    if contradictions:
        raise PolicyError(" ".join(contradictions), "Mend what is named; docs/policy.md lists every field.")
    return f"{len(project.triggers())} triggers, {len(project.audiences())} audiences, every policy in order"


def _oddities(settings: Settings) -> Iterator[Finding]:
    """What is legal in the policies and looks like a mistake."""
    from activation.project import Project

    for found in Project(settings).oddities():
        yield Finding("policies", True, found, "Nothing to do if it is meant; else correct it: docs/policy.md.")


def _destination(name: str, config: Config, settings: Settings) -> Callable[[], str]:
    def look() -> str:
        from activation.destinations import account_for, open_destination

        destination = open_destination(account_for(name, config.destinations[name], settings))
        try:
            return destination.check()
        finally:
            destination.close()

    return look
