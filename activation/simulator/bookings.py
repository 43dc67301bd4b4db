"""Bookings of the shop's courses, workshops, tastings and appointments, and the incidents that meet them.

A booking waits for a change of mind or for its end; an incident for a revision or its resolution.
"""

from dataclasses import dataclass, field

import numpy as np

from activation.simulator import attributes, documents, services
from activation.simulator.chances import Chances, who_does
from activation.simulator.people import DAY, HOUR, MINUTE, Ints
from activation.simulator.remembered import Remembered, Sheet
from activation.simulator.scripts import Events, no_events
from activation.simulator.sectors import Memory, Stretch, erased

BOOKS = 0.0045  # of the customers, per day
SHORTEST_NOTICE, LONGEST_NOTICE = 1, 25  # days between the booking and its day
PEOPLE_PER_GROUP = 2000  # of the shop's customers: a bigger shop has more sessions at a time
# What becomes of a booking: nothing, moved to another session, cancelled.
STAYS, MOVES, CANCELS = range(3)
CHANGES = (0.82, 0.09, 0.09)
LATEST_CHANGE = 3 * HOUR  # before the session
MOVED_BY = (7, 15)  # days
BOOKS_AGAIN = 0.5  # of those whose session is cancelled

HITS = 0.018  # incidents per booked session and day, within
HORIZON = 10 * DAY  # before it
INCIDENT_KINDS = ("platform_change", "delay", "cancellation")
ELSEWHERE, DELAYED, OFF = range(3)
INCIDENT_SHARES = (0.5, 0.3, 0.2)
TEXTS = (
    "The session takes place in another room.",
    "The session begins later than planned.",
    "The session cannot take place.",
)
REVISED = "This has changed since we last wrote. "
REVISES, RESOLVES_EARLY = 0.3, 0.3
LATE_BY = (20, 60)  # minutes

BOOKING = {
    "number": np.int64, "person": np.int32, "service": np.int64, "due_at": np.int64, "ends_at": np.int64,
    "touched_at": np.int64, "change": np.int8, "change_at": np.int64,
}  # fmt: skip
INCIDENT = {
    "number": np.int64, "service": np.int64, "kind": np.int8, "revision": np.int8, "starts_at": np.int64,
    "ends_at": np.int64, "revises_at": np.int64, "resolves_at": np.int64,
}  # fmt: skip
BOOKING_COLUMNS = ("at", "status", "number", "person", "service", "due_at", "ends_at")
INCIDENT_COLUMNS = ("at", "status", "number", "service", "kind", "revision", "starts_at", "ends_at")
STATUSES = ("confirmed", "cancelled", "done")
CONFIRMED, CANCELLED, DONE = range(len(STATUSES))
INCIDENT_STATUSES = ("open", "resolved")
OPEN, RESOLVED = range(len(INCIDENT_STATUSES))


class Bookings:
    """The rows of change of `bookings` and `incidents`."""

    name = "bookings"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        diary = _Diary(
            Chances.of(rng), stretch, Remembered(memory, "booking", BOOKING), Remembered(memory, "incident", INCIDENT)
        )
        diary.follow_incidents()
        diary.book()
        diary.go_on()
        diary.hit()
        diary.close()
        return no_events()


@dataclass(frozen=True, slots=True)
class _Diary:
    """The bookings and incidents of one stretch; `rows` are places in what is remembered."""

    chances: Chances
    stretch: Stretch
    kept: Remembered
    incidents: Remembered
    noted: Sheet = field(default_factory=lambda: Sheet(*BOOKING_COLUMNS))
    noted_incidents: Sheet = field(default_factory=lambda: Sheet(*INCIDENT_COLUMNS))

    def book(self) -> None:
        """People choose a session some days ahead."""
        people = self.stretch.people
        person, at = who_does(self.chances, "books", self.stretch, BOOKS)
        keys = (people.name[person],)
        kind = self.chances.pick("kind", [offer.share for offer in services.OFFERS], *keys)
        days = self.chances.between("notice", SHORTEST_NOTICE, LONGEST_NOTICE, *keys)
        self._add(person, at, self._session(person, kind, services.local_day(at, people.place[person]) + days))

    def go_on(self) -> None:
        """Changes of mind and sessions that are over."""
        kept, end = self.kept, self.stretch.end
        changes = np.flatnonzero((kept["change_at"] > 0) & (kept["change_at"] < end))
        at, change = kept["change_at"][changes].copy(), kept["change"][changes]
        kept["change_at"][changes] = 0
        moves = change == MOVES
        self._move(changes[moves], at[moves])
        self._write(changes[~moves], at[~moves], CANCELLED)
        gone = np.zeros(len(kept), dtype=np.bool_)
        gone[changes[~moves]] = True
        self.kept.forget(gone)
        forgotten = erased(self.stretch)[kept["person"]]
        self._write(np.flatnonzero(forgotten), np.full(int(forgotten.sum()), end - MINUTE), CANCELLED)
        self.kept.forget(forgotten)
        over = kept["ends_at"] < end
        self._write(np.flatnonzero(over), kept["ends_at"][over], DONE)
        self.kept.forget(over)

    def hit(self) -> None:
        """Something happens to sessions that people have booked."""
        kept, start, end = self.kept, self.stretch.start, self.stretch.end
        near = (kept["due_at"] > end + HOUR) & (kept["due_at"] < start + HORIZON)
        # Whoever booked or moved today was not there yet when it happened.
        spared = np.concatenate([self.incidents["service"], kept["service"][kept["touched_at"] >= start]])
        service = np.setdiff1d(kept["service"][near], spared)
        service = service[self.chances.uniform("hits", service) < HITS * (end - start) / DAY]
        at = self.chances.between("hit at", start, end, service) // 1000 * 1000
        starts_at, ends_at = services.times_of(service)
        kind = self.chances.pick("incident", INCIDENT_SHARES, service)
        revises = self.chances.uniform("revises", service)
        resolves = self.chances.uniform("resolves", service)
        left = starts_at - at
        early = (resolves < RESOLVES_EARLY) & (kind != OFF)
        rows = self.incidents.add(
            number=self.incidents.numbers(len(service)),
            service=service,
            kind=kind,
            revision=1,
            starts_at=starts_at,
            ends_at=ends_at,
            revises_at=np.where(revises < REVISES, at + (left * (0.1 + revises)).astype(np.int64), 0),
            resolves_at=np.where(early, at + (left * (0.5 + resolves)).astype(np.int64), ends_at),
        )
        self._write_incidents(rows, at, OPEN)
        self._suffer(rows, at)

    def follow_incidents(self) -> None:
        """Revisions and resolutions of what happened before."""
        incidents, end = self.incidents, self.stretch.end
        revised = np.flatnonzero((incidents["revises_at"] > 0) & (incidents["revises_at"] < end))
        at = incidents["revises_at"][revised].copy()
        incidents["revision"][revised] += 1
        incidents["revises_at"][revised] = 0
        self._write_incidents(revised, at, OPEN)
        over = incidents["resolves_at"] < end
        self._write_incidents(np.flatnonzero(over), incidents["resolves_at"][over], RESOLVED)
        self.incidents.forget(over)

    def _suffer(self, rows: Ints, at: Ints) -> None:
        """What an incident does to the bookings that it meets: they begin later, or are cancelled."""
        kept = self.kept
        order = np.argsort(self.incidents["service"][rows])
        service, rows, at = self.incidents["service"][rows][order], rows[order], at[order]
        if not len(service):
            return
        met = np.minimum(np.searchsorted(service, kept["service"]), len(service) - 1)
        is_met = service[met] == kept["service"]
        kind = self.incidents["kind"][rows][met]
        later = np.flatnonzero(is_met & (kind == DELAYED))
        delay = self.chances.between("delay", *LATE_BY, kept["service"][later]) * MINUTE
        kept["due_at"][later] += delay
        kept["ends_at"][later] += delay
        told_at = at[met[later]] + MINUTE
        kept["touched_at"][later] = told_at
        kept["change_at"][later] = np.where(
            kept["change_at"][later] > 0, np.maximum(kept["change_at"][later], told_at + MINUTE), 0
        )
        self._write(later, told_at, CONFIRMED)
        off = is_met & (kind == OFF)
        cancelled = np.flatnonzero(off)
        person, since, old = kept["person"][cancelled], at[met[cancelled]] + 10 * MINUTE, kept["service"][cancelled]
        self._write(cancelled, since, CANCELLED)
        self.kept.forget(off)
        again = self.chances.uniform("books again", self.stretch.people.name[person], old) < BOOKS_AGAIN
        self._book_again(person[again], since[again], old[again])

    def _book_again(self, person: Ints, at: Ints, old: Ints) -> None:
        keys = (self.stretch.people.name[person], old)
        hours = self.chances.between("books again after", 1, 20, *keys) * HOUR
        days = self.chances.between("books again for", *MOVED_BY, *keys)
        self._add(person, at + hours, self._session(person, services.kind_of(old), services.day_of(old) + days))

    def _move(self, rows: Ints, at: Ints) -> None:
        kept, person = self.kept, self.kept["person"][rows]
        old = kept["service"][rows]
        days = self.chances.between("moved by", *MOVED_BY, self.stretch.people.name[person], old)
        kept["service"][rows] = self._session(person, services.kind_of(old), services.day_of(old) + days)
        kept["due_at"][rows], kept["ends_at"][rows] = services.times_of(kept["service"][rows])
        kept["touched_at"][rows] = at
        self._write(rows, at, CONFIRMED)

    def _session(self, person: Ints, kind: Ints, day: Ints) -> Ints:
        """One that takes place: none that an incident has cancelled."""
        people = self.stretch.people
        groups = 1 + (people.customer >= 0).sum() // PEOPLE_PER_GROUP
        groups = np.where(kind == services.APPOINTMENT, groups * services.APPOINTMENT_HOURS, groups)
        share = self.chances.uniform("group", people.name[person], day)
        group = np.minimum((share * groups).astype(np.int64), services.GROUP_ROOM - 1)
        cancelled = self.incidents["service"][self.incidents["kind"] == OFF]
        day = services.next_day(day, kind)
        session = services.session(day, people.place[person], kind, group)
        next_week = services.session(day + 7, people.place[person], kind, group)
        return np.where(np.isin(session, cancelled), next_week, session)

    def _add(self, person: Ints, at: Ints, service: Ints) -> None:
        due_at, ends_at = services.times_of(service)
        keys = (self.stretch.people.name[person], service)
        change = self.chances.pick("change", CHANGES, *keys)
        span = due_at - LATEST_CHANGE - at - HOUR
        change_at = at + HOUR + (self.chances.uniform("change at", *keys) * span).astype(np.int64)
        rows = self.kept.add(
            number=self.kept.numbers(len(person)),
            person=person,
            service=service,
            due_at=due_at,
            ends_at=ends_at,
            touched_at=at,
            change=change,
            change_at=np.where((change == STAYS) | (span <= 0), 0, change_at),
        )
        self._write(rows, at, CONFIRMED)

    def _write(self, rows: Ints, at: Ints, status: int) -> None:
        """Note how the bookings stand."""
        columns = {name: self.kept[name][rows] for name in BOOKING_COLUMNS[2:]}
        self.noted.add(at=at, status=status, **columns)

    def _write_incidents(self, rows: Ints, at: Ints, status: int) -> None:
        columns = {name: self.incidents[name][rows] for name in INCIDENT_COLUMNS[2:]}
        self.noted_incidents.add(at=at, status=status, **columns)

    def close(self) -> None:
        """Put down all that was noted."""
        noted = self.noted
        texts = attributes.document(
            customer_id=attributes.customer(self.stretch.people.customer[noted["person"]]),
            due_at=attributes.time(noted["due_at"]),
            ends_at=attributes.time(noted["ends_at"]),
            kind=attributes.choice(services.KINDS, services.kind_of(noted["service"])),
            place=attributes.choice(services.CITIES, services.place_of(noted["service"])),
            service_id=attributes.named("svc", noted["service"], 12),
            status=attributes.choice(STATUSES, noted["status"]),
        )
        ids = documents.join("book-", documents.digits(noted["number"], 7))
        self.stretch.changes.add_all("bookings", ids, texts, noted["at"])
        for place, status in enumerate(STATUSES):
            self.stretch.counts[f"bookings_{status}"] += int((noted["status"] == place).sum())
        noted = self.noted_incidents
        text = noted["kind"] + len(TEXTS) * (noted["revision"] > 1)
        texts = attributes.document(
            ends_at=attributes.time(noted["ends_at"]),
            kind=attributes.choice(INCIDENT_KINDS, noted["kind"]),
            revision=documents.digits(noted["revision"]),
            service_id=attributes.named("svc", noted["service"], 12),
            starts_at=attributes.time(noted["starts_at"]),
            status=attributes.choice(INCIDENT_STATUSES, noted["status"]),
            text=attributes.choice([*TEXTS, *(REVISED + each for each in TEXTS)], text),
        )
        ids = documents.join("inc-", documents.digits(noted["number"], 6))
        self.stretch.changes.add_all("incidents", ids, texts, noted["at"])
        for place, status in enumerate(INCIDENT_STATUSES):
            self.stretch.counts[f"incidents_{status}"] += int((noted["status"] == place).sum())
