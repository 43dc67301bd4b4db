"""What single policies cannot show: whether triggers, and triggers and the house, fit each other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from activation.policy.declared import Declared
from activation.policy.experiment import Experiment
from activation.policy.hours import HoursRule, closed_markets
from activation.policy.house import HousePolicy
from activation.policy.trigger import TriggerPolicy

Trigger = Declared[TriggerPolicy]
Thing = TypeVar("Thing")


def contradictions(triggers: Sequence[Trigger], house: HousePolicy, rules: Sequence[HoursRule]) -> list[str]:
    """One sentence per contradiction, each naming file, field and what to do."""
    return [
        *_unlike_experiments(triggers),
        *_unlike_digests(triggers),
        *_closed_windows(triggers, house, rules),
        *_shared_salts(triggers, house),
    ]


def oddities(triggers: Sequence[Trigger], house: HousePolicy, rules: Sequence[HoursRule]) -> list[str]:
    """One sentence per thing that is legal and looks like a mistake."""
    return [*_idle_caps(triggers, house), *_closed_caps(house), *_narrow_windows(triggers, house, rules)]


def _unlike_experiments(triggers: Sequence[Trigger]) -> Iterator[str]:
    named = [(one.policy.experiment, one) for one in triggers if one.policy.experiment]
    for first, experiment, one in _pairs(named, lambda experiment: experiment.salt):
        for field, reads in (("holdout", _holdout), ("variants", _weights)):
            if reads(experiment) != reads(first[0]):
                yield (
                    f"{one.file}: experiment.{field}: {first[1].file} has another with the same salt "
                    f"`{experiment.salt}`: triggers that share a salt share their draws, so give both the same "
                    "holdout, variant names and weights, or this one a salt of its own."
                )


def _unlike_digests(triggers: Sequence[Trigger]) -> Iterator[str]:
    named = [(one.policy, one) for one in triggers if one.policy.digest]
    for first, policy, one in _pairs(named, lambda policy: (policy.brand, str(policy.digest))):
        for field, reads in (("channels", _channels), ("purpose", _purpose)):
            if reads(policy) != reads(first[0]):
                yield (
                    f"{one.file}: digest: `{policy.digest}` is used by {first[1].file} with other {field}, so the two "
                    f"would never be one message: give both the same {field}, or another digest to this one."
                )


def _pairs(
    named: Iterable[tuple[Thing, Trigger]], key: Callable[[Thing], object]
) -> Iterator[tuple[tuple[Thing, Trigger], Thing, Trigger]]:
    """Of each group with the same key, the first with each of the others."""
    ordered = sorted(named, key=lambda pair: (str(key(pair[0])), pair[1].file))
    for _, group in groupby(ordered, key=lambda pair: key(pair[0])):
        first, *others = group
        for thing, one in others:
            yield first, thing, one


def _holdout(experiment: Experiment) -> object:
    return experiment.holdout


def _weights(experiment: Experiment) -> object:
    """In the order of the YAML, which is the order of the ranges of buckets."""
    return [(variant.name, variant.weight) for variant in experiment.variants]


def _channels(policy: TriggerPolicy) -> object:
    return set(policy.channels_used)


def _purpose(policy: TriggerPolicy) -> object:
    return policy.purpose


def _shared_salts(triggers: Sequence[Trigger], house: HousePolicy) -> Iterator[str]:
    for one in triggers:
        if one.policy.experiment and one.policy.experiment.salt == house.global_holdout_salt:
            yield (
                f"{one.file}: experiment.salt: `{house.global_holdout_salt}` is the variable global_holdout_salt too: "
                "give the experiment a salt of its own."
            )


def _closed_windows(triggers: Sequence[Trigger], house: HousePolicy, rules: Sequence[HoursRule]) -> Iterator[str]:
    for one in triggers:
        everywhere = list(one.policy.countries or house.markets)
        for channel, closed in closed_markets(one.policy, rules, house.markets).items():
            if closed == everywhere:
                yield (
                    f"{one.file}: send_window: the permitted hours leave nothing of it for {channel} in "
                    f"{', '.join(closed)}: widen it, or leave the channel out; seeds/quiet_hours.csv has the hours."
                )


def _narrow_windows(triggers: Sequence[Trigger], house: HousePolicy, rules: Sequence[HoursRule]) -> Iterator[str]:
    for one in triggers:
        everywhere = list(one.policy.countries or house.markets)
        for channel, closed in closed_markets(one.policy, rules, house.markets).items():
            if closed != everywhere:
                yield (
                    f"{one.file}: send_window: nobody in {', '.join(closed)}, and nobody whose country is unknown, "
                    f"can get it by {channel}, because their permitted hours leave nothing of it"
                )


def _idle_caps(triggers: Sequence[Trigger], house: HousePolicy) -> Iterator[str]:
    for cap in house.caps:
        unmet = [cap.unmet_scope(one.policy, house.cap_exempt_purposes) for one in triggers]
        if all(unmet):
            scopes = ", ".join(sorted({str(scope) for scope in unmet})) or "there is no trigger"
            yield f"the cap {cap.cap_id} meets no trigger ({scopes})"


def _closed_caps(house: HousePolicy) -> Iterator[str]:
    for cap in house.caps:
        if cap.max_messages == 0:
            yield f"the cap {cap.cap_id} is 0: nothing that it counts goes out"
