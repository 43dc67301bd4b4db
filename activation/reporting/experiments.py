"""Experiments in the report: what may be said about each, and why nothing may be where that is so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from activation.reporting.statistics import (
    Arm,
    Difference,
    Mismatch,
    amount_difference,
    rate_difference,
    reason_to_hide,
    sample_ratio,
)

TREATED, HELD_OUT = "treated", "held_out"
FLAGGED = "No effect is shown: the arms are not comparable, see below."


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One line of an experiment's table."""

    name: str
    assigned: int
    arm: Arm


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment: its arms, and an effect only where it may be shown."""

    experiment_id: str
    lines: tuple[ArmLine, ...]
    hidden_because: str
    rate: Difference | None
    amount: Difference | None
    mismatch: Mismatch | None
    contradictory: int = 0

    @property
    def mismatch_note(self) -> str:
        """The outcome of the sample-ratio check, in words."""
        if self.mismatch is None:
            return "Not checked: the planned shares of the arms are not known, or one arm is empty."
        if self.mismatch.is_flagged:
            return (
                f"Units did not fall into the arms as planned (p = {self.mismatch.p:.2g}): "
                "find out why before looking at any difference."
            )
        return f"Units fell into the arms as planned (p = {self.mismatch.p:.2g}, one look)."


def read_experiments(rows: Sequence[Mapping[str, Any]], planned_holdouts: Mapping[str, float]) -> list[Experiment]:
    """The experiments of the rows that `facts.experiment_arms` gives, ordered by id."""
    return [
        _experiment(name, list(found), planned_holdouts.get(name))
        for name, found in groupby(rows, key=lambda row: str(row["experiment_id"]))
    ]


def _experiment(name: str, rows: list[Mapping[str, Any]], planned: float | None) -> Experiment:
    treated = [_line(row) for row in rows if row["arm"] == TREATED]
    held_out = [_line(row) for row in rows if row["arm"] == HELD_OUT]
    both = _total(TREATED, treated), _total("held out", held_out)
    mismatch = _mismatch(both, planned)
    hidden = FLAGGED if mismatch and mismatch.is_flagged else reason_to_hide(both[0].arm, both[1].arm)
    named = [line for line in treated if line.name] if len(treated) > 1 else []
    variants = (replace(line, name=f"{TREATED}: {line.name}") for line in named)
    return Experiment(
        experiment_id=name,
        lines=(both[0], *variants, both[1]),
        hidden_because=hidden,
        rate=None if hidden else rate_difference(both[0].arm, both[1].arm),
        amount=None if hidden else amount_difference(both[0].arm, both[1].arm),
        mismatch=mismatch,
        contradictory=sum(int(row["contradictory"]) for row in rows),
    )


def _mismatch(both: tuple[ArmLine, ArmLine], planned: float | None) -> Mismatch | None:
    if planned is None:
        return None
    return sample_ratio([line.assigned for line in both], [1 - planned, planned])


def _line(row: Mapping[str, Any]) -> ArmLine:
    arm = Arm(int(row["units"]), int(row["goals"]), float(row["amount"]), float(row["squares"]))
    return ArmLine(str(row["variant"]), int(row["assigned"]), arm)


def _total(name: str, lines: Sequence[ArmLine]) -> ArmLine:
    arms = [line.arm for line in lines]
    total = Arm(
        sum(arm.units for arm in arms),
        sum(arm.goals for arm in arms),
        sum(arm.amount for arm in arms),
        sum(arm.squares for arm in arms),
    )
    return ArmLine(name, sum(line.assigned for line in lines), total)
