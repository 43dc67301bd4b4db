"""The shop as a whole: the same again for the same seed, step by step, and refusals."""

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from activation.errors import InputError
from activation.simulator.effects import DeliveredMessage
from activation.simulator.people import to_micros, to_moment
from activation.simulator.shop import Shop
from activation.simulator.state import State

END = datetime(2026, 3, 2, 6)
DAY = timedelta(days=1)


def contents(shop):
    return {path.relative_to(shop.home): path.read_bytes() for path in shop.home.rglob("*") if path.is_file()}


def test_the_same_seed_and_steps_give_the_same_bytes(new_shop):
    """Two shops with one seed and one sequence of steps are equal in every byte, state included."""
    shops = [new_shop("one"), new_shop("two")]
    for shop in shops:
        for hours in (6, 24, 25):
            shop.advance(to=shop.instant + timedelta(hours=hours))
    assert contents(shops[0]) == contents(shops[1])
    assert len(contents(shops[0])) > 10


def test_another_seed_gives_another_shop(new_shop):
    """The seed decides."""
    one, two = contents(new_shop("one", seed=1)), contents(new_shop("two", seed=2))
    paths = [path for path in one if path.name != "truth.json"]  # no message was sent yet, in either
    assert len(paths) > 5
    assert all(one[path] != two[path] for path in paths)


def test_a_step_repeated_from_the_old_state_writes_the_same_files(new_shop):
    """A crash between the files and the state is mended by repeating the step."""
    shop = new_shop("shop")
    before = shop.state_path.read_bytes()
    shop.advance(to=END + DAY)
    first = contents(shop)
    shop.state_path.write_bytes(before)
    shop.advance(to=END + DAY)
    assert contents(shop) == first


def test_state_survives_its_file(new_shop, tmp_path):
    """What is saved is what is loaded."""
    shop = new_shop("shop")
    state = State.load(shop.state_path)
    state.save(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == shop.state_path.read_bytes()


def test_many_short_steps_bring_as_many_visits_as_one_long_one(new_shop):
    """How finely time is cut does not change how much happens."""
    short, long = new_shop("short", customers=1500, days=30), new_shop("long", customers=1500, days=30)
    visits = sign_ups = 0
    for hour in range(3, 97, 3):
        counts = short.advance(to=END + timedelta(hours=hour)).counts
        visits, sign_ups = visits + counts["visits"], sign_ups + counts["sign_ups"]
    counts = long.advance(to=END + timedelta(hours=96)).counts
    assert visits == pytest.approx(counts["visits"], rel=0.12)
    assert sign_ups == pytest.approx(counts["sign_ups"], rel=0.4)


def test_report_counts_the_rows_of_the_files(sample):
    """A report's rows are the rows of its files, and its span follows the one before."""
    assert [report.start for report in sample.reports[1:]] == [report.end for report in sample.reports[:-1]]
    for report in sample.reports:
        rows: dict[str, int] = {}
        for path in report.files:
            rows[path.parent.name] = rows.get(path.parent.name, 0) + len(pd.read_parquet(path))
        assert rows == report.rows


def test_history_and_live_files_lie_apart(sample):
    """History is below `history/`, a step's files beside it, named by the instant; nothing is left unfinished."""
    landing = sample.shop.landing_path
    paths = sorted(path.relative_to(landing) for path in landing.rglob("*") if path.is_file())
    assert Path("history/events/2026-03-02T06-00-00.parquet") in paths
    assert Path("events/2026-03-03T06-00-00.parquet") in paths
    assert all(path.suffix == ".parquet" for path in paths)


def test_large_histories_come_in_several_files(tmp_path, monkeypatch):
    """Rows are written as they come, so memory does not grow with the history."""
    monkeypatch.setattr("activation.simulator.collector.ROWS_PER_FILE", 500)
    report = Shop(tmp_path).create(end=END, customers=100, days=30, seed=1)
    files = [path for path in report.files if path.parent.name == "events"]
    assert len(files) > 2
    assert len({path.name for path in files}) == len(files)


def test_a_shop_is_not_overwritten(new_shop):
    """`create` refuses where a shop is."""
    shop = new_shop("shop")
    with pytest.raises(InputError, match="exists already"):
        shop.create(end=END)


def test_time_only_goes_forward(new_shop):
    """`advance` refuses an instant that is not in the shop's future."""
    shop = new_shop("shop")
    with pytest.raises(InputError, match="already at 2026-03-02 06:00:00"):
        shop.advance(to=END)


def test_without_a_shop_nothing_advances(tmp_path):
    """`advance` says that there is no shop."""
    with pytest.raises(InputError, match="no demo shop"):
        Shop(tmp_path).advance(to=END)


def test_a_shop_needs_people_and_days(tmp_path):
    """Sizes below one are refused."""
    with pytest.raises(InputError, match="at least one"):
        Shop(tmp_path).create(end=END, customers=0)


def test_the_smallest_shop_lives(new_shop):
    """One customer and one day are enough, with messages to people who do not exist."""
    shop = new_shop("shop", customers=1, days=1)
    messages = [
        DeliveredMessage(name, name, "x", "marketing", "email", END)
        for name in ("cust-9999999", "anonymous:anon-1", "")
    ]
    assert shop.advance(to=END + DAY, delivered=messages).counts["marketing_messages"] == 0


@pytest.mark.parametrize("moment", [datetime(1969, 12, 31, 23), datetime(2026, 3, 2, 6, 0, 0, 123456)])
def test_instants_keep_their_microseconds(moment):
    """From a moment to microseconds and back."""
    assert to_moment(to_micros(moment)) == moment
