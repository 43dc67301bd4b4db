"""What the database says when it cannot, in the project's words: one sentence and one remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError

from activation.errors import LedgerUnavailableError

# SQLite tells these apart by text only; the order matters, the first that fits is used.
REMEDIES = (
    ("full", "has no room left", "Free disk space and repeat; nothing was half-written."),
    ("locked", "is locked by another process", "Wait for the other process and repeat."),
    ("malformed", "is damaged", "Restore the newest backup, then run `activation ledger recover`."),
    ("not a database", "is not a ledger", "Restore the newest backup, then run `activation ledger recover`."),
    ("disk i/o error", "cannot be written", "Check the disk, restore a backup if needed, and repeat."),
    ("readonly", "cannot be written", "Give this user write access to the ledger's folder."),
    ("unable to open", "cannot be opened", "Check that ACTIVATION_HOME exists and may be written."),
)


@contextmanager
def translated_faults(place: str) -> Iterator[None]:
    """Turn what a driver raises into LedgerUnavailableError; a broken constraint stays what it is, a fault of ours."""
    try:
        yield
    except IntegrityError:
        raise
    except (DatabaseError, DBAPIError) as error:
        raise unavailable(place, error) from error


def unavailable(place: str, error: Exception) -> LedgerUnavailableError:
    """The error for a person. `place` never holds a password."""
    said = str(getattr(error, "orig", error)).lower()
    for sign, fault, remedy in REMEDIES:
        if sign in said:
            return LedgerUnavailableError(f"The ledger {place} {fault}.", remedy)
    return LedgerUnavailableError(
        f"The ledger {place} cannot be used: {said.strip().splitlines()[0] if said.strip() else type(error).__name__}.",
        "Check ACTIVATION_LEDGER_URL and that its server is running.",
    )
