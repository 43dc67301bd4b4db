"""Where the demo shop's people live: countries, zones, cities, telephone numbers and how an address is written."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Place:
    """One country, or one zone of it.

    A telephone number is `phone` and so many digits more; a postcode may have {} where two digits stand. `cities` are
    (city, region) pairs.
    """

    country: str
    locale: str
    zone: str
    share: float
    phone: str
    phone_digits: int
    postcode: str
    cities: tuple[tuple[str, str], ...]

    @property
    def language(self) -> str:
        return self.locale.partition("-")[0]


PLACES: tuple[Place, ...] = (
    Place("GB", "en", "Europe/London", 0.27, "+44740", 7, "BS{} 4DJ",
          (("London", "England"), ("Bristol", "England"), ("Leeds", "England"), ("Glasgow", "Scotland"),
           ("Cardiff", "Wales"), ("Belfast", "Northern Ireland"))),
    Place("US", "en-US", "America/New_York", 0.08, "+12126", 6, "10{}5",
          (("New York", "NY"), ("Boston", "MA"), ("Atlanta", "GA"), ("Miami", "FL"))),
    Place("US", "en-US", "America/Chicago", 0.04, "+13126", 6, "10{}5",
          (("Chicago", "IL"), ("Dallas", "TX"), ("Minneapolis", "MN"))),
    Place("US", "en-US", "America/Los_Angeles", 0.05, "+14156", 6, "10{}5",
          (("San Francisco", "CA"), ("Seattle", "WA"), ("Portland", "OR"))),
    Place("AU", "en-AU", "Australia/Sydney", 0.04, "+6141", 7, "20{}",
          (("Sydney", "NSW"), ("Newcastle", "NSW"), ("Canberra", "ACT"))),
    Place("AU", "en-AU", "Australia/Perth", 0.02, "+6142", 7, "20{}", (("Perth", "WA"), ("Fremantle", "WA"))),
    Place("DE", "de", "Europe/Berlin", 0.14, "+49151", 8, "10{}5",
          (("Berlin", "Berlin"), ("Hamburg", "Hamburg"), ("München", "Bayern"), ("Köln", "Nordrhein-Westfalen"))),
    Place("AT", "de-AT", "Europe/Vienna", 0.03, "+43664", 7, "20{}",
          (("Wien", "Wien"), ("Graz", "Steiermark"), ("Salzburg", "Salzburg"))),
    Place("FR", "fr", "Europe/Paris", 0.09, "+336", 8, "10{}5",
          (("Paris", "Île-de-France"), ("Lyon", "Auvergne-Rhône-Alpes"), ("Lille", "Hauts-de-France"),
           ("Nantes", "Pays de la Loire"))),
    Place("NL", "nl", "Europe/Amsterdam", 0.08, "+3161", 7, "10{} AB",
          (("Amsterdam", "Noord-Holland"), ("Utrecht", "Utrecht"), ("Rotterdam", "Zuid-Holland"))),
    Place("IE", "en-IE", "Europe/Dublin", 0.03, "+35385", 7, "D{} X285",
          (("Dublin", "Leinster"), ("Cork", "Munster"), ("Galway", "Connacht"))),
    Place("US", "en-US", "America/Denver", 0.02, "+13036", 6, "10{}5",
          (("Denver", "CO"), ("Salt Lake City", "UT"))),
    Place("CA", "en-CA", "America/Toronto", 0.02, "+14166", 6, "M5V 3A8", (("Toronto", "ON"), ("Ottawa", "ON"))),
    Place("NZ", "en-NZ", "Pacific/Auckland", 0.01, "+6421", 7, "20{}",
          (("Auckland", "Auckland"), ("Wellington", "Wellington"))),
    Place("CH", "de-CH", "Europe/Zurich", 0.01, "+4179", 7, "20{}", (("Zürich", "ZH"), ("Bern", "BE"))),
    Place("CH", "fr-CH", "Europe/Zurich", 0.01, "+4178", 7, "20{}", (("Genève", "GE"), ("Lausanne", "VD"))),
    Place("BE", "nl-BE", "Europe/Brussels", 0.01, "+3247", 7, "20{}",
          (("Antwerpen", "Vlaanderen"), ("Gent", "Vlaanderen"))),
    Place("BE", "fr-BE", "Europe/Brussels", 0.01, "+3248", 7, "20{}",
          (("Bruxelles", "Bruxelles"), ("Liège", "Wallonie"))),
    Place("ES", "es", "Europe/Madrid", 0.02, "+346", 8, "10{}5",
          (("Madrid", "Madrid"), ("Sevilla", "Andalucía"), ("Valencia", "Comunitat Valenciana"))),
    Place("IT", "it", "Europe/Rome", 0.02, "+3933", 8, "10{}5",
          (("Roma", "Lazio"), ("Milano", "Lombardia"), ("Torino", "Piemonte"))),
)  # fmt: skip
"""The first ones are the oldest; new ones come at the end, for people remember theirs by its number."""

CITY_COUNTS = np.array([len(place.cities) for place in PLACES])
FIRST_CITY = np.cumsum(CITY_COUNTS) - CITY_COUNTS
"""Where each place's cities begin in the list of all cities."""
