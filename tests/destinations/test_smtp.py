"""SMTP against real servers on this machine."""

import logging
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from activation.destinations import open_destination
from activation.destinations.smtp_uri import read_server
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    ConfigError,
    CredentialsRefusedError,
    ThrottledError,
    UnreachableError,
)
from activation.model import State

HELLO = ["220 ready", "250 relay"]
ACCEPTING = [*HELLO, "250 OK", "250 OK", "354 go on"]
PASSWORD = "s3cret-pa55"


def test_a_mail_arrives(start_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """What the relay got is the mail, and the outcome names it by its Message-ID."""
    relay = start_relay()
    (outcome,) = open_smtp(relay.port).send([rendered()])
    mail = BytesParser(policy=policy.default).parsebytes(relay.contents[0])
    assert outcome.state is State.ACCEPTED
    assert outcome.provider_id == mail["Message-ID"]
    assert relay.recipients == ["jane@mail.example"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_dots_and_long_lines_survive(start_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """A lone dot in the text does not end the mail, and a line of any length arrives whole."""
    relay = start_relay()
    text = f".\n..\n{'x' * 5000}\n.\n"
    open_smtp(relay.port).send([rendered(parts={"subject": "s", "html": "", "text": text})])
    mail = BytesParser(policy=policy.default).parsebytes(relay.contents[0])
    assert mail.get_body(("plain",)).get_content().splitlines() == text.splitlines()


def test_one_connection_serves_many_messages(start_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """Twenty messages, with a refused one among them, go through one connection."""
    relay = start_relay()
    relay.answers["bad@mail.example"] = "550 5.1.1 unknown"
    destination = open_smtp(relay.port)
    for number in range(20):
        destination.send([rendered(str(number), "bad@mail.example" if number == 7 else "jane@mail.example")])
    assert len(relay.contents) == 19
    assert relay.connection_count == 1


def test_a_connection_serves_no_more_than_allowed(start_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """After `messages_per_connection` the next message opens another one."""
    relay = start_relay()
    destination = open_smtp(relay.port, options={"messages_per_connection": 3})
    for number in range(7):
        destination.send([rendered(str(number))])
    assert relay.connection_count == 3


def test_a_connection_that_the_relay_closed_is_replaced(script_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """A relay may hang up on an idle client; the next message does not notice."""
    relay = script_relay([*ACCEPTING, "250 kept", None], [*ACCEPTING, "250 kept"])
    destination = open_smtp(relay.port)
    destination.send([rendered("1")])
    destination._client.sock.shutdown(socket.SHUT_RDWR)
    assert destination.send([rendered("2")])[0].state is State.ACCEPTED
    assert len(relay.heard) == 2


def test_a_relay_tired_of_a_connection_gets_another(script_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """421 to the second message of a connection is answered by a new connection, not by a wait."""
    relay = script_relay([*ACCEPTING, "250 kept", "421 enough", None], [*ACCEPTING, "250 kept"])
    destination = open_smtp(relay.port)
    assert [destination.send([rendered(key)])[0].state for key in "12"] == [State.ACCEPTED, State.ACCEPTED]


@pytest.mark.parametrize(
    ("answer", "state", "reason"),
    [
        ("550 5.1.1 no such user <jane@mail.example>", State.REJECTED, "550 5.1.1 no such user <…>"),
        ("450 4.2.0 greylisted", State.FAILED, "450 4.2.0 greylisted"),
    ],
)
def test_a_refused_recipient_concerns_one_message(
    start_relay: Any, open_smtp: Any, rendered: Any, answer: str, state: State, reason: str
) -> None:
    """5xx is definite, 4xx certainly unsent; the reason keeps the code and masks the address; the next one goes out."""
    relay = start_relay()
    relay.answers["jane@mail.example"] = answer
    destination = open_smtp(relay.port)
    (outcome,) = destination.send([rendered("1")])
    assert (outcome.state, outcome.reason) == (state, reason)
    assert destination.send([rendered("2", "bob@mail.example")])[0].state is State.ACCEPTED


@pytest.mark.parametrize(
    ("stage", "answer", "error"),
    [
        ("MAIL", "451 4.3.0 try later", ThrottledError),
        ("MAIL", "421 too busy", ThrottledError),
        ("MAIL", "530 5.7.0 log in first", CredentialsRefusedError),
        ("DATA", "454 Throttling failure: Maximum sending rate exceeded.", ThrottledError),
        ("DATA", "421 shutting down", ThrottledError),
    ],
)
def test_what_concerns_the_relay_is_raised(
    start_relay: Any, open_smtp: Any, rendered: Any, stage: str, answer: str, error: type[Exception]
) -> None:
    """Throttling, even after the content, is definitely unsent; a demand for a login stops the destination."""
    relay = start_relay()
    relay.answers[stage] = answer
    with pytest.raises(error):
        open_smtp(relay.port).send([rendered()])
    assert relay.contents == []


@pytest.mark.parametrize(("answer", "state"), [("554 5.6.0 spam", State.REJECTED), ("451 4.3.0 later", State.FAILED)])
def test_refused_content_concerns_one_message(
    start_relay: Any, open_smtp: Any, rendered: Any, answer: str, state: State
) -> None:
    """An answer after the content is an answer."""
    relay = start_relay()
    relay.answers["DATA"] = answer
    assert open_smtp(relay.port).send([rendered()])[0].state is state


def test_a_connection_lost_after_the_content_is_in_doubt(script_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """The content was handed over and nothing came back: nobody knows."""
    relay = script_relay([*ACCEPTING, None])
    with pytest.raises(AnswerLostError):
        open_smtp(relay.port).send([rendered()])
    assert relay.heard[0][-1] == "."


@pytest.mark.parametrize("length", range(len(ACCEPTING) + 1))
def test_a_connection_lost_before_the_content_is_certain(
    script_relay: Any, open_smtp: Any, rendered: Any, length: int
) -> None:
    """Wherever the relay hangs up before it asked for the content, the message is certainly unsent."""
    relay = script_relay([*ACCEPTING[:length], None])
    with pytest.raises(AnswerLostError if length == len(ACCEPTING) else UnreachableError):
        open_smtp(relay.port).send([rendered()])


def test_a_relay_that_says_nothing_is_given_up(open_smtp: Any, rendered: Any) -> None:
    """The account's timeout bounds every answer."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UnreachableError):
        open_smtp(silent.getsockname()[1], timeout=0.2).send([rendered()])


def test_the_timeout_is_the_whole_calls(open_smtp: Any, rendered: Any) -> None:
    """A relay that is slow with each answer does not add up: the lease was reckoned with one timeout."""
    with socket.create_server(("127.0.0.1", 0)) as slow:
        stop = threading.Event()
        thread = threading.Thread(target=answer_slowly, args=(slow, stop, 0.2))
        thread.start()
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            open_smtp(slow.getsockname()[1], timeout=0.5).send([rendered()])
        assert time.monotonic() - begun < 1.5
        stop.set()
        thread.join()


def answer_slowly(server: socket.socket, stop: threading.Event, pause: float) -> None:
    connection, _ = server.accept()
    with connection:
        for answer in [*ACCEPTING, "250 kept"]:
            stop.wait(pause)
            try:
                connection.sendall(f"{answer}\r\n".encode())
                connection.recv(1000)
            except OSError:
                return


def test_nonsense_for_an_answer_is_in_doubt_after_the_content(script_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """A line without a code is no answer."""
    relay = script_relay([*ACCEPTING, "what?", None])
    with pytest.raises(AnswerLostError):
        open_smtp(relay.port).send([rendered()])


def test_a_greeting_that_refuses(script_relay: Any, open_smtp: Any, rendered: Any) -> None:
    """554 at the door is unreachable, 421 is a wait."""
    with pytest.raises(UnreachableError):
        open_smtp(script_relay(["554 go away"]).port).send([rendered()])
    with pytest.raises(ThrottledError):
        open_smtp(script_relay(["421 too many"]).port).send([rendered()])


def test_an_invalid_address_calls_nobody(open_smtp: Any, rendered: Any) -> None:
    """It is rejected although there is no relay at all."""
    (outcome,) = open_smtp(1).send([rendered(to="jane doe@mail.example")])
    assert (outcome.state, outcome.reason) == (State.REJECTED, "the address is not valid")


def test_members_are_refused_with_a_remedy(open_smtp: Any) -> None:
    """An audience that names a relay is told so."""
    with pytest.raises(BatchRefusedError, match="audience"):
        open_smtp(1).sync([object()])


# --- logging in ---


def authenticator(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_right = (data.login, data.password) == (b"shop@eu", PASSWORD.encode())
    return AuthResult(success=is_right, handled=is_right)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_credentials_are_used_and_never_shown(
    start_relay: Any, smtp_account: Any, rendered: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The right password sends; a wrong one stops the destination; neither is in an error, a repr or a log."""
    caplog.set_level(logging.DEBUG)
    relay = start_relay(authenticator=authenticator, auth_required=True, auth_require_tls=False)
    account = smtp_account(f"smtp://shop%40eu:{PASSWORD}@127.0.0.1:{relay.port}")
    destination = open_destination(account)
    assert destination.send([rendered()])[0].state is State.ACCEPTED
    destination.close()
    wrong = open_destination(smtp_account(f"smtp://shop%40eu:wr0ng-pa55@127.0.0.1:{relay.port}"))
    with pytest.raises(CredentialsRefusedError) as raised:
        wrong.send([rendered()])
    shown = (
        f"{raised.value} {raised.value!r} {account!r} {destination!r} {wrong!r} {read_server(account)!r} {caplog.text}"
    )
    assert "pa55" not in shown
    assert "ACTIVATION_DESTINATION_INBOX" in str(raised.value)


def test_a_relay_without_login_is_named(start_relay: Any, smtp_account: Any, rendered: Any) -> None:
    """A password for a relay that offers no login stops the destination."""
    relay = start_relay()
    with pytest.raises(CredentialsRefusedError, match="no login"):
        open_destination(smtp_account(f"smtp://shop:{PASSWORD}@127.0.0.1:{relay.port}")).send([rendered()])


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", str(key), "-out", str(chain)], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


def test_starttls_is_required_when_asked_for(
    start_relay: Any, smtp_account: Any, rendered: Any, certificate: ssl.SSLContext
) -> None:
    """With starttls=true the mail goes over TLS, to the host that the certificate names, or not at all."""
    relay = start_relay(tls_context=certificate, require_starttls=True)
    uri = f"smtp://localhost:{relay.port}?starttls=true"
    destination = open_destination(smtp_account(uri))
    assert [destination.send([rendered(key)])[0].state for key in "123"] == [State.ACCEPTED] * 3
    assert relay.connection_count == 1
    destination.close()
    with pytest.raises(UnreachableError, match="certificate"):
        open_destination(smtp_account(uri.replace("localhost", "127.0.0.1"))).send([rendered()])
    plain = start_relay()
    with pytest.raises(UnreachableError, match="STARTTLS"):
        open_destination(smtp_account(f"smtp://localhost:{plain.port}?starttls=true")).send([rendered()])
    assert plain.contents == []


@pytest.mark.parametrize(
    "uri",
    [
        *("http://relay.example", "smtp://", "relay.example:25", "smtp://relay.example:99999", "smtp://[::1"),
        *("smtp://relay.example?tls=yes", "smtp://relay.example?starttls=maybe", f"smtp://u:{PASSWORD}@relay.example"),
    ],
)
def test_a_wrong_uri_is_named_and_not_repeated(smtp_account: Any, uri: str) -> None:
    """The error says what is wrong with the connection, never the connection; no password goes in the clear."""
    with pytest.raises(ConfigError) as raised:
        read_server(smtp_account(uri))
    assert "`inbox`" in str(raised.value)
    assert PASSWORD not in str(raised.value)
    assert "None" not in str(raised.value)


@pytest.mark.parametrize(
    "options", [{"message_per_connection": 5}, {"messages_per_connection": 0}, {"messages_per_connection": "many"}]
)
def test_wrong_options_are_refused(smtp_account: Any, options: dict[str, Any]) -> None:
    """A misspelt option does not silently do nothing."""
    with pytest.raises(ConfigError, match="_per_connection"):
        open_destination(smtp_account("smtp://127.0.0.1", options=options))


def test_uris_are_read(smtp_account: Callable[..., Any]) -> None:
    """Each form has its port and its way to TLS."""
    read = [
        read_server(smtp_account(uri))
        for uri in (
            "smtp://r.example",
            "smtp://r.example?starttls=true",
            "smtps://u%3A:p%40@r.example",
            "smtp://[::1]:26",
        )
    ]
    assert [(server.host, server.port, server.tls) for server in read] == [
        ("r.example", 25, "none"),
        ("r.example", 587, "starttls"),
        ("r.example", 465, "tls"),
        ("::1", 26, "none"),
    ]
    assert read[2].user == "u:"
    assert read[2].password is not None
    assert read[2].password.reveal() == "p@"
