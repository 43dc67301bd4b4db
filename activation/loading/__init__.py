"""Files to raw tables: mappings, quarantine."""

from activation.loading.landing import load_landing
from activation.loading.load import LoadReport, load
from activation.loading.mapping import Mapping, read_mapping, shipped_mappings

__all__ = ["LoadReport", "Mapping", "load", "load_landing", "read_mapping", "shipped_mappings"]
