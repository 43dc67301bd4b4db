"""A gate's blocks in the warehouse, where the next decisions see them."""

from datetime import datetime
from typing import Any

import pyarrow as pa

from activation.quality.model import Block, GateReport
from activation.warehouses.base import Warehouse

COLUMNS = pa.schema(
    [
        ("block_id", pa.string()),
        ("scope", pa.string()),
        ("reason", pa.string()),
        ("severity", pa.string()),
        ("run_id", pa.int64()),
        ("created_at", pa.timestamp("us")),
        ("until", pa.timestamp("us")),
    ]
)


def write_blocks(warehouse: Warehouse, report: GateReport) -> None:
    """End this kind of gate's earlier blocks on the scopes that passed, and add the new ones; all or nothing.

    A block of the other kind of gate stays until its own gate passes or it runs out.
    """
    with warehouse.transaction():
        for scope in report.cleared:
            warehouse.execute(
                "update engine.quality_blocks set until = $as_of "
                "where scope = $scope and until > $as_of and starts_with(block_id, $kind)",
                {"as_of": report.as_of, "scope": scope, "kind": f"{report.kind}/"},
            )
        if report.blocks:
            rows = [_row(report, block) for block in report.blocks]
            warehouse.append("engine", "quality_blocks", [pa.RecordBatch.from_pylist(rows, schema=COLUMNS)])


def blocks_in_force(warehouse: Warehouse, as_of: datetime) -> list[dict[str, Any]]:
    """Scope, reason and end of every block at a moment."""
    return warehouse.rows(
        "select scope, reason, severity, until from engine.quality_blocks "
        "where created_at <= $as_of and $as_of < until order by scope, until",
        {"as_of": as_of},
    )


def _row(report: GateReport, block: Block) -> dict[str, Any]:
    return {
        "block_id": f"{report.kind}/{block.scope}/{report.run_id}",
        "scope": block.scope,
        "reason": block.reason,
        "severity": block.severity.value,
        "run_id": report.run_id,
        "created_at": report.as_of,
        "until": block.until,
    }
