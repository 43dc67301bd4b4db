"""Every error of the project, named by what one can do about it.

ActivationError                 exit 1
├── InputError                  exit 2   what a person wrote or handed in is wrong: mend it
│   ├── ConfigError                      a settings file or environment variable
│   ├── PolicyError                      a trigger's or audience's YAML
│   ├── MappingError                     a loading map
│   ├── LoadError                        a file that cannot be loaded at all
│   └── TemplateError                    a template that is missing or does not render
├── MissingSecretError          exit 2   set it in the environment
├── BusyError                   exit 3   another process holds it: wait and repeat
├── LedgerError                 exit 4   the ledger cannot be used
│   ├── LedgerUnavailableError           unreachable, locked, disk full
│   └── LedgerBehindError                it is older than the warehouse's copy: recover it
├── WarehouseError              exit 5   the warehouse cannot be used
├── BuildError                  exit 6   a dbt model or test failed
├── QualityError                exit 7   a gate could not be evaluated
├── RunRefusedError             exit 8   this run may not send
├── DeliveryError               exit 9   some messages could not be delivered for now
└── DestinationError                     what an adapter raises; the engine decides by class
    ├── UnreachableError                 certainly unsent: try again later
    ├── ThrottledError                   certainly unsent: try again after `retry_after` seconds
    ├── AnswerLostError                  it may have been processed: unknown
    ├── BatchRefusedError                definitely refused as a whole
    └── CredentialsRefusedError          stop this destination, leave the others running
"""


class ActivationError(Exception):
    """A failure that one sentence and one remedy explain.

    `message` says what is wrong (naming the file and the field where there is one), `remedy` what to do.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[type["ActivationError"], tuple[str, str]]:
        return type(self), (self.message, self.remedy)


class InputError(ActivationError):
    exit_code = 2


class ConfigError(InputError):
    pass


class PolicyError(InputError):
    pass


class MappingError(InputError):
    pass


class LoadError(InputError):
    pass


class TemplateError(InputError):
    pass


class MissingSecretError(ActivationError):
    exit_code = 2


class BusyError(ActivationError):
    exit_code = 3


class LedgerError(ActivationError):
    exit_code = 4


class LedgerUnavailableError(LedgerError):
    pass


class LedgerBehindError(LedgerError):
    pass


class WarehouseError(ActivationError):
    exit_code = 5


class BuildError(ActivationError):
    exit_code = 6


class QualityError(ActivationError):
    exit_code = 7


class RunRefusedError(ActivationError):
    exit_code = 8


class DeliveryError(ActivationError):
    exit_code = 9


class DestinationError(ActivationError):
    exit_code = 9


class UnreachableError(DestinationError):
    pass


class ThrottledError(DestinationError):
    """`retry_after` is in seconds."""

    def __init__(self, message: str, remedy: str = "", retry_after: float = 1.0) -> None:
        super().__init__(message, remedy)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[ActivationError], tuple[str, str, float]]:  # type: ignore[override]
        return type(self), (self.message, self.remedy, self.retry_after)


class AnswerLostError(DestinationError):
    pass


class BatchRefusedError(DestinationError):
    pass


class CredentialsRefusedError(DestinationError):
    pass
