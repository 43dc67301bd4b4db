"""The gates block what failed, lift what passed, and leave pages that can be read offline."""

import logging
import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from activation.errors import BusyError, QualityError
from activation.quality import GateReport, Limits, Severity, blocks_in_force, duckdb_url, run_gates, write_blocks
from activation.quality.data_docs import keep_newest

AS_OF = datetime(2026, 3, 1, 12, 0)
LOADED = re.compile(r"<(?:script|img|iframe)[^>]+src=[\"']?https?://|<link[^>]+href=[\"']?https?://")
After = Callable[..., GateReport]


def test_in_order(shop: Any) -> None:
    """With everything in order both gates pass, clear their scopes and block nothing."""
    sources, handover = shop.gate(), shop.gate("handover")
    assert sources.passed
    assert handover.passed
    assert sources.blocks == handover.blocks == sources.warnings == ()
    assert sources.cleared == handover.cleared == ("all", "trigger:welcome", "trigger:winback")


def test_great_expectations_keeps_its_insides_to_itself(shop: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A log that is at INFO, as Airflow's is, has none of its hundreds of lines."""
    with caplog.at_level(logging.INFO):
        shop.gate()
    assert [record.name for record in caplog.records if record.name.startswith("great_expectations")] == []


def test_smallest_scope(after: After) -> None:
    """A broken trigger is blocked until the next day; the others and the sources are cleared."""
    report = after("update activation.trg_welcome set context = '[]'")
    assert not report.passed
    assert [(block.scope, block.severity, block.until) for block in report.blocks] == [
        ("trigger:welcome", Severity.CRITICAL, AS_OF + timedelta(days=1))
    ]
    assert "context is a JSON object (700 rows)" in report.blocks[0].reason
    assert report.cleared == ("all", "trigger:winback")


def test_warning_blocks_nothing(after: After) -> None:
    """A failed warning is reported, and the gate passes."""
    report = after("update raw.events set properties = '[]' where event_id = 'e1'")
    assert report.passed
    assert [check.rule for check in report.warnings] == ["properties are a JSON object"]


@pytest.mark.parametrize(
    ("statement", "scope"),
    [
        ("drop table activation.trg_welcome", "trigger:welcome"),
        ("alter table activation.trg_welcome drop column expires_at", "trigger:welcome"),
        ("drop table raw.events", "all"),
    ],
)
def test_fails_closed(after: After, statement: str, scope: str) -> None:
    """A rule that cannot be evaluated blocks its scope and says why."""
    report = after(statement)
    assert [block.scope for block in report.blocks] == [scope]
    assert "could not be evaluated" in report.blocks[0].reason


def test_handover_fails_closed(after: After) -> None:
    """A hand-over that cannot be read blocks everything."""
    report = after("drop table activation.act_messages", kind="handover")
    assert [block.scope for block in report.blocks] == ["all"]
    assert report.cleared == ()


def test_empty_handover_clears_nothing(after: After) -> None:
    """A blocked trigger hands nothing over, which does not prove it mended."""
    report = after("delete from activation.act_messages where trigger_id = 'welcome'", kind="handover")
    assert report.passed
    assert report.cleared == ("all", "trigger:winback")


def test_blocks_are_lifted_by_their_own_gate(shop: Any) -> None:
    """A block ends when its gate passes, not when the other kind of gate does."""
    shop.change("update activation.trg_welcome set context = '[]'")
    with_block = shop.gate()
    with shop.open() as warehouse:
        write_blocks(warehouse, with_block)
        assert [row["scope"] for row in blocks_in_force(warehouse, AS_OF)] == ["trigger:welcome"]
    shop.change("update activation.trg_welcome set context = '{}'")
    handover = shop.gate("handover", run_id=8, as_of=AS_OF + timedelta(hours=1))
    sources = shop.gate(run_id=8, as_of=AS_OF + timedelta(hours=1))
    with shop.open() as warehouse:
        write_blocks(warehouse, handover)
        assert blocks_in_force(warehouse, AS_OF + timedelta(hours=1))
        write_blocks(warehouse, sources)
        assert blocks_in_force(warehouse, AS_OF + timedelta(hours=1)) == []
        assert blocks_in_force(warehouse, AS_OF + timedelta(minutes=30))


def test_block_runs_out(shop: Any) -> None:
    """Without another gate a block ends after its day."""
    shop.change("update activation.trg_welcome set context = '[]'")
    report = shop.gate()
    with shop.open() as warehouse:
        write_blocks(warehouse, report)
        assert blocks_in_force(warehouse, AS_OF + timedelta(hours=23))
        assert blocks_in_force(warehouse, AS_OF + timedelta(hours=24)) == []


def test_pages_are_offline(shop: Any) -> None:
    """No page loads anything from the network, and every file that it loads is there."""
    report = shop.gate("handover")
    pages = list(report.docs_index.parent.rglob("*.html"))
    assert len(pages) >= 3
    for page in pages:
        text = page.read_text()
        assert not LOADED.search(text), page
        local = re.findall(r"(?:src|href)=[\"'](\.?[^\"':#]*assets/[^\"']+)[\"']", text)
        assert len(local) >= 10
        assert all((page.parent / name).exists() for name in local)
        assert "great-expectations-web-assets" not in text
        assert "data:," not in text


def test_pages_show_no_address(after: After) -> None:
    """A failing contact point is counted in the pages, never shown."""
    broken = "update activation.act_messages set contact_point = 'secret person' where message_key = 'm2'"
    report = after(broken, kind="handover")
    assert not report.passed
    folder = report.docs_index.parent.parent
    files = [*folder.rglob("*.html"), *folder.rglob("*.json")]
    assert files
    assert all("secret person" not in path.read_text() for path in files)


def test_repeated_gate_keeps_both_results(shop: Any) -> None:
    """A gate that is run again within one run does not overwrite its first result."""
    shop.gate("handover")
    shop.gate("handover")
    names = {path.name for path in (shop.folder / "quality" / "validations").glob("*/*")}
    assert names == {"run-000007-handover", "run-000007-handover-2"}


def test_results_do_not_grow(tmp_path: Path) -> None:
    """Only the newest results are kept, and no empty folder."""
    for number in range(5):
        folder = tmp_path / "suite" / f"run-{number}"
        folder.mkdir(parents=True)
        path = folder / "result.json"
        path.write_text("{}")
        written_at = 1_700_000_000 + number
        os.utime(path, (written_at, written_at))
    keep_newest(tmp_path, 2)
    assert sorted(path.name for path in (tmp_path / "suite").iterdir()) == ["run-3", "run-4"]


def test_file_is_let_go(shop: Any) -> None:
    """After a gate the warehouse can be opened for writing at once."""
    shop.gate("handover")
    with shop.open() as warehouse:
        warehouse.execute("create table raw.proof (n integer)")


def test_busy(shop: Any) -> None:
    """A warehouse that is open elsewhere is said to be busy."""
    with duckdb.connect(str(shop.path)), pytest.raises(BusyError):
        shop.gate("handover")


@pytest.mark.parametrize("trigger", ["Robert'); drop", "", "a b"])
def test_odd_names_are_refused(tmp_path: Path, trigger: str) -> None:
    """Only an identifier may become part of a query."""
    with pytest.raises(QualityError):
        run_gates(
            "sources_and_triggers",
            warehouse_url=duckdb_url(tmp_path / "w.duckdb"),
            schema="activation",
            triggers=[trigger],
            run_id=1,
            as_of=AS_OF,
            docs_folder=tmp_path,
            context_folder=tmp_path,
            limits=Limits(),
        )
