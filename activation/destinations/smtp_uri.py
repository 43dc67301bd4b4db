"""What an SMTP connection's URI says."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from activation.destinations.base import Account
from activation.destinations.hosts import is_loopback
from activation.errors import ConfigError
from activation.settings import Secret

PORTS = {"none": 25, "starttls": 587, "tls": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """Where the relay is and how to greet it."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"]
    user: str = ""
    password: Secret | None = None


def read_server(account: Account) -> Server:
    """`smtp://[user:password@]host[:port][?starttls=true]` or `smtps://…`; never repeated in an error."""
    try:
        return _server(urlsplit(account.connection.reveal() if account.connection else ""))
    except ValueError as error:
        raise ConfigError(
            f"The connection of the destination `{account.name}` {error}.",
            "Write it as smtp://host:port, smtp://user:password@host:port?starttls=true or smtps://….",
        ) from None


def _server(uri: SplitResult) -> Server:
    if uri.scheme not in ("smtp", "smtps") or not uri.hostname:
        raise ValueError("is not an smtp:// or smtps:// URI with a host")
    query = parse_qs(uri.query)
    unknown = set(query) - {"starttls"}
    if unknown or query.get("starttls", ["false"])[0] not in ("true", "false"):
        raise ValueError("has an option other than starttls=true or starttls=false")
    tls: Literal["none", "starttls", "tls"] = "none"
    if uri.scheme == "smtps":
        tls = "tls"
    elif query.get("starttls") == ["true"]:
        tls = "starttls"
    if uri.password and tls == "none" and not is_loopback(uri.hostname):
        raise ValueError("would send a password in the clear: use starttls=true or smtps://")
    try:
        port = uri.port or PORTS[tls]
    except ValueError:
        raise ValueError("has a port that is not a number up to 65535") from None
    password = Secret(unquote(uri.password)) if uri.password else None
    return Server(uri.hostname, port, tls, unquote(uri.username or ""), password)
