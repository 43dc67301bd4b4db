"""The engine's own store: the authority for delivery, suppression, pauses and leases."""

from activation.ledger.store import Ledger, open_ledger

__all__ = ["Ledger", "open_ledger"]
