"""The reports of benchmarks/compare: what is in them, and that nothing in them is taken for something else."""

import base64
import hashlib
import html.parser
import json
import re
import unittest

from support import sample_report

from comparing.charts import axis, round_powers, round_steps
from comparing.report_html import html as page_of
from comparing.report_json import google_json
from comparing.report_markdown import markdown
from comparing.report_text import text
from comparing.verdict import FAILS, FASTER, INCONCLUSIVE, SAME, SLOWER

REPORT = sample_report()
NAUGHTY = sample_report("<script>alert(1)</script> | *now* @all `x`")


class Everywhere(unittest.TestCase):
    def test_the_sample_has_every_word(self):
        self.assertEqual(set(REPORT.outcome.counts), {FAILS, SLOWER, FASTER, INCONCLUSIVE, SAME})
        self.assertTrue(all(REPORT.outcome.counts.values()), REPORT.outcome.counts)

    def test_every_report_says_what_was_compared_and_where(self):
        for write in (text, google_json, markdown, page_of):
            report = write(REPORT)
            for each in ("1a2b3c4d5e6f", "6f5e4d3c2b1a", "uncommitted", "a processor", "seed 7", "-O2", "0.10 0.20"):
                self.assertIn(each, report, write.__name__)
            for judgement in REPORT.outcome.judgements:
                self.assertIn(judgement.name, report)
            self.assertIn("a message was lost", report)


class Text(unittest.TestCase):
    def test_the_last_line_is_the_result(self):
        self.assertEqual(text(REPORT).splitlines()[-1],
                         "Of 6 rows: 1 failing, 1 slower, 1 faster, 1 inconclusive, 2 without a difference seen.")


class Json(unittest.TestCase):
    def setUp(self):
        self.report = json.loads(google_json(REPORT))

    def test_one_benchmark_for_each_run_and_each_aggregate(self):
        of_tree = [each for each in self.report["benchmarks"]
                   if each["run_name"] == "tree/W1/rendezvous/tandem/8B/one_core"]
        self.assertEqual([each["run_type"] for each in of_tree], ["iteration"] * 15 + ["aggregate"] * 4)
        self.assertEqual([each.get("repetition_index") for each in of_tree[:15]], list(range(15)))
        median = next(each for each in of_tree if each.get("aggregate_name") == "median")
        self.assertEqual(median["name"], "tree/W1/rendezvous/tandem/8B/one_core_median")
        self.assertEqual(median["real_time"], sorted(each["real_time"] for each in of_tree[:15])[7])
        self.assertTrue(all(each["time_unit"] == "ns" for each in of_tree))

    def test_prefixes_tell_the_contestants_apart(self):
        names = [each["name"] for each in self.report["benchmarks"]]
        counts = [sum(bool(re.search(prefix, name)) for name in names) for prefix in ("^rev/", "^rev_again/", "^tree/")]
        self.assertEqual(counts, [19 * 5] * 3)  # one row of six was not measured

    def test_what_this_command_makes_of_it(self):
        comparison = self.report["comparison"]
        self.assertEqual(comparison["exit_code"], 1)
        slower = next(each for each in comparison["rows"] if each["verdict"] == SLOWER)
        self.assertGreater(slower["wall"]["tree_to_rev"]["low"], 1.05)
        self.assertEqual(next(each for each in comparison["rows"] if each["verdict"] == FAILS)["wall"], None)


class Markdown(unittest.TestCase):
    def test_what_matters_is_above_the_fold(self):
        above = markdown(REPORT).split("<details>")[0]
        self.assertIn("| slower |", above)
        self.assertIn("| faster |", above)
        self.assertIn("fails: with the tree: a message was lost", above)
        self.assertNotIn("| inconclusive |", above)

    def test_what_is_opened_is_closed(self):
        report = markdown(REPORT)
        self.assertEqual(report.count("<details>"), report.count("</details>"))
        self.assertEqual(report.count("<details>"), 3)

    def test_all_lines_of_a_table_have_as_many_cells(self):
        for block in re.findall(r"(?:^\|.*\n)+", markdown(NAUGHTY), re.MULTILINE):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            self.assertEqual(len(cells), 1, block)

    def test_a_subject_is_text(self):
        report = markdown(NAUGHTY)
        self.assertNotIn("<script>", report)
        self.assertNotIn("@all", report)
        self.assertNotIn("| *now*", report)


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.attributes, self.open, self.ids = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in ("meta", "link", "rect", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag


class Page(unittest.TestCase):
    def setUp(self):
        self.page = page_of(NAUGHTY)
        self.reader = Reader()
        self.reader.feed(self.page)

    def test_it_fetches_nothing(self):
        self.assertNotRegex(self.page, r"(?i)https?:|url\(|@import|//cdn")
        for tag, name, value in self.reader.attributes:
            if name in ("src", "srcset", "href", "xlink:href", "data", "action", "poster"):
                self.assertRegex(value, r"^(#|data:,$)", (tag, name))
            self.assertFalse(name.startswith("on") or name == "style", (tag, name))
        for tag in ("script", "iframe", "object", "embed", "img", "form"):
            self.assertNotIn(tag, self.reader.tags)

    def test_its_policy_allows_nothing_but_its_own_style(self):
        policies = [value for tag, name, value in self.reader.attributes if name == "content" and "-src" in value]
        style = re.search(r"<style>(.*?)</style>", self.page, re.DOTALL).group(1)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.assertEqual(policies, [f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; "
                                    "base-uri 'none'; form-action 'none'"])

    def test_it_is_well_formed(self):
        self.assertEqual(self.reader.open, [])
        self.assertEqual(len(self.reader.ids), len(set(self.reader.ids)))

    def test_a_chart_for_each_scale_and_width(self):
        for chart in ("ratio", "time"):
            for scale in ("linear", "log"):
                for width in ("wide", "narrow"):
                    self.assertIn(f"{chart}-{scale}-{width}-t", self.reader.ids)

    def test_an_error_bar_for_each_row_that_was_measured(self):
        chart = re.search(r'aria-labelledby="ratio-linear-wide-t.*?</svg>', self.page, re.DOTALL).group(0)
        self.assertEqual(len(re.findall(r'class="bar ', chart)), 5)
        self.assertEqual(len(re.findall(r'class="mark ', chart)), 5)
        self.assertEqual(len(re.findall(r'class="control" d="M\d+ \d+H', chart)), 5)

    def test_coordinates_are_whole_pixels(self):
        for path in re.findall(r' d="([^"]+)"', self.page):
            self.assertNotIn(".", path)


class Scales(unittest.TestCase):
    def test_steps(self):
        self.assertEqual(round_steps(0.9, 1.2, 4), [0.9, 1.0, 1.1, 1.2])
        self.assertEqual(round_steps(0, 2600, 6), [0, 500, 1000, 1500, 2000, 2500])

    def test_powers(self):
        self.assertEqual(round_powers(9, 2600, 12), [10, 20, 50, 100, 200, 500, 1000, 2000])
        self.assertEqual(round_powers(9, 2600, 4), [10, 100, 1000])

    def test_twice_as_much_is_as_far_everywhere_on_a_logarithmic_axis(self):
        on = axis("log", 10, 1000, 880)
        self.assertAlmostEqual(on.at(40) - on.at(20), on.at(400) - on.at(200), delta=1)

    def test_what_is_beyond_lies_on_the_edge(self):
        on = axis("linear", 0.5, 2, 880)
        self.assertEqual((on.at(0.1), on.at(9)), (on.left, on.right))


if __name__ == "__main__":
    unittest.main()
