"""The unsubscribe server over real HTTP."""

import http.client
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from wsgiref.validate import validator

import pytest

from activation.errors import BusyError, LedgerUnavailableError
from activation.feedback import pages
from activation.feedback.links import Subscription, UnsubscribeLinks
from activation.feedback.server import BODY_LENGTH, make_app, make_http_server
from activation.settings import Secret

NOW = datetime(2026, 3, 1, 12)
LINKS = UnsubscribeLinks("https://shop.example", Secret("k" * 32), lambda: NOW)
SUBSCRIPTION = Subscription("default", "email", "marketing", "known")
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Sink:
    """Suppresses in memory; knows one message; can be down."""

    suppressed: set[Subscription] = field(default_factory=set)
    calls: int = 0
    is_down: bool = False

    def unsubscribe(self, subscription: Subscription) -> bool:
        self.calls += 1
        if self.is_down:
            raise LedgerUnavailableError("The ledger is locked.")
        if subscription.message_key != "known":
            return False
        self.suppressed.add(subscription)
        return True


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Site:
    """The running server and what it writes to."""

    sink: Sink
    port: int

    def ask(self, method: str, path: str, body: str | bytes | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named if body is None else FORM | named)
        response = connection.getresponse()
        answer = Answer(response.status, dict(response.getheaders()), response.read().decode())
        connection.close()
        return answer


@pytest.fixture
def site() -> Iterator[Site]:
    sink = Sink()
    app = make_app(LINKS, sink, {"default": "Fern <&> Clay"})
    with make_http_server(app, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Site(sink, server.server_port)
        server.shutdown()
        thread.join()


def path(subscription: Subscription = SUBSCRIPTION, expires_at: datetime = NOW + timedelta(days=1)) -> str:
    return f"/u/{LINKS.token(subscription, expires_at)}"


def test_one_click_unsubscribes(site: Site) -> None:
    """RFC 8058: a POST without cookie or login, and the suppression is written."""
    answer = site.ask("POST", path(), ONE_CLICK)
    assert answer.status == 200
    assert site.sink.suppressed == {SUBSCRIPTION}
    assert "Set-Cookie" not in answer.headers
    assert "Fern &lt;&amp;&gt; Clay" in answer.body


def test_one_click_as_a_form_with_parts(site: Site) -> None:
    """The RFC allows multipart/form-data as well."""
    body = f'--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n'  # noqa: F541
    answer = site.ask("POST", path(), body, Content_Type='multipart/form-data; boundary="b"')
    assert answer.status == 200
    assert site.sink.suppressed == {SUBSCRIPTION}


def test_a_repeat_changes_nothing(site: Site) -> None:
    """A second click is told the same."""
    first, second = (site.ask("POST", path(), ONE_CLICK) for _ in range(2))
    assert (first.status, first.body) == (second.status, second.body)
    assert len(site.sink.suppressed) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_following_the_link_only_asks(site: Site, method: str) -> None:
    """Scanners and previews follow links: nothing is written, and the page has a button that posts."""
    answer = site.ask(method, path())
    assert answer.status == 200
    assert site.sink.calls == 0
    if method == "GET":
        assert '<form method="post">' in answer.body
        assert 'name="List-Unsubscribe" value="One-Click"' in answer.body
    else:
        assert answer.body == ""


@pytest.mark.parametrize("body", ["", "List-Unsubscribe=Yes", "a=b", "List-Unsubscribe", "\xff\xfe"])
def test_another_body_is_no_click(site: Site, body: str) -> None:
    """Only the words of the RFC count."""
    assert site.ask("POST", path(), body.encode("latin-1")).status == 400
    assert site.sink.calls == 0


@pytest.mark.parametrize(
    "bad",
    [
        *("/u/", "/u/x", "/u/1.a.b", "/", "/u", "/v/x", "/u/../health", "/etc/passwd", "/u/" + "a" * 3000),
        path(expires_at=NOW - timedelta(days=1)),
        path().replace("1.", "2.", 1),
        path()[:-1],
        path() + "/",
        path(Subscription("default", "email", "marketing", "unknown")),
    ],
)
def test_a_bad_link_tells_nothing(site: Site, bad: str) -> None:
    """Forged, cut, expired, unknown: the same page, no suppression, no reason."""
    answer = site.ask("POST", bad, ONE_CLICK)
    assert answer.status == 404
    assert answer.body.encode() == pages.invalid_page("en")
    assert site.sink.suppressed == set()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("where", ["/health", path()])
def test_other_methods_are_refused(site: Site, method: str, where: str) -> None:
    """With the list of those that are allowed."""
    answer = site.ask(method, where)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert site.sink.calls == 0


@pytest.mark.parametrize("length", [BODY_LENGTH + 1, 60_000])
def test_a_long_body_is_refused(site: Site, length: int) -> None:
    """It is answered, not cut off, and counts for nothing."""
    assert site.ask("POST", path(), f"{ONE_CLICK}&a={'x' * length}").status == 413
    assert site.sink.calls == 0


def test_a_wrong_length_is_no_click(site: Site) -> None:
    """A length that is no number, or negative, means no body."""
    for length in ("x", "-5"):
        assert site.ask("POST", path(), ONE_CLICK, Content_Length=length).status == 400
    assert site.sink.calls == 0


def test_a_ledger_that_is_down_asks_to_try_again(site: Site) -> None:
    """The provider is told to come back; nobody is told that it worked."""
    site.sink.is_down = True
    answer = site.ask("POST", path(), ONE_CLICK)
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "120"
    assert pages.later_page("en").decode() == answer.body


def test_the_page_speaks_the_readers_language(site: Site) -> None:
    """The first language of theirs that we speak, else English."""
    for wanted, found in (("pt, nl;q=0.8", "nl"), ("de-AT,en", "de"), ("xx", "en"), ("", "en"), (",;q=,", "en")):
        assert f'<html lang="{found}">' in site.ask("GET", path(), Accept_Language=wanted).body


def test_the_answers_are_guarded(site: Site) -> None:
    """No framing, no caching, no script, no referrer that would carry the token away."""
    headers = site.ask("GET", path()).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_health(site: Site) -> None:
    """For whoever watches over it."""
    answer = site.ask("GET", "/health")
    assert (answer.status, answer.body) == (200, "ok\n")


def test_nothing_personal_is_logged(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has the message's key and never the token, which would let anyone unsubscribe the person."""
    caplog.set_level(logging.DEBUG, "activation")
    for method, body in (("GET", None), ("POST", ONE_CLICK), ("POST", "x"), ("PUT", None)):
        site.ask(method, path(), body)
    output = capfd.readouterr()
    shown = caplog.text + output.out + output.err
    assert "unsubscribed by message known" in caplog.text
    assert path().removeprefix("/u/") not in shown
    assert "127.0.0.1" not in shown


def test_any_wsgi_server_can_run_it() -> None:
    """The application keeps to the letter of WSGI."""
    app = validator(make_app(LINKS, Sink(), {}))
    with make_http_server(app, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert Site(Sink(), server.server_port).ask("GET", "/health").status == 200
        thread.join()


def test_a_taken_port_is_named(site: Site) -> None:
    """The error says what to do."""
    with pytest.raises(BusyError, match=str(site.port)):
        make_http_server(make_app(LINKS, Sink(), {}), "127.0.0.1", site.port)


def test_sigterm_stops_it() -> None:
    """As a service it answers, and ends with 0 when told to."""
    code = (
        "import logging; logging.basicConfig(level=logging.INFO); from activation.feedback.server import serve; "
        "serve(lambda *_: [], '127.0.0.1', 0)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "are answered on port" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
