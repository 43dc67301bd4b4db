"""Files to raw tables: mappings, quarantine."""
