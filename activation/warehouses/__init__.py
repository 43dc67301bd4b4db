"""One file per warehouse: Arrow batches in and out, no business rule."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from activation.errors import ConfigError
from activation.settings import ServerAddress, Settings
from activation.warehouses.base import Transaction, Warehouse
from activation.warehouses.duckdb import DuckDBWarehouse

if TYPE_CHECKING:
    from activation.warehouses.postgres import PostgresWarehouse

__all__ = ["Transaction", "Warehouse", "open_warehouse", "reserved"]


def open_warehouse(settings: Settings, *, read_copy: bool = False) -> Warehouse:
    """Open the deployment's warehouse, or what is there for readers: a published copy of a file, a server itself.

    Raises BusyError when another process holds it, and WarehouseError when it cannot be opened or when nothing has
    been published for readers yet.
    """
    if settings.warehouse is not None:
        return _open_server(settings.warehouse, read_copy=read_copy)
    return DuckDBWarehouse(settings.warehouse_path, settings.read_copy_path, read_copy=read_copy)


@contextmanager
def reserved(settings: Settings) -> Iterator[None]:
    """Nobody else writes to the warehouse meanwhile. A file sees to that itself, whenever it is open.

    Raises BusyError when another process writes to it.
    """
    if settings.warehouse is None:
        yield
        return
    with _open_server(settings.warehouse) as warehouse, warehouse.reserved():
        yield


def _open_server(address: ServerAddress, *, read_copy: bool = False) -> "PostgresWarehouse":
    try:
        from activation.warehouses.postgres import PostgresWarehouse
    except ImportError as error:
        raise ConfigError(
            f"PostgreSQL as warehouse needs {error.name}.", "Install it with `pip install 'activation[postgres]'`."
        ) from error
    return PostgresWarehouse(address, read_copy=read_copy)
