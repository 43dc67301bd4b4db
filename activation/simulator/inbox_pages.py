"""The inbox's pages. Whatever comes from a mail is escaped, and its HTML is shown only inside a sandboxed frame."""

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

from activation.simulator.mailbox import Entry

STYLE = """
:root{color-scheme:light dark;--bg:#f6f5f1;--card:#fff;--ink:#23302b;--quiet:#6c766f;--rule:#e4e0d6;--accent:#2f5d50;
--tag:#e6efe9}
@media(prefers-color-scheme:dark){:root{--bg:#151917;--card:#1f2522;--ink:#e9eeeb;--quiet:#9aa8a1;--rule:#36403b;
--accent:#8fc3b1;--tag:#2b3a34}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main{max-width:68rem;margin:0 auto;padding:1rem 1.25rem}
header{display:flex;gap:1rem;align-items:center;flex-wrap:wrap;padding-top:1.5rem}
h1{font-size:1.35rem;margin:0;flex:1}h1 a{color:inherit;text-decoration:none}
h1 small{font-weight:400;color:var(--quiet);font-size:.9rem;margin-left:.5rem}
input,button{font:inherit;padding:.45rem .75rem;border:1px solid var(--rule);border-radius:8px;background:var(--card);
color:inherit}input{width:17rem}a{color:var(--accent)}.card{background:var(--card);border:1px solid var(--rule);
border-radius:12px;overflow:hidden}table{width:100%;border-collapse:collapse}
td,th{padding:.6rem 1rem;text-align:left;border-top:1px solid var(--rule);vertical-align:baseline}
thead th{border:0;font-size:.8rem;color:var(--quiet);font-weight:600}
td.to,td.time{white-space:nowrap;color:var(--quiet)}
td.to{max-width:17rem;overflow:hidden;text-overflow:ellipsis}td a{text-decoration:none;font-weight:600;color:inherit}
tbody tr:hover{background:var(--bg)}.tag{background:var(--tag);color:var(--accent);border-radius:99px;
padding:.1rem .65rem;font-size:.85rem;white-space:nowrap}nav{display:flex;gap:.5rem;margin:1rem 0;align-items:center}
nav a,nav span{padding:.35rem .9rem;border-radius:8px;text-decoration:none}nav .here{background:var(--accent);
color:var(--card);font-weight:600}.quiet{color:var(--quiet)}
dl{display:grid;grid-template-columns:6rem 1fr;gap:.2rem 1rem;
margin:0;padding:1rem 1.25rem}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
pre{margin:0;padding:1.25rem;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.55 ui-monospace,monospace}
iframe{display:block;width:100%;height:75vh;border:0;background:#fff}.empty{padding:3rem;text-align:center}
details{border-top:1px solid var(--rule)}summary{padding:.7rem 1rem;cursor:pointer}
@media(max-width:640px){td.to,th.to{display:none}td.time{white-space:normal}td,th{padding:.6rem .7rem}
form{width:100%}input{width:70%}}
"""
# No scripts and no origin; a click on a link may open a new page, so that the unsubscribe link can be tried.
FRAME = "allow-popups allow-popups-to-escape-sandbox"
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
VIEWS = (("html", "HTML"), ("text", "Plain text"), ("source", "Source"))


def list_page(entries: Sequence[Entry], total: int, start: int, length: int, wanted: str) -> str:
    """One page of the list, newest first, with what leads to the others."""
    search = (
        f'<form action="/"><input type="search" name="q" value="{escape(wanted)}" '
        'placeholder="Address, subject or trigger" aria-label="Search"> <button>Search</button></form>'
    )
    if not entries:
        note = "Nothing matches." if wanted else "No mail yet. What is sent to this inbox appears here."
        return _page("Inbox", total, f'<div class="card empty quiet">{note}</div>', search)
    rows = "".join(map(_row, entries))
    table = (
        '<div class="card"><table><thead><tr><th>Subject</th><th class="to">To</th><th>Trigger</th>'
        f"<th>Sent (UTC)</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
    return _page("Inbox", total, table + _paging(total, start, length, wanted), search)


def mail_page(entry: Entry, view: str, shown: str) -> str:
    """One mail: its headers and one of its three views. `shown` is the text of the view, unless it is HTML."""
    tabs = "".join(_tab(entry, name, label, is_here=name == view) for name, label in VIEWS)
    body = (
        f'<iframe sandbox="{FRAME}" src="/m/{entry.mail_id}/html" title="The mail"></iframe>'
        if view == "html"
        else f"<pre>{escape(shown)}</pre>"
    )
    return _page(
        entry.subject or "(no subject)",
        None,
        f'<div class="card">{_headers(entry)}</div><nav>{tabs}</nav><div class="card">{body}</div>',
    )


def static_page(mails: Sequence[tuple[Entry, str, str]], total: int) -> str:
    """The newest mails, each with its HTML and plain text, in one file."""
    shown = "".join(
        f"<details><summary><b>{_subject(entry)}</b> {_tag(entry)} "
        f'<span class="quiet">{escape(entry.to)} · {escape(entry.sent_at)}</span></summary>'
        f'<iframe sandbox="{FRAME}" loading="lazy" title="The mail" srcdoc="{escape(framed(html))}"></iframe>'
        f"<details><summary>Plain text</summary><pre>{escape(text)}</pre></details></details>"
        for entry, html, text in mails
    )
    note = f'<p class="quiet">The newest {len(mails)} of {total}.</p>' if total > len(mails) else ""
    empty = '<div class="empty quiet">No mail yet.</div>'
    return _page("Inbox", total, f'<div class="card">{shown or empty}</div>{note}')


def framed(html: str) -> str:
    """The mail's HTML with its links opening outside the frame."""
    return HEAD.sub(r'\g<0><base target="_blank">', html, count=1)


def absent_page() -> str:
    return _page("Inbox", None, '<div class="card empty quiet">There is no such page.</div>')


def _page(title: str, total: int | None, main: str, aside: str = "") -> str:
    count = f"<small>{total:,} mails</small>" if total is not None else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f'<header><h1><a href="/">Inbox</a>{count}</h1>{aside}</header><main>{main}</main></html>'
    )


def _row(entry: Entry) -> str:
    return (
        f'<tr><td><a href="/m/{entry.mail_id}">{_subject(entry)}</a></td><td class="to">{escape(entry.to)}</td>'
        f'<td>{_tag(entry)}</td><td class="time">{escape(entry.sent_at)}</td></tr>'
    )


def _tab(entry: Entry, name: str, label: str, *, is_here: bool) -> str:
    mark = ' class="here" aria-current="page"' if is_here else ""
    return f'<a href="/m/{entry.mail_id}?view={name}"{mark}>{label}</a>'


def _subject(entry: Entry) -> str:
    return f"<bdi>{escape(entry.subject or '(no subject)')}</bdi>"


def _tag(entry: Entry) -> str:
    return f'<span class="tag">{escape(entry.trigger)}</span>' if entry.trigger else ""


def _headers(entry: Entry) -> str:
    rows = (
        ("Subject", entry.subject),
        ("To", entry.to),
        ("From", entry.sender),
        ("Sent (UTC)", entry.sent_at),
        ("Trigger", entry.trigger),
    )
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{escape(value)}</dd>' for name, value in rows if value)}</dl>"


def _paging(total: int, start: int, length: int, wanted: str) -> str:
    if total <= length:
        return ""
    here, last = start // length + 1, -(-total // length)
    newer = _page_link("Newer", here - 1, wanted) if here > 1 else ""
    older = _page_link("Older", here + 1, wanted) if here < last else ""
    return f'<nav>{newer}<span class="quiet">Page {here} of {last}</span>{older}</nav>'


def _page_link(label: str, number: int, wanted: str) -> str:
    query = urlencode({"page": number} | ({"q": wanted} if wanted else {}))
    return f'<a href="/?{escape(query)}">{label}</a>'
