"""Where the demo shop's people live: countries, zones, cities, telephone numbers and how an address is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One country, or one zone of it. `phone` and `postcode` are formats with one number in them.

    `cities` are (city, region) pairs. `street` has {name} and {number}.
    """

    country: str
    locale: str
    zone: str
    share: float
    phone: str
    postcode: str
    cities: tuple[tuple[str, str], ...]

    @property
    def language(self) -> str:
        return self.locale.partition("-")[0]


PLACES: tuple[Place, ...] = (
    Place("GB", "en", "Europe/London", 0.27, "+44740{:07d}", "BS{:d} 4DJ",
          (("London", "England"), ("Bristol", "England"), ("Leeds", "England"), ("Glasgow", "Scotland"),
           ("Cardiff", "Wales"), ("Belfast", "Northern Ireland"))),
    Place("US", "en-US", "America/New_York", 0.08, "+12126{:06d}", "{:05d}",
          (("New York", "NY"), ("Boston", "MA"), ("Atlanta", "GA"), ("Miami", "FL"))),
    Place("US", "en-US", "America/Chicago", 0.04, "+13126{:06d}", "{:05d}",
          (("Chicago", "IL"), ("Dallas", "TX"), ("Minneapolis", "MN"))),
    Place("US", "en-US", "America/Los_Angeles", 0.05, "+14156{:06d}", "{:05d}",
          (("San Francisco", "CA"), ("Seattle", "WA"), ("Portland", "OR"))),
    Place("AU", "en-AU", "Australia/Sydney", 0.04, "+6141{:07d}", "{:04d}",
          (("Sydney", "NSW"), ("Newcastle", "NSW"), ("Canberra", "ACT"))),
    Place("AU", "en-AU", "Australia/Perth", 0.02, "+6142{:07d}", "{:04d}", (("Perth", "WA"), ("Fremantle", "WA"))),
    Place("DE", "de", "Europe/Berlin", 0.14, "+49151{:08d}", "{:05d}",
          (("Berlin", "Berlin"), ("Hamburg", "Hamburg"), ("München", "Bayern"), ("Köln", "Nordrhein-Westfalen"))),
    Place("AT", "de-AT", "Europe/Vienna", 0.03, "+43664{:07d}", "{:04d}",
          (("Wien", "Wien"), ("Graz", "Steiermark"), ("Salzburg", "Salzburg"))),
    Place("FR", "fr", "Europe/Paris", 0.09, "+336{:08d}", "{:05d}",
          (("Paris", "Île-de-France"), ("Lyon", "Auvergne-Rhône-Alpes"), ("Lille", "Hauts-de-France"),
           ("Nantes", "Pays de la Loire"))),
    Place("NL", "nl", "Europe/Amsterdam", 0.08, "+3161{:07d}", "{:04d} AB",
          (("Amsterdam", "Noord-Holland"), ("Utrecht", "Utrecht"), ("Rotterdam", "Zuid-Holland"))),
    Place("IE", "en-IE", "Europe/Dublin", 0.03, "+35385{:07d}", "D{:02d} X285",
          (("Dublin", "Leinster"), ("Cork", "Munster"), ("Galway", "Connacht"))),
    Place("US", "en-US", "America/Denver", 0.02, "+13036{:06d}", "{:05d}",
          (("Denver", "CO"), ("Salt Lake City", "UT"))),
    Place("CA", "en-CA", "America/Toronto", 0.02, "+14166{:06d}", "M{:d}B 2K9", (("Toronto", "ON"), ("Ottawa", "ON"))),
    Place("NZ", "en-NZ", "Pacific/Auckland", 0.01, "+6421{:07d}", "{:04d}",
          (("Auckland", "Auckland"), ("Wellington", "Wellington"))),
    Place("CH", "de-CH", "Europe/Zurich", 0.01, "+4179{:07d}", "{:04d}", (("Zürich", "ZH"), ("Bern", "BE"))),
    Place("CH", "fr-CH", "Europe/Zurich", 0.01, "+4178{:07d}", "{:04d}", (("Genève", "GE"), ("Lausanne", "VD"))),
    Place("BE", "nl-BE", "Europe/Brussels", 0.01, "+3247{:07d}", "{:04d}",
          (("Antwerpen", "Vlaanderen"), ("Gent", "Vlaanderen"))),
    Place("BE", "fr-BE", "Europe/Brussels", 0.01, "+3248{:07d}", "{:04d}",
          (("Bruxelles", "Bruxelles"), ("Liège", "Wallonie"))),
    Place("ES", "es", "Europe/Madrid", 0.02, "+346{:08d}", "{:05d}",
          (("Madrid", "Madrid"), ("Sevilla", "Andalucía"), ("Valencia", "Comunitat Valenciana"))),
    Place("IT", "it", "Europe/Rome", 0.02, "+3933{:08d}", "{:05d}",
          (("Roma", "Lazio"), ("Milano", "Lombardia"), ("Torino", "Piemonte"))),
)  # fmt: skip
"""The first ones are the oldest; new ones come at the end, for people remember theirs by its number."""
