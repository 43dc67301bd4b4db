"""Files: messages or audience members as JSON lines or CSV, for whatever picks files up.

A file is named by its content, so the same batch written twice is one file.
"""

import contextlib
import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from activation.destinations.base import Account
from activation.destinations.options import check_options
from activation.errors import ConfigError, UnreachableError
from activation.model import (
    Abilities,
    Channel,
    Idempotency,
    IdempotencyScope,
    MemberChange,
    MemberOutcome,
    MemberState,
    Outcome,
    Rendered,
    State,
)

WINDOW = 256
FORMATS = ("jsonl", "csv")
OPTIONS = ("folder", "format")
LIFETIME = timedelta(days=3650)
DIGEST_LENGTH = 24
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBER = re.compile(r"[+-]\d[\d.,]*")
UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
MESSAGE_FIELDS = ["message_key", "channel", "contact_point", "purpose", "sender_name", "sender_address", "parts"]
MEMBER_FIELDS = ["change_id", "audience_id", "member_id", "identifier", "action", "traits", "traits_hash"]


class FileDestination:
    """One folder below `ACTIVATION_HOME`. Options: `folder`, `format` (jsonl or csv)."""

    needs_connection = False

    def __init__(self, account: Account) -> None:
        check_options(account, OPTIONS)
        self._account = account
        self._folder = _folder(account)
        self._format = str(account.options.get("format", "jsonl"))
        if self._format not in FORMATS:
            raise _wrong(account, f"has the format {self._format!r}", f"Use one of {', '.join(FORMATS)}.")

    def __repr__(self) -> str:
        return f"FileDestination({self._account.name!r})"

    @property
    def abilities(self) -> Abilities:
        window = self._account.window or WINDOW
        return Abilities(
            channel=self._account.channel or Channel.AUDIENCE,
            window=window,
            batch=window,
            timeout=self._account.timeout,
            idempotency=Idempotency(IdempotencyScope.REQUEST, LIFETIME),
            takes_messages=True,
            takes_members=True,
        )

    def open(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unreachable(error) from None

    def send(self, batch: Sequence[Rendered]) -> Sequence[Outcome]:
        name = self._write("messages", MESSAGE_FIELDS, [_message_row(rendered) for rendered in batch])
        return [Outcome(rendered.message_key, State.ACCEPTED, provider_id=name) for rendered in batch]

    def sync(self, batch: Sequence[MemberChange]) -> Sequence[MemberOutcome]:
        if not batch:
            return []
        # The run comes first in the name: read in the order of their names, files apply in the order of their runs.
        stem = f"{batch[0].audience_id}-{batch[0].run_id:08d}"
        name = self._write(stem, MEMBER_FIELDS, [_member_row(change) for change in batch])
        return [MemberOutcome(change.change_id, MemberState.CONFIRMED, request_id=name) for change in batch]

    def check(self) -> str:
        self.open()
        if not os.access(self._folder, os.W_OK | os.X_OK):
            raise self._unreachable(PermissionError("it is not writable"))
        count = sum(1 for _ in self._folder.glob(f"*.{self._format}"))
        return f"folder {self._folder} with {count} {self._format} files"

    def close(self) -> None:
        pass

    def _write(self, stem: str, fields: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
        """Write the rows as one file and return its name; the bytes decide the name."""
        if not rows:
            return ""
        content = _as_csv(fields, rows) if self._format == "csv" else _as_json_lines(rows)
        digest = hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]
        name = f"{UNSAFE.sub('_', stem)}-{digest}.{self._format}"
        self.open()
        try:
            _replace(self._folder / name, content)
        except OSError as error:
            raise self._unreachable(error) from None
        return name

    def _unreachable(self, error: OSError) -> UnreachableError:
        return UnreachableError(
            f"The folder of the destination `{self._account.name}` cannot be written: {error.strerror or error}.",
            f"Make {self._folder} a folder that this process may write to.",
        )


def _folder(account: Account) -> Path:
    home = account.home.resolve()
    folder = (home / str(account.options.get("folder", f"outbox/{account.name}"))).resolve()
    if folder == home or not folder.is_relative_to(home):
        raise _wrong(account, "has a folder outside ACTIVATION_HOME", "Give a path below it, such as outbox/crm.")
    return folder


def _wrong(account: Account, fault: str, remedy: str) -> ConfigError:
    return ConfigError(f"The destination `{account.name}` {fault}.", remedy)


def _message_row(rendered: Rendered) -> dict[str, object]:
    """Without `sent_at`: the same message written twice is the same bytes."""
    return {
        "message_key": rendered.message_key,
        "channel": str(rendered.channel),
        "contact_point": rendered.contact_point,
        "purpose": str(rendered.purpose),
        "sender_name": rendered.sender.name,
        "sender_address": rendered.sender.address,
        "parts": dict(rendered.parts),
    }


def _member_row(change: MemberChange) -> dict[str, object]:
    return {
        "change_id": change.change_id,
        "audience_id": change.audience_id,
        "member_id": change.member_id,
        "identifier": change.identifier,
        "action": str(change.action),
        "traits": dict(change.traits),
        "traits_hash": change.traits_hash,
    }


def _as_json_lines(rows: Sequence[Mapping[str, object]]) -> bytes:
    return "".join(f"{_json(row)}\n" for row in rows).encode()


def _as_csv(fields: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(fields)
    writer.writerows([_cell(row[field]) for field in fields] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula; signed numbers and phone numbers stay as they are."""
    text = value if isinstance(value, str) else _json(value)
    return f"'{text}" if text.startswith(FORMULA) and not NUMBER.fullmatch(text) else text


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def _replace(path: Path, content: bytes) -> None:
    """Write beside, then rename: whoever reads the folder never sees half a file."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
