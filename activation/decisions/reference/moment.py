"""One instant's knowledge, looked up by the keys that the rules ask for."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from activation.decisions.calendar import Calendar, Place
from activation.decisions.reference.facts import (
    ConsentChange,
    ContactPoint,
    Customer,
    DeliveryChange,
    Facts,
    Home,
    SuppressionChange,
)
from activation.decisions.reference.records import Key, Records
from activation.policy import TriggerPolicy

SETTLED_WITHOUT = ("returned", "rejected", "failed")


class Moment:
    """What was known at `as_of`, in the run `run_id`."""

    def __init__(
        self,
        as_of: datetime,
        run_id: int,
        facts: Facts,
        records: Records,
        policies: Mapping[str, TriggerPolicy],
        calendar: Calendar,
    ) -> None:
        self.as_of, self.run_id, self.calendar = as_of, run_id, calendar
        self.facts, self.records, self.policies = facts, records, policies
        self._customers = {one.customer_id: one for one in facts.customers}
        self._survivors = {one.absorbed_id: one.survivor_id for one in facts.merges}
        self._places: dict[Home, Place] = {}
        self._legs: dict[str, list[Key]] = defaultdict(list)
        for key in records.decisions:
            self._legs[key[0]].append(key)
        merged = {name for one in facts.merges for name in (one.absorbed_id, one.survivor_id)}
        self.moved = merged | facts.crowds
        self.stops = self._stops()
        self.points = self._points()
        self._consents = self._standing_consents()
        self._suppressions = self._standing_suppressions()
        self._deliveries = self._latest_deliveries()
        self.by_decision = {one.decision_id: one for one in self._deliveries.values()}
        self.by_occurrence = self._deliveries_by_occurrence()
        announced = {run.run_id for run in facts.runs if run.is_announced and run.as_of <= as_of}
        self.standing_runs = announced | {run_id, 0}

    def survivor(self, customer_id: str) -> str:
        """Who is left of a customer."""
        return self._survivors.get(customer_id, customer_id)

    def customer(self, customer_id: str) -> Customer | None:
        """What is known of a customer who is left; None of somebody who is no single person."""
        return self._customers.get(customer_id)

    def unit_of(self, customer_id: str) -> str:
        """The unit of the moment of whoever is left of a customer; a unit is named after its customer."""
        left = self.survivor(customer_id)
        customer = self._customers.get(left)
        return customer.unit_id if customer else left

    def place(self, customer_id: str) -> Place:
        """The place whose laws and calendar hold for a customer."""
        customer = self._customers.get(customer_id)
        home = customer.home if customer else Home()
        if home not in self._places:
            self._places[home] = self.calendar.place(home.timezone, home.country, home.region)
        return self._places[home]

    def legs_decided(self, occurrence_id: str) -> list[Key]:
        """The legs of an occurrence on which something was ever decided."""
        return self._legs[occurrence_id]

    def consent(self, point: ContactPoint, brand: str) -> ConsentChange | None:
        """The last word on marketing at a contact point."""
        return self._consents.get((point.contact_point_id, point.channel, brand))

    def suppressed(self, address: str, channel: str, brand: str, purpose: str) -> list[SuppressionChange]:
        """The suppressions in force that hold an address back from a purpose."""
        return [
            one
            for one in self._suppressions.get(address, ())
            if one.channel in (None, channel) and one.brand in (None, brand) and one.purpose in ("all", purpose)
        ]

    def is_stopped(self, stop: str, *scopes: str) -> bool:
        """Whether any of the scopes is `paused` or `blocked`."""
        return any(stop in self.stops.get(scope, ()) for scope in scopes)

    def deliveries(self) -> list[DeliveryChange]:
        """The present state of every message in the ledger."""
        return list(self._deliveries.values())

    def history(self, message_key: str) -> list[DeliveryChange]:
        """All states that a message reached, as far as they are known."""
        return self._histories[message_key]

    def _points(self) -> dict[tuple[str, str], list[ContactPoint]]:
        found: dict[tuple[str, str], list[ContactPoint]] = defaultdict(list)
        for point in self.facts.contact_points:
            if not point.is_deleted:
                found[point.customer_id, point.channel].append(point)
        return found

    def _standing_consents(self) -> dict[tuple[str, str, str], ConsentChange]:
        found: dict[tuple[str, str, str], ConsentChange] = {}
        for change in self.facts.consents:
            key = change.contact_point_id, change.channel, change.brand
            if change.changed_at <= self.as_of and (key not in found or found[key].changed_at <= change.changed_at):
                found[key] = change
        return found

    def _standing_suppressions(self) -> dict[str, list[SuppressionChange]]:
        latest: dict[tuple[str, str | None, str | None, str], SuppressionChange] = {}
        for change in sorted(self.facts.suppressions, key=lambda one: one.sequence):
            if change.changed_at <= self.as_of:
                latest[change.address, change.channel, change.brand, change.purpose] = change
        found: dict[str, list[SuppressionChange]] = defaultdict(list)
        for change in latest.values():
            if not change.is_lifted:
                found[change.address].append(change)
        return found

    def _stops(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        pauses = sorted((one for one in self.facts.pauses if one.changed_at <= self.as_of), key=lambda o: o.sequence)
        for scope, pause in {one.scope: one for one in pauses}.items():
            if not pause.is_lifted:
                found[scope].add("paused")
        for block in self.facts.blocks:
            if block.created_at <= self.as_of and (block.until is None or block.until > self.as_of):
                found[block.scope].add("blocked")
        return found

    def _latest_deliveries(self) -> dict[str, DeliveryChange]:
        self._histories: dict[str, list[DeliveryChange]] = defaultdict(list)
        for change in sorted(self.facts.deliveries, key=lambda one: one.sequence):
            if change.changed_at <= self.as_of:
                self._histories[change.message_key].append(change)
        return {key: history[-1] for key, history in self._histories.items()}

    def _deliveries_by_occurrence(self) -> dict[str, list[DeliveryChange]]:
        found: dict[str, list[DeliveryChange]] = defaultdict(list)
        for delivery in self._deliveries.values():
            for occurrence_id in delivery.occurrence_ids:
                found[occurrence_id].append(delivery)
        return found
