"""Files that others pick up."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activation.destinations.base import Account
from activation.destinations.file import FileDestination
from activation.errors import ConfigError, UnreachableError
from activation.model import (
    Channel,
    IdempotencyScope,
    MemberAction,
    MemberChange,
    MemberState,
    State,
)


def account(home: Path, options: Mapping[str, Any]) -> Account:
    return Account("crm", "file", None, home, "dev", options=options, channel=Channel.AUDIENCE)


def change(number: int = 1, identifier: str = "jane@mail.example") -> MemberChange:
    return MemberChange(
        change_id=f"change-{number}",
        run_id=12,
        environment="dev",
        brand="default",
        audience_id="lapsed",
        destination="crm",
        member_id=f"member-{number}",
        identifier=identifier,
        action=MemberAction.ADD,
        traits={"tier": "gold"},
        traits_hash="h",
    )


def files(home: Path) -> list[Path]:
    return sorted(path for path in (home / "outbox").rglob("*") if path.is_file())


def test_messages_are_json_lines(tmp_path: Path, rendered: Any) -> None:
    """One line per message, accepted under the name of the file."""
    destination = FileDestination(account(tmp_path, {}))
    outcomes = destination.send([rendered("1"), rendered("2", "שרה@mail.example")])
    (path,) = files(tmp_path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [line["message_key"] for line in lines] == ["1", "2"]
    assert lines[0]["parts"]["subject"] == "Hello"
    assert [(outcome.state, outcome.provider_id) for outcome in outcomes] == [(State.ACCEPTED, path.name)] * 2
    assert path.stat().st_mode & 0o077 == 0


def test_a_repeat_is_the_same_file(tmp_path: Path, rendered: Any) -> None:
    """The same batch, sent later, rewrites its file; another batch is another file; nothing half-written stays."""
    destination = FileDestination(account(tmp_path, {}))
    assert destination.abilities.idempotency.scope is IdempotencyScope.REQUEST
    destination.send([rendered("1")])
    before = files(tmp_path)[0].read_bytes()
    destination.send([rendered("1", sent_at=None)])
    assert [path.read_bytes() for path in files(tmp_path)] == [before]
    destination.send([rendered("2")])
    assert len(files(tmp_path)) == 2


def test_members_are_confirmed(tmp_path: Path) -> None:
    """A member is there when its file is, under a name that sorts by audience and run."""
    destination = FileDestination(account(tmp_path, {"format": "csv", "folder": "outbox/audiences"}))
    outcomes = destination.sync([change(1), change(2)])
    (path,) = files(tmp_path)
    assert path.name.startswith("lapsed-00000012-")
    assert [(outcome.change_id, outcome.state) for outcome in outcomes] == [
        ("change-1", MemberState.CONFIRMED),
        ("change-2", MemberState.CONFIRMED),
    ]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["member_id"] for row in rows] == ["member-1", "member-2"]
    assert rows[0]["traits"] == '{"tier":"gold"}'


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("@SUM(1)", "'@SUM(1)"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("+441234567890", "+441234567890"),
        ("-12.50", "-12.50"),
        ('a "quoted", value\nof two lines', 'a "quoted", value\nof two lines'),
    ],
)
def test_no_cell_is_a_formula(tmp_path: Path, value: str, cell: str) -> None:
    """What a spreadsheet would compute is marked as text; numbers and phone numbers are left alone."""
    destination = FileDestination(account(tmp_path, {"format": "csv"}))
    destination.sync([change(identifier=value)])
    with files(tmp_path)[0].open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["identifier"] == cell


def test_an_audience_cannot_name_its_way_out(tmp_path: Path) -> None:
    """An audience's id becomes part of a file's name and nothing else."""
    destination = FileDestination(account(tmp_path, {}))
    destination.sync([replace(change(), audience_id="../../etc/passwd")])
    assert [path.parent for path in files(tmp_path)] == [tmp_path / "outbox" / "crm"]


@pytest.mark.parametrize(
    "options", [{"folder": "../elsewhere"}, {"folder": "/tmp"}, {"folder": "."}, {"format": "xml"}, {"folde": "x"}]
)
def test_wrong_options_are_refused(tmp_path: Path, options: Mapping[str, Any]) -> None:
    """Folders outside the home, formats and options that are not known."""
    with pytest.raises(ConfigError, match="crm"):
        FileDestination(account(tmp_path, options))


def test_a_folder_that_cannot_be_is_unreachable(tmp_path: Path, rendered: Any) -> None:
    """Certainly unsent, and tried again later."""
    (tmp_path / "outbox").write_text("in the way")
    with pytest.raises(UnreachableError):
        FileDestination(account(tmp_path, {})).send([rendered()])
