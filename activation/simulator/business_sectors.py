"""The sectors of the demo shop's business, in the order in which they live. New ones come at the end."""

from activation.simulator.aftermath import Aftermath
from activation.simulator.bookings import Bookings
from activation.simulator.bots import Bots
from activation.simulator.business import Business
from activation.simulator.loyalty import Loyalty
from activation.simulator.memberships import Memberships
from activation.simulator.sectors import Sector
from activation.simulator.support import Support

SECTORS: tuple[Sector, ...] = (Aftermath(), Loyalty(), Memberships(), Bookings(), Support(), Business(), Bots())
