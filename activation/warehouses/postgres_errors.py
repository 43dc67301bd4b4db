"""What PostgreSQL says when something is wrong, as our errors, named by what one can do and without the password."""

import contextlib
from collections.abc import Iterator

import psycopg
import pyarrow as pa
from psycopg import errors

from activation.errors import ActivationError, BusyError, WarehouseError
from activation.settings import ServerAddress

BUSY: dict[type[psycopg.Error], str] = {
    errors.LockNotAvailable: "somebody holds a table for too long",
    errors.DeadlockDetected: "two writers waited for each other",
    errors.SerializationFailure: "another writer came first",
    errors.TooManyConnections: "it has no connection left",
    errors.CannotConnectNow: "it is starting or stopping",
    errors.AdminShutdown: "it was stopped",
}
REMEDIES: dict[type[psycopg.Error], str] = {
    errors.DiskFull: "Free disk space on the server and repeat.",
    errors.InsufficientPrivilege: "Grant the role what docs/warehouses.md lists.",
    errors.InvalidPassword: "Correct the user or the password in ACTIVATION_WAREHOUSE_URL.",
    errors.InvalidAuthorizationSpecification: "Correct the user, or the server's pg_hba.conf.",
    errors.InvalidCatalogName: "Create the database, or correct its name in ACTIVATION_WAREHOUSE_URL.",
    errors.QueryCanceled: "Raise the role's statement_timeout, or look at what the server is busy with.",
}
# A refusal while connecting has no class of its own, only the server's words.
REFUSALS: dict[str, type[psycopg.Error]] = {
    "password authentication failed": errors.InvalidPassword,
    "no password supplied": errors.InvalidPassword,
    "no pg_hba.conf entry": errors.InvalidAuthorizationSpecification,
    "role ": errors.InvalidAuthorizationSpecification,
    "database ": errors.InvalidCatalogName,
    "too many clients": errors.TooManyConnections,
    "remaining connection slots": errors.TooManyConnections,
    "the database system is": errors.CannotConnectNow,
}


@contextlib.contextmanager
def translated(address: ServerAddress) -> Iterator[None]:
    """Turn psycopg's and Arrow's errors into ours. The cause is left out, since its text is not ours to vouch for."""
    try:
        yield
    except (psycopg.Error, pa.ArrowException, OSError) as error:
        raise _translation(address, error) from None


def _translation(address: ServerAddress, error: Exception) -> ActivationError:
    password = address.password.reveal()
    text = " ".join(str(error).split())
    if password:
        text = text.replace(password, "***")
    kind = _kind(error, text)
    for known, says in BUSY.items():
        if issubclass(kind, known):
            return BusyError(f"{address}: {says}.", "Wait a little and repeat.")
    for known, remedy in REMEDIES.items():
        if issubclass(kind, known):
            return WarehouseError(f"{address}: {text}", remedy)
    if issubclass(kind, psycopg.OperationalError) and getattr(error, "sqlstate", None) is None:
        return WarehouseError(
            f"{address} does not answer: {text}",
            "Check that the server runs and that ACTIVATION_WAREHOUSE_URL is right.",
        )
    return WarehouseError(f"{address}: {text}")


def _kind(error: Exception, text: str) -> type[Exception]:
    if type(error) is psycopg.OperationalError and "FATAL:" in text:
        said = text.rpartition("FATAL:")[2].strip()
        return next((kind for words, kind in REFUSALS.items() if said.startswith(words) or words in said), type(error))
    return type(error)
