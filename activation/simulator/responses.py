"""What people, and machines on their behalf, do with the messages that reach them.

A mailbox's machines act within seconds: privacy proxies open, link scanners open and visit every link. People open when
they come to it, and click more on what truly works for them and less when they are tired of messages.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from activation.model import Purpose
from activation.simulator import attributes, documents
from activation.simulator.catalogue import SITE, to_json
from activation.simulator.chances import Chances, at_habit
from activation.simulator.effects import DeliveredMessage, Effect, effect_of
from activation.simulator.people import HOUR, MINUTE, SECOND, Bools, Floats, Ints, People, to_micros
from activation.simulator.scripts import Events, joined, no_events
from activation.simulator.vocabulary import KINDS

BOUNCES = 0.006
HAS_PROXY, HAS_SCANNER, BUSINESS_HAS_SCANNER = 0.35, 0.02, 0.60  # of the people, and of the businesses
HAS_WEBMAIL = 0.25  # of the others: their opens come through the provider, when they really open
ARRIVES_WITHIN, MACHINE_WITHIN = 30.0, 15.0  # seconds after the sending, and after the delivery
PURPOSES = (Purpose.MARKETING, Purpose.SERVICE, Purpose.TRANSACTIONAL)
OPENS = np.array([0.32, 0.55, 0.70])  # of fresh people, by purpose
CLICKS = np.array([0.14, 0.18, 0.20])  # of those who open, for a message without a lift
CLICKS_PER_LIFT = 2.0  # a message that lifts orders by 30 % is clicked 60 % more often
TIRED = 0.7  # how much of the opens, clicks and taps the greatest fatigue takes
OPENS_AGAIN = 0.15
AT_ONCE = 0.5  # of those who open do so within the hour or so, the others at their habitual hour
COMPLAINS, COMPLAINS_TIRED = 0.0008, 0.008  # of those who open marketing: fresh, and in addition when worn out
TAPS = 0.06
# The message's own call to action, and what every footer has.
FOOTER = (f"{SITE}/account", f"{SITE}/unsubscribe")
# The best known privacy proxy says no more of itself than this.
PROXY_AGENT = "Mozilla/5.0"
WEBMAIL_AGENT = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
SCANNER_AGENT = "Mozilla/5.0 (compatible; ExampleLinkScanner/3.2)"
PEOPLE_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 14; Tablet) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
)
# Ranges that are set aside for documentation: machines' first, then people's.
PROXY_RANGE, SCANNER_RANGE, PEOPLE_RANGE = "192.0.2.", "198.51.100.", "203.0.113."


def respond(
    rng: np.random.Generator,
    people: People,
    delivered: Sequence[DeliveredMessage],
    unsubscribed_at: Ints,
    fatigue: Floats,
    effects: Mapping[str, Effect],
) -> Events:
    """The events that the messages bring about, at once or within days.

    `unsubscribed_at` and `fatigue` have an element per message: when it made the person withdraw the consent, 0 where
    it did not, and how tired the person is of messages, from 0 to 1. Messages to nobody we know bring nothing about.
    """
    seed = int(rng.integers(0, 2**62))
    place_of = {int(people.customer[place]): int(place) for place in np.flatnonzero(people.customer >= 0)}
    places = np.array([place_of.get(_number(message.customer_id), -1) for message in delivered], dtype=np.int64)
    channels = np.array([message.channel for message in delivered], dtype=object)
    parts = []
    for channel in sorted(set(channels)):
        rows = np.flatnonzero((places >= 0) & (channels == channel))
        if not len(rows):
            continue
        chosen = [delivered[int(row)] for row in rows]
        chances = Chances(seed ^ zlib.crc32(channel.encode()))
        post = _post(chances, people, chosen, effects, (places[rows], unsubscribed_at[rows], fatigue[rows]))
        parts += ANSWERS[channel](post) if channel in ANSWERS else []
        parts.append(_told(post, "Unsubscribed", post.unsubscribed_at > 0, post.unsubscribed_at))
    return joined(parts) if parts else no_events()


@dataclass(frozen=True, slots=True)
class _Post:
    """Messages of one channel, an element each. `number` tells several messages to one person apart."""

    chances: Chances
    people: People
    person: Ints
    number: Ints
    key: Any  # the messages' keys as JSON texts
    call: Any  # the address behind the call to action, likewise
    purpose: Ints  # a place in PURPOSES
    lift: Floats
    fatigue: Floats
    at: Ints
    unsubscribed_at: Ints

    def __len__(self) -> int:
        return len(self.person)

    def chance(self, what: str) -> Floats:
        return self.chances.uniform(what, *self.keys())

    def keys(self) -> tuple[Ints, Ints]:
        return self.people.name[self.person], self.number

    def freshness(self) -> Floats:
        return 1 - TIRED * np.clip(self.fatigue, 0, 1)


def _post(
    chances: Chances,
    people: People,
    messages: Sequence[DeliveredMessage],
    effects: Mapping[str, Effect],
    columns: tuple[Ints, Ints, Floats],
) -> _Post:
    person, unsubscribed_at, fatigue = columns
    lifts = [effect_of(message, effects).lift for message in messages]
    at = np.array([to_micros(message.accepted_at) for message in messages], dtype=np.int64)
    return _Post(
        chances=chances,
        people=people,
        person=person,
        number=np.array([zlib.crc32(message.message_key.encode()) for message in messages], dtype=np.int64),
        key=pa.array([to_json(message.message_key) for message in messages], type=pa.string()),
        call=pa.array([to_json(f"{SITE}/go/{message.trigger_id}") for message in messages], type=pa.string()),
        purpose=np.array([PURPOSES.index(message.purpose) for message in messages], dtype=np.int64),
        lift=np.array(lifts, dtype=np.float64),
        fatigue=fatigue,
        at=at,
        unsubscribed_at=unsubscribed_at,
    )


def _read_mail(post: _Post) -> list[Events]:
    """Everything that becomes of e-mails. Who unsubscribes has got and opened the message."""
    leaves = post.unsubscribed_at > 0
    bounces = (post.chance("bounces") < BOUNCES) & ~leaves
    arrives_at = post.at + ((2 + ARRIVES_WITHIN * post.chance("arrives after")) * SECOND).astype(np.int64)
    opens = ~bounces & ((post.chance("opens") < OPENS[post.purpose] * post.freshness()) | leaves)
    opened_at = np.where(leaves, post.unsubscribed_at - 30 * SECOND, _when_opened(post, arrives_at))
    clicks = opens & (
        post.chance("clicks") < CLICKS[post.purpose] * (1 + CLICKS_PER_LIFT * post.lift) * post.freshness()
    )
    clicked_at = opened_at + ((4 + 50 * post.chance("clicks after")) * SECOND).astype(np.int64)
    likely = COMPLAINS + COMPLAINS_TIRED * np.clip(post.fatigue, 0, 1)
    complains = opens & (post.purpose == PURPOSES.index(Purpose.MARKETING)) & ~leaves
    complains &= post.chance("complains") < likely
    # A proxy has fetched the pictures long ago: what its people open themselves is not seen, what they click is.
    is_seen = opens & ~_has_proxy(post)
    again = is_seen & (post.chance("opens again") < OPENS_AGAIN)
    again_at = opened_at + HOUR + (post.chance("again after") * 20 * HOUR).astype(np.int64)
    by_person, through_provider = _people_contexts(post)
    return [
        _told(post, "Email Bounced", bounces, arrives_at),
        _told(post, "Email Delivered", ~bounces, arrives_at),
        *_machines(post, ~bounces, arrives_at),
        _told(post, "Email Opened", is_seen, opened_at, through_provider),
        _told(post, "Email Opened", again, again_at, through_provider),
        _told(post, "Email Link Clicked", clicks, clicked_at, by_person, post.call),
        _told(post, "Email Marked as Spam", complains, opened_at + MINUTE),
    ]


def _machines(post: _Post, arrives: Bools, arrives_at: Ints) -> list[Events]:
    """Proxies open; scanners open and visit every link, even the one to unsubscribe, which nobody does by a visit."""
    proxied, scanned = arrives & _has_proxy(post), arrives & _has_scanner(post)
    proxy = _contexts(PROXY_RANGE, post.chances.between("proxy address", 1, 250, *post.keys()), to_json(PROXY_AGENT))
    # Its people share an address: it is the scanner's.
    scanner = _contexts(
        SCANNER_RANGE, 1 + post.people.account[post.person].astype(np.int64) % 200, to_json(SCANNER_AGENT)
    )
    fetched_at = arrives_at + ((1 + MACHINE_WITHIN * post.chance("fetched after")) * SECOND).astype(np.int64)
    scanned_at = arrives_at + ((0.5 + MACHINE_WITHIN / 2 * post.chance("scanned after")) * SECOND).astype(np.int64)
    events = [
        _told(post, "Email Opened", proxied, fetched_at, proxy),
        _told(post, "Email Opened", scanned, scanned_at, scanner),
    ]
    links = (post.call, *(documents.repeated(to_json(url), len(post)) for url in FOOTER))
    for place, link in enumerate(links):
        visited_at = scanned_at + (200_000 * (place + post.chance(f"link {place}"))).astype(np.int64)
        events.append(_told(post, "Email Link Clicked", scanned, visited_at, scanner, link))
    return events


def _tap(post: _Post) -> list[Events]:
    """Some tap a push notification, on the device that it came to."""
    taps = post.chance("taps") < TAPS * (1 + CLICKS_PER_LIFT * post.lift) * post.freshness()
    minutes = 0.2 + post.chances.exponential("taps after", 25, *post.keys())
    tapped = _told(post, "Push Notification Tapped", taps, post.at + (minutes * MINUTE).astype(np.int64))
    tapped.device = post.people.app_device[post.person[taps]].astype(np.int64)
    tapped.context = None
    return [tapped]


def _when_opened(post: _Post, arrives_at: Ints) -> Ints:
    soon = arrives_at + MINUTE + (post.chances.exponential("opens after", 25, *post.keys()) * MINUTE).astype(np.int64)
    usual = at_habit(post.chances, "opens", post.people, post.person, arrives_at + MINUTE)
    return np.where(post.chance("at once") < AT_ONCE, soon, usual)


def _has_proxy(post: _Post) -> Bools:
    """A trait of the person, the same for every message."""
    return np.asarray(Chances(0).uniform("has proxy", post.people.name[post.person]) < HAS_PROXY)


def _has_scanner(post: _Post) -> Bools:
    """A trait of the business, or of the person where there is none."""
    account = post.people.account[post.person].astype(np.int64)
    of_person = Chances(0).uniform("has scanner", post.people.name[post.person]) < HAS_SCANNER
    of_business = Chances(0).uniform("business has scanner", account) < BUSINESS_HAS_SCANNER
    return np.where(account > 0, of_business, of_person)


def _people_contexts(post: _Post) -> tuple[Any, Any]:
    """How people show when they click, and when they open: webmail fetches pictures for them."""
    name = post.people.name[post.person]
    kind = documents.device_kinds(post.people.device[post.person]) % len(PEOPLE_AGENTS)
    has_webmail = Chances(0).uniform("has webmail", name) < HAS_WEBMAIL
    agent = attributes.choice(PEOPLE_AGENTS, kind)
    own = _contexts(PEOPLE_RANGE, 1 + name % 254, agent)
    return own, pc.if_else(pa.array(has_webmail), _contexts(PROXY_RANGE, 1 + name % 254, to_json(WEBMAIL_AGENT)), own)


def _contexts(network: str, host: Ints, agent: Any) -> Any:
    address = documents.join('"', network, documents.digits(host), '"')
    return attributes.document(ip=address, library='{"name":"email"}', user_agent=agent)


def _told(post: _Post, name: str, chosen: Bools, at: Ints, contexts: Any = None, url: Any = None) -> Events:
    """One kind of event for the chosen messages, reported by the service that sends them."""
    rows, person = pa.array(chosen), post.person[chosen]
    properties = attributes.document(message_id=post.key.filter(rows))
    if url is not None:
        properties = attributes.document(message_id=post.key.filter(rows), url=url.filter(rows))
    return Events(
        kind=np.full(len(person), KINDS[name]),
        person=person,
        customer=post.people.customer[person],
        device=np.zeros(len(person), dtype=np.int64),
        occurred_at=np.asarray(at[chosen]) // 1000 * 1000,
        properties=properties,
        context=None if contexts is None else contexts.filter(rows),
    )


# What people do with the messages of a channel; of the others nothing is seen.
ANSWERS = {"email": _read_mail, "push": _tap}


def _number(customer_id: str) -> int:
    number = customer_id.removeprefix("cust-")
    return int(number) if number.isdecimal() else -1
