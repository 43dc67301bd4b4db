"""The engine's own store: the authority for delivery, suppression, pauses and leases."""
