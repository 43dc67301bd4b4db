"""Visitors who are nobody: crawlers that read the catalogue at night, and a probe that asks whether the shop is up."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from activation.simulator import documents
from activation.simulator.catalogue import PRODUCT_COUNT, SITE, to_json
from activation.simulator.chances import Chances
from activation.simulator.people import DAY, HOUR, MINUTE, SECOND, Ints
from activation.simulator.scripts import Events, joined, no_events
from activation.simulator.sectors import Memory, Stretch
from activation.simulator.vocabulary import KINDS, VIEWED

FIRST_BOT_DEVICE = 990_000_001  # no person's device has such a number
NIGHTS_ROOM = 1_000  # devices per bot that takes a new one each night


@dataclass(frozen=True, slots=True)
class Crawler:
    """`nights` is the share of the nights in which it comes; `gap` the seconds between two pages, from and to."""

    user_agent: str
    ip: str
    nights: float
    views: tuple[int, int]
    gap: tuple[float, float]
    keeps_device: bool


CRAWLERS = (
    Crawler(
        "Mozilla/5.0 (compatible; ExampleBot/2.1; +https://crawler.example/bot)",
        "192.0.2.17", 0.25, (120, 300), (2.0, 9.0), keeps_device=True,
    ),
    # It calls itself a browser and takes a new device each night: only its pace and its hour give it away.
    Crawler(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
        "198.51.100.201", 0.15, (150, 260), (1.9, 2.1), keeps_device=False,
    ),
)  # fmt: skip
OPENS, CLOSES = HOUR, 4 * HOUR  # of the night, in UTC
PROBE_AGENT, PROBE_IP, PROBED_EVERY = "ExampleUptime/1.4 (+https://uptime.example)", "203.0.113.8", 30 * MINUTE
PROBED = to_json({"category": "home", "title": "Shop", "url": f"{SITE}/"})


class Bots:
    """Product Viewed and Page Viewed of devices that belong to no person."""

    name = "bots"

    def live(self, rng: np.random.Generator, stretch: Stretch, memory: Memory) -> Events:
        # A night is drawn by its date, however time is cut into stretches: the chances must be the same in all of them.
        seed = memory.setdefault("seed", np.array(rng.integers(0, 2**62)))
        chances = Chances(int(seed))
        if not len(stretch.people):
            return no_events()
        parts = [_probe(stretch)]
        parts += [_crawl(chances, stretch, place, crawler) for place, crawler in enumerate(CRAWLERS)]
        events = joined(parts)
        stretch.counts["bot_events"] += len(events)
        return events


def _crawl(chances: Chances, stretch: Stretch, place: int, crawler: Crawler) -> Events:
    """The crawls that begin in the stretch: one product after the other, round the catalogue."""
    nights = np.arange(stretch.start // DAY, stretch.end // DAY + 1)
    keys = (nights, np.full(len(nights), place))
    begins = nights * DAY + OPENS + (chances.uniform("begins", *keys) * (CLOSES - OPENS)).astype(np.int64)
    comes = (chances.uniform("comes", *keys) < crawler.nights) & (begins >= stretch.start) & (begins < stretch.end)
    counts = np.where(comes, chances.between("views", *crawler.views, *keys), 0)
    night = np.repeat(nights, counts)
    step = np.arange(len(night)) - np.repeat(np.cumsum(counts) - counts, counts)
    low, high = crawler.gap
    seconds = low + (high - low) * chances.uniform("gap", night, step, np.full(len(night), place))
    # The steps of a crawl never overtake one another: each gap lies within its own slot.
    at = np.repeat(begins, counts) + ((step * high + seconds) * SECOND).astype(np.int64)
    product = (step + np.repeat(chances.between("first product", 0, PRODUCT_COUNT, *keys), counts)) % PRODUCT_COUNT
    own = FIRST_BOT_DEVICE + place * NIGHTS_ROOM
    device = np.full(len(night), own) if crawler.keeps_device else own + night % NIGHTS_ROOM
    context = _context(crawler.user_agent, crawler.ip)
    return _anonymous(stretch, VIEWED, device, at, documents.viewed(product, stretch.prices[product]), context)


def _probe(stretch: Stretch) -> Events:
    at = np.arange(-(-stretch.start // PROBED_EVERY), -(-stretch.end // PROBED_EVERY)) * PROBED_EVERY
    device = np.full(len(at), FIRST_BOT_DEVICE + len(CRAWLERS) * NIGHTS_ROOM)
    texts = documents.repeated(PROBED, len(at))
    return _anonymous(stretch, KINDS["Page Viewed"], device, at, texts, _context(PROBE_AGENT, PROBE_IP))


def _context(user_agent: str, ip: str) -> str:
    return to_json({"ip": ip, "library": {"name": "web"}, "user_agent": user_agent})


def _anonymous(stretch: Stretch, kind: int, device: Ints, at: Ints, properties: pa.StringArray, context: str) -> Events:
    # Every event has a person; whose clock is right has no influence on it.
    anybody = int(np.argmax(stretch.people.skew == 0))
    count = len(device)
    return Events(
        kind=np.full(count, kind),
        person=np.full(count, anybody),
        customer=np.full(count, -1),
        device=device,
        occurred_at=at // 1000 * 1000,
        properties=properties,
        context=documents.repeated(context, count),
    )
