"""Names, birthdays and addresses of the demo shop's customers, each drawn from one number per person."""

from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from activation.simulator import documents
from activation.simulator.people import Bools, Ints

NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("Olivia", "George", "Amelia", "Harry", "Isla", "Noah", "Ava", "Jack", "Emily", "Oscar", "Grace", "Leo"),
        ("Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Evans", "Thomas", "O'Neill", "Roberts", "Clark"),
    ),
    "de": (
        ("Emma", "Ben", "Mia", "Paul", "Hannah", "Jürgen", "Sofia", "Jonas", "Käthe", "Felix", "Lena", "Björn"),
        ("Müller", "Schmidt", "Schneider", "Fischer", "Weber", "Groß", "Wagner", "Becker", "Schäfer", "Koch", "Böhm"),
    ),
    "fr": (
        ("Léa", "Gabriel", "Chloé", "Louis", "Manon", "Hugo", "Inès", "Jules", "Zoé", "François", "Élodie", "Théo"),
        ("Martin", "Bernard", "Dubois", "Thomas", "Robert", "Lefèvre", "Moreau", "Laurent", "Garçon", "d'Arc", "Roux"),
    ),
    "nl": (
        ("Emma", "Daan", "Julia", "Sem", "Sanne", "Lucas", "Fleur", "Thijs", "Anouk", "Bram", "Loïs", "Ruben"),
        ("de Vries", "Jansen", "van den Berg", "Bakker", "van Dijk", "Visser", "Smit", "'t Hart", "Meijer", "Bos"),
    ),
    "es": (
        ("Lucía", "Hugo", "Martina", "Mateo", "Íñigo", "Daniela", "Pablo", "Begoña", "Álvaro", "Nuria"),
        ("García", "Muñoz", "de la Fuente", "Pérez", "Ibáñez", "Núñez y Castro", "Romero", "Vidal", "Ortiz"),
    ),
    "it": (
        ("Sofia", "Leonardo", "Giulia", "Francesco", "Aurora", "Alessandro", "Nicolò", "Ginevra", "Marco"),
        ("Rossi", "Russo", "Ferrari", "D'Amico", "De Luca", "Conti", "Esposito", "Ricci", "Bianchi"),
    ),
}
# What templates and destinations must survive. None: the person gave no such name.
AWKWARD: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    (None, "Smith"),
    ("", ""),
    ("Wolfeschlegelsteinhausenbergerdorff" * 4, "Hubert Blaine " * 12),
    ("محمد", "الفاتح"),
    ("נועה", "לוי"),
    ("李", "小龍"),
    ("Zoë 🦊", "<b>Bold</b>"),
    ("{{ first_name }}", "O\"Quote'\\"),
    ("Łukasz\u00a0", "  Żółć  "),
)
AWKWARD_PER_THOUSAND = 15
DOMAINS = pa.array(["mail.example", "post.example", "inbox.example"])
EPOCH, LONG_AGO = ((day - date(1970, 1, 1)).days for day in (date(1940, 1, 1), date(1900, 1, 1)))
NO_DAY = -(10**6)
BIRTH_SPAN = 66 * 365


LANGUAGES = tuple(NAMES)


class Names:
    """All names of one kind, language by language, and the awkward ones at the end."""

    def __init__(self, of: int) -> None:
        spoken = [NAMES[language][of] for language in LANGUAGES]
        self.texts = (*(name for names in spoken for name in names), *(name[of] for name in AWKWARD))
        self._counts = np.array([len(names) for names in spoken])
        self._begins = np.cumsum(self._counts) - self._counts

    def places(self, seed: Ints, number: Ints, language: Ints) -> Ints:
        """For each person the place of the name in `texts`; a few are awkward on purpose.

        `number` draws the name, `language` is the place in `LANGUAGES`.
        """
        usual = self._begins[language] + number % self._counts[language]
        return np.where(_is_awkward(seed), len(self.texts) - len(AWKWARD) + seed % len(AWKWARD), usual)


FIRST, LAST = Names(0), Names(1)


def first_names(seed: Ints, language: Ints) -> Ints:
    """Each person's place in `FIRST.texts`."""
    return FIRST.places(seed, seed, language)


def last_names(seed: Ints, language: Ints, renames: Ints) -> Ints:
    """Each person's place in `LAST.texts`, after so many changes of name."""
    return LAST.places(seed, seed // 97 + 5 * renames, language)


def _is_awkward(seed: Ints) -> Bools:
    return np.asarray((seed // 1_000_003) % 1000 < AWKWARD_PER_THOUSAND)


def birth_days(seed: Ints) -> Ints:
    """Days since 1970; a third gave none (`NO_DAY`), and a few a default that is nobody's birthday. Some are minors."""
    draw = (seed // 10_007) % 1000
    day = EPOCH + (seed // 1009) % BIRTH_SPAN + np.where(draw < 355, 1500, 0)
    default = np.where(draw % 2, LONG_AGO, 0)
    return np.select([draw < 330, draw < 345], [NO_DAY, default], day)


def addresses(owner: Ints) -> Any:
    """The e-mail addresses of the customers numbered `owner`, under reserved domains; a few are no addresses at all."""
    seed = owner * 2_654_435_761 % 2**32
    draw = seed // 7919 % 1000
    number = documents.digits(owner)
    lower = documents.join("customer.", number, "@", DOMAINS.take(pa.array(seed % len(DOMAINS))))
    broken = documents.join("customer", number, ".mail.example")
    return pc.if_else(pa.array(draw < 2), broken, pc.if_else(pa.array(draw < 25), pc.utf8_title(lower), lower))
