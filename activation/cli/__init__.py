"""The command line: arguments in, exit code out. The only room that prints."""

# Importing a module adds its commands to the group.
from activation.cli import approvals, ledger, places, simulated, steps, triggers
from activation.cli.main import main

__all__ = ["approvals", "ledger", "main", "places", "simulated", "steps", "triggers"]
