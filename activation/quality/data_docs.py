"""Data Docs that can be read offline: the pages' scripts and styles come from files beside them."""

import os
import re
import shutil
from pathlib import Path

VENDORED = Path(__file__).resolve().parent.parent / "reporting" / "vendor"
ASSETS = "assets"
ASSET_URL = re.compile(
    r"https://(?:cdn\.jsdelivr\.net|cdnjs\.cloudflare\.com|unpkg\.com|code\.jquery\.com"
    r"|(?:maxcdn|stackpath)\.bootstrapcdn\.com)/[^\"'\s>]+"
)
IMAGE_URL = re.compile(r"https://great-expectations-web-assets\.s3\.us-east-2\.amazonaws\.com/([\w.-]+)[^\"'\s>)]*")
INTEGRITY = re.compile(r"""\s(?:integrity|crossorigin)=(?:"[^"]*"|'[^']*')""")
# What a page asks for, by a part of its address; the longer name first where one contains the other.
FILES = {
    "bootstrap-table-filter-control.min.js": "bootstrap-table-filter-control.min.js",
    "bootstrap-table-filter-control": "bootstrap-table-filter-control.min.css",
    "bootstrap-table.min.css": "bootstrap-table.min.css",
    "bootstrap-table.min.js": "bootstrap-table.min.js",
    "bootstrap-datepicker.min.css": "bootstrap-datepicker.min.css",
    "bootstrap-datepicker.min.js": "bootstrap-datepicker.min.js",
    "bootstrap-prefers-dark": "bootstrap-prefers-dark.min.css",
    "bootstrap.min.css": "bootstrap.min.css",
    "bootstrap.min.js": "bootstrap.min.js",
    "font-awesome": "font-awesome/css/all.min.css",
    "popper": "popper.min.js",
    "jquery": "jquery.min.js",
    "vega-embed": "vega-embed.min.js",
    "vega-lite": "vega-lite.min.js",
    "vega@5": "vega.min.js",
}


def keep_newest(results: Path, count: int) -> None:
    """Delete all but the newest `count` validation results, and the folders that this empties."""
    found = sorted(results.rglob("*.json"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in found[count:]:
        path.unlink()
    for folder in sorted((path for path in results.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def keep_suites_in_use(expectations: Path, results: Path) -> None:
    """Delete the stored suites of which no result is left."""
    used = {path.name for path in results.iterdir()} if results.exists() else set()
    for path in expectations.glob("*.json"):
        if path.stem not in used:
            path.unlink()


def forget_pages(docs: Path) -> None:
    """Delete the pages of results that may be gone; they are all written anew."""
    for name in ("validations", "expectations"):
        shutil.rmtree(docs / name, ignore_errors=True)


def make_offline(docs: Path) -> None:
    """Copy the vendored files beside the pages and point every page to them."""
    shutil.copytree(VENDORED, docs / ASSETS, dirs_exist_ok=True)
    for page in docs.rglob("*.html"):
        if ASSETS not in page.relative_to(docs).parts:
            _rewrite(page, docs)


def _rewrite(page: Path, docs: Path) -> None:
    root = os.path.relpath(docs, page.parent).replace(os.sep, "/")
    text = page.read_text(encoding="utf-8")
    text = ASSET_URL.sub(lambda match: _local(match[0], root), text)
    text = IMAGE_URL.sub(lambda match: f"{root}/static/images/{_image(match[1])}", text)
    page.write_text(INTEGRITY.sub("", text), encoding="utf-8")


def _local(url: str, root: str) -> str:
    """The vendored file of an address, or an empty data URL for one that we do not know: never the network."""
    for part, name in FILES.items():
        if part in url:
            return f"{root}/{ASSETS}/{name}"
    return "data:,"


def _image(name: str) -> str:
    return "logo-long.png" if name == "full_logo_dark.png" else name
