"""The vendored browser files are the ones listed, each with its licence."""

import hashlib
import re

from activation.quality.data_docs import FILES, VENDORED

ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \|.*\]\((?P<licence>[^)]+)\) \| (?P<size>\d+) \| `(?P<sum>[0-9a-f]{64})` \|$", re.MULTILINE
)


def test_vendored_files_are_listed() -> None:
    """Every vendored file is in the README with its size, checksum and licence, and nothing else is there."""
    listed = {row["file"]: row for row in ROW.finditer((VENDORED / "README.md").read_text())}
    present = {
        str(path.relative_to(VENDORED))
        for path in VENDORED.rglob("*")
        if path.is_file() and path.name != "README.md" and path.parent.name != "licences"
    }
    assert set(listed) == present
    assert set(FILES.values()) <= present
    for name, row in listed.items():
        content = (VENDORED / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (int(row["size"]), row["sum"])
        assert (VENDORED / row["licence"]).read_text().strip()
