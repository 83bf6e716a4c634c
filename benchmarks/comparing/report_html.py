"""The report as one page. It fetches nothing, and has no script: the scale is switched by the fragment, in CSS."""

from __future__ import annotations

import base64
import hashlib
import pathlib
from html import escape

from .charts import CLASSES, all_of, ratio_chart, time_chart
from .report import COLUMNS, PHRASES, Report, by_the_other, figures, other_metric

STYLE = pathlib.Path(__file__).with_name("page.css")


def policy(style: str) -> str:
    """Nothing may be loaded, nor run; the one style is allowed by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def listed(pairs: list[tuple[str, str]], classes: str) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in pairs)
    return f'<dl class="{classes}">\n{items}</dl>'


def counts(report: Report) -> str:
    items = []
    for word, phrase in PHRASES:
        count = report.outcome.counts[word]
        items.append(f'<li class="{CLASSES[word] if count else "none"}">{count} {escape(phrase)}</li>')
    return '<ul class="counts">\n' + "\n".join(items) + "\n</ul>"


def charts(report: Report) -> str:
    if not any(each.comparison for each in report.outcome.judgements):
        return ""
    edge = f"{report.outcome.threshold * 100:g} %"
    return f"""<a id="log"></a><a id="linear"></a>
<nav class="switch" aria-label="Scale of the charts">Scale: <a class="to-log" href="#log">logarithmic</a>
<a class="to-linear" href="#linear">linear</a></nav>
<figure>
<h2>How many times as long as REV the tree takes</h2>
<figcaption>The mark is the ratio, its bar the 95 % interval. The grey bar below is the A/A control: REV against REV, so
nothing but noise. The tinted band is the threshold, {edge} either way.</figcaption>
{all_of(ratio_chart, report)}
</figure>
<figure>
<h2>Every run</h2>
<figcaption>A dot is one process. REV, which ran twice a round, is above in grey, the tree below it. The bar holds the
middle half of the runs, its tick is the median.</figcaption>
{all_of(time_chart, report)}
</figure>"""


def table(report: Report) -> str:
    other = other_metric(report.outcome)
    heads = ("row", "verdict", *COLUMNS, f"{other} ratio")
    rows = []
    for each in report.in_order():
        cells = [f'<td class="name">{escape(each.name)}</td>']
        cells.append(f'<td class="{CLASSES[each.word]}">{escape(each.word)}</td>')
        cells += [f"<td>{escape(cell)}</td>" for cell in (*figures(each), by_the_other(each, other))]
        rows.append("<tr>" + "".join(cells) + "</tr>")
        if each.note:
            rows.append(f'<tr><td class="note" colspan="{len(heads)}">{escape(each.note)}</td></tr>')
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    return f"""<div class="card"><div class="scroll" tabindex="0" role="region" aria-label="All figures">
<table>
<caption>Medians of the {report.outcome.metric} time; p is corrected for the number of rows.</caption>
<thead><tr>{head}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody>
</table>
</div></div>"""


def explained(report: Report) -> str:
    said = "\n".join(f"<p>{escape(sentence)}</p>" for sentence in report.sentences)
    return f"""<div class="card">
<h2>What the words mean</h2>
<p>{escape(report.explanation)}</p>
<h2>What was compared</h2>
{said}
<h2>How it was measured</h2>
{listed(list(report.facts.items()), "facts")}
</div>"""


def head(report: Report) -> str:
    style = STYLE.read_text(encoding="utf-8")
    return f"""<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tandem: {escape(report.rev_sha[:12])} and the tree, compared</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>"""


def html(report: Report) -> str:
    return f"""<!doctype html>
<html lang="en">
{head(report)}
<body>
<main>
<h1>{escape(report.headline)}</h1>
{listed([("REV", report.rev), ("tree", report.tree)], "pair")}
{counts(report)}
{charts(report)}
{table(report)}
{explained(report)}
</main>
</body>
</html>
"""
