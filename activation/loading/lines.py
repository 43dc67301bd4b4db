"""Lines of a text file, however long they are: only the beginning of a line that is too long is ever held."""

import io
from collections.abc import Iterator
from typing import NamedTuple

LONGEST_LINE = 4 << 20
KEPT = 10_000
TOO_LONG = "line_too_long"
BREAKS = ("\n", "\r")


class TextLine(NamedTuple):
    """A line with its break; the first `KEPT` characters of one that is longer than `LONGEST_LINE`."""

    text: str
    is_too_long: bool


class BytesLine(NamedTuple):
    """A line with its break; the first `KEPT` bytes of one that is longer than `LONGEST_LINE`."""

    content: bytes
    is_too_long: bool


def byte_lines(stream: io.BufferedReader) -> Iterator[BytesLine]:
    """The lines of a stream, ended by a line feed."""
    while line := stream.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            yield BytesLine(line, is_too_long=False)
            continue
        while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield BytesLine(line[:KEPT], is_too_long=True)


def text_lines(stream: io.TextIOWrapper) -> Iterator[TextLine]:
    """The lines of a text, ended as the text was opened to have it."""
    while line := stream.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(BREAKS):
            yield TextLine(line, is_too_long=False)
            continue
        while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(BREAKS):
            pass
        yield TextLine(line[:KEPT], is_too_long=True)
