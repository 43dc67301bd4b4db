"""What a quality gate is made of: rules grouped in suites going in, checks and blocks coming out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

GateKind = Literal["models", "sources_and_triggers", "handover"]
# Where a block comes from: a failed test of the models, or one of the gates. Each lifts only its own.
Origin = Literal["models", "sources_and_triggers", "handover"]
EVERYTHING = "all"


class Severity(StrEnum):
    """A failed `critical` rule blocks its scope; a failed `warning` is only shown."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is too much. Shares are of 1; a floor keeps small numbers from alarming."""

    freshness: timedelta = timedelta(hours=24)
    quarantine_share: float = 0.2
    quarantine_warning_share: float = 0.02
    quarantine_floor: int = 20
    implausible_time_share: float = 0.05
    birth_date_share: float = 0.02
    birth_date_floor: int = 50
    volume_factor: int = 20
    volume_floor: int = 1000
    volume_history: timedelta = timedelta(days=28)
    block_for: timedelta = timedelta(days=1)
    kept_results: int = 30


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold, as a Great Expectations class and its arguments.

    `query` selects the rows that break the rule (`{batch}` stands for the table); without it the class and
    `arguments` say it.
    """

    name: str
    severity: Severity
    query: str | None = None
    expectation: str = "UnexpectedRowsExpectation"
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suite:
    """The rules of one table. `query` narrows the table to the rows to look at.

    With `scope_column` a failed rule blocks only the triggers that this column names in the failing rows.
    """

    name: str
    scope: str
    schema: str
    table: str
    rules: tuple[Rule, ...]
    query: str | None = None
    scope_column: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What became of one rule. `error` says why it could not be evaluated; `scopes` are what its failure concerns."""

    suite: str
    rule: str
    severity: Severity
    passed: bool
    scopes: tuple[str, ...]
    observed: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Nothing is sent in `scope` (`all`, `trigger:x`, `channel:x`, `country:x`) before `until`."""

    scope: str
    reason: str
    severity: Severity
    until: datetime


@dataclass(frozen=True, slots=True)
class GateReport:
    """The result of one gate. `cleared` are the scopes that it looked at and found in order."""

    kind: Origin
    run_id: int
    as_of: datetime
    passed: bool
    checks: tuple[Check, ...]
    blocks: tuple[Block, ...]
    cleared: tuple[str, ...]
    docs_index: Path

    @property
    def warnings(self) -> tuple[Check, ...]:
        """Failed checks that block nothing."""
        return tuple(check for check in self.checks if not check.passed and not _blocks(check))


def _blocks(check: Check) -> bool:
    return bool(check.error) or check.severity is Severity.CRITICAL
