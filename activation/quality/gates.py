"""The gates: run before the decisions and before the hand-over, they say in which scope nothing may be sent."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from activation.errors import QualityError
from activation.policy import IDENTIFIER
from activation.quality import data_docs
from activation.quality.dialects import Dialect, dialect_of
from activation.quality.model import EVERYTHING, Block, Check, GateKind, GateReport, Limits, Severity, Suite
from activation.quality.session import EXPECTATIONS, RESULTS, Session
from activation.quality.suites import handover_suite, source_suites, trigger_suite
from activation.settings import Settings
from activation.warehouses.schema import RAW

HANDOVER: GateKind = "handover"


def duckdb_url(path: Path) -> str:
    """The address of a DuckDB file as SQLAlchemy has it."""
    return f"duckdb:///{path.resolve()}"


def warehouse_address(settings: Settings) -> tuple[str, dict[str, str]]:
    """The warehouse's address as SQLAlchemy has it, and what its driver is told beside: the password is not in a URL
    that somebody might print."""
    address = settings.warehouse
    if address is None:
        return duckdb_url(settings.warehouse_path), {}
    told = {"host": address.host, "password": address.password.reveal(), "options": "-c TimeZone=UTC", **address.tls}
    return f"postgresql+psycopg://{quote(address.user)}@:{address.port}/{quote(address.database)}", told


def run_gates(
    kind: GateKind,
    *,
    warehouse_url: str,
    connect_with: Mapping[str, str] | None = None,
    schema: str,
    raw_schema: str = RAW,
    triggers: Sequence[str],
    run_id: int,
    as_of: datetime,
    docs_folder: Path,
    context_folder: Path,
    limits: Limits | None = None,
) -> GateReport:
    """Evaluate a gate's rules in the warehouse and rebuild Data Docs.

    The warehouse's file must not be open in this process otherwise. A rule that cannot be evaluated blocks its scope.
    Raises BusyError when another process holds the warehouse, QualityError when it cannot be opened or a name is not
    an identifier.
    """
    limits = limits or Limits()
    _require_identifiers([schema, raw_schema, *triggers], kind)
    suites = _suites(kind, schema, raw_schema, triggers, as_of, limits, dialect_of(warehouse_url))
    run_name = _run_name(context_folder / RESULTS, run_id, kind)
    with Session(warehouse_url, context_folder, docs_folder, run_name, as_of, connect_with) as session:
        checks = [check for suite in suites for check in session.check(suite)]
        seen = session.has_rows(suites[0]) if kind == HANDOVER else {suite.scope for suite in suites}
        _rebuild_docs(session, context_folder, docs_folder, max(limits.kept_results, len(suites)))
    blocks = _blocks(checks, as_of, limits)
    return GateReport(
        kind=kind,
        run_id=run_id,
        as_of=as_of,
        passed=not blocks,
        checks=tuple(checks),
        blocks=tuple(blocks),
        cleared=_cleared(seen, blocks, everything=bool(seen)),
        docs_index=docs_folder / "index.html",
    )


def _require_identifiers(names: Iterable[str], kind: str) -> None:
    if kind not in get_args(GateKind):
        raise QualityError(f"There is no gate {kind!r}.", f"Use one of {', '.join(get_args(GateKind))}.")
    wrong = [name for name in names if not re.match(IDENTIFIER, name)]
    if wrong:
        raise QualityError(f"{', '.join(map(repr, wrong))} cannot name a table.", "Use a-z, 0-9 and _ only.")


def _suites(
    kind: GateKind,
    schema: str,
    raw_schema: str,
    triggers: Sequence[str],
    as_of: datetime,
    limits: Limits,
    dialect: Dialect,
) -> list[Suite]:
    if kind == HANDOVER:
        return [handover_suite(schema, as_of, dialect)]
    return [
        *source_suites(as_of, limits, raw_schema, dialect),
        *(trigger_suite(name, schema, as_of, limits, dialect) for name in triggers),
    ]


def _run_name(results: Path, run_id: int, kind: GateKind) -> str:
    """A gate that is run again in one run, after a decision was made once more, gets a name of its own."""
    name = f"run-{run_id:06d}-{kind.replace('_', '-')}"
    taken = {path.name for path in results.glob("*/*")}
    candidates = (name if count == 1 else f"{name}-{count}" for count in range(1, len(taken) + 2))
    return next(candidate for candidate in candidates if candidate not in taken)


def _rebuild_docs(session: Session, context_folder: Path, docs_folder: Path, kept: int) -> None:
    data_docs.keep_newest(context_folder / RESULTS, kept)
    data_docs.keep_suites_in_use(context_folder / EXPECTATIONS, context_folder / RESULTS)
    data_docs.forget_pages(docs_folder)
    session.build_docs()
    data_docs.make_offline(docs_folder)


def _blocks(checks: Iterable[Check], as_of: datetime, limits: Limits) -> list[Block]:
    """One block per scope, with every reason. What could not be evaluated counts as critical."""
    reasons: dict[str, list[str]] = {}
    for check in checks:
        if check.passed or (check.severity is not Severity.CRITICAL and not check.error):
            continue
        for scope in check.scopes:
            reasons.setdefault(scope, []).append(_reason(check))
    until = as_of + limits.block_for
    return [Block(scope, "; ".join(found), Severity.CRITICAL, until) for scope, found in sorted(reasons.items())]


def _reason(check: Check) -> str:
    if check.error:
        return f"{check.suite}: could not be evaluated: {check.rule} ({check.error})"
    return f"{check.suite}: does not hold: {check.rule} ({check.observed or 'some'} rows)"


def _cleared(seen: set[str], blocks: Sequence[Block], *, everything: bool) -> tuple[str, ...]:
    """The scopes that were looked at and are in order; a hand-over without rows says nothing about any of them."""
    looked_at = seen | ({EVERYTHING} if everything else set())
    return tuple(sorted(looked_at - {block.scope for block in blocks}))
