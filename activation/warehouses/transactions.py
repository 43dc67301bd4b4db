"""What every warehouse's transactions have in common."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from activation.errors import ActivationError, WarehouseError


class Transactions:
    """The transactions of a connection that runs statements by `execute`."""

    _is_in_transaction = False

    def execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> None:
        """Run one statement that returns nothing."""
        raise NotImplementedError

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is committed together or not at all. Transactions do not nest."""
        if self._is_in_transaction:
            raise WarehouseError("A transaction is already open.", "Put the statements into the one that is open.")
        self.execute("begin")
        self._is_in_transaction = True
        try:
            yield
        except BaseException:
            self._is_in_transaction = False
            # A connection that broke has already lost the transaction; the first error is the one to show.
            with contextlib.suppress(ActivationError):
                self.execute("rollback")
            raise
        self._is_in_transaction = False
        self.execute("commit")

    def _own_transaction(self) -> contextlib.AbstractContextManager[None]:
        """One of its own, unless one is open already."""
        return contextlib.nullcontext() if self._is_in_transaction else self.transaction()

    def _refuse_open_transaction(self) -> None:
        """Raises WarehouseError within a transaction, whose state nobody else may see."""
        if self._is_in_transaction:
            raise WarehouseError("A transaction is open, so there is no state to publish.", "Commit it first.")
