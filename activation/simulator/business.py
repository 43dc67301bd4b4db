"""Customers who buy for a business: what is known of it, and what its people do while it thinks of buying more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from activation.simulator import attributes, documents
from activation.simulator.catalogue import SITE
from activation.simulator.chances import Chances, at_habit
from activation.simulator.people import DAY, Ints
from activation.simulator.places import PLACES
from activation.simulator.remembered import grown
from activation.simulator.scripts import Events, joined
from activation.simulator.sectors import Memory, Stretch, told

FIRST_NAMES = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbour", "Indigo", "Juniper")
LAST_NAMES = (
    "Studios",
    "Logistics",
    "Partners",
    "Hotels",
    "Clinics",
    "Kitchens",
    "Works",
    "Offices",
    "Academy",
    "Labs",
)
INDUSTRIES = ("hospitality", "offices", "retail", "health", "education", "manufacturing")
COUNTRIES = tuple(place.country for place in PLACES)
OWNERS = ("sales-north", "sales-south", "sales-overseas")
SMALLEST, LARGEST = 5, 2000  # employees; small businesses are many
NEWS, GROWS = 0.004, 0.7  # of the accounts, per day; of those with news, the others get another owner

# A business begins to think of buying more, per day; for how many days; and what comes of it.
BEGINS_RESEARCH, RESEARCH_DAYS = 0.015, (8, 22)
OPENS_OPPORTUNITY = 0.35
LEAST_WORTH, MOST_WORTH = 50_000, 2_000_000  # pence
PAGES = (
    ("pricing", "Prices for businesses", "pricing"),
    ("pricing/offices", "Coffee for offices", "pricing"),
    ("stories", "How others do it", "stories"),
)
DOCUMENTS = (
    ("doc-machines", "Machines for offices"),
    ("doc-beans", "Beans by the sack"),
    ("doc-service", "Our service"),
)
PLANS, FEATURES = ("office-trial", "cafe-trial"), ("order-list", "cost-centre", "reorder", "invite-colleague")


@dataclass(frozen=True, slots=True)
class Signal:
    """How often each contact does something per day: while the business thinks of buying, and else."""

    name: str
    in_research: float
    otherwise: float


SIGNALS = (
    Signal("Page Viewed", 0.35, 0.004),
    Signal("Document Downloaded", 0.16, 0.002),
    Signal("Trial Started", 0.03, 0.0002),
    Signal("Feature Used", 0.25, 0.03),
)


class Business:
    """The rows of change of `accounts`, and their contacts' lead signals."""

    name = "business"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        people = stretch.people
        contacts = np.flatnonzero((people.account > 0) & (people.customer >= 0) & ~people.is_gone)
        count = int(people.account[contacts].max(initial=0)) + 1
        accounts = _Accounts(
            Chances.of(rng),
            stretch,
            employees=grown(memory, "employees", count, np.int32),
            owner=grown(memory, "owner", count, np.int8),
            first_contact=grown(memory, "first_contact", count, np.int64),
            research_until=grown(memory, "research_until", count, np.int64),
        )
        accounts.register(contacts)
        accounts.change()
        opportunities = accounts.decide()
        accounts.begin_research()
        known = contacts[people.signed_up_at[contacts] < stretch.start]
        return joined([opportunities, *(accounts.signal(signal, known) for signal in SIGNALS)])


@dataclass(frozen=True, slots=True)
class _Accounts:
    """The accounts in one stretch: an element per account number. Those without employees are not known yet."""

    chances: Chances
    stretch: Stretch
    employees: Ints
    owner: Ints
    first_contact: Ints  # a place among the people
    research_until: Ints  # 0 where it does not think of buying

    def register(self, contacts: Ints) -> None:
        """An account is written when its first contact signs up."""
        people = self.stretch.people
        contacts = contacts[np.argsort(people.signed_up_at[contacts], kind="stable")]
        account, place = np.unique(people.account[contacts], return_index=True)
        is_new = self.employees[account] == 0
        account, first = account[is_new], contacts[place[is_new]]
        seed = people.name[first]
        # Squared: small businesses are many.
        size = SMALLEST * np.exp(self.chances.uniform("employees", seed) ** 2 * np.log(LARGEST / SMALLEST))
        self.employees[account] = size
        self.owner[account] = self.chances.between("owner", 0, len(OWNERS), seed)
        self.first_contact[account] = first
        self._write(account, people.signed_up_at[first])

    def change(self) -> None:
        """Some grow, some get another owner."""
        account = self._among(self._known(), "news", NEWS)
        grows = self.chances.uniform("grows", account) < GROWS
        self.employees[account[grows]] += 1 + self.employees[account[grows]] // 10
        self.owner[account[~grows]] = (self.owner[account[~grows]] + 1) % len(OWNERS)
        self._write(account, self.chances.between("news at", self.stretch.start, self.stretch.end, account))

    def begin_research(self) -> None:
        account = self._among(self._known(), "begins research", BEGINS_RESEARCH)
        account = account[self.research_until[account] == 0]
        days = self.chances.between("research", RESEARCH_DAYS[0] * DAY, RESEARCH_DAYS[1] * DAY, account)
        self.research_until[account] = self.stretch.end + days
        self.stretch.counts["accounts_in_research"] += len(account)

    def decide(self) -> Events:
        """When an account has thought enough, some open an opportunity."""
        account = np.flatnonzero((self.research_until > 0) & (self.research_until < self.stretch.end))
        at = self.research_until[account].copy()
        self.research_until[account] = 0
        opens = self.chances.uniform("opens", account) < OPENS_OPPORTUNITY
        account, at = account[opens], at[opens]
        value = np.exp(self.chances.uniform("worth", account) * np.log(MOST_WORTH / LEAST_WORTH)) * LEAST_WORTH
        day = documents.digits(at // DAY)
        properties = attributes.document(
            account_id=_quoted_ids(account),
            currency=attributes.POUNDS,
            opportunity_id=documents.join('"opportunity-', documents.digits(account, 5), "-", day, '"'),
            value=documents.money(value.astype(np.int64) // 1000 * 1000),
        )
        return told(self.stretch, "Opportunity Opened", self.first_contact[account], at, properties)

    def signal(self, signal: Signal, contacts: Ints) -> Events:
        """What contacts do, each at most once in a stretch."""
        people, account = self.stretch.people, self.stretch.people.account[contacts]
        is_in_research = self.research_until[account] > 0
        rate = np.where(is_in_research, signal.in_research, signal.otherwise)
        draw = self.chances.uniform(signal.name, people.name[contacts])
        at = at_habit(self.chances, f"{signal.name}, when", people, contacts, self.stretch.start)
        does = (draw < -np.expm1(-rate)) & (at < self.stretch.end)
        person, account, at = contacts[does], account[does], at[does]
        properties = self._properties(signal.name, people.name[person], account)
        return told(self.stretch, signal.name, person, at, properties, people.device[person])

    def _properties(self, name: str, seed: Ints, account: Ints) -> Any:
        def one_of(what: str, options: Sequence[str]) -> Any:
            return attributes.choice(options, self.chances.between(what, 0, len(options), seed))

        if name == "Page Viewed":
            page = self.chances.between("page", 0, len(PAGES), seed)
            return attributes.document(
                category=attributes.choice([category for _, _, category in PAGES], page),
                seconds=documents.digits(10 + self.chances.exponential("reads", 70, seed).astype(np.int64)),
                title=attributes.choice([title for _, title, _ in PAGES], page),
                url=attributes.choice([f"{SITE}/business/{path}" for path, _, _ in PAGES], page),
            )
        if name == "Document Downloaded":
            chosen = self.chances.between("document", 0, len(DOCUMENTS), seed)
            return attributes.document(
                document_id=attributes.choice([document for document, _ in DOCUMENTS], chosen),
                title=attributes.choice([title for _, title in DOCUMENTS], chosen),
            )
        if name == "Trial Started":
            return attributes.document(account_id=_quoted_ids(account), plan=one_of("plan", PLANS))
        return attributes.document(account_id=_quoted_ids(account), feature=one_of("feature", FEATURES))

    def _known(self) -> Ints:
        """The accounts that were there before the stretch."""
        account = np.flatnonzero(self.employees > 0)
        signed_up_at = self.stretch.people.signed_up_at[self.first_contact[account]]
        return account[signed_up_at < self.stretch.start]

    def _among(self, account: Ints, what: str, per_day: float) -> Ints:
        share = (self.stretch.end - self.stretch.start) / DAY
        return account[self.chances.uniform(what, account) < per_day * share]

    def _write(self, account: Ints, at: Ints) -> None:
        people, first = self.stretch.people, self.first_contact[account]
        seed = people.name[first]
        words = (
            pa.array(FIRST_NAMES).take(pa.array(seed % len(FIRST_NAMES))),
            pa.array(LAST_NAMES).take(pa.array(seed // 31 % len(LAST_NAMES))),
        )
        number = documents.digits(account, 5)
        texts = attributes.document(
            country=attributes.choice(COUNTRIES, people.home[first]),
            domain=documents.join('"business-', number, '.example"'),
            employee_count=documents.digits(self.employees[account]),
            industry=attributes.choice(INDUSTRIES, seed // 997 % len(INDUSTRIES)),
            name=documents.join('"', words[0], " ", words[1], " ", documents.digits(account), '"'),
            owner=attributes.choice(OWNERS, self.owner[account]),
        )
        self.stretch.changes.add_all("accounts", documents.join("acct-", number), texts, at)
        self.stretch.counts["account_changes"] += len(account)


def _quoted_ids(account: Ints) -> Any:
    return attributes.named("acct", account, 5)
