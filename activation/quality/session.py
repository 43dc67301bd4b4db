"""Great Expectations over one warehouse: the only module that knows it. Imported late, since it takes seconds."""

# ruff: noqa: S608 - the names in these queries are checked identifiers of our own

import logging
import os
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from activation.errors import BusyError, QualityError
from activation.quality.model import EVERYTHING, Check, Rule, Suite

SITE = "gates"
EXPECTATIONS, RESULTS = "expectations", "validations"
# No metric of ours needs more: 200 failing rows are looked at, and one row is counted.
ROWS_READ = 10_000
LOCKED = ("Could not set lock", "Conflicting lock", "different configuration")


class Session:
    """An open warehouse and the store of results under `context_folder`.

    Raises BusyError when another process holds the warehouse, QualityError when it cannot be opened.
    """

    def __init__(
        self,
        warehouse_url: str,
        context_folder: Path,
        docs_folder: Path,
        run_name: str,
        at: datetime,
        connect_with: Mapping[str, str] | None = None,
    ):
        _stay_silent()
        self.run_name = run_name
        self.at = at.replace(tzinfo=UTC)
        self._context = _open_context(context_folder, docs_folder)
        self._datasource = _open_datasource(self._context, warehouse_url, connect_with or {})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._datasource.get_execution_engine().close()
        self._datasource.get_engine().dispose()

    def check(self, suite: Suite) -> list[Check]:
        """Evaluate a suite's rules. What cannot be evaluated counts as failed, with the error."""
        from great_expectations.datasource.fluent.interfaces import TestConnectionError
        from great_expectations.exceptions import GreatExpectationsError
        from sqlalchemy.exc import SQLAlchemyError

        try:
            result = self._validate(suite)
        except (TestConnectionError, GreatExpectationsError, SQLAlchemyError) as error:
            return [_unevaluated(suite, rule, _one_line(str(error))) for rule in suite.rules]
        found = {item.expectation_config.meta["rule"]: item for item in result.results}
        return [self._checked(suite, rule, found[rule.name]) for rule in suite.rules]

    def has_rows(self, suite: Suite) -> set[str]:
        """The scopes that a suite with a scope column sees at all."""
        return set(self._scopes(f"select distinct {suite.scope_column} from {suite.schema}.{suite.table}", suite))

    def build_docs(self) -> None:
        """Write the pages of everything that is in the store of results."""
        self._context.build_data_docs(site_names=[SITE])

    def _validate(self, suite: Suite) -> Any:
        import great_expectations as gx
        from great_expectations.core.run_identifier import RunIdentifier

        if suite.query:
            asset = self._datasource.add_query_asset(suite.name, query=suite.query)
        else:
            asset = self._datasource.add_table_asset(suite.name, table_name=suite.table, schema_name=suite.schema)
        expectations = [_expectation(rule) for rule in suite.rules]
        stored = self._context.suites.add_or_update(gx.ExpectationSuite(suite.name, expectations=expectations))
        definition = self._context.validation_definitions.add(
            gx.ValidationDefinition(name=suite.name, data=asset.add_batch_definition_whole_table("whole"), suite=stored)
        )
        return definition.run(
            run_id=RunIdentifier(run_name=self.run_name, run_time=self.at), result_format={"result_format": "BASIC"}
        )

    def _checked(self, suite: Suite, rule: Rule, item: Any) -> Check:
        error = _raised(item)
        if error:
            return _unevaluated(suite, rule, error)
        if item.success:
            return Check(suite.name, rule.name, rule.severity, True, (suite.scope,), _observed(item))
        return Check(suite.name, rule.name, rule.severity, False, self._concerned(suite, rule), _observed(item))

    def _concerned(self, suite: Suite, rule: Rule) -> tuple[str, ...]:
        if suite.scope_column is None or rule.query is None:
            return (suite.scope,)
        failing = rule.query.format(batch=f"{suite.schema}.{suite.table}")
        return self._scopes(f"select distinct {suite.scope_column} from ({failing}) as failing", suite) or (
            suite.scope,
        )

    def _scopes(self, query: str, suite: Suite) -> tuple[str, ...]:
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._datasource.get_engine().connect() as connection:
                found = {row[0] for row in connection.execute(text(query))}
        except SQLAlchemyError:
            return (suite.scope,)
        return tuple(sorted(f"trigger:{trigger}" if trigger else EVERYTHING for trigger in found))


def _stay_silent() -> None:
    """Set before the import, which is when it is read; at INFO one suite says a hundred lines of its own insides."""
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logging.getLogger("great_expectations").setLevel(logging.WARNING)


def _open_context(context_folder: Path, docs_folder: Path) -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import DataContextConfig

    def folder(path: Path) -> dict[str, str]:
        return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(path.resolve())}

    stores = {
        "expectations": {"class_name": "ExpectationsStore", "store_backend": folder(context_folder / EXPECTATIONS)},
        "results": {"class_name": "ValidationResultsStore", "store_backend": folder(context_folder / RESULTS)},
        "validation_definition_store": {"class_name": "ValidationDefinitionStore"},
        "checkpoints": {"class_name": "CheckpointStore"},
    }
    site = {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": folder(docs_folder),
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    config = DataContextConfig(
        config_version=4.0,
        stores=stores,
        expectations_store_name="expectations",
        validation_results_store_name="results",
        checkpoint_store_name="checkpoints",
        data_docs_sites={SITE: site},
        analytics_enabled=False,
        progress_bars={"globally": False, "metric_calculations": False},
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _open_datasource(context: Any, warehouse_url: str, connect_with: Mapping[str, str]) -> Any:
    from great_expectations.datasource.fluent.interfaces import TestConnectionError
    from sqlalchemy import event
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    is_duckdb = warehouse_url.startswith("duckdb")
    arguments: dict[str, Any] = {"poolclass": NullPool, "connect_args": dict(connect_with)}
    if is_duckdb:
        arguments["connect_args"]["read_only"] = True
    try:
        with warnings.catch_warnings():
            # Its own class for PostgreSQL takes no password but one in the URL.
            warnings.filterwarnings("ignore", message="You are using a generic SQLDatasource")
            datasource = context.data_sources.add_sql("warehouse", connection_string=warehouse_url, kwargs=arguments)
        for engine in {datasource.get_engine(), datasource.get_execution_engine().engine}:
            if is_duckdb:
                event.listen(engine, "after_cursor_execute", _buffer())
    except (TestConnectionError, SQLAlchemyError) as error:
        raise _not_opened(str(error)) from error
    return datasource


def _buffer() -> Callable[..., None]:
    """Great Expectations gives a DuckDB connection back before it reads the result, so it is read at once."""
    from sqlalchemy.engine.cursor import FullyBufferedCursorFetchStrategy

    def read(_connection: Any, cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        if cursor.description:
            context.cursor_fetch_strategy = FullyBufferedCursorFetchStrategy(
                cursor, initial_buffer=cursor.fetchmany(ROWS_READ)
            )

    return read


def _not_opened(text: str) -> BusyError | QualityError:
    if any(sign in text for sign in LOCKED):
        return BusyError("The warehouse is held by another process or connection.", "Wait or close it, then repeat.")
    return QualityError(
        f"The warehouse cannot be opened for the quality gates: {_one_line(text)}.", "Check its path and rights."
    )


def _expectation(rule: Rule) -> Any:
    from great_expectations import expectations

    arguments = {"unexpected_rows_query": rule.query} if rule.query else dict(rule.arguments)
    kind = getattr(expectations, rule.expectation)
    return kind(**arguments, severity=rule.severity.value, description=rule.name, meta={"rule": rule.name})


def _unevaluated(suite: Suite, rule: Rule, error: str) -> Check:
    return Check(suite.name, rule.name, rule.severity, False, (suite.scope,), error=error)


def _raised(item: Any) -> str:
    """What was raised, in one line; a metric's error is listed under the metric's name."""
    infos = item.exception_info or {}
    own = [infos] if infos.get("raised_exception") else []
    for info in own or [info for info in infos.values() if hasattr(info, "get")]:
        return _one_line(str(info.get("exception_message") or info.get("exception_traceback")))
    return "" if item.result else "it gave no result"


def _observed(item: Any) -> str:
    result = item.result
    return str(result.get("observed_value", result.get("unexpected_count", "")))


def _one_line(text: str, length: int = 160) -> str:
    return " ".join(text.split())[:length]
