"""The demo's inbox: an SMTP server on this machine that keeps what it gets, and a page to read it."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, Envelope, Session

from activation.errors import BusyError
from activation.simulator import inbox_pages as pages
from activation.simulator.mailbox import NAME, Mailbox, part

HOST = "127.0.0.1"
MAIL_LENGTH = 10_000_000
PAGE_LENGTH = 50
STATIC_LENGTH = 100
CLIENT_SECONDS = 10.0
POLL_SECONDS = 0.05
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
# A mail may style itself and show pictures that it brings along; it may not call home, run or navigate.
MAIL_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
)
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'; base-uri 'none'"

log = logging.getLogger(__name__)


class Inbox:
    """The SMTP server and the page over one folder. Port 0 lets the system choose."""

    def __init__(self, inbox_path: Path, smtp_port: int = 0, http_port: int = 0) -> None:
        self.mailbox = Mailbox(inbox_path)
        self._ports = smtp_port, http_port
        self._smtp: SmtpServer | None = None
        self._http: ThreadingHTTPServer | None = None
        self._page: Thread | None = None

    @property
    def smtp_port(self) -> int:
        return self._smtp.port if self._smtp else 0

    @property
    def http_port(self) -> int:
        return int(self._http.server_address[1]) if self._http else 0

    def start(self) -> None:
        """Bind both ports. Raises BusyError when one is taken."""
        try:
            self._smtp = SmtpServer(Keeper(self.mailbox), self._ports[0])
            self._http = _Server((HOST, self._ports[1]), _page_handler(self.mailbox))
        except OSError as error:
            self.stop()
            raise BusyError(
                f"The inbox cannot listen on {HOST}: {error.strerror or error}.",
                "Stop what uses the port, or choose another with --smtp-port and --port.",
            ) from None
        self._smtp.start()
        self._page = Thread(target=self._http.serve_forever, args=(POLL_SECONDS,), name="inbox-page", daemon=True)
        self._page.start()

    def stop(self) -> None:
        """Let go of both ports."""
        if self._smtp is not None:
            self._smtp.stop()
        if self._http is not None:
            if self._page is not None:
                self._http.shutdown()
                self._page.join()
            self._http.server_close()


def run_inbox(inbox_path: Path, smtp_port: int, http_port: int, announce: Callable[[str], None] | None = None) -> None:
    """Keep what is sent to `smtp_port` and show it on `http_port`, until SIGTERM or Ctrl-C.

    `announce` is told where the page is, once both ports are bound. Raises BusyError when a port is taken.
    """
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    inbox = Inbox(inbox_path, smtp_port, http_port)
    inbox.start()
    try:
        (announce or log.info)(f"inbox: smtp://{HOST}:{inbox.smtp_port}, http://{HOST}:{inbox.http_port}/")
        stopped.wait()
    finally:
        inbox.stop()


def write_index_page(inbox_path: Path) -> Path:
    """Write `index.html` beside the mails: the newest of them in one file that needs no server and no network."""
    mailbox = Mailbox(inbox_path)
    entries, total = mailbox.newest(0, STATIC_LENGTH)
    sources = ((entry, mailbox.source(entry.mail_id) or b"") for entry in entries)
    mails = [(entry, part(source, "html"), part(source, "plain")) for entry, source in sources]
    path = inbox_path / "index.html"
    draft = path.with_suffix(".part")
    draft.write_text(pages.static_page(mails, total), encoding="utf-8")
    return draft.replace(path)


class SmtpServer:
    """aiosmtpd on a thread of its own; its port is bound from the start. `options` are aiosmtpd's."""

    def __init__(self, handler: object, port: int = 0, **options: Any) -> None:
        self._handler = handler
        self._options = {"hostname": "inbox.localhost", "data_size_limit": MAIL_LENGTH} | options
        self._socket = socket.create_server((HOST, port), backlog=128)
        self._loop = asyncio.new_event_loop()
        self._thread: Thread | None = None
        self.port = int(self._socket.getsockname()[1])

    def start(self) -> None:
        self._thread = Thread(target=self._run, name="inbox-smtp", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._socket.close()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        serving = self._loop.create_task(self._loop.create_server(self._session, sock=self._socket))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(serving, return_exceptions=True))

    def _session(self) -> SMTP:
        return SMTP(self._handler, loop=self._loop, **self._options)


class Keeper:
    """What aiosmtpd calls for each mail: it is kept before it is answered."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's
        try:
            entry = self._mailbox.add(bytes(envelope.content or b""), envelope.rcpt_tos)
        except OSError as error:
            return f"452 4.3.1 cannot keep it: {error.strerror}"
        return f"250 2.0.0 kept as {entry.mail_id}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking a name server who we are, as the default does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def _page_handler(mailbox: Mailbox) -> type[BaseHTTPRequestHandler]:
    class Handler(_PageHandler):
        pass

    Handler.mailbox = mailbox
    return Handler


class _PageHandler(BaseHTTPRequestHandler):
    """`/`, `/m/<id>` with its `?view=`, and `/m/<id>/html`, `/text`, `/source` as they are."""

    mailbox: Mailbox
    timeout = CLIENT_SECONDS

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        steps = url.path.strip("/").split("/")
        if url.path == "/":
            self._answer(self._list(query))
        elif steps[0] == "m" and len(steps) in (2, 3) and NAME.fullmatch(steps[1]):
            self._mail(steps[1], steps[2] if len(steps) == 3 else "", query.get("view", "html"))
        else:
            self._answer(pages.absent_page(), status=HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET  # noqa: N815 - the standard library's

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's
        """Nothing: a search for an address would stand in the log."""

    def _list(self, query: dict[str, str]) -> str:
        wanted = query.get("q", "")[:200]
        number = int(query["page"]) if query.get("page", "").isdecimal() and len(query["page"]) < 8 else 1
        start = (max(number, 1) - 1) * PAGE_LENGTH
        entries, total = self.mailbox.newest(start, PAGE_LENGTH, wanted)
        return pages.list_page(entries, total, start, PAGE_LENGTH, wanted)

    def _mail(self, mail_id: str, raw: str, view: str) -> None:
        entry, source = self.mailbox.entry(mail_id), self.mailbox.source(mail_id)
        if entry is None or source is None or raw not in ("", "html", "text", "source"):
            self._answer(pages.absent_page(), status=HTTPStatus.NOT_FOUND)
        elif raw == "html":
            self._answer(pages.framed(part(source, "html")) or "<p>This mail has no HTML part.</p>", policy=MAIL_POLICY)
        elif raw == "text":
            self._answer(part(source, "plain"), TEXT, MAIL_POLICY)
        elif raw == "source":
            self._answer(source.decode("utf-8", "replace"), TEXT, MAIL_POLICY)
        else:
            shown = {"text": part(source, "plain"), "source": source.decode("utf-8", "replace")}.get(view)
            self._answer(pages.mail_page(entry, view if shown is not None else "html", shown or ""))

    def _answer(
        self, body: str, kind: str = HTML, policy: str = PAGE_POLICY, status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        content = body.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", policy)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
