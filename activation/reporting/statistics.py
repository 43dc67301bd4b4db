"""What may be said about an experiment: sample-ratio mismatch, and differences with their intervals.

Everything is computed from counts and moments, so that no unit leaves the warehouse.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

GOALS_NEEDED = 30
MISMATCH_LEVEL = 0.001
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Arm:
    """The units of one arm whose windows have closed; `squares` is the sum of the squared amounts."""

    units: int
    goals: int
    amount: float = 0.0
    squares: float = 0.0

    @property
    def rate(self) -> float:
        """Units with a goal, as a share of all."""
        return self.goals / self.units if self.units else 0.0

    @property
    def mean(self) -> float:
        """Amount per unit."""
        return self.amount / self.units if self.units else 0.0

    @property
    def deviation(self) -> float:
        """The sample's standard deviation of the amount."""
        if self.units < 2:
            return 0.0
        return math.sqrt(max(0.0, self.squares - self.units * self.mean**2) / (self.units - 1))


@dataclass(frozen=True, slots=True)
class Difference:
    """Treated minus held out, with its interval."""

    estimate: float
    low: float
    high: float
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The test whether units fell into the arms as planned. `is_flagged` means they did not."""

    chi_square: float
    p: float
    is_flagged: bool


def sample_ratio(observed: Sequence[int], shares: Sequence[float]) -> Mismatch | None:
    """The χ² test of one look at p < 0.001; arms with weight 0 leave the degrees of freedom.

    None when there is nothing to compare: fewer than two arms with weight, or no unit.
    """
    from scipy.stats import chi2  # type: ignore[import-untyped]

    arms = [(count, share) for count, share in zip(observed, shares, strict=True) if share > 0]
    units, weight = sum(count for count, _ in arms), sum(share for _, share in arms)
    if len(arms) < 2 or not units:
        return None
    expected = [units * share / weight for _, share in arms]
    statistic = sum((count - wanted) ** 2 / wanted for (count, _), wanted in zip(arms, expected, strict=True))
    p = float(chi2.sf(statistic, len(arms) - 1))
    return Mismatch(statistic, p, p < MISMATCH_LEVEL)


def rate_difference(treated: Arm, held_out: Arm) -> Difference:
    """The difference of two rates with Newcombe's interval."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    low, high = confint_proportions_2indep(
        treated.goals,
        treated.units,
        held_out.goals,
        held_out.units,
        method="newcomb",
        compare="diff",
        alpha=1 - CONFIDENCE,
    )
    return Difference(treated.rate - held_out.rate, float(low), float(high))


def amount_difference(treated: Arm, held_out: Arm) -> Difference | None:
    """The difference of two means per unit after Welch. None where an arm is too small or nothing varies."""
    from scipy.stats import t as student

    if min(treated.units, held_out.units) < 2:
        return None
    parts = [arm.deviation**2 / arm.units for arm in (treated, held_out)]
    error = math.sqrt(sum(parts))
    if not error:
        return None
    freedom = sum(parts) ** 2 / sum(
        part**2 / (arm.units - 1) for part, arm in zip(parts, (treated, held_out), strict=True)
    )
    estimate = treated.mean - held_out.mean
    margin = float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    p = 2 * float(student.sf(abs(estimate) / error, freedom))
    return Difference(estimate, estimate - margin, estimate + margin, p)


def reason_to_hide(treated: Arm, held_out: Arm) -> str:
    """Why no effect may be shown yet, or nothing. Few goals make an interval that only looks exact."""
    if not treated.units or not held_out.units:
        return "No effect is shown: there are not yet units with a closed window in both arms."
    fewest = min(treated.goals, held_out.goals)
    if fewest < GOALS_NEEDED:
        return f"No effect is shown before each arm has {GOALS_NEEDED} goals: the smaller number is {fewest}."
    return ""
