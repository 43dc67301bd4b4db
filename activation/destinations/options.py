"""A destination's own settings, checked before anything is opened."""

from collections.abc import Collection

from activation.destinations.base import Account
from activation.errors import ConfigError


def check_options(account: Account, known: Collection[str]) -> None:
    """Refuse options that the kind does not have. Raises ConfigError naming both."""
    unknown = sorted(set(account.options) - set(known))
    if unknown:
        raise ConfigError(
            f"The destination `{account.name}` has the unknown option {', '.join(unknown)}.",
            f"The kind {account.kind} knows {', '.join(sorted(known))}.",
        )


def whole_number(account: Account, name: str, default: int) -> int:
    """An option that counts something. Raises ConfigError for anything but a whole number from 1."""
    value = account.options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"The destination `{account.name}` has {name}: {value!r}.", "Write a whole number from 1.")
    return value
