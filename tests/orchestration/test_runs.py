"""The DAGs, run: from files in the landing folder to mails, and what a broken day looks like."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from activation import simulation
from activation.app import open_app
from activation.errors import RunRefusedError
from activation.ledger import runs
from activation.simulator.inbox import Inbox
from activation.warehouses import open_warehouse

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.airflow, pytest.mark.dbt]


@pytest.fixture(scope="module")
def home(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A simulated shop that has been launched outside Airflow and has lived a day since."""
    folder = tmp_path_factory.mktemp("home")
    inbox = Inbox(folder / "inbox")
    inbox.start()
    wanted = {
        "ACTIVATION_HOME": str(folder),
        "ACTIVATION_ENVIRONMENT": "simulation",
        "ACTIVATION_SIGNING_KEY": "a-key-of-the-tests-that-is-long-enough",
        "ACTIVATION_DESTINATION_INBOX": f"smtp://127.0.0.1:{inbox.smtp_port}",
    }
    os.environ.update(wanted)
    with open_app() as app:
        simulation.create_shop(app, customers=300, days=60, seed=3, until=None)
        app.build()
        simulation.advance_shop(app, timedelta(days=1))
    yield folder
    inbox.stop()
    for name in wanted:
        os.environ.pop(name)


@pytest.fixture(scope="module")
def dags(home: Path) -> dict[str, Any]:
    """The DAGs without their retries, since a test does not wait."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"), safe_mode=False)
    for dag in bag.dags.values():
        for task in dag.tasks:
            if hasattr(task, "partial_kwargs"):
                task.partial_kwargs["retries"] = 0
            else:
                task.retries = 0
    return dict(bag.dags)


def states(run: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for task in run.get_task_instances():
        found.setdefault(task.task_id, set()).add(str(task.state))
    return found


def mails(home: Path) -> int:
    return len(list((home / "inbox/messages").glob("*.eml")))


def test_a_day_through_the_dags(home: Path, dags: dict[str, Any]) -> None:
    """Build, deliver, sync and report end green, and what was accepted lies in the inbox; again sends nothing."""
    for dag_id in ("build_models", "deliver_messages", "sync_audiences", "publish_reports"):
        run = dags[dag_id].test()
        assert str(run.state) == "success", states(run)
    delivered = mails(home)
    assert delivered > 3
    assert (home / "report/index.html").exists()
    assert (home / "data_docs/index.html").exists()
    assert str(dags["deliver_messages"].test().state) == "success"
    assert mails(home) == delivered


def test_a_delivery_that_fails_is_a_red_task(home: Path, dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mail server away the delivery is red, the run too, and the messages stay planned."""
    with open_app() as app:
        simulation.advance_shop(app, timedelta(days=1))
        app.build()
        before = mails(home)
        monkeypatch.setenv("ACTIVATION_DESTINATION_INBOX", "smtp://127.0.0.1:9")
        run = dags["deliver_messages"].test()
        assert str(run.state) == "failed"
        assert "success" not in states(run)["deliver_inbox"]
        assert states(run)["signal_deliveries"] == {"success"}
        assert mails(home) == before
        monkeypatch.undo()
        assert app.send()["accepted"] == mails(home) - before > 0


def test_a_backfill_builds_an_analysis_and_can_send_nothing(home: Path) -> None:
    """Its run is no live one: it announces nothing and the engine refuses to send from it."""
    from datetime import UTC, datetime

    from activation.orchestration import steps

    with open_app() as app:
        newest = app.newest_run()
        run_id = steps.start_run("backfill", datetime(2026, 2, 1, tzinfo=UTC))
        run = app.run(run_id)
        assert run.as_of == datetime(2026, 2, 1)
        steps.build_facts(run_id)
        with open_warehouse(app.settings) as warehouse:
            (known,) = warehouse.rows("select max(known_at) as latest, count(*) as events from analysis.int_events")
        assert known["events"] > 100
        assert known["latest"] <= run.as_of
        with pytest.raises(RunRefusedError):
            runs.assert_may_send(app.ledger, run)
        with pytest.raises(RunRefusedError):
            runs.announce(app.ledger, run_id)
        assert app.newest_run() == newest


def test_what_time_cannot_heal_is_not_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken settings file fails the task at once, with its sentence."""
    from airflow.sdk.exceptions import AirflowFailException

    from activation.orchestration import steps

    (home / "empty").mkdir()
    monkeypatch.setenv("ACTIVATION_PROJECT", str(home / "empty"))
    with pytest.raises(AirflowFailException, match=r"activation\.yml does not exist"):
        steps.plan_messages()
