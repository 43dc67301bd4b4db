"""A trigger whose hand-over is broken is held back alone, and goes out once when it is mended."""

import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from activation import simulation
from activation.warehouses import open_warehouse

ROOT = Path(__file__).parents[2]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BROKEN = "cart_abandonment"
SCOPE = f"trigger:{BROKEN}"
REACH = "dbt_project/models/activation/decisions/act_reach.sql"
RIGHT = "        policies.basis,\n"
WRONG = f"        case when policies.trigger_id = '{BROKEN}' then 'contract' else policies.basis end as basis,\n"
RULE = "marketing goes only where a consent is granted and confirmed"

pytestmark = pytest.mark.dbt


@dataclass
class Story:
    """What each chapter left behind."""

    deployment: Any
    built: dict[str, dict[str, int]] = field(default_factory=dict)
    mails: dict[str, list[EmailMessage]] = field(default_factory=dict)
    verdicts: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    blocked: dict[str, list[str]] = field(default_factory=dict)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.deployment.settings, read_copy=True) as warehouse:
            return warehouse.rows(query)

    def triggers(self, chapter: str) -> set[str]:
        return {str(mail["X-Activation-Trigger"]) for mail in self.mails[chapter]}


def project_of_its_own(folder: Path) -> Path:
    """A copy of the project, whose models may be spoilt."""
    shutil.copytree(ROOT / "dbt_project", folder / "dbt_project", ignore=shutil.ignore_patterns("target", "logs"))
    shutil.copy(ROOT / "activation.yml", folder)
    return folder


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")


def run(story: Story, chapter: str, length: timedelta) -> None:
    """Let time pass, build and send, and note what came of it."""
    seen = sum(len(mails) for mails in story.mails.values())
    with story.deployment.app() as app:
        if length:
            simulation.advance_shop(app, length)
        story.built[chapter] = app.build()
        app.send()
        now = app.ledger.clock.now()
    story.mails[chapter] = story.deployment.mails()[seen:]
    last = story.rows(
        "select trigger_id, verdict from activation.act_decisions "
        "qualify row_number() over (partition by occurrence_id order by decided_at desc, run_id desc) = 1"
    )
    story.verdicts[chapter] = Counter((row["trigger_id"], row["verdict"]) for row in last)
    blocks = story.rows(f"select scope from engine.quality_blocks where created_at <= '{now}' and '{now}' < until")
    story.blocked[chapter] = [row["scope"] for row in blocks]


@pytest.fixture(scope="module")
def story(deployment: Any, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Launch, a day on which one trigger forgets to ask for consent, its repair, and another day."""
    project = project_of_its_own(tmp_path_factory.mktemp("project"))
    deployment.environ["ACTIVATION_PROJECT"] = str(project)
    told = Story(deployment)
    with deployment.app() as app:
        simulation.create_shop(app, customers=300, days=45, seed=5, until=None)
    run(told, "launch", timedelta(0))
    change(project / REACH, RIGHT, WRONG)
    run(told, "broken", DAY)
    change(project / REACH, WRONG, RIGHT)
    run(told, "mended", HOUR)
    # The block ends after a day; marketing that was withheld for longer would be stale.
    run(told, "next_day", DAY - HOUR)
    with deployment.app() as app:
        app.refresh_outcomes()
    return told


def test_the_build_succeeds_without_the_broken_trigger(story: Story) -> None:
    """A second run decides once more; everything else goes out and nothing of the broken trigger does."""
    assert story.built["broken"]["run_id"] == story.built["launch"]["run_id"] + 2
    assert BROKEN not in story.triggers("broken")
    assert story.triggers("broken") >= {"order_confirmation", "welcome_series"}
    first = story.rows(
        f"select count(*) as sends from activation.act_decisions where trigger_id = '{BROKEN}' "
        f"and verdict = 'send' and run_id = {story.built['launch']['run_id'] + 1}"
    )
    assert first[0]["sends"] > 0, "the first try decided to send"


def test_what_is_broken_is_blocked(story: Story) -> None:
    """Its occurrences wait with that verdict, and no other trigger's do."""
    verdicts = story.verdicts["broken"]
    assert verdicts[BROKEN, "blocked_by_quality"] > 0
    assert verdicts[BROKEN, "send"] == 0
    assert {trigger for trigger, verdict in verdicts if verdict == "blocked_by_quality"} == {BROKEN}


def test_the_block_is_named(story: Story) -> None:
    """In the warehouse with its reason, and in the Data Docs."""
    assert story.blocked["broken"] == [SCOPE]
    (block,) = story.rows("select scope, reason, run_id from engine.quality_blocks")
    assert block["scope"] == SCOPE
    assert RULE in block["reason"]
    docs = story.deployment.settings.data_docs_path.parent
    pages = [path for path in docs.rglob("*.html") if f"run-{block['run_id']:06d}-handover" in path.as_posix()]
    assert any(RULE in path.read_text(encoding="utf-8") for path in pages)


def test_the_block_ends_by_itself(story: Story) -> None:
    """The gate cannot see that a trigger is mended while none of its messages is handed over, so a day has to pass."""
    assert story.blocked["mended"] == [SCOPE]
    assert BROKEN not in story.triggers("mended")
    assert story.blocked["next_day"] == []
    assert BROKEN in story.triggers("next_day")
    assert story.verdicts["next_day"][BROKEN, "blocked_by_quality"] == 0


def test_everything_right_goes_out_once(story: Story) -> None:
    """No Message-ID is there twice, and what waited for the repair and was still wanted has been accepted."""
    ids = Counter(mail["Message-ID"] for mails in story.mails.values() for mail in mails)
    assert max(ids.values()) == 1
    states = story.rows(f"""
        select coalesce(messages.state, 'none') as state, count(*) as occurrences
        from activation.act_decisions as decisions
        left join activation.fct_messages as messages on messages.decision_id = decisions.decision_id
        where decisions.trigger_id = '{BROKEN}' and decisions.verdict = 'send' and decisions.occurrence_id in (
            select occurrence_id from activation.act_decisions where verdict = 'blocked_by_quality'
        ) and decisions.run_id = {story.built["next_day"]["run_id"]}
        group by all
    """)
    assert [row["state"] for row in states] == ["accepted"]


def test_nobody_got_what_needs_a_consent_without_one(story: Story) -> None:
    """Read from the raw rows: whoever got a message of the broken trigger had confirmed."""
    granted = {
        json.loads(row["attributes"])["contact_point_id"]
        for row in story.rows("select attributes from raw.consents")
        if json.loads(row["attributes"])["status"] == "granted" and json.loads(row["attributes"])["is_confirmed"]
    }
    addresses = {
        json.loads(row["attributes"])["address"].strip().lower()
        for row in story.rows("select id, attributes from raw.contact_points")
        if row["id"] in granted
    }
    carts = [mail for mail in story.mails["next_day"] if mail["X-Activation-Trigger"] == BROKEN]
    assert carts
    assert {str(mail["To"]).lower() for mail in carts} <= addresses
