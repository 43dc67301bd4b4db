"""Subscriptions and their invoices: trials, renewals, payments that fail, and people who leave.

A subscription waits for whichever comes first of three instants: a change of mind, another attempt at its payment, and
the end of its period. Each happening sets the instants anew.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from activation.simulator import attributes, documents
from activation.simulator.catalogue import PRODUCTS, to_json
from activation.simulator.chances import Chances, who_does
from activation.simulator.people import DAY, HOUR, MINUTE, Ints
from activation.simulator.remembered import Remembered, Sheet
from activation.simulator.scripts import Events, no_events
from activation.simulator.sectors import Memory, Stretch, erased


@dataclass(frozen=True, slots=True)
class Plan:
    """`months` is the length of a period, `trial` that of the free time before the first, in days."""

    plan_id: str
    months: int
    trial: int
    price: int  # pence
    product: int  # a place in PRODUCTS, -1 where it is no product
    joins: float  # of the customers who have none of it, per day
    founders: float  # of the customers at the very beginning


PLANS = (
    Plan("coffee-monthly", 1, 0, 1800, 1, 0.0012, 0.10),
    Plan("plus-monthly", 1, 14, 499, -1, 0.0020, 0.08),
    Plan("plus-yearly", 12, 30, 4900, -1, 0.0008, 0.10),
)
TRIALING, ACTIVE, PAST_DUE, CANCELLED, ENDED = range(5)
STATUSES = ("trialing", "active", "past_due", "cancelled", "ended")
OPEN, FAILED, PAID, VOID = range(4)
INVOICE_STATUSES = ("open", "failed", "paid", "void")
NOTHING, SWITCH_OFF, SWITCH_ON, CANCEL, EXTEND = range(5)
# What people do within a period: nothing, switch the renewal off, (on), cancel, get some days as a gift.
IN_TRIAL = (0.58, 0.20, 0.0, 0.20, 0.02)
IN_PERIOD = (0.86, 0.06, 0.0, 0.04, 0.04)
SWITCHES_ON_AGAIN = 0.30
EXTENSION = 7 * DAY

PAYMENT_FAILS, STILL_FAILS = 0.09, 0.55  # of first attempts, and of each later one
ATTEMPTS = 3
RETRY_AFTER = np.array([0, 3, 4]) * DAY  # after the first failure, after the second: on the days 3 and 7
VOID_AFTER = HOUR  # after the last failure
DUE_WITHIN = 14 * DAY
CALM = 9 * DAY  # of a paid period, in which payments settle and nobody changes anything

COLUMNS = {
    "number": np.int64, "person": np.int32, "plan": np.int8, "status": np.int8, "is_renewing": np.bool_,
    "started_at": np.int64, "ends_at": np.int64, "change": np.int8, "change_at": np.int64, "retry_at": np.int64,
    "failures": np.int8, "invoice": np.int64, "issued_at": np.int64,
}  # fmt: skip
SUBSCRIPTION_COLUMNS = ("at", "number", "person", "plan", "status", "is_renewing", "started_at", "ends_at")
INVOICE_COLUMNS = ("at", "invoice", "number", "person", "plan", "status", "issued_at", "failures")
PRICES = np.array([plan.price for plan in PLANS])
MONTHS = np.array([plan.months for plan in PLANS])
TRIALS = np.array([plan.trial for plan in PLANS]) * DAY
PLAN_IDS = tuple(plan.plan_id for plan in PLANS)
PLAN_PRODUCTS = pa.array([to_json(PRODUCTS[plan.product].product_id) if plan.product >= 0 else None for plan in PLANS])


class Memberships:
    """The rows of change of `subscriptions` and `invoices`."""

    name = "memberships"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        is_first = not memory
        book = _Book(Chances.of(rng), stretch, Remembered(memory, "subscription", COLUMNS))
        if is_first:
            book.found()
        book.join()
        book.go_on()
        book.part()
        book.close()
        return no_events()


@dataclass(frozen=True, slots=True)
class _Book:
    """The subscriptions of one stretch; `rows` are always places in what is remembered."""

    chances: Chances
    stretch: Stretch
    kept: Remembered
    subscriptions: Sheet = field(default_factory=lambda: Sheet(*SUBSCRIPTION_COLUMNS))
    invoices: Sheet = field(default_factory=lambda: Sheet(*INVOICE_COLUMNS))

    def found(self) -> None:
        """Customers who were there before the shop's records begin have subscriptions already, within a period."""
        people = self.stretch.people
        for place, plan in enumerate(PLANS):
            draw = self.chances.uniform(f"founders of {plan.plan_id}", people.name)
            older = people.signed_up_at < self.stretch.start - 2 * DAY
            person = np.flatnonzero((people.customer >= 0) & older & (draw < plan.founders))
            since = self.chances.uniform(f"founded {plan.plan_id}", people.name[person])
            age = np.minimum(self.stretch.start - people.signed_up_at[person], plan.months * 28 * DAY)
            started_at = self.stretch.start - (since * age).astype(np.int64)
            rows = self._begin(person, place, ACTIVE, started_at, later(started_at, MONTHS[place]))
            self._plan_period(rows, started_at)
            self._write(rows, started_at)

    def join(self) -> None:
        """Customers begin a plan that they do not have."""
        people = self.stretch.people
        for place, plan in enumerate(PLANS):
            has = np.zeros(len(people), dtype=np.bool_)
            has[self.kept["person"][self.kept["plan"] == place]] = True
            person, at = who_does(self.chances, f"joins {plan.plan_id}", self.stretch, plan.joins, ~has)
            is_trial = plan.trial > 0
            ends_at = at + plan.trial * DAY if is_trial else later(at, MONTHS[place])
            rows = self._begin(person, place, TRIALING if is_trial else ACTIVE, at, ends_at)
            self._plan_period(rows, at)
            self._write(rows, at)
            if not is_trial:
                self._charge(rows, at)

    def go_on(self) -> None:
        """Whatever is due before the stretch ends, one happening per subscription at a time."""
        while True:
            instants = np.stack([_or_never(self.kept[name]) for name in ("change_at", "retry_at", "ends_at")])
            at, which = instants.min(axis=0), instants.argmin(axis=0)
            ready = at < self.stretch.end
            if not ready.any():
                return
            for kind, happen in enumerate((self._change, self._retry, self._end_period)):
                rows = np.flatnonzero(ready & (which == kind))
                happen(rows, at[rows])
            self.kept.forget(self.kept["status"] == ENDED)

    def part(self) -> None:
        """Who has asked to be erased has no subscription any longer."""
        rows = np.flatnonzero(erased(self.stretch)[self.kept["person"]])
        at = np.full(len(rows), self.stretch.end - MINUTE)
        owing = rows[self.kept["retry_at"][rows] > 0]
        self._write_invoices(owing, at[: len(owing)], VOID, self.kept["failures"][owing])
        self._finish(rows, at)
        self.kept.forget(self.kept["status"] == ENDED)

    def _begin(self, person: Ints, plan: int, status: int, at: Ints, ends_at: Ints) -> Ints:
        number = self.kept.numbers(len(person))
        return self.kept.add(
            number=number, person=person, plan=plan, status=status, is_renewing=True, started_at=at, ends_at=ends_at
        )

    def _plan_period(self, rows: Ints, at: Ints) -> None:
        """Decide what a person will do within the period that begins, and when."""
        kept, keys = self.kept, self._keys(rows)
        is_trial = kept["status"][rows] == TRIALING
        change = np.where(
            is_trial, self.chances.pick("trial", IN_TRIAL, *keys), self.chances.pick("period", IN_PERIOD, *keys)
        )
        first = np.where(is_trial, at + HOUR, at + CALM)
        span = kept["ends_at"][rows] - HOUR - first
        change_at = first + (self.chances.uniform("within", *keys) * span).astype(np.int64)
        kept["change"][rows] = change
        kept["change_at"][rows] = np.where((change == NOTHING) | (span <= 0), 0, change_at)

    def _change(self, rows: Ints, at: Ints) -> None:
        """A change of mind: of the renewal, of the whole, or a gift of some days."""
        kept, change = self.kept, self.kept["change"][rows].copy()
        kept["change_at"][rows] = 0
        kept["is_renewing"][rows[(change == SWITCH_OFF) | (change == CANCEL)]] = False
        kept["is_renewing"][rows[change == SWITCH_ON]] = True
        kept["status"][rows[change == CANCEL]] = CANCELLED
        kept["ends_at"][rows[change == EXTEND]] += EXTENSION
        regrets = self.chances.uniform("regrets", *self._keys(rows)) < SWITCHES_ON_AGAIN
        regrets &= change == SWITCH_OFF
        again, since = rows[regrets], at[regrets]
        share = self.chances.uniform("regrets at", *self._keys(again))
        kept["change"][again] = SWITCH_ON
        kept["change_at"][again] = since + (share * (kept["ends_at"][again] - since)).astype(np.int64)
        self._write(rows, at)

    def _end_period(self, rows: Ints, at: Ints) -> None:
        """Renewed for another period, or over."""
        kept = self.kept
        renews = kept["is_renewing"][rows] & ~erased(self.stretch)[kept["person"][rows]]
        renewed, since = rows[renews], at[renews]
        kept["status"][renewed] = ACTIVE
        kept["ends_at"][renewed] = later(since, MONTHS[kept["plan"][renewed]])
        self._plan_period(renewed, since)
        self._write(renewed, since)
        self._charge(renewed, since)
        self._finish(rows[~renews], at[~renews])

    def _charge(self, rows: Ints, at: Ints) -> None:
        """A new invoice, and the first attempt at its payment some minutes later."""
        kept = self.kept
        kept["invoice"][rows] = self.kept.numbers(len(rows), "invoice")
        kept["issued_at"][rows], kept["failures"][rows] = at, 0
        self._write_invoices(rows, at, OPEN, kept["failures"][rows])
        minutes = self.chances.between("pays after", 1, 30, *self._keys(rows))
        self._attempt(rows, at + minutes * MINUTE, PAYMENT_FAILS)

    def _retry(self, rows: Ints, at: Ints) -> None:
        self._attempt(rows, at, STILL_FAILS)

    def _attempt(self, rows: Ints, at: Ints, risk: float) -> None:
        """One attempt at a payment: it is paid, fails for now, or fails for good."""
        kept = self.kept
        fails = self.chances.uniform("fails", *self._keys(rows), kept["failures"][rows]) < risk
        paid, failed = rows[~fails], rows[fails]
        kept["retry_at"][paid] = 0
        self._write_invoices(paid, at[~fails], PAID, kept["failures"][paid])
        was_due = kept["status"][paid] == PAST_DUE
        kept["status"][paid[was_due]] = ACTIVE
        self._write(paid[was_due], at[~fails][was_due])
        kept["failures"][failed] += 1
        failures = kept["failures"][failed]
        self._write_invoices(failed, at[fails], FAILED, failures)
        first = failures == 1
        kept["status"][failed[first]] = PAST_DUE
        self._write(failed[first], at[fails][first])
        is_last = failures == ATTEMPTS
        kept["retry_at"][failed] = np.where(is_last, 0, at[fails] + RETRY_AFTER[failures % ATTEMPTS])
        given_up, since = failed[is_last], at[fails][is_last] + VOID_AFTER
        self._write_invoices(given_up, since, VOID, failures[is_last])
        self._finish(given_up, since)

    def _finish(self, rows: Ints, at: Ints) -> None:
        """The end: forgotten after this. What ends early ends now."""
        kept = self.kept
        kept["status"][rows], kept["is_renewing"][rows] = ENDED, False
        kept["ends_at"][rows] = np.minimum(kept["ends_at"][rows], at)
        self._write(rows, at)

    def _keys(self, rows: Ints) -> tuple[Ints, Ints, Ints]:
        """Draws belong to the person, the subscription and its period."""
        kept = self.kept
        return self.stretch.people.name[kept["person"][rows]], kept["started_at"][rows], kept["ends_at"][rows]

    def _write(self, rows: Ints, at: Ints) -> None:
        """Note how the subscriptions stand."""
        columns = {name: self.kept[name][rows] for name in SUBSCRIPTION_COLUMNS[1:]}
        self.subscriptions.add(at=at, **columns)

    def _write_invoices(self, rows: Ints, at: Ints, status: int, failures: Ints) -> None:
        columns = {name: self.kept[name][rows] for name in ("invoice", "number", "person", "plan", "issued_at")}
        self.invoices.add(at=at, status=status, failures=failures, **columns)

    def close(self) -> None:
        """Put down all that was noted."""
        people, noted = self.stretch.people, self.subscriptions
        texts = attributes.document(
            currency=attributes.POUNDS,
            customer_id=attributes.customer(people.customer[noted["person"]]),
            ends_at=attributes.time(noted["ends_at"]),
            is_renewing=attributes.flag(noted["is_renewing"] > 0),
            plan=attributes.choice(PLAN_IDS, noted["plan"]),
            price=documents.money(PRICES[noted["plan"]]),
            product_id=PLAN_PRODUCTS.take(pa.array(noted["plan"])),
            started_at=attributes.time(noted["started_at"]),
            status=attributes.choice(STATUSES, noted["status"]),
        )
        ids = documents.join("sub-", documents.digits(noted["number"], 7))
        self.stretch.changes.add_all("subscriptions", ids, texts, noted["at"])
        self.stretch.counts["subscription_changes"] += len(ids)
        noted = self.invoices
        texts = attributes.document(
            currency=attributes.POUNDS,
            customer_id=attributes.customer(people.customer[noted["person"]]),
            due_at=attributes.time(noted["issued_at"] + DUE_WITHIN),
            failure_count=documents.digits(noted["failures"]),
            issued_at=attributes.time(noted["issued_at"]),
            status=attributes.choice(INVOICE_STATUSES, noted["status"]),
            subscription_id=attributes.named("sub", noted["number"], 7),
            total=documents.money(PRICES[noted["plan"]]),
        )
        ids = documents.join("inv-", documents.digits(noted["invoice"], 8))
        self.stretch.changes.add_all("invoices", ids, texts, noted["at"])
        for place, status in enumerate(INVOICE_STATUSES):
            self.stretch.counts[f"invoices_{status}"] += int((noted["status"] == place).sum())


def later(instants: Ints, months: Ints | int) -> Ints:
    """The same day and hour some calendar months later; days after the 28th become the 28th."""
    moments = np.asarray(instants, dtype="datetime64[us]")
    month = moments.astype("datetime64[M]")
    within = np.minimum(moments - month.astype("datetime64[us]"), np.timedelta64(28 * DAY - 1, "us"))
    return np.asarray(((month + months).astype("datetime64[us]") + within).astype(np.int64))


def _or_never(instants: Ints) -> Ints:
    return np.where(instants > 0, instants, np.iinfo(np.int64).max)
