"""What every report's page shares: its frame, its look, and its tables."""

from collections.abc import Sequence
from html import escape
from string import Template

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2430; max-width: 1180px; margin: 2rem auto; padding: 0 1.2rem }
h1 { font-size: 1.7rem } h2 { margin-top: 2.4rem; border-bottom: 2px solid #dfe5ea; padding-bottom: .3rem }
h3 { margin-bottom: .4rem } small, .small, figcaption { color: #5d6a78 }
table { border-collapse: collapse; margin: .6rem 0 1.2rem } thead th { background: #f3f6f8 }
th, td { padding: .28rem .7rem; text-align: right; border-bottom: 1px solid #e6ebef }
th:first-child, td:first-child { text-align: left }
.tag { background: #fff3d6; border-radius: 4px; padding: 0 .35rem; font-size: .8rem }
.charts { display: flex; flex-wrap: wrap; gap: 1rem } .charts svg { width: 420px; font-size: 11px; fill: #1c2430 }
svg .grid { stroke: #e6ebef } figure { margin: 1rem 0 } figure img { max-width: 100%; border-radius: 6px }
.gallery { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem }
.warn { background: #fff3d6; padding: .8rem 1rem; border-radius: 6px }
"""
_PAGE = Template(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>$title</title>'
    "<style>$style</style></head><body><h1>$title</h1>$body</body></html>"
)


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page that needs no other file.

    Args:
        title: plain text, its heading as well.
        body: HTML.
        style: further CSS of this page alone.
    """
    return _PAGE.substitute(title=escape(title), style=_STYLE + style, body=body)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return an HTML table; cells are HTML already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
