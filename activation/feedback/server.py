"""The web server behind unsubscribe links: `/u/<token>` and `/health`.

RFC 8058: a mailbox provider POSTs `List-Unsubscribe=One-Click` to the link, without cookie or login, and that is the
whole consent. A GET only asks, since scanners and previews follow every link of a mail.
"""

import logging
import signal
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http import HTTPStatus
from socketserver import TCPServer, ThreadingMixIn
from threading import Thread
from typing import Any, Protocol
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from activation.errors import BusyError, LedgerError
from activation.feedback import pages
from activation.feedback.links import PATH, Subscription, UnsubscribeLinks

BODY_LENGTH = 4096
DRAINED_LENGTH = 65_536
CLIENT_SECONDS = 10.0
FIELD, VALUE = "List-Unsubscribe", "One-Click"
HEADERS = [
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("X-Robots-Tag", "noindex"),
]

log = logging.getLogger(__name__)

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class SuppressionSink(Protocol):
    """What the ledger does with an unsubscribe."""

    def unsubscribe(self, subscription: Subscription) -> bool:
        """Suppress the contact point that the message went to; False when the message is not known.

        A repeat changes nothing and is True. Raises LedgerError when it cannot be written now.
        """


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back over the wire."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = field(default=())


def make_app(links: UnsubscribeLinks, sink: SuppressionSink, brands: Mapping[str, str]) -> Application:
    """The WSGI application; `brands` gives each brand's name as people know it. Any WSGI server can run it."""

    def app(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        response = _respond(environ, links, sink, brands)
        headers = [("Content-Type", response.content_type), ("Content-Length", str(len(response.body)))]
        start_response(f"{response.status.value} {response.status.phrase}", [*headers, *HEADERS, *response.headers])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

    return app


def make_http_server(app: Application, host: str, port: int) -> WSGIServer:
    """A threading server, bound but not yet serving; port 0 lets the system choose.

    Raises BusyError when the port is taken.
    """
    try:
        return make_server(host, port, app, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        raise BusyError(
            f"Unsubscribe links cannot be answered on {host}:{port}: {error.strerror or error}.",
            "Stop what uses the port, or choose another.",
        ) from None


def serve(app: Application, host: str = "127.0.0.1", port: int = 8085) -> None:
    """Serve until SIGTERM or Ctrl-C, from the main thread. Put a proxy with TLS before it: one-click needs https."""
    with make_http_server(app, host, port) as server:
        for number in (signal.SIGTERM, signal.SIGINT):
            # `shutdown` waits for the loop that the signal has interrupted, so it needs a thread of its own.
            signal.signal(number, lambda *_: Thread(target=server.shutdown).start())
        log.info("unsubscribe links are answered on port %s", server.server_port)
        server.serve_forever()


def _respond(environ: Environ, links: UnsubscribeLinks, sink: SuppressionSink, brands: Mapping[str, str]) -> Response:
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    language = pages.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    body = _read_body(environ)
    if path == "/health":
        return _health(method)
    if not path.startswith(PATH):
        return Response(HTTPStatus.NOT_FOUND, pages.invalid_page(language))
    if method not in ("GET", "HEAD", "POST"):
        return _not_allowed("GET, HEAD, POST")
    if body is None:
        return Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, pages.invalid_page(language))
    subscription = links.read(path.removeprefix(PATH))
    if subscription is None:
        return Response(HTTPStatus.NOT_FOUND, pages.invalid_page(language))
    brand = brands.get(subscription.brand, subscription.brand)
    if method != "POST":
        return Response(HTTPStatus.OK, pages.question_page(brand, language))
    if not _is_one_click(environ.get("CONTENT_TYPE", ""), body):
        return Response(HTTPStatus.BAD_REQUEST, pages.invalid_page(language))
    return _unsubscribe(sink, subscription, brand, language)


def _unsubscribe(sink: SuppressionSink, subscription: Subscription, brand: str, language: str) -> Response:
    try:
        is_known = sink.unsubscribe(subscription)
    except LedgerError:
        log.warning("unsubscribe of message %s could not be written", subscription.message_key)
        return Response(HTTPStatus.SERVICE_UNAVAILABLE, pages.later_page(language), headers=(("Retry-After", "120"),))
    if not is_known:
        log.warning("unsubscribe of message %s, which the ledger does not know", subscription.message_key)
        return Response(HTTPStatus.NOT_FOUND, pages.invalid_page(language))
    log.info("unsubscribed by message %s", subscription.message_key)
    return Response(HTTPStatus.OK, pages.done_page(brand, language))


def _health(method: str) -> Response:
    if method not in ("GET", "HEAD"):
        return _not_allowed("GET, HEAD")
    return Response(HTTPStatus.OK, b"ok\n", "text/plain; charset=utf-8")


def _not_allowed(allowed: str) -> Response:
    return Response(HTTPStatus.METHOD_NOT_ALLOWED, b"", "text/plain; charset=utf-8", (("Allow", allowed),))


def _read_body(environ: Environ) -> bytes | None:
    """The body, None when it is too long. What is left unread would reset the connection before the answer."""
    try:
        length = max(int(environ.get("CONTENT_LENGTH") or 0), 0)
    except ValueError:
        length = 0
    try:
        body: bytes = environ["wsgi.input"].read(min(length, DRAINED_LENGTH))
    except OSError:
        return None
    return body if length <= BODY_LENGTH else None


def _is_one_click(content_type: str, body: bytes) -> bool:
    """RFC 8058 allows both forms of body."""
    if content_type.lower().startswith("multipart/form-data"):
        head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
        parts = BytesParser(policy=HTTP).parsebytes(head + body).walk()
        return any(
            part.get_param("name", header="content-disposition") == FIELD and part.get_content().strip() == VALUE
            for part in parts
            if not part.is_multipart()
        )
    return parse_qs(body.decode("ascii", "replace")).get(FIELD) == [VALUE]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the default does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = CLIENT_SECONDS

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the standard library's
        """Nothing: the default writes each path, and a path is a person's token."""

    def address_string(self) -> str:
        """The address itself; the default asks a name server for each visitor's name."""
        return str(self.client_address[0])
