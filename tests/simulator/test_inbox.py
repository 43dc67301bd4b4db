"""The demo's inbox: real SMTP in, real HTTP out."""

import http.client
import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest

from activation.errors import BusyError
from activation.simulator.inbox import PAGE_LENGTH, Inbox, write_index_page
from activation.simulator.mailbox import Mailbox, part

POISON = '<script>alert("x")</script>'


def mail(subject: str = "Hello", to: str = "jane@mail.example", html: str = "<p>Hello</p>") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Shop <hello@shop.example>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = "Sun, 01 Mar 2026 13:00:00 +0100"
    message["X-Activation-Trigger"] = "win_back"
    message.set_content("Hello\n")
    message.add_alternative(f"<html><head></head><body>{html}</body></html>", subtype="html")
    return message


@dataclass
class Answer:
    status: int
    body: str
    policy: str


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    opened = Inbox(tmp_path)
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def send(inbox: Inbox) -> Iterator[Callable[[EmailMessage], object]]:
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port, local_hostname="localhost") as client:
        yield client.send_message


def ask(inbox: Inbox, path: str, method: str = "GET") -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", inbox.http_port, timeout=5)
    connection.request(method, path)
    response = connection.getresponse()
    answer = Answer(response.status, response.read().decode(), response.headers.get("Content-Security-Policy", ""))
    connection.close()
    return answer


def test_a_mail_is_kept_and_listed(inbox: Inbox, send: Callable[[EmailMessage], object], tmp_path: Path) -> None:
    """It stands in the list with recipient, subject, trigger and its own time, and in a file as it came."""
    send(mail("Grüße 🌿"))
    listed = ask(inbox, "/").body
    for shown in ("Grüße 🌿", "jane@mail.example", "win_back", "2026-03-01 12:00", "1 mails"):
        assert shown in listed
    source = (tmp_path / "messages" / "000000001.eml").read_bytes()
    assert part(source, "plain").strip() == "Hello"
    assert "jane@mail.example" in (tmp_path / "index.jsonl").read_text()


def test_a_mail_has_three_views(inbox: Inbox, send: Callable[[EmailMessage], object]) -> None:
    """HTML in a frame without scripts, plain text, and the source."""
    send(mail())
    page = ask(inbox, "/m/000000001").body
    assert '<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/m/000000001/html"' in page
    assert "allow-scripts" not in page
    assert "<pre>Hello" in ask(inbox, "/m/000000001?view=text").body
    assert "List" not in ask(inbox, "/m/000000001?view=nonsense").body
    assert "X-Activation-Trigger: win_back" in ask(inbox, "/m/000000001?view=source").body
    framed = ask(inbox, "/m/000000001/html")
    assert "<p>Hello</p>" in framed.body
    assert framed.policy.startswith("sandbox")
    assert "default-src 'none'" in framed.policy
    assert '<base target="_blank">' in framed.body
    assert ask(inbox, "/m/000000001/source").body.startswith("From: Shop")


def test_nothing_from_a_mail_is_html_outside_its_frame(
    inbox: Inbox, send: Callable[[EmailMessage], object], tmp_path: Path
) -> None:
    """Subjects, recipients, triggers and texts are escaped on every page, the static one included."""
    hostile = mail(POISON, html=POISON)
    hostile.replace_header("X-Activation-Trigger", POISON)
    hostile.get_body(("plain",)).set_content(POISON)  # type: ignore[union-attr]
    send(hostile)
    pages = [ask(inbox, path).body for path in ("/", "/m/000000001", "/m/000000001?view=text", "/?q=%3Cscript%3E")]
    pages.append(write_index_page(tmp_path).read_text(encoding="utf-8"))
    for page in pages:
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_thousands_are_paged(inbox: Inbox) -> None:
    """Newest first, fifty to a page, with links to the others; a search narrows."""
    for number in range(2 * PAGE_LENGTH + 5):
        inbox.mailbox.add(mail(f"Subject {number:04d}").as_bytes(), [f"p{number}@mail.example"])
    first, last = ask(inbox, "/").body, ask(inbox, "/?page=3").body
    assert first.index("Subject 0104") < first.index("Subject 0103")
    assert first.count("<tr>") == PAGE_LENGTH + 1
    assert last.count("<tr>") == 5 + 1
    assert "Subject 0000" in last
    assert 'href="/?page=2"' in first
    assert "Page 3 of 3" in last
    assert "Subject 0042" in ask(inbox, "/?q=P42%40MAIL").body
    for strange in ("/?page=0", "/?page=-1", "/?page=x", "/?page=%C2%B2", "/?page=99999999999", "/?page=9999"):
        assert ask(inbox, strange).status == 200


@pytest.mark.parametrize(
    "path", ["/x", "/m/", "/m/1", "/m/000000009", "/m/..%2f..%2fetc%2fpasswd", "/m/000000001/x", "/m/000000001/html/x"]
)
def test_what_is_not_there(inbox: Inbox, send: Callable[[EmailMessage], object], path: str) -> None:
    """One page for all of it; no file can be named."""
    send(mail())
    assert ask(inbox, path).status == 404


def test_the_index_is_made_again_from_the_mails(tmp_path: Path) -> None:
    """Lost, cut short or behind: the mails decide, numbers go on, and half a mail is none."""
    mailbox = Mailbox(tmp_path)
    for number in range(3):
        mailbox.add(mail(f"Subject {number}").as_bytes(), ["jane@mail.example"])
    index = tmp_path / "index.jsonl"
    index.write_text(index.read_text().splitlines()[0] + '\n{"mail_id": "0000')
    (tmp_path / "messages" / "000000004.part").write_bytes(b"From: x")
    again = Mailbox(tmp_path)
    assert [entry.subject for entry in again.newest(0, 9)[0]] == ["Subject 2", "Subject 1", "Subject 0"]
    assert len(index.read_text().splitlines()) == 3
    assert again.add(mail().as_bytes(), []).mail_id == "000000004"
    index.unlink()
    assert len(Mailbox(tmp_path)) == 4


@pytest.mark.parametrize("content", [b"", b"no headers", b"Date: never\nSubject: =?x?q?y?=\n\n\xff", b"\xff\xfe\x00"])
def test_any_bytes_are_a_mail(tmp_path: Path, content: bytes) -> None:
    """What is broken is listed as well as can be, and shown."""
    inbox = Inbox(tmp_path)
    inbox.start()
    try:
        inbox.mailbox.add(content, ["jane@mail.example"])
        for path in ("/", "/m/000000001", "/m/000000001/html", "/m/000000001?view=text", "/m/000000001?view=source"):
            assert ask(inbox, path).status == 200
    finally:
        inbox.stop()


class Resources(HTMLParser):
    """What a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href") and tag != "a"]


def test_the_static_page_needs_nothing_else(tmp_path: Path) -> None:
    """One file: no server, no network, also without a mail."""
    assert "No mail yet" in write_index_page(tmp_path).read_text(encoding="utf-8")
    mailbox = Mailbox(tmp_path)
    for number in range(120):
        mailbox.add(mail(f"Subject {number}").as_bytes(), ["jane@mail.example"])
    page = write_index_page(tmp_path).read_text(encoding="utf-8")
    reader = Resources()
    reader.feed(page)
    assert reader.loaded == []
    assert page.count("srcdoc=") == 100
    assert "The newest 100 of 120" in page


def test_a_taken_port_is_named(inbox: Inbox, tmp_path: Path) -> None:
    """The error says what to do, and lets go of the other port."""
    for ports in ((inbox.smtp_port, 0), (0, inbox.http_port)):
        with pytest.raises(BusyError, match="cannot listen"):
            Inbox(tmp_path, *ports).start()


def test_sigterm_stops_it(tmp_path: Path) -> None:
    """As a service it says where it is, and ends with 0 when told to."""
    code = (
        "import sys; from pathlib import Path; from activation.simulator.inbox import run_inbox; "
        "run_inbox(Path(sys.argv[1]), 0, 0, lambda line: print(line, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("inbox: smtp://127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
