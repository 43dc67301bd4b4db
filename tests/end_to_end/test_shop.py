"""From events to messages in an inbox and back into the warehouse, twice in a row, day after day."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import requests

from activation import operations, simulation
from activation.app import App
from activation.errors import BusyError, DeliveryError
from activation.feedback.server import make_app, make_http_server
from activation.ledger import leases
from activation.simulator.inbox import Inbox
from activation.warehouses import open_warehouse
from tests.end_to_end import invariants

DAY = timedelta(days=1)
MARKETING = {"welcome_series", "cart_abandonment", "win_back"}

pytestmark = pytest.mark.dbt


@dataclass
class Story:
    """What each chapter left behind."""

    deployment: Any
    results: dict[str, Any] = field(default_factory=dict)
    mails: dict[str, list[EmailMessage]] = field(default_factory=dict)
    states: dict[str, dict[str, int]] = field(default_factory=dict)
    unsubscribed: str = ""

    def rows(self, query: str) -> list[dict[str, Any]]:
        with open_warehouse(self.deployment.settings, read_copy=True) as warehouse:
            return warehouse.rows(query)


def quiet(_: str) -> None:
    """Nobody watches."""


def note(story: Story, chapter: str, app: App, result: Any) -> None:
    seen = sum(len(mails) for mails in story.mails.values())
    story.results[chapter] = result
    story.mails[chapter] = story.deployment.mails()[seen:]
    story.states[chapter] = operations.ledger_status(app)["states"]


@pytest.fixture(scope="module")
def story(deployment: Any) -> Iterator[Story]:
    """Launch, a day, the same again, an unsubscribe, another day, a day without mail server and its end."""
    told = Story(deployment)
    with deployment.app() as app:
        links = make_http_server(make_app(app.links, operations.LedgerSink(app.ledger), {}), "127.0.0.1", 0)
        deployment.environ["ACTIVATION_PUBLIC_URL"] = f"http://127.0.0.1:{links.server_port}"
    threading.Thread(target=links.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    with deployment.app() as app:
        simulation.create_shop(app, customers=600, days=90, seed=11, until=None)
        note(told, "launch", app, operations.run_all(app, quiet))
        simulation.advance_shop(app, DAY)
        note(told, "day", app, operations.run_all(app, quiet))
        note(told, "again", app, operations.run_all(app, quiet))
        told.unsubscribed = unsubscribe_somebody(told.mails["day"])
        simulation.advance_shop(app, DAY)
        note(told, "next_day", app, operations.run_all(app, quiet))
        down(told, app)
    yield told
    links.shutdown()
    links.server_close()


def unsubscribe_somebody(mails: list[EmailMessage]) -> str:
    mail = next(mail for mail in mails if mail["X-Activation-Trigger"] == "welcome_series")
    link = mail["List-Unsubscribe"].strip("<>")
    answer = requests.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=10)
    assert answer.status_code == 200
    return str(mail["To"])


def down(story: Story, app: App) -> None:
    """A day on which the mail server is away when we send, and comes back."""
    port = story.deployment.inbox.smtp_port
    simulation.advance_shop(app, DAY)
    app.build()
    story.deployment.inbox.stop()
    with pytest.raises(DeliveryError) as caught:
        app.send()
    note(story, "down", app, caught.value)
    story.deployment.inbox = Inbox(app.settings.inbox_path, port)
    story.deployment.inbox.start()
    note(story, "back", app, app.send())
    for audience_id in app.audience_ids():
        app.sync(audience_id)
    app.refresh_outcomes()


def test_the_launch_sends_nothing_of_the_past(story: Story) -> None:
    """The first live run lists years of occurrences, and not one becomes a message."""
    assert story.results["launch"]["rows_loaded"] > 10_000
    assert story.mails["launch"] == []
    verdicts = {row["verdict"] for row in story.rows("select distinct verdict from activation.act_decisions")}
    assert "before_live" in verdicts


def test_a_day_brings_messages_of_the_day(story: Story) -> None:
    """What the ledger calls accepted lies in the inbox, each once."""
    accepted = story.states["day"]["accepted"]
    assert accepted > 5
    assert len(story.mails["day"]) == accepted
    assert {mail["X-Activation-Trigger"] for mail in story.mails["day"]} >= {"order_confirmation", "cart_abandonment"}


def test_running_again_sends_nothing(story: Story) -> None:
    """Without new events the same steps change nothing."""
    assert story.mails["again"] == []
    assert story.states["again"] == story.states["day"]
    assert story.results["again"]["planned"] == 0


def test_no_message_goes_out_twice(story: Story) -> None:
    """Over all chapters every Message-ID is there once."""
    ids = Counter(mail["Message-ID"] for mails in story.mails.values() for mail in mails)
    assert len(ids) > 20
    assert max(ids.values()) == 1


def test_marketing_reaches_only_who_confirmed_a_consent(story: Story) -> None:
    """Read from the raw rows, by other means than the models'."""
    latest: dict[str, tuple[Any, dict[str, Any]]] = {}
    for row in story.rows(
        "select id, attributes, changed_at, known_at from raw.consents order by changed_at, known_at"
    ):
        latest[row["id"]] = (row["known_at"], json.loads(row["attributes"]))
    points = {
        row["id"]: json.loads(row["attributes"])["address"].strip().lower()
        for row in story.rows("select id, attributes from raw.contact_points order by changed_at")
    }
    ever = {
        points[json.loads(row["attributes"])["contact_point_id"]]
        for row in story.rows("select attributes from raw.consents")
        if json.loads(row["attributes"])["status"] == "granted" and json.loads(row["attributes"])["is_confirmed"]
    }
    marketing = [mail for mails in story.mails.values() for mail in mails if mail["X-Activation-Trigger"] in MARKETING]
    assert marketing
    assert {str(mail["To"]).lower() for mail in marketing} <= ever
    assert all(mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click" for mail in marketing)


def test_transactional_mail_carries_no_unsubscribe_link(story: Story) -> None:
    """An order confirmation is no list."""
    confirmations = [mail for mail in story.mails["day"] if mail["X-Activation-Trigger"] == "order_confirmation"]
    assert confirmations
    assert all(mail["List-Unsubscribe"] is None for mail in confirmations)


def test_who_unsubscribed_gets_no_marketing_any_more(story: Story) -> None:
    """The post to the link of a real mail suppresses the address from the next run on."""
    later = [mail for chapter in ("next_day", "back") for mail in story.mails[chapter]]
    assert story.unsubscribed
    marketing = {str(mail["To"]) for mail in later if mail["X-Activation-Trigger"] in MARKETING}
    assert marketing
    assert story.unsubscribed not in marketing
    suppressed = story.rows("select contact_point, purpose from engine.suppressions where not is_lifted")
    assert {"contact_point": story.unsubscribed, "purpose": "marketing"} in suppressed


def test_every_occurrence_has_a_verdict(story: Story) -> None:
    """Occurrences minus those with a decision is zero, and no decision is without occurrence."""
    query = """
        select
            count(*) filter (where decisions.occurrence_id is null) as undecided,
            count(*) filter (where occurrences.occurrence_id is null) as unfounded,
            count(*) as everything
        from activation.act_occurrences as occurrences
        full join (select distinct occurrence_id from activation.act_decisions) as decisions
            on decisions.occurrence_id = occurrences.occurrence_id
    """
    (found,) = story.rows(query)
    assert found["everything"] > 1000
    assert (found["undecided"], found["unfounded"]) == (0, 0)


def test_the_held_out_get_nothing_of_what_they_are_held_out_from(story: Story) -> None:
    """No message of a trigger to a unit that its experiment, or the global one, holds out."""
    held = "select unit_id, experiment_id, trigger_id from activation.act_assignments where arm = 'held_out'"
    assert story.rows(held)
    query = f"""
        select messages.message_key
        from activation.act_deliveries as messages
        inner join ({held}) as held_out on held_out.unit_id = messages.unit_id
        where
            messages.purpose = 'marketing'
            and (held_out.trigger_id is null or held_out.trigger_id = messages.trigger_id)
    """
    assert story.rows(query) == []


def test_outcomes_are_back_in_the_warehouse(story: Story) -> None:
    """Every message of the ledger is a row of the facts, in the same state."""
    counted = story.rows("select state, count(*) as messages from activation.fct_messages group by state")
    assert {row["state"]: row["messages"] for row in counted} == story.states["back"]


def test_a_mail_server_that_is_away_loses_nothing(story: Story) -> None:
    """What could not go stays planned, the error says so, and it goes once when the server is back."""
    assert story.results["down"].exit_code == 9
    assert story.results["down"].remedy
    waiting = story.states["down"]["planned"]
    assert waiting > 5
    assert story.mails["down"] == []
    assert len(story.mails["back"]) == waiting
    assert story.states["back"].get("planned", 0) == 0


def test_the_audience_is_in_step(story: Story) -> None:
    """Everyone who is wanted on the list is confirmed there."""
    wanted = story.rows("select count(distinct customer_id) as members from activation.aud_lapsed_customers")
    states = story.rows(
        "select member_id, arg_max(state, sequence) as state, arg_max(action, sequence) as action "
        "from engine.audience_members group by member_id"
    )
    present = [row for row in states if row["state"] == "confirmed" and row["action"] != "remove"]
    assert len(present) == wanted[0]["members"] > 0


def test_somebody_who_got_a_mail_can_be_explained(story: Story) -> None:
    """The occurrence, the verdict and what became of its message; a stranger has no story."""
    (sent,) = story.rows(
        "select customer_id, trigger_id from activation.act_deliveries where trigger_id = 'cart_abandonment' limit 1"
    )
    with story.deployment.app() as app:
        told = operations.explain_trigger(app, sent["trigger_id"], sent["customer_id"])
        assert ("send", "accepted") in {(row["verdict"], row["state"]) for one in told for row in one["verdicts"]}
        assert operations.explain_trigger(app, "cart_abandonment", "nobody") == []


def test_two_runs_at_once_are_refused(story: Story) -> None:
    """The second one is told who holds what, and nothing is built twice."""
    with (
        story.deployment.app() as app,
        story.deployment.app() as other,
        leases.hold(app.ledger, leases.WAREHOUSE),
        pytest.raises(BusyError, match="warehouse") as caught,
    ):
        other.build()
    assert caught.value.exit_code == 3
    assert caught.value.remedy


def test_the_report_is_there_and_loads_nothing_from_elsewhere(story: Story) -> None:
    """One page with the figures of the last run."""
    page = story.deployment.settings.report_path.read_text(encoding="utf-8")
    assert "cart_abandonment" in page
    assert 'src="http' not in page


def test_nothing_is_missing(story: Story) -> None:
    """The query of the page of decisions: every occurrence is in exactly one place."""
    found = story.rows(invariants.reconciliation())
    assert {"cart_abandonment", "order_confirmation", "welcome_series", "win_back"} == {
        row["trigger_id"] for row in found
    }
    assert {(row["undecided"], row["unaccounted"]) for row in found} == {(0, 0)}


def test_no_cap_was_exceeded_and_no_hour_was_quiet(story: Story) -> None:
    """Counted from the ledger's copy, by each customer's clock and calendar."""
    with story.deployment.app() as app:
        house = app.project.house()
    calendar = invariants.read_calendar(story.rows, house)
    sent = invariants.read_sent(story.rows, calendar)
    marketing = [one for one in sent if one.purpose == "marketing"]
    assert len(marketing) > 20
    assert len({one.place.place_id for one in marketing}) > 3
    assert list(invariants.over_cap(sent, house)) == []
    assert list(invariants.in_closed_hours(sent, calendar)) == []
    tighter = house.model_copy(update={"caps": [house.caps[0].model_copy(update={"max_messages": 0})]})
    assert list(invariants.over_cap(sent, tighter)), "a cap that is exceeded is found"


def test_nobody_is_in_two_arms(story: Story) -> None:
    """One assignment per experiment and unit, for good."""
    twice = "select experiment_id, unit_id from activation.act_assignments group by all having count(*) > 1"
    assert story.rows("select 1 from activation.act_assignments")
    assert story.rows(twice) == []
