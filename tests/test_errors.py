"""The error tree."""

import pickle

import pytest

from activation import errors


def subclasses(kind: type[errors.ActivationError]) -> list[type[errors.ActivationError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in subclasses(child))]


ALL = [kind for kind in subclasses(errors.ActivationError) if kind.__module__ == errors.__name__]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Every error is drawn at the top of its module, and nothing else is."""
    drawn = {word for word in (errors.__doc__ or "").split() if word.endswith("Error")}
    assert drawn == {kind.__name__ for kind in ALL}


@pytest.mark.parametrize("kind", ALL)
def test_every_error_ends_the_command_with_a_code_other_than_zero(kind: type[errors.ActivationError]) -> None:
    """No failure looks like success, also after a trip between processes."""
    error = pickle.loads(pickle.dumps(kind("It is broken.", "Mend it.")))
    assert error.exit_code > 0
    assert str(error) == "It is broken. Mend it."
