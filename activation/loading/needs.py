"""What each trigger needs to have been loaded, read off its lineage in the dbt project."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activation.loading.mapping import TABLES
from activation.project import TRIGGER_PREFIX

# What lies behind these says which customers are concerned, and who a person is; that holds for every trigger alike.
BOUNDARIES = re.compile(r"int_(changed_\w+|events|identities|customer_merges)|act_occurrences|trg_\w+")
DECISIONS = "act_decisions"
ANY_MESSAGE = "any message"

COMMENTS = re.compile(r"\{#.*?#\}|--[^\n]*", re.DOTALL)
TEXTS = r"\(?\s*'[^']+'(?:\s*,\s*'[^']+')*"
COMPARED_NAMES = re.compile(rf"event_name\s*(?:=|<>|!=|(?:not\s+)?in)\s*({TEXTS})", re.IGNORECASE)
TEXT = re.compile(r"'([^']+)'")


@dataclass(frozen=True, slots=True)
class Needs:
    """The event names that a trigger's models ask for, and the tables of change that they read."""

    trigger: str
    events: tuple[str, ...]
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What of a trigger's needs is there. `state` is `complete`, `partial` or `nothing`."""

    trigger: str
    state: str
    events: tuple[str, ...]
    missing_events: tuple[str, ...]
    tables: tuple[str, ...]
    missing_tables: tuple[str, ...]


def find_needs(models: Sequence[Mapping[str, Any]]) -> list[Needs]:
    """The needs of every trigger, and what any message at all needs, from the models of dbt's manifest."""
    by_key = {model["unique_id"]: model for model in models}
    triggers = sorted(key for key, model in by_key.items() if model["name"].startswith(TRIGGER_PREFIX))
    found = [_needs(key, by_key) for key in triggers]
    for key, model in by_key.items():
        if model["name"] == DECISIONS:
            found.append(Needs(ANY_MESSAGE, (), _needs(key, by_key).tables))
    return found


def compare(needs: Sequence[Needs], events: Collection[str], tables: Collection[str]) -> list[Verdict]:
    """What is there of what each trigger needs, given the event names and the tables of which there are rows."""
    return [_verdict(need, events, tables) for need in needs]


def names_in(sql: str) -> set[str]:
    """The event names that a model's SQL compares `event_name` with."""
    compared = COMPARED_NAMES.findall(COMMENTS.sub("", sql))
    return {name for texts in compared for name in TEXT.findall(texts)}


def _needs(key: str, models: Mapping[str, Mapping[str, Any]]) -> Needs:
    names: set[str] = set()
    tables: set[str] = set()
    for found in _lineage(key, models):
        if found in models:
            names |= names_in(models[found]["raw_code"])
        elif found.startswith("source.") and found.split(".")[-2] == "raw":
            tables.add(found.split(".")[-1])
    policy = models[key]["config"].get("meta", {}).get("trigger", {})
    trigger = str(policy.get("id") or models[key]["name"].removeprefix(TRIGGER_PREFIX))
    return Needs(trigger, tuple(sorted(names)), tuple(name for name in TABLES[1:] if name in tables))


def _lineage(key: str, models: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The model and all that it is made of, up to the boundaries."""
    found: set[str] = set()
    waiting = [key]
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        if node in models:
            parents = models[node]["depends_on"]["nodes"]
            waiting += [parent for parent in parents if not BOUNDARIES.fullmatch(parent.split(".")[-1])]
    return found


def _verdict(need: Needs, events: Collection[str], tables: Collection[str]) -> Verdict:
    lacking = tuple(name for name in need.events if name not in events)
    absent = tuple(name for name in need.tables if name not in tables)
    wanted, missing = len(need.events) + len(need.tables), len(lacking) + len(absent)
    state = "complete" if not missing else "nothing" if missing == wanted else "partial"
    return Verdict(need.trigger, state, need.events, lacking, need.tables, absent)
