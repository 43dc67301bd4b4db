"""What a model or test that failed in a build stops."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from activation.errors import BuildError
from activation.project import TRIGGER_PREFIX, NodeFailure
from activation.quality.model import Block, Severity

BLOCK_LENGTH = timedelta(days=1)


def failure_blocks(failures: Iterable[NodeFailure], as_of: datetime) -> list[Block]:
    """One block per trigger that failed. Raises BuildError when something that all triggers rest on did."""
    reasons: dict[str, list[str]] = {}
    for failure in failures:
        triggers = [model for model in failure.models if model.startswith(TRIGGER_PREFIX)]
        if not triggers:
            raise BuildError(
                f"{failure.kind} {failure.name} failed: {failure.message}.",
                "Mend it; nothing was decided or announced.",
            )
        for model in triggers:
            scope = f"trigger:{model.removeprefix(TRIGGER_PREFIX)}"
            reasons.setdefault(scope, []).append(f"{failure.name}: {failure.message}")
    until = as_of + BLOCK_LENGTH
    return [Block(scope, "; ".join(found), Severity.CRITICAL, until) for scope, found in sorted(reasons.items())]
