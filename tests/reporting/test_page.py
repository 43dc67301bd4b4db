"""The page says what the warehouse says, whatever is missing in it, and loads nothing from elsewhere."""

import json
import re
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from activation.errors import WarehouseError
from activation.reporting import ReportSummary, facts, write_report
from activation.reporting.charts import COLOURS, OTHER, with_fewer_series
from activation.reporting.facts import Reader
from activation.reporting.verdicts import MEANINGS, meaning

AS_OF = datetime(2026, 3, 1, 12, 0)
PAGE_OF_REASONS = Path(__file__).parents[2] / "docs/decisions.md"
LINKS = {"Data Docs": "../data_docs/index.html"}
SPEC = re.compile(r'<script type="application/json" class="spec">(.*?)</script>')
VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The page's text by section, its addresses, and whether its elements are well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.section = ""
        self.texts: dict[str, str] = {}
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value for name in ("src", "href") if (value := found.get(name))]
        if tag == "section":
            self.section = found["id"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "section":
            self.section = ""

    def handle_data(self, data: str) -> None:
        if "script" not in self.open and data.strip():
            self.texts[self.section] = f"{self.texts.get(self.section, '')} {data.strip()}"


def written(warehouse: Any, tmp_path: Path, **more: Any) -> tuple[ReportSummary, str]:
    path = tmp_path / "report" / "index.html"
    summary = write_report(warehouse, schema="activation", path=path, as_of=AS_OF, links=LINKS, **more)
    return summary, path.read_text()


def specs(text: str) -> list[dict[str, Any]]:
    return [
        json.loads(found) for found in re.findall(r'<script type="application/json" class="spec">(.*?)</script>', text)
    ]


def test_every_section_has_its_figures(shop: Any, tmp_path: Path) -> None:
    """With everything in the warehouse no section is empty, and the counts are those of the tables."""
    summary, text = written(shop, tmp_path)
    page = Page(text)
    assert summary.unreadable == ()
    assert set(summary.rows) == set(page.texts) - {""}
    assert min(summary.rows.values()) >= 1
    for expected in (
        "12,345 Events",
        "4,321 Customers",
        "4,000 Occurrences",
        "16 In doubt",
        "400 Held out",
        "1,200 Held back",
    ):
        assert expected in page.texts[""]
    assert "41 (live, batch" in page.texts[""]
    assert "simulation" in page.texts[""]
    assert "cart_abandonment deferred_cap waits: enough messages already cap_reached" in page.texts["verdicts"]
    assert "over_volume" not in page.texts["verdicts"], "only the latest verdict counts"
    assert "The 50 that wait longest of 60." in page.texts["worklist"]
    assert "order_confirmation c59 nobody knows whether it left 2026-02-27 00:00 o59" in page.texts["worklist"]
    assert "trigger:win_back" in page.texts["blocks"]
    assert "long over" not in page.texts["blocks"]
    assert len(specs(text)) == 5


def test_what_is_held_back_says_why(shop: Any, tmp_path: Path) -> None:
    """With the reason's sentence, the cap, the trigger it lost to, and between which instants the hours let it go."""
    summary, text = written(shop, tmp_path)
    told = Page(text).texts["held_back"]
    held = facts.held_back(Reader(shop, "activation", AS_OF)).rows
    assert summary.rows["held_back"] == len(held)
    assert sum(row["occurrences"] for row in held) == facts.TILES["Held back"](Reader(shop, "activation", AS_OF))
    lost = "waits: something more important went first The cap went to others of this run marketing_week welcome_series"
    assert f"win_back {lost}" in told
    assert "waits: enough messages already Earlier messages used the cap up marketing_week" in told
    assert "2026-03-01 00:00 2026-03-02 07:00 to 2026-03-02 09:00" in told
    assert "2026-03-01 00:00 for good" in told, "what expired waits for nothing"


def test_a_wait_for_hours_that_nobody_knows_is_left_out(shop: Any, tmp_path: Path) -> None:
    """One that ends at one instant for all names it once; one beyond the days looked at names none."""
    shop.execute("update activation.act_waits set waits_until = timestamp '2026-03-02 07:00'")
    told = Page(written(shop, tmp_path)[1]).texts["held_back"]
    assert "2026-03-01 00:00 2026-03-02 07:00 " in told
    assert " to 2026" not in told
    shop.execute("update activation.act_waits set waits_until = null")
    told = Page(written(shop, tmp_path)[1]).texts["held_back"]
    assert "2026-03-02" not in told
    assert "Nothing of its purpose and channel goes there at this hour" in told


def test_each_channel_that_is_decided_for_itself_counts(shop: Any, tmp_path: Path) -> None:
    """A newer verdict on one channel leaves that on the other as it was."""
    before = facts.TILES["Held back"](Reader(shop, "activation", AS_OF))
    shop.execute(
        """insert into activation.act_decisions by name
        select occurrence_id, 'sms' as leg, trigger_id, 42 as run_id, timestamp '2026-03-01 01:00' as decided_at,
            'deferred_quiet_hours' as verdict, 'quiet_hours' as reason, false as is_final
        from activation.act_decisions where run_id = 41 and reason = 'quiet_hours'"""
    )
    ((added,),) = [row.values() for row in shop.rows("select count(*) from activation.act_decisions where run_id = 42")]
    assert facts.TILES["Held back"](Reader(shop, "activation", AS_OF)) == before + added > before
    assert re.search(r"win_back sms waits for permitted hours", Page(written(shop, tmp_path)[1]).texts["held_back"])


def test_plans_say_who_answered(shop: Any, tmp_path: Path) -> None:
    """The newest answer to each, by whom and when; others say that nobody has answered."""
    told = Page(written(shop, tmp_path)[1]).texts["plans"]
    digest = shop.rows("select md5('plan0') as digest")[0]["digest"]
    assert re.search(rf"win_back {digest[:12]} (\d+) \1 2026-03-01 00:00 \1 refused omar 2026-03-01 08:30", told)
    assert "approved" not in told
    assert "nobody has answered yet - -" in told


def test_digests_say_who_rode_with_whom(shop: Any, tmp_path: Path) -> None:
    """Occurrences that share the message of another, and how many messages those are."""
    told = Page(written(shop, tmp_path)[1]).texts["digests"]
    decisions = shop.rows("select decision_id, carrier_decision_id from activation.act_decisions")
    riders = [row for row in decisions if row["carrier_decision_id"] not in (None, row["decision_id"])]
    carriers = {row["carrier_decision_id"] for row in riders} & {row["decision_id"] for row in decisions}
    assert len(riders) > len(carriers) > 1
    shown = facts.digests(Reader(shop, "activation", AS_OF)).rows
    assert sum(row["messages"] for row in shown) == len(carriers)
    assert sum(row["occurrences"] for row in shown) == sum(row["carrier_decision_id"] in carriers for row in riders)
    assert "win_back" in told


def test_page_is_offline(shop: Any, tmp_path: Path) -> None:
    """The page refers to nothing but its own sections and the links it was given."""
    page = Page(written(shop, tmp_path)[1])
    assert {address for address in page.addresses if not address.startswith("#")} == set(LINKS.values())


@pytest.mark.parametrize("has_tables", [True, False])
def test_nothing_yet(warehouse: Any, tmp_path: Path, has_tables: bool) -> None:
    """An empty warehouse gives a whole page on which every section says that there is nothing."""
    if not has_tables:
        warehouse.execute("drop schema raw cascade")
        warehouse.execute("drop schema engine cascade")
    summary, text = written(warehouse, tmp_path)
    page = Page(text)
    assert set(summary.rows.values()) == {0}
    assert summary.unreadable == ()
    for name in summary.rows:
        assert "Nothing yet." in page.texts[name] or "None" in page.texts[name]


def test_unreadable_section(shop: Any, tmp_path: Path) -> None:
    """A table of another shape spoils its own section only, which says why."""
    shop.execute("alter table activation.act_deliveries drop column destination")
    summary, text = written(shop, tmp_path)
    assert summary.unreadable == ("deliveries", "doubts")
    assert "This could not be read" in Page(text).texts["deliveries"]
    assert summary.rows["verdicts"] > 0


def test_data_is_escaped(shop: Any, tmp_path: Path) -> None:
    """Data that looks like markup is shown as it is, in tables and in charts."""
    evil = "</script><script>alert(1)</script>"
    shop.execute(f"update activation.act_occurrences set trigger_id = '{evil}'")
    shop.execute(f"update activation.act_decisions set trigger_id = '{evil}', reason = '<b>&amp;'")
    shop.execute(f"update engine.quality_blocks set reason = '{evil}'")
    text = written(shop, tmp_path)[1]
    assert evil not in text
    assert evil in Page(text).texts["verdicts"]
    assert "<b>&amp; " in Page(text).texts["verdicts"]
    assert any(
        row["trigger_id"] == evil for spec in specs(text) for row in spec["data"]["values"] if "trigger_id" in row
    )


def test_effects_only_where_they_may_be_shown(shop: Any, tmp_path: Path) -> None:
    """One experiment shows its effect, one is hidden by a mismatch, one by open windows."""
    planned = {"cart-2026": 0.2, "welcome-2026": 0.1}
    text = Page(written(shop, tmp_path, planned_holdouts=planned)[1]).texts["experiments"]
    cart, rest = text.split("welcome-2026", 1)
    welcome, win_back = rest.split("win-back-2026", 1)
    assert "percentage points" in cart
    assert "Units fell into the arms as planned" in cart
    assert "Left out: 2 units" in cart
    assert "percentage points" not in welcome
    assert "did not fall into the arms as planned" in welcome
    assert "percentage points" not in win_back
    assert "there are not yet units with a closed window in both arms" in win_back


def test_few_goals_are_hidden(shop: Any, tmp_path: Path) -> None:
    """Below 30 goals in an arm the reason stands where the effect would."""
    shop.execute("update activation.fct_experiment_units set goal_count = 0 where arm = 'held_out' and unit_id > 'u1'")
    text = Page(written(shop, tmp_path)[1]).texts["experiments"]
    assert "No effect is shown before each arm has 30 goals" in text
    assert "percentage points" not in text


def test_report_is_replaced(shop: Any, tmp_path: Path) -> None:
    """A second report replaces the first and leaves nothing beside it."""
    written(shop, tmp_path)
    summary, _ = written(shop, tmp_path)
    assert [path.name for path in summary.path.parent.iterdir()] == ["index.html"]


def test_odd_schema_is_refused(shop: Any, tmp_path: Path) -> None:
    """Only an identifier may become part of a query."""
    with pytest.raises(WarehouseError):
        write_report(shop, schema="a; drop", path=tmp_path / "x.html", as_of=AS_OF, links={})


def test_charts_are_valid(shop: Any, tmp_path: Path) -> None:
    """Every chart meets Vega-Lite's schema."""
    import altair

    found = specs(written(shop, tmp_path, planned_holdouts={"cart-2026": 0.2})[1])
    assert len(found) == 5
    for spec in found:
        del spec["$schema"]
        altair.Chart.from_dict(spec)


def test_small_series_are_one() -> None:
    """More series than colours: the smallest are added up, and no row is lost."""
    rows = [{"name": f"t{number:02}", "n": 100 - number} for number in range(20)]
    shown = with_fewer_series(rows, "n", "name")
    assert len({row["name"] for row in shown}) == len(COLOURS)
    assert sum(row["n"] for row in shown if row["name"] == OTHER) == sum(row["n"] for row in rows[7:])
    assert with_fewer_series(rows[:8], "n", "name") == rows[:8]


def test_verdicts_have_words() -> None:
    """Every verdict of the page of decisions is explained; an unknown one is shown as it is."""
    listed = set(re.findall(r"^\| `\w+` \| `(\w+)` \|", PAGE_OF_REASONS.read_text(encoding="utf-8"), re.MULTILINE))
    assert listed == set(MEANINGS)
    assert meaning("some_new_verdict") == "some new verdict"
