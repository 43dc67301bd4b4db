"""Great Expectations suites and gates: what must hold before anything is sent."""

from activation.quality.blocks import blocks_in_force, write_blocks
from activation.quality.failures import failure_blocks
from activation.quality.gates import duckdb_url, run_gates, warehouse_address
from activation.quality.model import Block, Check, GateKind, GateReport, Limits, Origin, Severity

__all__ = [
    "Block",
    "Check",
    "GateKind",
    "GateReport",
    "Limits",
    "Origin",
    "Severity",
    "blocks_in_force",
    "duckdb_url",
    "failure_blocks",
    "run_gates",
    "warehouse_address",
    "write_blocks",
]
