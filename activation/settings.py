"""What the environment says: where state lives, which environment this is, and the secrets."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from activation.errors import ConfigError, MissingSecretError
from activation.model import Environment

SIGNING_KEY_LENGTH = 32
WAREHOUSE_URL = "ACTIVATION_WAREHOUSE_URL"
WAREHOUSE_URL_FORM = "Write it as postgresql://user:password@host:5432/database; docs/warehouses.md has more."
TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


class Secret:
    """A value that shows itself only when asked."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a warehouse that is a server stands, and who asks. `tls` are the options of libpq, by name."""

    host: str
    port: int
    database: str
    user: str
    password: Secret
    tls: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment of one process.

    `project` holds `activation.yml`, `dbt_project/` and the deployment's own templates; `home` holds all state.
    `warehouse` is a server's address; without one the warehouse is a DuckDB file in `home`.
    """

    project: Path
    home: Path
    environment: Environment
    ledger_url: str = field(repr=False)
    public_url: str
    signing_key: Secret | None
    warehouse: ServerAddress | None
    environ: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the `ACTIVATION_*` variables.

        Raises ConfigError for an environment that is not known and for a warehouse's URL that is none.
        """
        source = dict(os.environ if environ is None else environ)
        project = Path(source.get("ACTIVATION_PROJECT", ".")).resolve()
        home = Path(source.get("ACTIVATION_HOME", project / "var")).resolve()
        key = source.get("ACTIVATION_SIGNING_KEY")
        return cls(
            project=project,
            home=home,
            environment=_environment(source.get("ACTIVATION_ENVIRONMENT", Environment.DEV)),
            ledger_url=source.get("ACTIVATION_LEDGER_URL", f"sqlite:///{home / 'ledger.sqlite'}"),
            public_url=source.get("ACTIVATION_PUBLIC_URL", "http://127.0.0.1:8085").rstrip("/"),
            signing_key=Secret(key) if key else None,
            warehouse=_warehouse(source.get(WAREHOUSE_URL, "")),
            environ=source,
        )

    @property
    def warehouse_path(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def read_copy_path(self) -> Path:
        """The copy that readers open, so that they never hold the warehouse's file."""
        return self.home / "warehouse_read.duckdb"

    @property
    def report_path(self) -> Path:
        return self.home / "report" / "index.html"

    @property
    def data_docs_path(self) -> Path:
        return self.home / "data_docs" / "index.html"

    @property
    def inbox_path(self) -> Path:
        return self.home / "inbox"

    @property
    def archive_path(self) -> Path:
        """Events that were moved out of the warehouse's table lie here."""
        return self.home / "archive" / "events"

    @property
    def landing_path(self) -> Path:
        """New event files are put here; the build loads them once."""
        return self.home / "landing"

    def require_signing_key(self) -> Secret:
        """The key that signs unsubscribe links. Raises MissingSecretError when it is absent or too short."""
        if self.signing_key is None or len(self.signing_key.reveal()) < SIGNING_KEY_LENGTH:
            raise MissingSecretError(
                f"ACTIVATION_SIGNING_KEY is missing or shorter than {SIGNING_KEY_LENGTH} characters.",
                "Set it to a random value, for example the output of `openssl rand -hex 32`.",
            )
        return self.signing_key

    def connection_uri(self, destination: str) -> Secret | None:
        """The URI of `ACTIVATION_DESTINATION_<NAME>`, which may hold a password."""
        value = self.environ.get(connection_variable(destination))
        return Secret(value) if value else None


def connection_variable(destination: str) -> str:
    return f"ACTIVATION_DESTINATION_{destination.upper().replace('-', '_')}"


def _environment(value: str) -> Environment:
    try:
        return Environment(value)
    except ValueError:
        known = ", ".join(Environment)
        raise ConfigError(f"ACTIVATION_ENVIRONMENT is {value!r}.", f"Set it to one of {known}.") from None


def _warehouse(url: str) -> ServerAddress | None:
    """The parts of a URL. No message repeats it, since it holds a password."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or 5432
    except ValueError:
        raise ConfigError(f"{WAREHOUSE_URL} is no URL.", WAREHOUSE_URL_FORM) from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError(f"{WAREHOUSE_URL} names no warehouse that we know.", WAREHOUSE_URL_FORM)
    options = dict(parse_qsl(parts.query))
    address = ServerAddress(
        host=options.pop("host", "") or unquote(parts.hostname or ""),
        port=port,
        database=unquote(parts.path.removeprefix("/")),
        user=unquote(parts.username or ""),
        password=Secret(unquote(parts.password or "")),
        tls={name: options.pop(name) for name in TLS_OPTIONS if name in options},
    )
    _refuse_gaps(address, parts, options)
    return address


def _refuse_gaps(address: ServerAddress, parts: SplitResult, unknown: Mapping[str, str]) -> None:
    missing = [name for name in ("host", "user", "database") if not getattr(address, name)]
    if missing:
        raise ConfigError(f"{WAREHOUSE_URL} lacks the {' and the '.join(missing)}.", WAREHOUSE_URL_FORM)
    if unknown or parts.fragment:
        raise ConfigError(
            f"{WAREHOUSE_URL} has more than we understand: {', '.join(unknown) or 'a part after #'}.",
            f"{WAREHOUSE_URL_FORM} After ? it may have host (a socket's folder) and {', '.join(TLS_OPTIONS)}; "
            "in a password, %23 stands for # and %40 for @.",
        )
