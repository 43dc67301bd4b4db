"""Whatever is wrong with what people hand in: one sentence with a remedy, or a run that says what it left out.

One deployment goes through all of it, one chapter after the other, and in the end everything that was due goes out.
"""

import json
import logging
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from activation import operations
from activation.app import App
from activation.errors import (
    ActivationError,
    BuildError,
    ConfigError,
    LoadError,
    MissingSecretError,
    PolicyError,
    RunRefusedError,
)
from activation.ledger import runs
from activation.warehouses import open_warehouse

ROOT = Path(__file__).parents[2]
START = datetime(2026, 3, 2, 8, 0)
HOUR = timedelta(hours=1)
NAMES = ("ada", "ben", "cem", "dot")
CONFIG = Path("activation.yml")
MODELS = Path("dbt_project/models")
WELCOME = MODELS / "triggers/trg_welcome_series.yml"
CART = MODELS / "triggers/trg_cart_abandonment.sql"
ORDERS = MODELS / "intermediate/int_orders.yml"
CONFIRMATION = MODELS / "triggers/trg_order_confirmation.sql"

pytestmark = pytest.mark.dbt


@dataclass
class Story:
    """What every chapter left behind: its result or error, the mails, the ledger's states, the newest announced run."""

    deployment: Any
    project: Path
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, ActivationError] = field(default_factory=dict)
    mails: dict[str, list[EmailMessage]] = field(default_factory=dict)
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    newest: dict[str, int | None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def landing(self) -> Path:
        return Path(self.deployment.settings.landing_path)

    def tell(self, chapter: str, *steps: Callable[[App], Mapping[str, Any]], app: App | None = None) -> None:
        """Take some steps, in a process of their own unless an application is given, and note what came of it."""
        seen = sum(len(mails) for mails in self.mails.values())
        with nullcontext(app) if app else self.deployment.app() as opened:
            try:
                self.results[chapter] = {key: value for step in steps for key, value in step(opened).items()}
            except ActivationError as error:
                self.errors[chapter] = error
            newest = runs.newest_live(opened.ledger, "batch")
            self.states[chapter] = operations.ledger_status(opened)["states"]
        self.newest[chapter] = newest.run_id if newest else None
        self.mails[chapter] = self.deployment.mails()[seen:]

    def refused(self, chapter: str, kind: type[ActivationError], code: int) -> ActivationError:
        """The error of a chapter: one line with a remedy, and the code that the command line ends with."""
        error = self.errors[chapter]
        assert type(error) is kind
        assert error.exit_code == code
        assert error.message
        assert error.remedy
        assert len(str(error).splitlines()) == 1
        return error

    def triggers(self, chapter: str) -> Counter[str]:
        return Counter(str(mail["X-Activation-Trigger"]) for mail in self.mails[chapter])

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.deployment.settings, read_copy=True) as warehouse:
            return warehouse.rows(query)

    def land(self, table: str, name: str, rows: list[Mapping[str, Any]]) -> None:
        folder = self.landing / table
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row, default=str) + "\n" for row in rows)
        (folder / name).write_text(text, encoding="utf-8")

    @contextmanager
    def spoilt(self, file: Path, spoil: Callable[[str], str]) -> Iterator[None]:
        """A file of the project, changed for a while."""
        path = self.project / file
        before = path.read_text(encoding="utf-8")
        after = spoil(before)
        assert after != before
        path.write_text(after, encoding="utf-8")
        yield
        path.write_text(before, encoding="utf-8")


def replacing(before: str, after: str) -> Callable[[str], str]:
    return lambda text: text.replace(before, after, 1)


def event(user: str, event_name: str, at: datetime, **properties: Any) -> dict[str, Any]:
    identity = f"{user}-{event_name}-{at:%d%H%M}".replace(" ", "-").lower()
    row = {"event_id": identity, "event_name": event_name, "user_id": user, "anonymous_id": None, "occurred_at": at}
    return {**row, "received_at": at, "properties": properties, "context": {}}


def day(at: datetime) -> list[Mapping[str, Any]]:
    """Everybody signs up, buys a mug, and leaves another one in a cart."""
    line = {"product_id": "mug", "name": "Mug", "category": "Kitchen", "price": 9.5, "quantity": 1, "currency": "EUR"}
    found: list[Mapping[str, Any]] = []
    for name in NAMES:
        order = {"order_id": f"{name}-{at:%d%H}", "total": 9.5, "currency": "EUR", "products": [line]}
        found.append(event(name, "Signed Up", at))
        found.append(event(name, "Order Completed", at, **order))
        found.append(event(name, "Product Added", at + timedelta(minutes=5), cart_id=f"{name}-cart-{at:%d%H}", **line))
    return found


def change(identifier: str, at: datetime, **attributes: Any) -> dict[str, Any]:
    return {"id": identifier, "attributes": attributes, "changed_at": at, "is_deleted": False}


def customers(at: datetime) -> list[Mapping[str, Any]]:
    return [change(name, at, first_name=name.title(), locale="en", timezone="Europe/London") for name in NAMES]


def points(at: datetime) -> list[Mapping[str, Any]]:
    place = {"channel": "email", "is_primary": True}
    return [change(f"cp-{name}", at, customer_id=name, address=f"{name}@post.example", **place) for name in NAMES]


def consents(at: datetime) -> list[Mapping[str, Any]]:
    agreed = {"status": "granted", "is_confirmed": True, "source": "form"}
    what = {"channel": "email", "purpose": "marketing", "brand": "default"}
    return [change(f"cp-{n}:email:marketing:default", at, contact_point_id=f"cp-{n}", **what, **agreed) for n in NAMES]


@pytest.fixture(scope="module")
def story(deployment: Any, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A new deployment, of which every chapter has something else that is wrong."""
    project = tmp_path_factory.mktemp("project")
    shutil.copytree(ROOT / "dbt_project", project / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", project)
    deployment.environ["ACTIVATION_PROJECT"] = str(project)
    told = Story(deployment, project)
    listener = Listener(told.warnings)
    logging.getLogger("activation.app").addHandler(listener)
    tell_of_missing_data(told)
    tell_of_broken_files(told)
    tell_of_broken_triggers(told)
    tell_of_the_end(told)
    logging.getLogger("activation.app").removeHandler(listener)
    return told


class Listener(logging.Handler):
    """Keeps what the application warns of."""

    def __init__(self, warnings: list[str]) -> None:
        super().__init__(logging.WARNING)
        self.warnings = warnings

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


def tell_of_missing_data(story: Story) -> None:
    with story.deployment.app() as app:
        app.ledger.clock.set(START)
        story.tell("no run", App.send, app=app)
        story.tell("no events", App.build, App.send, app=app)
        app.ledger.clock.set(START + 2 * HOUR)
        story.land("events", "one.jsonl", day(START + HOUR))
        story.tell("no customers", App.build, App.send, app=app)
        app.ledger.clock.set(START + 3 * HOUR)
        story.land("customers", "one.jsonl", customers(START + HOUR))
        story.land("contact_points", "one.jsonl", points(START + HOUR))
        story.tell("no consent", App.build, App.send, app=app)
        app.ledger.clock.set(START + 4 * HOUR)
        story.land("consents", "one.jsonl", consents(START + 4 * HOUR))
        (story.landing / "events" / "broken.parquet").write_bytes(b"no parquet at all")
        story.tell("broken file", App.build, app=app)
        (story.landing / "events" / "broken.parquet").unlink()


def tell_of_broken_files(story: Story) -> None:
    policy = replacing("          purpose: marketing\n", "          purpose: marketing\n          prioritee: 3\n")
    with story.spoilt(WELCOME, policy):
        story.tell("unknown key", App.build)
    with story.spoilt(WELCOME, replacing("email: welcome_series", "email: welcome_serious")):
        story.tell("no template", App.build)
    with story.spoilt(ORDERS, replacing("columns:", "columns: [")):
        story.tell("broken YAML", App.build)
    with story.spoilt(CONFIG, replacing("  audience_files:", "  audience_archive:")):
        story.tell("no such destination", App.build)
    with story.spoilt(CONFIG, replacing("channel: email", "channel: sms")):
        story.tell("no such channel", App.build)
    with story.spoilt(CONFIG, replacing("kind: file", "kind: pigeon")):
        story.tell("no such kind", App.build)


def tell_of_broken_triggers(story: Story) -> None:
    with (
        story.spoilt(CART, lambda text: text + "where no_such_column = 1\n"),
        story.spoilt(CONFIRMATION, lambda text: text + "union all select * from occurrences\n"),
        story.deployment.app() as app,
    ):
        story.land("events", "two.jsonl", day(START + 4 * HOUR))
        app.ledger.clock.set(START + 5 * HOUR)
        story.tell("broken triggers", App.build, app=app)


def tell_of_the_end(story: Story) -> None:
    key = story.deployment.environ.pop("ACTIVATION_SIGNING_KEY")
    story.tell("no key", App.send)
    story.deployment.environ["ACTIVATION_SIGNING_KEY"] = key
    story.tell("key", App.send)
    with story.deployment.app() as app:
        # The blocks have just ended; marketing that was withheld for longer would be stale.
        app.ledger.clock.set(START + 29 * HOUR)
        story.tell("mended", App.build, App.send, app=app)


def test_nothing_is_sent_before_a_run(story: Story) -> None:
    """Sending first is refused, and says what comes first."""
    assert "activation build" in story.refused("no run", RunRefusedError, 8).remedy


def test_a_build_without_events_sends_nothing(story: Story) -> None:
    """An empty deployment is launched; that is no error."""
    result = story.results["no events"]
    assert (result["rows_loaded"], result["messages"], result["planned"], result["blocks"]) == (0, 0, 0, 0)
    assert story.newest["no events"] == result["run_id"]


def test_events_of_nobody_known_wait(story: Story) -> None:
    """Who cannot be reached gets nothing, and the verdict says so."""
    result = story.results["no customers"]
    assert (result["rows_loaded"], result["messages"], result["planned"]) == (12, 0, 0)
    query = (
        f"select verdict, count(*) as n from activation.act_decisions where run_id = {result['run_id']} group by all"
    )
    assert story.rows(query) == [{"verdict": "unreachable", "n": len(NAMES)}]


def test_without_consent_there_is_no_marketing(story: Story) -> None:
    """The order confirmations that waited for an address go out, and nothing else."""
    assert story.triggers("no consent") == {"order_confirmation": len(NAMES)}
    assert story.states["no consent"] == {"accepted": len(NAMES)}


def test_a_broken_file_is_named_and_the_others_are_loaded(story: Story) -> None:
    """The build ends before its models; nothing is loaded twice when it is repeated."""
    error = story.refused("broken file", LoadError, 2)
    assert "events/broken.parquet" in error.message
    assert "the others are loaded" in error.remedy
    assert not list((story.landing / "consents").iterdir())
    assert story.rows("select count(*) as n from raw.consents") == [{"n": len(NAMES)}]
    assert story.newest["broken file"] == story.newest["no consent"]


def test_an_unknown_key_of_a_policy_is_named(story: Story) -> None:
    """File, field, and where the fields are listed."""
    error = story.refused("unknown key", PolicyError, 2)
    assert "models/triggers/trg_welcome_series.yml" in error.message
    assert "`prioritee`" in error.message
    assert "docs/policy.md" in error.remedy
    assert (ROOT / "docs/policy.md").exists()


def test_a_missing_template_is_named(story: Story) -> None:
    """The trigger, the template, and where it was looked for."""
    message = story.refused("no template", PolicyError, 2).message
    assert "welcome_series" in message
    assert "`welcome_serious`" in message
    assert str(story.project / "templates") in message


def test_broken_yaml_is_one_sentence(story: Story) -> None:
    """The file and the line, without dbt's drawing of it; the log named is there."""
    error = story.refused("broken YAML", BuildError, 6)
    assert "int_orders.yml" in error.message
    assert "line" in error.message
    assert "---" not in error.message
    log = error.remedy.rpartition(" ")[2].removesuffix(".")
    assert Path(log).exists()


def test_an_unknown_destination_is_named(story: Story) -> None:
    """One that a policy names and nobody has, a channel that none serves, a kind that nobody brings."""
    missing = story.refused("no such destination", PolicyError, 2).message
    assert "aud_lapsed_customers.yml" in missing
    assert "`audience_files`" in missing
    unserved = story.refused("no such channel", PolicyError, 2).message
    assert "trg_welcome_series.yml: channels: activation.yml has no destination for email" in unserved
    unknown = story.refused("no such kind", ConfigError, 2)
    assert "activation.yml: destinations.audience_files.kind: 'pigeon'" in unknown.message
    assert "file, smtp" in unknown.remedy


def test_what_was_refused_left_nothing_behind(story: Story) -> None:
    """No message, no state, no run that could send."""
    for chapter in story.errors.keys() - {"no run", "no key"}:
        assert story.mails[chapter] == []
        assert story.states[chapter] == story.states["no consent"]
        assert story.newest[chapter] == story.newest["no consent"]


def test_broken_triggers_are_blocked_alone(story: Story) -> None:
    """One whose SQL fails and one with duplicate keys, each named with its model; the third is decided."""
    run_id = story.results["broken triggers"]["run_id"]
    assert story.newest["broken triggers"] == run_id
    blocks = story.rows(f"select scope, reason from engine.quality_blocks where run_id = {run_id}")
    reasons: dict[str, str] = {}
    for block in blocks:
        reasons[block["scope"]] = f"{reasons.get(block['scope'], '')} {block['reason']}"
    assert reasons.keys() == {"trigger:cart_abandonment", "trigger:order_confirmation"}
    assert "trg_cart_abandonment" in reasons["trigger:cart_abandonment"]
    assert "no_such_column" in reasons["trigger:cart_abandonment"]
    assert "occurrence_key is unique" in reasons["trigger:order_confirmation"]
    query = f"select distinct trigger_id from activation.act_decisions where run_id = {run_id} and verdict = 'send'"
    assert story.rows(query) == [{"trigger_id": "welcome_series"}]


def test_a_block_is_told(story: Story) -> None:
    """Whoever runs the build reads which trigger was left out, and why."""
    told = [text for text in story.warnings if text.startswith("trigger:cart_abandonment is blocked until")]
    assert len(told) == 1
    assert "models/triggers/trg_cart_abandonment.sql" in told[0]


def test_without_a_signing_key_nothing_is_sent(story: Story) -> None:
    """What was planned stays so, and goes out once there is a key."""
    error = story.refused("no key", MissingSecretError, 2)
    assert "ACTIVATION_SIGNING_KEY" in error.message
    assert "openssl rand -hex 32" in error.remedy
    assert story.mails["no key"] == []
    assert story.states["no key"] == {"accepted": len(NAMES), "planned": len(NAMES)}
    assert story.triggers("key") == {"welcome_series": len(NAMES)}
    assert story.states["key"] == {"accepted": 2 * len(NAMES)}


def test_a_later_run_completes_the_work(story: Story) -> None:
    """Mended triggers are built anew, also for customers to whom nothing happened, and what waited goes out."""
    assert story.results["mended"]["blocks"] == 0
    found = story.triggers("mended")
    assert found["order_confirmation"] == len(NAMES)
    assert found["cart_abandonment"] > 0
    ids = Counter(mail["Message-ID"] for mails in story.mails.values() for mail in mails)
    assert max(ids.values()) == 1
    duplicates = "select occurrence_key from activation.trg_order_confirmation group by all having count(*) > 1"
    assert story.rows(duplicates) == []
