"""The whole policy in plain Python, one rule per function: for backtests, and as the oracle that the SQL is held to."""

from activation.decisions.reference.decider import Decider
from activation.decisions.reference.facts import Facts
from activation.decisions.reference.records import Records

__all__ = ["Decider", "Facts", "Records"]
