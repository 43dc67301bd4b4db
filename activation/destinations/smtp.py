"""SMTP: any mail relay, one message per transaction, one connection for many."""

import contextlib
import re
import select
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activation.destinations.base import Account
from activation.destinations.mail import ascii_address, compose, fault_of, message_id
from activation.destinations.options import check_options, whole_number
from activation.destinations.smtp_uri import read_server
from activation.errors import (
    AnswerLostError,
    BatchRefusedError,
    CredentialsRefusedError,
    DestinationError,
    ThrottledError,
    UnreachableError,
)
from activation.model import Abilities, Channel, MemberChange, MemberOutcome, Outcome, Rendered, State
from activation.settings import connection_variable

WINDOW = 32
OPTIONS = ("hostname", "messages_per_connection")
MESSAGES_PER_CONNECTION = 500
GO_AHEAD = 354
CLOSING = 421
THROTTLED = {CLOSING, 454}  # 454 is what SES says when its rate is exceeded, after the content too
UNAUTHENTICATED = {530, 534, 535, 538}
RETRY_AFTER = 5.0
SHORTEST_WAIT = 0.01
ADDRESS_LIKE = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")
TEXT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the relay. `text` is fit for a log: what looks like an address is masked."""

    code: int
    text: str = ""

    @property
    def kind(self) -> int:
        return self.code // 100

    def __str__(self) -> str:
        return f"{self.code} {self.text}".strip()


class SmtpDestination:
    """One relay. Not for several threads at once: each worker opens its own."""

    needs_connection = True

    def __init__(self, account: Account, clock: Callable[[], datetime] | None = None) -> None:
        self._account = account
        self._server = read_server(account)
        self._clock = clock or _now
        check_options(account, OPTIONS)
        self._per_connection = whole_number(account, "messages_per_connection", MESSAGES_PER_CONNECTION)
        self._client: smtplib.SMTP | None = None
        self._sent = 0
        self._until = 0.0

    def __repr__(self) -> str:
        return f"SmtpDestination({self._account.name!r})"

    @property
    def abilities(self) -> Abilities:
        window = self._account.window or WINDOW
        return Abilities(channel=Channel.EMAIL, window=window, batch=1, timeout=self._account.timeout)

    def open(self) -> None:
        self._start_clock()
        self._connected()

    def send(self, batch: Sequence[Rendered]) -> Sequence[Outcome]:
        return [self._send_one(rendered) for rendered in batch]

    def sync(self, batch: Sequence[MemberChange]) -> Sequence[MemberOutcome]:
        if not batch:
            return []
        raise BatchRefusedError(
            f"The destination `{self._account.name}` takes messages, not audience members.",
            "Name a destination of another kind in the audience's policy.",
        )

    def check(self) -> str:
        self._start_clock()
        reply = self._ask(self._connected().noop)
        return f"SMTP relay {self._server.host}:{self._server.port} answers {reply.code}"

    def close(self) -> None:
        client, self._client, self._sent = self._client, None, 0
        if client is not None:
            _hang_up(client)

    # --- one message ---

    def _send_one(self, rendered: Rendered) -> Outcome:
        fault = fault_of(rendered)
        if fault:
            return Outcome(rendered.message_key, State.REJECTED, fault)
        content = compose(rendered, self._clock())
        self._start_clock()
        client, reply = self._begin(ascii_address(rendered.sender.address) or "")
        refusal = self._envelope(client, reply, rendered) or self._hand_over(client, content)
        self._sent += 1
        if refusal is None:
            return Outcome(rendered.message_key, State.ACCEPTED, provider_id=message_id(rendered))
        return self._refused(client, rendered, refusal)

    def _begin(self, sender: str) -> tuple[smtplib.SMTP, Reply]:
        """MAIL on a connection that stands, and its answer."""
        client = self._connected()
        reply = self._ask(client.mail, sender)
        if reply.code == CLOSING and self._sent:
            # Many relays take so many messages per connection and then say 421.
            self.close()
            client = self._connected()
            reply = self._ask(client.mail, sender)
        return client, reply

    def _envelope(self, client: smtplib.SMTP, reply: Reply, rendered: Rendered) -> Reply | None:
        """What follows MAIL, up to DATA; the refusal, if any. Whatever goes wrong here, nothing was sent."""
        if reply.kind == 4:
            raise self._throttled(client, reply)
        if reply.kind == 2:
            reply = self._ask(client.rcpt, ascii_address(rendered.contact_point))
        if reply.kind == 2:
            reply = self._ask(client.docmd, "DATA")
        return None if reply.code == GO_AHEAD else reply

    def _hand_over(self, client: smtplib.SMTP, content: bytes) -> Reply | None:
        """The content and its answer; the refusal, if any. A loss in here may have come after the acceptance."""
        self._limit(client)
        try:
            client.send(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            reply = _reply(*client.getreply())
        except (smtplib.SMTPException, OSError) as error:
            raise self._answer_lost(_describe(error)) from None
        if reply.kind not in (2, 4, 5):
            raise self._answer_lost(f"it answered {reply}")
        return None if reply.kind == 2 else reply

    def _refused(self, client: smtplib.SMTP, rendered: Rendered, reply: Reply) -> Outcome:
        """What a negative reply means: for the destination (raised) or for this message."""
        if reply.code in THROTTLED:
            raise self._throttled(client, reply)
        if reply.code in UNAUTHENTICATED:
            raise self._credentials_refused(reply)
        if reply.kind not in (4, 5):
            raise self._unreachable(f"it answered {reply}")
        self._reset(client)
        return Outcome(rendered.message_key, State.REJECTED if reply.kind == 5 else State.FAILED, str(reply))

    # --- the connection ---

    def _connected(self) -> smtplib.SMTP:
        if self._client is not None and (self._sent >= self._per_connection or _has_ended(self._client)):
            self.close()
        if self._client is None:
            self._client = self._connect()
        return self._client

    def _connect(self) -> smtplib.SMTP:
        client: smtplib.SMTP | None = None
        try:
            client = self._dial()
            self._log_in(client)
        except smtplib.SMTPResponseException as error:
            _hang_up(client)
            raise self._greeting_refused(_reply(error.smtp_code, error.smtp_error)) from None
        except (smtplib.SMTPException, OSError) as error:
            _hang_up(client)
            raise self._unreachable(_describe(error)) from None
        except DestinationError:
            _hang_up(client)
            raise
        return client

    def _dial(self) -> smtplib.SMTP:
        server, timeout = self._server, self._seconds_left()
        name = str(self._account.options.get("hostname", "")) or _own_name()
        if server.tls == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, local_hostname=name, timeout=timeout, context=context)
        return smtplib.SMTP(server.host, server.port, local_hostname=name, timeout=timeout)

    def _log_in(self, client: smtplib.SMTP) -> None:
        self._limit(client)
        client.ehlo_or_helo_if_needed()
        if self._server.tls == "starttls":
            self._limit(client)
            client.starttls(context=ssl.create_default_context())
            self._limit(client)
            client.ehlo()
        if self._server.password is None:
            return
        self._limit(client)
        try:
            client.login(self._server.user, self._server.password.reveal())
        except smtplib.SMTPNotSupportedError:
            raise self._credentials_refused(Reply(503, "the relay offers no login")) from None

    def _ask(self, command: Callable[..., tuple[int, bytes]], *arguments: Any) -> Reply:
        """One command before the content: whatever is lost here, nothing was sent."""
        if self._client is not None:
            self._limit(self._client)
        try:
            return _reply(*command(*arguments))
        except (smtplib.SMTPException, OSError) as error:
            raise self._unreachable(_describe(error)) from None

    def _reset(self, client: smtplib.SMTP) -> None:
        """End the transaction; if that fails, the next message opens a new connection."""
        with contextlib.suppress(DestinationError):
            self._ask(client.rset)

    def _drop(self) -> None:
        client, self._client, self._sent = self._client, None, 0
        if client is not None:
            client.close()

    def _start_clock(self) -> None:
        """From here the account's timeout runs, for all the commands of one call together."""
        self._until = time.monotonic() + self._account.timeout

    def _seconds_left(self) -> float:
        return max(self._until - time.monotonic(), SHORTEST_WAIT)

    def _limit(self, client: smtplib.SMTP) -> None:
        if client.sock is not None:
            client.sock.settimeout(self._seconds_left())

    # --- what is raised ---

    def _greeting_refused(self, reply: Reply) -> DestinationError:
        if reply.code in UNAUTHENTICATED:
            return self._credentials_refused(reply)
        return self._wait(reply) if reply.code in THROTTLED else self._unreachable(f"it answered {reply}")

    def _throttled(self, client: smtplib.SMTP, reply: Reply) -> ThrottledError:
        if reply.code == CLOSING:
            self._drop()
        else:
            self._reset(client)
        return self._wait(reply)

    def _wait(self, reply: Reply) -> ThrottledError:
        return ThrottledError(
            f"The relay of `{self._account.name}` asks to wait: {reply}.",
            "Lower the destination's window or ask the provider for a higher rate.",
            RETRY_AFTER,
        )

    def _credentials_refused(self, reply: Reply) -> CredentialsRefusedError:
        self._drop()
        return CredentialsRefusedError(
            f"The relay of `{self._account.name}` refuses the credentials: {reply}.",
            f"Check user and password in {connection_variable(self._account.name)}.",
        )

    def _unreachable(self, reason: str) -> UnreachableError:
        self._drop()
        return UnreachableError(
            f"The relay of `{self._account.name}` at {self._server.host}:{self._server.port} cannot be used: {reason}.",
            "Check that it runs and that the address is right.",
        )

    def _answer_lost(self, reason: str) -> AnswerLostError:
        self._drop()
        return AnswerLostError(f"The relay of `{self._account.name}` took a message and gave no answer: {reason}.")


def _reply(code: int, text: bytes | str) -> Reply:
    line = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return Reply(code, ADDRESS_LIKE.sub("<…>", " ".join(line.split()))[:TEXT_LENGTH])


def _has_ended(client: smtplib.SMTP) -> bool:
    """A relay that has something to say before being asked has hung up, or is about to."""
    if client.sock is None:
        return True
    poll = select.poll()  # `select` itself fails with more than 1024 open files
    poll.register(client.sock, select.POLLIN)
    return bool(poll.poll(0))


def _hang_up(client: smtplib.SMTP | None) -> None:
    if client is None:
        return
    try:
        client.quit()
    except (smtplib.SMTPException, OSError):
        client.close()


def _describe(error: Exception) -> str:
    return ADDRESS_LIKE.sub("<…>", " ".join(str(error).split()))[:TEXT_LENGTH] or type(error).__name__


def _own_name() -> str:
    """What EHLO says; the standard library would ask a name server, which may take seconds."""
    name = socket.gethostname()
    return name if "." in name else "[127.0.0.1]"


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
