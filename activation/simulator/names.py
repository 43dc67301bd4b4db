"""Names, birthdays and addresses of the demo shop's customers, each drawn from one number per person."""

from datetime import date, timedelta

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
DOMAINS = ("mail.example", "post.example", "inbox.example")
EPOCH = date(1940, 1, 1)
BIRTH_SPAN = 66 * 365


def full_name(seed: int, locale: str) -> tuple[str | None, str | None]:
    """First and last name; a few are awkward on purpose."""
    if (seed // 1_000_003) % 1000 < AWKWARD_PER_THOUSAND:
        return AWKWARD[seed % len(AWKWARD)]
    firsts, lasts = NAMES.get(locale, NAMES["en"])
    return firsts[seed % len(firsts)], lasts[(seed // 97) % len(lasts)]


def birth_date(seed: int) -> str | None:
    """An ISO date; a third gave none, and a few a default that is nobody's birthday. Some are minors."""
    draw = (seed // 10_007) % 1000
    if draw < 330:
        return None
    if draw < 345:
        return "1900-01-01" if draw % 2 else "1970-01-01"
    return (EPOCH + timedelta(days=(seed // 1009) % BIRTH_SPAN + (1500 if draw < 355 else 0))).isoformat()


def address(seed: int, owner: int) -> str:
    """The e-mail address of the customer number `owner`, under a reserved domain; a few are not addresses at all."""
    draw = (seed // 7919) % 1000
    if draw < 2:
        return f"customer{owner}.mail.example"
    name = f"customer.{owner}@{DOMAINS[seed % len(DOMAINS)]}"
    return name.title() if draw < 25 else name
