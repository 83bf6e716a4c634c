"""The page of benchmarks/compare in a headless Chromium. Skipped where there is none."""

import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import SKIPPED, sample_report

from comparing.report_html import html as page_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage")

# Writes down what a reader would see. The page's own policy forbids scripts, so it is taken out of this copy.
WITNESS = """<script>addEventListener("load", () => {
  const seen = {};
  seen.charts = [...document.querySelectorAll("svg.chart")].filter(e => getComputedStyle(e).display !== "none")
      .map(e => e.querySelector("title").id);
  const ground = getComputedStyle(document.querySelector("figure")).backgroundColor;
  seen.chosen = [...document.querySelectorAll(".switch a")]
      .filter(e => getComputedStyle(e).backgroundColor !== ground)
      .map(e => e.textContent);
  seen.fetched = performance.getEntriesByType("resource").map(e => e.name).filter(name => !name.startsWith("data:"));
  seen.overflow = document.documentElement.scrollWidth - innerWidth;
  const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const texts = [...document.querySelectorAll("svg.chart text")].filter(e => e.getBoundingClientRect().width > 0);
  const boxes = texts.map(e => e.getBoundingClientRect());
  seen.collisions = [];
  boxes.forEach((a, i) => boxes.forEach((b, j) => {
    if (i < j && texts[i].ownerSVGElement === texts[j].ownerSVGElement && overlaps(a, b)) {
      seen.collisions.push(texts[i].textContent + " | " + texts[j].textContent);
    }
  }));
  const outside = e => { const p = e.ownerSVGElement.getBoundingClientRect(), b = e.getBoundingClientRect();
    return b.left < p.left - 1 || b.right > p.right + 1; };
  seen.outside = texts.filter(outside).map(e => e.textContent);
  document.body.setAttribute("data-seen", JSON.stringify(seen));
});</script>"""


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        place = pathlib.Path(cls.folder.name)
        page = page_of(sample_report())
        cls.page = place / "page.html"
        cls.page.write_text(page, encoding="utf-8")
        watched = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        watched = watched.replace("</body>", WITNESS + "</body>")
        cls.watched = place / "watched.html"
        cls.watched.write_text(watched, encoding="utf-8")
        # Chromium's window is never narrower than some 500 pixels; a frame may be.
        phone = f'<iframe width="380" height="900" srcdoc="{html.escape(watched)}"></iframe>'
        relay = """<script>addEventListener("load", () => document.body.setAttribute("data-seen",
          document.querySelector("iframe").contentDocument.body.getAttribute("data-seen")));</script>"""
        cls.phone = place / "phone.html"
        cls.phone.write_text(f"<!doctype html><meta charset='utf-8'><body>{phone}{relay}</body>", encoding="utf-8")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def chromium(self, *arguments):
        with tempfile.TemporaryDirectory() as profile:
            return subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={profile}", *arguments], capture_output=True,
                                  text=True, timeout=60)

    def seen(self, page, fragment="", width=1200):
        dom = self.chromium(f"--window-size={width},1000", "--dump-dom", page.as_uri() + fragment).stdout
        return json.loads(html.unescape(re.search(r'data-seen="([^"]*)"', dom).group(1)))

    def test_the_scale_is_logarithmic_until_the_fragment_says_otherwise(self):
        for fragment, scale, name in (("", "log", "logarithmic"), ("#linear", "linear", "linear"),
                                      ("#log", "log", "logarithmic")):
            seen = self.seen(self.watched, fragment)
            self.assertEqual(seen["charts"], [f"ratio-{scale}-wide-t", f"time-{scale}-wide-t"])
            self.assertEqual(seen["chosen"], [name])

    def test_nothing_is_fetched_and_nothing_overlaps(self):
        for seen in (self.seen(self.watched), self.seen(self.watched, "#linear"), self.seen(self.watched, width=800),
                     self.seen(self.phone)):
            self.assertEqual(seen["fetched"], [])
            self.assertLessEqual(seen["overflow"], 0)
            self.assertEqual(seen["collisions"], [])
            self.assertEqual(seen["outside"], [])

    def test_a_phone_gets_the_narrow_charts(self):
        self.assertEqual(self.seen(self.phone)["charts"], ["ratio-log-narrow-t", "time-log-narrow-t"])

    def test_its_own_policy_lets_its_style_in_and_it_can_be_painted(self):
        pictures = []
        for fragment in ("", "#linear"):
            picture = self.page.with_suffix(f".{len(fragment)}.png")
            done = self.chromium("--window-size=960,1400", "--enable-logging=stderr", f"--screenshot={picture}",
                                 self.page.as_uri() + fragment)
            self.assertNotIn("Content Security Policy", done.stderr)
            pictures.append(picture.read_bytes())
        self.assertTrue(all(each.startswith(b"\x89PNG") for each in pictures))
        self.assertNotEqual(pictures[0], pictures[1])


if __name__ == "__main__":
    if not CHROMIUM:
        print("there is no Chromium here")
        sys.exit(SKIPPED)
    unittest.main()
