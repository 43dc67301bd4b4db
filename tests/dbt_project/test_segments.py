"""Every segment is recorded, and rests on what is kept per customer."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "dbt_project"
SEGMENTS = sorted((ROOT / "models/segments").glob("seg_*.sql"))
# One row per customer or less: a segment costs what the customers are, however long their history.
PER_CUSTOMER = re.compile(r"dim_(customers|consents|contact_points)|int_customer_\w+|seg_\w+")


def test_every_segment_is_recorded() -> None:
    """The list of segments whose entries and exits are kept names each model of the folder."""
    listed = re.findall(r"'(seg_\w+)'", (ROOT / "macros/segments/segments.sql").read_text(encoding="utf-8"))
    assert listed == [path.stem for path in SEGMENTS]
    assert len(listed) >= 12


@pytest.mark.parametrize("path", SEGMENTS, ids=lambda path: path.stem)
def test_a_segment_reads_customers_not_events(path: Path) -> None:
    """None scans events or orders, and none pairs customers with one another."""
    sql = path.read_text(encoding="utf-8")
    read = re.findall(r"ref\('(\w+)'\)", sql)
    assert read
    assert [model for model in read if not PER_CUSTOMER.fullmatch(model)] == []
    assert "cross join" not in sql


def test_the_page_of_models_is_true() -> None:
    """Every model that it names is there, and it names every segment."""
    page = (ROOT.parent / "docs/models.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:stg|int|dim|fct|trg|act)_\w+)`", page))
    assert len(named) > 50
    assert named - {path.stem for path in (ROOT / "models").rglob("*.sql")} == set()
    assert {path.stem.removeprefix("seg_") for path in SEGMENTS} - set(re.findall(r"`(\w+)`", page)) == set()
