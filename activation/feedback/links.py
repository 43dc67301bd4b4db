"""Unsubscribe links: signed, so that nobody can make one up; without an address, so that nobody can read one.

The token is `1.<payload>.<signature>`: the payload is a JSON array in URL-safe base64, the signature is HMAC-SHA256
over a label, the version and the payload. The link alone identifies person and list, as RFC 8058 asks; whom the message
went to is known only to the ledger.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from activation.model import Message, Purpose
from activation.settings import Secret, Settings

VERSION = "1"
LABEL = b"unsubscribe"
LIFETIME = timedelta(days=400)
EPOCH = datetime(1970, 1, 1)
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,2}\.[A-Za-z0-9_-]{1,600}\.[A-Za-z0-9_-]{43}")
PATH = "/u/"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a link ends: one brand's messages of one purpose on one channel, to whomever this message went."""

    brand: str
    channel: str
    purpose: str
    message_key: str


class UnsubscribeLinks:
    """Makes and reads the links of one deployment. `clock` (UTC) decides whether a link has expired."""

    def __init__(self, public_url: str, key: Secret, clock: Callable[[], datetime] | None = None) -> None:
        self._public_url = public_url.rstrip("/")
        self._key = key
        self._clock = clock or _now

    @classmethod
    def from_settings(cls, settings: Settings, clock: Callable[[], datetime] | None = None) -> "UnsubscribeLinks":
        """Raises MissingSecretError when there is no signing key."""
        return cls(settings.public_url, settings.require_signing_key(), clock)

    def link(self, message: Message) -> str:
        """The link of one message, the same whenever it is rendered."""
        expires_at = message.decided_at + LIFETIME
        subscription = Subscription(message.brand, str(message.channel), Purpose.MARKETING, message.message_key)
        return f"{self._public_url}{PATH}{self.token(subscription, expires_at)}"

    def token(self, subscription: Subscription, expires_at: datetime) -> str:
        """The signed token of a subscription, good until the end of the day of `expires_at`."""
        fields = [
            subscription.brand,
            subscription.channel,
            subscription.purpose,
            subscription.message_key,
            (expires_at - EPOCH).days,
        ]
        payload = _encode(json.dumps(fields, separators=(",", ":")).encode())
        return f"{VERSION}.{payload}.{self._signature(VERSION, payload)}"

    def read(self, token: str) -> Subscription | None:
        """What a token stands for; None when it is forged, broken, expired or of a version that is not known."""
        if not TOKEN.fullmatch(token):
            return None
        version, payload, signature = token.split(".")
        if version != VERSION or not hmac.compare_digest(signature, self._signature(version, payload)):
            return None
        brand, channel, purpose, message_key, last_day = json.loads(_decode(payload))
        if (self._clock() - EPOCH).days > last_day:
            return None
        return Subscription(brand, channel, purpose, message_key)

    def _signature(self, version: str, payload: str) -> str:
        text = b":".join((LABEL, version.encode(), payload.encode()))
        return _encode(hmac.new(self._key.reveal().encode(), text, hashlib.sha256).digest())


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
