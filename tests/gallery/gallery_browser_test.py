#!/usr/bin/env python3
"""The gallery in a real browser: Debian's chromium, driven by chromedriver over plain HTTP.

Mirrors a small scripted catalogue with hostile names, builds the gallery, and looks at it from disk and from `serve`:
search, filters, a picture, a product, failures, runs, keys, themes. After each test there may be no console message
and no request to anywhere but the gallery itself.
Screenshots for a person to look at: gallery-screenshots/ in the current folder, or MEDIMIRROR_SCREENSHOTS.
Environment: MEDIMIRROR_BIN_DIR as for the end-to-end tests. Skips, saying so, where there is no chromium.
"""

import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import Mirror, ScriptedService, free_port, item, png, stream_of, wait_until  # noqa: E402

SCREENSHOTS = pathlib.Path(os.environ.get("MEDIMIRROR_SCREENSHOTS", "gallery-screenshots")).resolve()
HOSTILE = "<script>document.title='broken'</script><img src=x onerror=alert(1)>"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]
PICTURES = 150
FAILING = 1149  # the newest: it is on the first page


def wide_png(number):
    return png(number, 400, 300)


class Products(ScriptedService):
    """A catalogue of pictures and of two products."""

    def __init__(self):
        listing = [item(1000 + i, photoType="pillshot" if i == 3 else "packshot", locales=["nl"] if i % 2 else ["fr", "de"])
                   for i in range(PICTURES)]
        listing[5]["photoType"] = HOSTILE
        listing[5]["locales"] = [HOSTILE]
        files = {f"/m/{1000 + i}.png": wide_png(i) for i in range(PICTURES)}
        files["/m/1021.png"] = wide_png(20)  # the bytes of 1020
        files["/m/1022.png"] = png(20, 800, 600)  # the same picture, larger
        files[f"/m/{FAILING}.png"] = b"<!doctype html><title>Sorry</title><script>alert(1)</script>"
        super().__init__(listing, files)
        products = [
            {"id": "M1", "status": "active", "cnk": "0123456", "ean": ["5412345678908"], "name": {"nl": HOSTILE},
             "photos": [{"id": 1005}, {"id": 1007}]},
            {"id": "M2", "status": "active", "cnk": "7654321", "ean": [], "name": {"fr": "Crème à l'arnica"},
             "photos": [{"id": 1009}]},
        ]
        handler, post = self.server.RequestHandlerClass, self.server.RequestHandlerClass.do_POST

        def do_post(request):
            if request.path != "/v4/products/stream":
                return post(request)
            request.rfile.read(int(request.headers.get("Content-Length", 0)))
            return request.reply(200, stream_of(products), [("Content-Type", "application/x-json-stream")])

        handler.do_POST = do_post


class Browser:
    """One chromium with an empty profile; W3C WebDriver."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="medimirror-browser-")
        self.driver, self.session = None, ""
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen([shutil.which("chromedriver"), f"--port={port}"], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        try:
            wait_until(self.is_up, 60, "chromedriver")
            capabilities = {"goog:chromeOptions": {"binary": shutil.which("chromium"), "args": FLAGS + [
                f"--user-data-dir={self.profile}"]}, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            made = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self.session = f"/session/{made['sessionId']}"
        except BaseException:
            self.close()
            raise

    def is_up(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        data = None if method in ("GET", "DELETE") else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + self.session + path, data, {"Content-Type": "application/json"},
                                         method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()[:2000]}") from error

    def close(self):
        if self.session:
            try:
                self.ask("DELETE", "")
            except (OSError, AssertionError):
                pass
        self.driver.terminate()
        self.driver.wait(30)
        shutil.rmtree(self.profile, True)

    def command(self, name, **parameters):
        return self.ask("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})

    def screen(self, width, height, scheme="light"):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                     mobile=width < 500)
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script, *arguments):
        return self.ask("POST", "/execute/sync", {"script": "return " + script, "args": arguments})

    def open(self, address):
        self.ask("POST", "/url", {"url": "about:blank"})  # else a new fragment is no new page
        self.ask("POST", "/url", {"url": address})
        self.until("'ready' in document.documentElement.dataset", address)

    def until(self, script, what=None):
        return wait_until(lambda: self.run(script), 60, what or script)

    def press(self, key):
        action = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self.ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": action}]})

    def log(self, kind):
        return self.ask("POST", "/se/log", {"type": kind})

    def screenshot(self, name):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        (SCREENSHOTS / f"{name}.png").write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))


@unittest.skipUnless(shutil.which("chromium") and shutil.which("chromedriver"),
                     "no chromium or chromedriver here (Debian: chromium, chromium-driver)")
class GalleryInABrowser(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="medimirror-gallery-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, True)
        with Products() as service:
            cls.mirror = Mirror(cls.folder / "m", service.url, products={"list": True}, derivative=[
                {"name": "thumb", "width": 200, "height": 200, "format": "webp"}])
            run = cls.mirror.run("sync", "--json")
            assert run.exit_code == 3, str(run)  # the one that is a web page
        run = cls.mirror.run("report", "duplicates")
        assert run.exit_code == 0, str(run)
        run = cls.mirror.run("report", "gallery")
        assert run.exit_code == 0, str(run)
        cls.on_disk = (cls.mirror.root / "reports/gallery/index.html").as_uri()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.screen(1280, 900)
        self.browser.log("browser")
        self.browser.log("performance")

    def tearDown(self):
        self.assertEqual([entry["message"] for entry in self.browser.log("browser")], [])
        for entry in self.browser.log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                self.assertTrue(url.startswith(("file://" + str(self.mirror.root), "about:", self.served())), url)

    def served(self):
        return getattr(self, "address", "about:")

    def cards(self):
        return self.browser.run("[...document.querySelectorAll('.grid:not(.waiting) .card .id')].map((e) => +e.textContent)")

    def open(self, view):
        self.browser.open(f"{self.on_disk}{view}")

    def search(self, text):
        self.browser.run("(Pictures.search.value = arguments[0], Pictures.search.dispatchEvent(new Event('input')))", text)

    def test_grid(self):
        self.open("")
        self.assertEqual(self.cards(), list(range(1149, 1089, -1)))
        self.browser.until("[...document.images].slice(0, 6).every((image) => image.complete && image.naturalWidth)")
        self.assertIn("/media/thumb/", self.browser.run("document.images[0].src"))
        self.assertEqual(self.browser.run("document.images[0].loading"), "lazy")
        self.browser.screenshot("pictures-light")
        self.browser.run("document.querySelector('.pager .step[href]').click()")
        self.browser.until("document.querySelector('.found').textContent.includes('page 2 of 3')")
        self.assertEqual(self.cards()[0], 1089)
        self.browser.screen(1280, 900, "dark")
        self.browser.screenshot("pictures-dark")
        self.browser.screen(390, 844)
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 390)
        self.browser.screenshot("pictures-phone")

    def test_search(self):
        self.open("")
        for text, found in [("1005", [1005]), ("0123456", [1007, 1005]), ("5412345678908", [1007, 1005]),
                            ("0123-456", [1007, 1005]), ("05412345678908", [1007, 1005]), ("creme ARNICA", [1009]),
                            ("<script>", [1007, 1005]), ("--", []), ("nothing at all", []), ("114", list(range(1149, 1139, -1)))]:
            self.search(text)
            self.browser.until("Pictures.current.q === arguments[0] && !document.querySelector('.waiting')".replace(
                "arguments[0]", json.dumps(text)))
            wait_until(lambda found=found: self.cards() == found, 30, f"{text}: {found}")
        self.search("nothing at all")
        self.browser.until("document.querySelector('.empty h2')?.textContent === 'Nothing matches'")
        self.browser.screenshot("search-empty")

    def test_filters(self):
        self.open("")
        choose = ("((select) => { select.value = arguments[1]; select.dispatchEvent(new Event('change')); })"
                  "(document.getElementById(arguments[0]))")
        self.browser.run(choose, "filter-type", "pillshot")
        wait_until(lambda: self.cards() == [1003], 30, "the one pillshot")
        self.open("#/pictures?problem=html_page")
        self.assertEqual(self.cards(), [FAILING])
        self.open("#/pictures?state=failed")
        self.assertEqual(self.cards(), [FAILING])
        self.open("#/pictures?language=de&sort=oldest")
        self.assertEqual(self.cards()[:3], [1000, 1002, 1004])

    def test_a_picture(self):
        self.open("")
        self.browser.run("document.querySelector('[href=\"#/picture/1148\"]').click()")
        self.browser.until("document.activeElement.tagName === 'H1'")
        text = self.browser.run("document.getElementById('main').innerText")
        for part in ["Packshot 1148", "SHA-256", "400 × 300", "thumb", "Fetched"]:
            self.assertIn(part, text)
        self.browser.until("[...document.images].every((image) => image.complete && image.naturalWidth)")
        self.browser.screenshot("picture-light")
        self.browser.press("\ue014")  # arrow right
        self.browser.until("document.querySelector('h1').textContent === 'Packshot 1147'")
        self.browser.press("\ue00c")  # escape
        self.browser.until("document.activeElement.getAttribute('href') === '#/picture/1147'",
                           "the focus on the card that was opened")

    def test_duplicates(self):
        self.open("#/pictures?problem=duplicate&sort=oldest")
        found = self.cards()
        self.assertTrue({1020, 1021, 1022} <= set(found), found)
        self.assertIn("Duplicate", self.browser.run("document.querySelector('.card').innerText"))
        self.open("#/picture/1021")
        alike = dict(self.browser.run("[...document.querySelectorAll('.panel .card')].map((e) => "
                                      "[+e.querySelector('.id').textContent, e.querySelector('.badge').textContent])"))
        self.assertEqual(alike.get(1020), "Same bytes")
        self.assertEqual(alike.get(1022), "Nearly the same")
        self.browser.screenshot("picture-alike")
        self.open("#/failures")
        self.assertEqual(self.browser.run("[...document.querySelectorAll('.panel .list a')].map((e) => e.getAttribute('href'))"),
                         ["../duplicates.csv", "../duplicates.json"])

    def test_hostile_names_stay_text(self):
        self.open("#/pictures?q=1005")
        self.assertEqual(self.cards(), [1005])
        self.browser.run("document.querySelector('.card a').click()")
        self.browser.until("document.querySelector('h1')?.textContent.includes('<script>')")
        self.browser.screenshot("picture-hostile")
        self.assertIn(HOSTILE, self.browser.run("document.querySelector('.products a').textContent"))
        self.browser.run("document.querySelector('.products a').click()")
        self.browser.until("document.querySelector('h2')?.textContent === '2 pictures'")
        self.assertEqual(self.browser.run("document.querySelector('h1').textContent"), HOSTILE)
        self.assertEqual(self.browser.run("document.querySelectorAll('main script, main img[src=x]').length"), 0)
        self.browser.screenshot("product-hostile")
        self.open("#/product/M0")
        self.assertEqual(self.browser.run("document.querySelector('.empty h2').textContent"), "No such product")

    def test_failures(self):
        self.open("#/failures")
        text = self.browser.run("document.getElementById('main').innerText")
        for part in ["Web page instead of a picture", str(FAILING)]:
            self.assertIn(part, text)
        self.browser.screenshot("failures-light")
        self.open(f"#/picture/{FAILING}")
        text = self.browser.run("document.getElementById('main').innerText")
        self.assertIn("store/rejected/", text)
        self.browser.screen(390, 844, "dark")
        self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), 390)
        self.browser.screenshot("picture-failed-phone-dark")

    def test_runs(self):
        self.open("#/runs")
        self.assertEqual(self.browser.run("document.querySelectorAll('.chart svg[role=img]').length"), 4)
        self.assertEqual(self.browser.run("document.querySelectorAll('tbody tr').length"), 1)
        self.browser.screenshot("runs-light")

    def test_keys_and_themes(self):
        self.open("")
        self.browser.press("/")
        self.browser.until("document.activeElement.id === 'search'")
        ground = self.browser.run("getComputedStyle(document.body).backgroundColor")
        for name in ["light", "dark"]:
            self.browser.run("document.getElementById('theme').click()")
            self.assertEqual(self.browser.run("document.documentElement.dataset.theme"), name)
        self.assertNotEqual(self.browser.run("getComputedStyle(document.body).backgroundColor"), ground)
        self.browser.run("Theme.set('auto')")
        nameless = ("[...document.querySelectorAll('a, button, input, select')].filter((e) => !(e.innerText.trim() || "
                    "e.getAttribute('aria-label') || e.labels?.length)).map((e) => e.outerHTML)")
        self.assertEqual(self.browser.run(nameless), [])

    def test_served(self):
        process = self.mirror.start("serve", "--port", "0")
        try:
            def said():
                process.files[0].seek(0)
                return process.files[0].read().decode()
            self.address = wait_until(lambda: said().split("\n")[0] if "\n" in said() else None, 30, "the address")
            self.address = self.address.replace("reports/gallery/", "")
            self.browser.open(self.address)
            self.assertEqual(self.cards()[0], FAILING)
            self.browser.until("[...document.images].slice(0, 6).every((image) => image.complete && image.naturalWidth)")
            self.browser.open(self.address + "reports/gallery/#/pictures?q=arnica")
            self.assertEqual(self.cards(), [1009])
        finally:
            process.send_signal(2)
            self.assertEqual(self.mirror.finish(process).exit_code, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
