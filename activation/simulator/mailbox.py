"""The demo's mailbox: every mail as it came, one file each, with a line of an index beside.

The index is a convenience: it is made again from the mails whenever the two disagree.
"""

import contextlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser, BytesParser
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Lock

MESSAGES = "messages"
INDEX = "index.jsonl"
NAME = re.compile(r"\d{9}")
TRIGGER_HEADER = "X-Activation-Trigger"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the list shows of one mail. `sent_at` is the mail's own date, in UTC."""

    mail_id: str
    to: str
    sender: str
    subject: str
    trigger: str
    sent_at: str
    size: int


class Mailbox:
    """Mails under one folder. One process writes; readers see only whole mails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._messages = folder / MESSAGES
        self._messages.mkdir(parents=True, exist_ok=True)
        self._entries = self._read_index()

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, content: bytes, recipients: Sequence[str]) -> Entry:
        """Keep a mail. `recipients` are the envelope's, which is where a mail really went."""
        with self._lock:
            mail_id = f"{int(self._entries[-1].mail_id) + 1 if self._entries else 1:09d}"
            path = self.path(mail_id)
            draft = path.with_suffix(".part")
            draft.write_bytes(content)
            draft.replace(path)
            entry = _entry(mail_id, content, ", ".join(recipients))
            with (self._folder / INDEX).open("a", encoding="utf-8") as index:
                index.write(_line(entry))
            self._entries.append(entry)
        return entry

    def newest(self, start: int, count: int, wanted: str = "") -> tuple[list[Entry], int]:
        """A page of the entries that contain `wanted`, newest first, and how many there are in all."""
        needle = wanted.casefold()
        found = [
            entry
            for entry in reversed(self._entries)
            if not needle or needle in f"{entry.to}\n{entry.subject}\n{entry.trigger}".casefold()
        ]
        return found[start : start + count], len(found)

    def entry(self, mail_id: str) -> Entry | None:
        return next((entry for entry in self._entries if entry.mail_id == mail_id), None)

    def path(self, mail_id: str) -> Path:
        return self._messages / f"{mail_id}.eml"

    def source(self, mail_id: str) -> bytes | None:
        """The mail as it came; None when there is none of that name."""
        if not NAME.fullmatch(mail_id):
            return None
        with contextlib.suppress(FileNotFoundError):
            return self.path(mail_id).read_bytes()
        return None

    def _read_index(self) -> list[Entry]:
        names = sorted(path.stem for path in self._messages.glob("*.eml") if NAME.fullmatch(path.stem))
        known = dict(_known(self._folder / INDEX))
        entries = [known.get(name) or self._described(name) for name in names]
        if list(known) != names:
            draft = self._folder / f"{INDEX}.{os.getpid()}"
            draft.write_text("".join(map(_line, entries)), encoding="utf-8")
            draft.replace(self._folder / INDEX)
        return entries

    def _described(self, mail_id: str) -> Entry:
        return _entry(mail_id, self.path(mail_id).read_bytes(), "")


def part(source: bytes, kind: str) -> str:
    """The text of a mail's HTML or plain part, empty when it has none."""
    message = BytesParser(policy=policy.default).parsebytes(source)
    body = message.get_body(preferencelist=(kind,)) if isinstance(message, EmailMessage) else None
    if body is None:
        return ""
    try:
        return str(body.get_content())
    except (LookupError, ValueError, KeyError):
        return ""


def _entry(mail_id: str, content: bytes, recipients: str) -> Entry:
    headers = BytesHeaderParser(policy=policy.default).parsebytes(content)
    return Entry(
        mail_id=mail_id,
        to=recipients or str(headers.get("To", "")),
        sender=str(headers.get("From", "")),
        subject=str(headers.get("Subject", "")),
        trigger=str(headers.get(TRIGGER_HEADER, "")),
        sent_at=_sent_at(str(headers.get("Date", ""))),
        size=len(content),
    )


def _sent_at(date: str) -> str:
    try:
        instant = parsedate_to_datetime(date)
    except (ValueError, TypeError, IndexError):
        return ""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _known(index: Path) -> list[tuple[str, Entry]]:
    if not index.exists():
        return []
    found = []
    for line in index.read_text(encoding="utf-8").splitlines():
        # A line cut short by a crash is left out, and its mail described again.
        with contextlib.suppress(ValueError, TypeError):
            entry = Entry(**json.loads(line))
            found.append((entry.mail_id, entry))
    return found


def _line(entry: Entry) -> str:
    return json.dumps(asdict(entry), sort_keys=True, separators=(",", ":")) + "\n"
