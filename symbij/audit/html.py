"""An audit as HTML: a fragment for notebooks, and a page of its own with pictures. All text of users is escaped."""

from __future__ import annotations

import io
from html import escape
from typing import TYPE_CHECKING

from symbij.audit.finding import Check, Status

if TYPE_CHECKING:
    from symbij.audit.report import Report

_STYLE = """
.symbij-audit { font: 15px/1.45 system-ui, sans-serif; color: #1f2933; }
.symbij-audit h1 { font-size: 1.3em; margin: 0 0 .2em; }
.symbij-audit h2 { font-size: 1.05em; margin: 1.4em 0 .3em; }
.symbij-audit .setting, .symbij-audit .witness { font: 12.5px/1.5 ui-monospace, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; color: #52606d; }
.symbij-audit table { border-collapse: collapse; width: 100%; }
.symbij-audit td { text-align: left; vertical-align: top; padding: .25em .9em .25em 0; border-top: 1px solid #e4e7eb; }
.symbij-audit td:first-child { width: 5.5em; }
.symbij-audit .status { font: 600 12px ui-monospace, monospace; }
.symbij-audit .FAIL { color: #b91c1c; } .symbij-audit .PASS { color: #15803d; }
.symbij-audit .PROVED { color: #1d4ed8; } .symbij-audit .SKIPPED { color: #7b8794; }
.symbij-audit .pictures svg { width: 100%; height: auto; }
""".strip()
_PAGE_STYLE = "body { max-width: 62em; margin: 2em auto; padding: 0 1em; background: #fff; }"
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<style>{page_style}</style>
</head>
<body>
{body}
</body>
</html>
"""
_PANEL = (5.2, 3.2)  # inches of one picture
_SALT = "symbij"  # of the names of marks and clips in SVG, which are random else: the same report is the same page


def page(report: Report) -> str:
    """A page that needs no other file."""
    body = fragment(report, pictures(report))
    return _PAGE.format(title=escape(report.title), page_style=_PAGE_STYLE, body=body)


def fragment(report: Report, below: str = "") -> str:
    """The report as one <div>, with its style; `below` is HTML that goes to its end."""
    verdict = escape(report.verdict)
    parts = [f'<h1 class="{Status.PASS if report.ok else Status.FAIL}">{verdict}</h1>']
    parts.append(f'<div class="setting">{escape(report.setting)}</div>')
    if report.failures:
        parts += ["<h2>failures</h2>", _table(report.failures, with_group=True)]
    for group, checks in report.groups().items():
        told = tuple(c for c in checks if c.status in (Status.PASS, Status.PROVED))
        if told:
            parts += [f"<h2>{escape(group)}</h2>", _table(told)]
    if report.skipped():
        parts += ["<h2>skipped</h2>", "<table>"]
        parts += [
            f"<tr><td>{escape(group)}</td><td>{escape(names)}</td><td>{escape(why)}</td></tr>"
            for group, names, why in report.skipped()
        ]
        parts.append("</table>")
    inner = "\n".join([*parts, below])
    return f'<div class="symbij-audit">\n<style>{_STYLE}</style>\n{inner}\n</div>'


def _table(checks: tuple[Check, ...], with_group: bool = False) -> str:
    rows = []
    for check in checks:
        name = f"{check.group}: {check.name}" if with_group else check.name
        text = escape(check.diagnosis)
        if check.witness is not None:
            text += f'<div class="witness">{escape(str(check.witness))}</div>'
        status = f'<span class="status {check.status}">{check.status}</span>'
        rows.append(f"<tr><td>{status}</td><td>{escape(name)}</td><td>{text}</td></tr>")
    return "<table>\n" + "\n".join(rows) + "\n</table>"


def pictures(report: Report) -> str:
    """Errors over the domain as inline SVG; empty if no check measured any."""
    count = sum(bool(c.errors) for c in report.checks)
    if not count:
        return ""
    import matplotlib
    from matplotlib.figure import Figure

    columns = min(count, 2)
    rows = -(-count // columns)
    figure = Figure(figsize=(_PANEL[0] * columns, _PANEL[1] * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    report.plot(axes[:count])
    for unused in axes[count:]:
        unused.set_axis_off()
    out = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": _SALT}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]  # without the XML prologue, which has no place inside HTML
    return f'<h2>errors over the domain</h2>\n<div class="pictures">\n{svg}</div>'
