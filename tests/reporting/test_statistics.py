"""The statistics agree with independent libraries, and refuse to speak too early."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from activation.reporting.statistics import (
    GOALS_NEEDED,
    Arm,
    amount_difference,
    rate_difference,
    reason_to_hide,
    sample_ratio,
)

PROJECT = Path(__file__).resolve().parents[2]
REAL_DATA = Path(os.environ.get("ACTIVATION_TEST_DATA", PROJECT.parent / "shared"))


@pytest.fixture(scope="module")
def oracle() -> dict[str, Any]:
    """Lifts of Hillstrom's e-mail experiment as statsmodels, scipy and gbstats computed them."""
    for path in (REAL_DATA / "hillstrom", REAL_DATA / "data" / "hillstrom"):
        if path.exists():
            return dict(json.loads((path / "oracle_lift.json").read_text()))
    pytest.skip("Hillstrom's experiment is not here: set ACTIVATION_TEST_DATA to the folder of the real data")


@pytest.fixture(scope="module")
def arms(oracle: dict[str, Any]) -> dict[tuple[str, str], Arm]:
    """The experiment's arms by segment and goal, aggregated as the warehouse does it."""
    import duckdb

    path = next(
        folder / "hillstrom.parquet"
        for folder in (REAL_DATA / "hillstrom", REAL_DATA / "data" / "hillstrom")
        if folder.exists()
    )
    found = {}
    for goal in ("visit", "conversion", "spend"):
        rows = duckdb.sql(
            f"select segment, count(*), count(*) filter ({goal} > 0), sum({goal}), sum({goal} * {goal}) "
            f"from read_parquet('{path}') group by segment"
        ).fetchall()
        found.update({(segment, goal): Arm(*values) for segment, *values in rows})
    return found


@pytest.mark.real_data
@pytest.mark.parametrize("segment", ["Mens E-Mail", "Womens E-Mail"])
@pytest.mark.parametrize("goal", ["visit", "conversion"])
def test_rate_difference(oracle: Any, arms: Any, segment: str, goal: str) -> None:
    """Rates and Newcombe's interval are those of the oracle."""
    expected = oracle[f"{segment}|{goal}"]
    found = rate_difference(arms[segment, goal], arms["No E-Mail", goal])
    assert arms[segment, goal].rate == pytest.approx(expected["rate_treat"], rel=1e-12)
    assert found.estimate == pytest.approx(expected["abs_lift"], rel=1e-12)
    assert [found.low, found.high] == pytest.approx(expected["ci95_abs_newcomb"], rel=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize("segment", ["Mens E-Mail", "Womens E-Mail"])
def test_amount_difference(oracle: Any, arms: Any, segment: str) -> None:
    """Revenue per unit, Welch's interval and p-value are those of the oracle."""
    expected = oracle[f"{segment}|spend"]
    treated = arms[segment, "spend"]
    found = amount_difference(treated, arms["No E-Mail", "spend"])
    assert found is not None
    assert treated.deviation == pytest.approx(expected["sd_treat"], rel=1e-9)
    assert found.estimate == pytest.approx(expected["abs_lift"], rel=1e-9)
    assert [found.low, found.high] == pytest.approx(expected["ci95_welch"], rel=1e-9)
    assert found.p == pytest.approx(expected["welch_p"], rel=1e-6)


@pytest.mark.real_data
def test_sample_ratio_of_real_experiment(oracle: Any) -> None:
    """Three equal arms of a real experiment pass, with the oracle's χ² and p."""
    expected = oracle["srm_thirds"]
    found = sample_ratio(expected["counts"], [1, 1, 1])
    assert found is not None
    assert found.chi_square == pytest.approx(expected["chi2"], rel=1e-12)
    assert found.p == pytest.approx(expected["p"], rel=1e-12)
    assert not found.is_flagged


def test_sample_ratio_mismatch() -> None:
    """11 % where 10 % were planned is noise among 1,000 units and a fault among 100,000."""
    small, large = sample_ratio([890, 110], [0.9, 0.1]), sample_ratio([89_000, 11_000], [0.9, 0.1])
    assert small is not None
    assert large is not None
    assert not small.is_flagged
    assert large.is_flagged


@pytest.mark.parametrize(("observed", "shares"), [([10, 0], [1.0, 0.0]), ([0, 0], [0.5, 0.5]), ([5], [1.0]), ([], [])])
def test_nothing_to_compare(observed: list[int], shares: list[float]) -> None:
    """Without two arms that have weight and units there is no mismatch to test."""
    assert sample_ratio(observed, shares) is None


def test_arm_without_weight_is_left_out() -> None:
    """An arm that was closed does not count against the others."""
    assert sample_ratio([500, 500, 0], [0.5, 0.5, 0.0]) == sample_ratio([500, 500], [0.5, 0.5])


def test_nothing_varies() -> None:
    """Arms in which everybody spent the same have no interval."""
    assert amount_difference(Arm(10, 0), Arm(10, 0)) is None
    assert amount_difference(Arm(1, 1, 5.0, 25.0), Arm(10, 0)) is None


@pytest.mark.parametrize(
    ("treated", "held_out", "is_hidden"),
    [
        (Arm(1000, 300), Arm(100, GOALS_NEEDED), False),
        (Arm(1000, 300), Arm(100, GOALS_NEEDED - 1), True),
        (Arm(1000, GOALS_NEEDED - 1), Arm(100, 90), True),
        (Arm(1000, 300), Arm(0, 0), True),
    ],
)
def test_effects_are_hidden(treated: Arm, held_out: Arm, is_hidden: bool) -> None:
    """Below 30 goals in an arm no effect is shown, and the reason is said."""
    assert bool(reason_to_hide(treated, held_out)) is is_hidden
