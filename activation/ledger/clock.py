"""The ledger's two clocks: what day it is for the business, and whether a process still lives."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from activation.errors import ConfigError
from activation.ledger import tables
from activation.model import Environment

if TYPE_CHECKING:
    from activation.ledger.store import Ledger

CLOCK_ROW = 1


def utc_now() -> datetime:
    """Real time, UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Clock:
    """`now` is the business instant: stored in the simulation, real elsewhere. `lease_now` is always real."""

    def __init__(
        self, ledger: "Ledger", environment: Environment, real_now: Callable[[], datetime] | None = None
    ) -> None:
        self._ledger = ledger
        self._is_simulated = environment is Environment.SIMULATION
        self._real_now = real_now

    def now(self) -> datetime:
        """The business instant. Raises ConfigError while a simulation has not been started."""
        if not self._is_simulated:
            return self.lease_now()
        instant = self._stored()
        if instant is None:
            raise ConfigError(
                "The simulation's clock has not been set.", "Start the simulation with `activation simulate`."
            )
        return instant

    def lease_now(self) -> datetime:
        """Real time as the ledger sees it: of its server where several hosts share one, else of this machine."""
        if self._real_now is not None:
            return self._real_now()
        if not self._ledger.is_shared:
            return utc_now()
        with self._ledger.read() as connection:
            instant: datetime = connection.execute(select(func.timezone("utc", func.clock_timestamp()))).scalar_one()
        return instant

    def set(self, instant: datetime) -> None:
        """Move the simulation's clock to an instant; it never goes back."""
        self._refuse_unless_simulated()
        stored = self._stored()
        if stored is not None and instant < stored:
            raise ConfigError(
                f"The simulation's clock stands at {stored} and cannot go back to {instant}.",
                "Start a new simulation in another ACTIVATION_HOME.",
            )
        with self._ledger.write() as writing:
            if stored is None:
                writing.execute(insert(tables.clock).values(id=CLOCK_ROW, instant=instant))
            else:
                writing.execute(update(tables.clock).values(instant=instant))

    def advance(self, length: timedelta) -> datetime:
        """Move the simulation's clock forward; returns the new instant."""
        instant = self.now() + length
        self.set(instant)
        return instant

    def _stored(self) -> datetime | None:
        with self._ledger.read() as connection:
            instant: datetime | None = connection.execute(select(tables.clock.c.instant)).scalar_one_or_none()
        return instant

    def _refuse_unless_simulated(self) -> None:
        if not self._is_simulated:
            raise ConfigError(
                "The clock can be moved in the environment `simulation` only.",
                "Set ACTIVATION_ENVIRONMENT=simulation to work with a simulated shop.",
            )
