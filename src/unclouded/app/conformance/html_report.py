"""The report of a run for people: one HTML file without anything from elsewhere, light and dark."""

from html import escape

from unclouded import VERSION
from unclouded.app.conformance.frame_text import frame_lines
from unclouded.app.conformance.reports import FOUND
from unclouded.conformance import suite as suite_of
from unclouded.conformance.check import GRADES, CheckResult, CheckSuite, RunReport
from unclouded.core.text.printable import printable
from unclouded.core.times import duration_text, iso

STYLE = """
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --dim: #5c6670; --line: #d5dae0; --good: #14713a;
  --bad: #b3201f; --odd: #8a5a00 }
@media (prefers-color-scheme: dark) { :root { --fg: #e4e7ea; --bg: #14171a; --dim: #9aa5b0; --line: #343b42;
  --good: #58c98a; --bad: #ff8a80; --odd: #f0b64f } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg); margin: 2rem auto;
  max-width: 62rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top;
  padding: .35rem .6rem; border-bottom: 1px solid var(--line) }
code, pre { font: 13px/1.45 ui-monospace, monospace } pre { overflow-x: auto }
.dim { color: var(--dim) } .passed { color: var(--good) } .failed { color: var(--bad); font-weight: 600 }
.deviation { color: var(--odd) }
@media (max-width: 40rem) { .checks tr, .checks td { display: block; border: 0; padding: 0 }
  .checks th { display: none } .checks tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  code { overflow-wrap: anywhere } }
"""


def html_text(report: RunReport) -> str:
    """The report as one HTML file: summary, findings, then all checks; it refers to nothing outside."""
    suite = suite_of(report.suite)
    role = suite.roles[report.role]
    title = f"Conformance of the {role.tests}: {suite.title}"
    found = [result for result in report.results if result.kind in FOUND]
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><main>",
        f"<h1>{_text(title)}</h1>{_summary(report)}",
        *(["<h2>What was found</h2>", *(_found(suite, one) for one in found)] if found else []),
        "<h2>All checks</h2>",
        _table(suite, report),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _summary(report: RunReport) -> str:
    counts = ", ".join(f"{number} {kind}" for kind, number in report.counts().items() if number)
    verdict = "passed" if report.passed else "failed"
    lines = [
        f'<p class="{verdict}">{_text(report.silence or counts or "no checks")}</p>',
        f'<p class="dim">Began {iso(report.began)}, took {duration_text(report.took_s)}; '
        f"Unclouded {VERSION} played the {report.role}.{' It was stopped.' if report.stopped else ''}</p>",
    ]
    facts = "".join(
        f"<tr><th>{_text(name)}</th><td>{_text(str(value))}</td></tr>" for name, value in report.facts.items()
    )
    return "\n".join([*lines, f"<table>{facts}</table>" if facts else ""])


def _found(suite: CheckSuite, result: CheckResult) -> str:
    check = result.check
    rows = [f"{one.t:9.3f}  {one.sender:<10}  {one.hex}  {one.text}" for one in frame_lines(suite, result.entries)]
    return (
        f'<section id="{_text(check.id)}"><h3><span class="{result.kind}">{result.kind}</span> '
        f"<code>{_text(check.id)}</code></h3><p>{_text(check.title)}. <b>{_text(result.reason)}</b></p>"
        f'<p class="dim">{check.grade}: {_text(GRADES[check.grade])}. {_text(suite.clause(check))}</p>'
        f"<details><summary>{len(rows)} frames</summary><pre>{_text(chr(10).join(map(printable, rows)), keep=True)}"
        "</pre></details></section>"
    )


def _table(suite: CheckSuite, report: RunReport) -> str:
    rows = [
        f'<tr><td class="{result.kind.split()[0]}">{result.kind}</td><td><code>{_text(result.check.id)}</code></td>'
        f"<td>{_text(result.check.title)}"
        f'{"<br>" if result.reason else ""}<span class="dim">{_text(result.reason)}</span></td>'
        f"<td>{result.check.grade}</td><td>{_text(suite.clause(result.check).rpartition('/')[2])}</td></tr>"
        for result in report.results
    ]
    head = "<tr><th>result</th><th>check</th><th>what must hold</th><th>grade</th><th>clause</th></tr>"
    return f'<table class="checks">{head}{chr(10).join(rows)}</table>'


def _text(text: str, keep: bool = False) -> str:
    return escape(text if keep else printable(text))
