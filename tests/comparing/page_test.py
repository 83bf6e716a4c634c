"""The page of benchmarks/compare in a headless Chromium, which is started once. Skipped where there is none."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from support import SKIPPED, sample_report

from comparing.report_html import html as page_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
         "--remote-debugging-pipe")
PATIENCE = 200  # seconds; a busy machine may need many

# What a reader would see.
WITNESS = """(() => {
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
  return seen;
})()"""


class Chromium:
    """A browser that takes its orders from a pipe and answers through another one (the DevTools protocol)."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        orders, self.orders = os.pipe()
        answers, its_answers = os.pipe()
        self.answers = open(answers, "rb")

        def to_their_places():
            os.dup2(orders, 3)
            os.dup2(its_answers, 4)

        self.process = subprocess.Popen([CHROMIUM, *FLAGS, f"--user-data-dir={self.profile}"], pass_fds=(3, 4),
                                        preexec_fn=to_their_places, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(orders)
        os.close(its_answers)
        self.last_order, self.events = 0, []
        self.patience = threading.Timer(PATIENCE, self.process.kill)  # whoever waits for it is told that it has gone
        self.patience.start()

    def close(self):
        with contextlib.suppress(EOFError, OSError):
            self.tell("Browser.close")
        self.process.wait()
        self.patience.cancel()
        os.close(self.orders)
        self.answers.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def hear(self):
        said = bytearray()
        while not said.endswith(b"\0"):
            byte = self.answers.read(1)
            if not byte:
                raise EOFError("Chromium has gone")
            said += byte
        return json.loads(said[:-1])

    def tell(self, method, session=None, **parameters):
        """What it answers. What it says meanwhile is among the events."""
        self.last_order += 1
        order = {"id": self.last_order, "method": method, "params": parameters}
        os.write(self.orders, json.dumps({**order, **({"sessionId": session} if session else {})}).encode() + b"\0")
        while (said := self.hear()).get("id") != self.last_order:
            self.events.append(said)
        return said["result"]

    def look(self, address, width, height, picture=False):
        """What is seen in a window of that size, what was logged, and a picture of it if one is wanted."""
        window = self.tell("Target.createTarget", url="about:blank")["targetId"]
        session = self.tell("Target.attachToTarget", targetId=window, flatten=True)["sessionId"]
        self.events.clear()
        for each in ("Log", "Page"):
            self.tell(f"{each}.enable", session)
        self.tell("Emulation.setDeviceMetricsOverride", session, width=width, height=height, deviceScaleFactor=1,
                  mobile=False)
        self.tell("Page.navigate", session, url=address)
        while not any(each["method"] == "Page.loadEventFired" for each in self.events):
            self.events.append(self.hear())
        seen = self.tell("Runtime.evaluate", session, expression=WITNESS, returnByValue=True)["result"]["value"]
        seen["picture"] = self.tell("Page.captureScreenshot", session)["data"] if picture else None
        seen["logged"] = [each["params"]["entry"]["text"] for each in self.events if each["method"] == "Log.entryAdded"]
        self.tell("Target.closeTarget", targetId=window)
        return seen


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.page = pathlib.Path(cls.folder.name) / "page.html"
        cls.page.write_text(page_of(sample_report()), encoding="utf-8")
        cls.chromium = Chromium()

    @classmethod
    def tearDownClass(cls):
        cls.chromium.close()
        cls.folder.cleanup()

    def seen(self, fragment="", width=1200, **more):
        return self.chromium.look(self.page.as_uri() + fragment, width, 1000, **more)

    def test_the_scale_is_logarithmic_until_the_fragment_says_otherwise(self):
        for fragment, scale, name in (("", "log", "logarithmic"), ("#linear", "linear", "linear"),
                                      ("#log", "log", "logarithmic")):
            seen = self.seen(fragment)
            self.assertEqual(seen["charts"], [f"ratio-{scale}-wide-t", f"time-{scale}-wide-t"])
            self.assertEqual(seen["chosen"], [name])

    def test_nothing_is_fetched_and_nothing_overlaps(self):
        for seen in (self.seen(), self.seen("#linear"), self.seen(width=800), self.seen(width=380)):
            self.assertEqual(seen["fetched"], [])
            self.assertLessEqual(seen["overflow"], 0)
            self.assertEqual(seen["collisions"], [])
            self.assertEqual(seen["outside"], [])

    def test_a_phone_gets_the_narrow_charts(self):
        self.assertEqual(self.seen(width=380)["charts"], ["ratio-log-narrow-t", "time-log-narrow-t"])

    def test_its_own_policy_lets_its_style_in_and_it_can_be_painted(self):
        pictures = []
        for fragment in ("", "#linear"):
            seen = self.seen(fragment, width=960, picture=True)
            self.assertNotIn("Content Security Policy", " ".join(seen["logged"]))
            pictures.append(base64.b64decode(seen["picture"]))
        self.assertTrue(all(each.startswith(b"\x89PNG") for each in pictures))
        self.assertNotEqual(pictures[0], pictures[1])


if __name__ == "__main__":
    if not CHROMIUM:
        print("there is no Chromium here")
        sys.exit(SKIPPED)
    unittest.main()
