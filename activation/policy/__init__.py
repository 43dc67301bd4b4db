"""The policy: what may be done with a trigger's occurrences, and with an audience's members.

It stands under `config: meta: trigger:` (or `audience:`) of a model's YAML; what holds for all of them stands once, in
the variables of `dbt_project.yml`. dbt keeps both in the manifest, the SQL reads them from there as tables such as
`act_policies`, and these models check them. Only what has an effect is accepted.
"""

from activation.policy.audience import AudiencePolicy
from activation.policy.declared import Declared
from activation.policy.experiment import Channels, Experiment, Goal, Variant
from activation.policy.fields import IDENTIFIER, INSTANT
from activation.policy.house import Cap, Freeze, HousePolicy
from activation.policy.reference import reference
from activation.policy.schema import editor_schema
from activation.policy.timing import RampStep, Schedule, SendTime, SendWindow
from activation.policy.together import contradictions, oddities
from activation.policy.trigger import TriggerPolicy

__all__ = [
    "IDENTIFIER",
    "INSTANT",
    "AudiencePolicy",
    "Cap",
    "Channels",
    "Declared",
    "Experiment",
    "Freeze",
    "Goal",
    "HousePolicy",
    "RampStep",
    "Schedule",
    "SendTime",
    "SendWindow",
    "TriggerPolicy",
    "Variant",
    "contradictions",
    "editor_schema",
    "oddities",
    "reference",
]
