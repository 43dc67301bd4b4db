import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from activation.errors import LoadError
from activation.loading.files import find_files, format_of

# Without a time in it: the name of a test must be the same in every process that runs a part of them.
CUT_SHORT = gzip.compress(b"{}\n" * 10_000 + bytes(range(256)), mtime=0)[:60]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.parquet", b"PAR1 but no more", "damaged or not what its extension says"),
        ("e.jsonl", b"PAR1\x00\x00", "damaged or not what its extension says"),
        ("e.csv", "id,name\n".encode("utf-16"), "damaged or not what its extension says"),
        ("e.csv.gz", b"plain text", "damaged or not what its extension says"),
        ("e.jsonl.gz", CUT_SHORT, "damaged"),
        ("e.jsonl.zst", b"plain text", "damaged or not what its extension says"),
        ("e.jsonl", b"", "is empty"),
        ("e.xlsx", b"x", "extension that is not known"),
        ("e.parquet.gz", b"x", "extension that is not known"),
        ("e.json", b'[{"a": 1}]', "JSON array"),
        ("e.csv", b"id,name,id\n", "column 'id' twice"),
        ("e.csv", b"\n\n", "first line"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Each fault of a whole file is a LoadError that names the file and has a remedy."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(LoadError, match=message) as caught:
        list(find_files([path])[0].read()[1])
    assert str(path) in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("given", ["absent.jsonl", "*.jsonl", "folder"])
def test_a_path_that_names_no_file_says_so(tmp_path: Path, given: str) -> None:
    """Neither a missing file, nor a pattern without a match, nor a folder is passed over in silence."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(LoadError, match=r"No file matches|is a folder"):
        find_files([tmp_path / given])


def test_a_name_with_brackets_is_a_name(write: Callable[..., Path]) -> None:
    """A file that exists is taken by its name even where the name would be a pattern."""
    path = write("e[1].csv", "a")
    assert [file.path for file in find_files([path])] == [path]


def test_formats_go_by_the_extension() -> None:
    """Upper case and compression are understood."""
    assert format_of(Path("a.CSV")) == ("csv", None)
    assert format_of(Path("a.b.ndjson.GZ")) == ("jsonl", "gzip")
    assert format_of(Path("gz")) is None


def test_lines_are_counted_through_quoted_breaks(write: Callable[..., Path]) -> None:
    """A record's number is the line on which it begins; an open quote does not swallow what has the right width."""
    path = write("e.csv", "a,b", '1,"two\nlines"', "", "2,x", "3", '4,"é, ""q"""')
    columns, batches = find_files([path])[0].read()
    (batch,) = batches
    assert batch["line"].to_pylist() == [2, 5, 6, 7]
    assert batch["fault"].to_pylist() == [None, None, "wrong_width", None]
    assert batch["c1"].to_pylist() == ["two\nlines", "x", None, 'é, "q"']
    assert batch["raw"].to_pylist() == ['1,"two\nlines"', "2,x", "3", '4,"é, ""q"""']
    assert list(columns.kinds) == ["a", "b"]


def test_tabs_separate_in_tsv(write: Callable[..., Path]) -> None:
    """A comma is an ordinary character in a .tsv file."""
    (batch,) = find_files([write("e.tsv", "a\tb", "1,5\t2")])[0].read()[1]
    assert batch.select(["c0", "c1"]).to_pylist() == [{"c0": "1,5", "c1": "2"}]


def test_a_large_file_comes_in_several_batches(tmp_path: Path) -> None:
    """Line numbers go on from one batch to the next."""
    path = tmp_path / "e.csv"
    path.write_text("a\n" + "x\n" * 60_000)
    batches = list(find_files([path])[0].read()[1])
    assert len(batches) == 2
    assert batches[-1]["line"].to_pylist()[-1] == 60_001
