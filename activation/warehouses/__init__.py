"""One file per warehouse: Arrow batches in and out, no business rule."""

from activation.settings import Settings
from activation.warehouses.base import Transaction, Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

__all__ = ["Transaction", "Warehouse", "open_warehouse"]


def open_warehouse(settings: Settings, *, read_copy: bool = False) -> Warehouse:
    """Open the deployment's warehouse, or the copy that is there for readers.

    Raises BusyError when another process holds it, and WarehouseError when it cannot be opened or when nothing has
    been published for readers yet.
    """
    return DuckDBWarehouse(settings.warehouse_path, settings.read_copy_path, read_copy=read_copy)
