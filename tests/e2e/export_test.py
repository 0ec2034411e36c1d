"""Import files for shops, read back by parsers other than ours and compared with the service's own truth."""

import contextlib
import csv
import functools
import hashlib
import http.server
import io
import json
import os
import random
import re
import sqlite3
import threading
import urllib.parse
import urllib.request

from codes_test import eans_of, products_of
from harness import DONE, SOME_FAILED, USAGE, EndToEnd, chosen_format, item, main, png, stream_of

BASE = "https://www.shop.example/media"
SHOPS = ["magento", "woocommerce", "prestashop", "shopware", "shopify", "google"]
ENDINGS = {"google": "tsv", "jsonl": "jsonl", "sqlite": "sqlite"}

HOSTILE_NAMES = [
    'quotes " and "" and \'', "two\nlines\r\nand more", "semi;colon, comma\ttab|bar", "zero\0byte\x1b[31m",
    "right \u202eto left\u2066 \u200f", "\u00e9" * 5_000 + '"', "=1+1", "'=1+1", "-2", "@SUM(A1)", "+3", "ends in \\",
    'a \\" b, "c\\"', "<script>alert({x=1})</script>", "\ufeffmark", "維他命 🍊 طفل", " blanks ", "\\", "'", ",",
]


def as_kept(name):
    """What base/foreign_text.h leaves of it."""
    name = name.encode()[:4096].decode(errors="ignore")
    name = re.sub("[\t-\r\u2028\u2029]", " ", name)
    name = re.sub("[\x00-\x1f\x7f-\x9f]", "?", name)
    return re.sub("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", "", name)


def order_of(media):
    return media["displayOrder"] if media.get("displayOrder") is not None else float("inf")


def media_in_order(product):
    """Ids in the order that the product gives them, each once."""
    listed = sorted(product["photos"] + product["frontals"], key=order_of)
    return list(dict.fromkeys(int(media["id"]) for media in listed))


@contextlib.contextmanager
def web_server(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Catalogue(http.server.BaseHTTPRequestHandler):
    """A service with one picture for each of the hostile names."""

    def log_message(self, *_):
        pass

    def reply(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.reply(png(int(self.path.rsplit("/", 1)[1].removesuffix(".png")), 200, 200))

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.endswith("/media/stream"):
            return self.reply(stream_of(item(id) for id in range(1, len(HOSTILE_NAMES) + 1)))
        self.reply(stream_of({"id": f"M{id:09}", "status": "active", "cnk": f"{id:07}", "ean": [], "name": {"nl": name},
                              "photos": [{"id": id, "type": "photo", "displayOrder": 1}], "frontals": []}
                             for id, name in enumerate(HOSTILE_NAMES, 1)))


class Export(EndToEnd):
    def export(self, mirror, system, *arguments, exits=DONE, base=BASE):
        run = mirror.run("export", "--format", system, "--base-url", base, *arguments)
        self.assertEqual(run.exit_code, exits, str(run))
        return run

    def path_of(self, mirror, system):
        return mirror.root / f"reports/export-{system}.{ENDINGS.get(system, 'csv')}"

    def rows(self, mirror, system, **dialect):
        text = self.path_of(mirror, system).read_bytes().decode("utf-8-sig" if system == "csv" else "utf-8")
        delimiter = {"prestashop": ";", "shopware": ";", "google": "\t"}.get(system, ",")
        if system == "google":
            dialect = {"quoting": csv.QUOTE_NONE}
        csv.field_size_limit(1 << 20)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, **dialect))
        for row in rows:
            self.assertEqual(len(row), len(rows[0]), row)
        return [dict(zip(rows[0], row)) for row in rows[1:]]

    def problems(self, mirror, system):
        path = mirror.root / f"reports/export-{system}-problems.csv"
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))

    def pictures_by_code(self, mirror, system):
        """{code: [URLs in order]} as the system's own importer would see it."""
        found = {}
        for row in self.rows(mirror, system):
            if system == "magento":
                roles = {row[role] for role in ("base_image", "small_image", "thumbnail_image", "swatch_image")}
                self.assertEqual(len(roles), 1, row)
                more = row["additional_images"].split(",") if row["additional_images"] else []
                labels = row["additional_image_labels"].split(",") if more else []
                self.assertEqual(len(labels), len(more), row)
                code, urls = row["sku"], [row["base_image"], *more]
            elif system == "woocommerce":
                code, urls = row["SKU"], row["Images"].split(",")
            elif system == "prestashop":
                code, urls = row["Reference #"], row["Image URLs (x,y,z...)"].split(",")
                self.assertEqual(len(row["Image alt texts (x,y,z...)"].split(",")), len(urls))
            elif system == "shopware":
                code = row["product_number"]
                urls = [row["cover_media_url"]] + (row["media"].split("|") if row["media"] else [])
            elif system == "google":
                more = row["additional_image_link"]
                code, urls = row["id"], [row["image_link"]] + (more.split(",") if more else [])
                self.assertLessEqual(len(urls), 11)
            elif system == "shopify":
                code = row["Handle"]
                urls = found.get(code, []) + [row["Image Src"]]
                self.assertEqual(row["Image Position"], str(len(urls)))
                self.assertEqual(bool(row["Title"]), len(urls) == 1, row)
                found.pop(code, None)
            self.assertNotIn(code, found)
            found[code] = urls
        self.assertEqual(list(found), sorted(found), "the order is not that of the codes")
        return found

    def truth(self, mirror, service, published="huge", base=BASE):
        """{Medipim id: [(media id, URL)]}, of products with a picture, without looking at the export."""
        pictures = service.truth()
        paths = {(row["media_id"], row["format"]): row["path"] for row in mirror.manifest()}
        wanted = {}
        for product in products_of(service):
            held = []
            for id in media_in_order(product):
                if id in pictures and chosen_format(pictures[id], "huge"):
                    path = paths[id, published]
                    self.assertEqual(path.rsplit(".", 1)[0], f"{published}/{id // 1000}/{id}")
                    held.append((id, f"{base}/{urllib.parse.quote(path)}"))
            if held:
                wanted[product["id"]] = held
        return wanted

    def synced(self, **catalogue):
        service = self.sandbox(**catalogue)
        mirror = self.mirror(service, products={"list": True}, derivative=[
            {"name": "square", "width": 200, "height": 200, "format": "jpeg", "fit": "pad", "enlarge": True},
            {"name": "web", "width": 100, "height": 100, "format": "webp"}])
        self.sync(mirror)
        return service, mirror

    def test_every_format_tells_the_truth(self):
        service, mirror = self.synced(media=200, products=100)
        products = {product["id"]: product for product in products_of(service)}
        truth = self.truth(mirror, service)
        by_code, without = {}, set()
        for id, pictures in truth.items():
            if products[id].get("cnk"):
                by_code[products[id]["cnk"]] = [url for _, url in pictures]
            else:
                without.add(id)
        self.assertTrue(without, "the sandbox has no product without a CNK")

        for system in SHOPS:
            with self.subTest(system):
                if system == "google":
                    continue  # the pictures are too small for it: see below
                run = self.export(mirror, system, exits=SOME_FAILED)
                taken = {code: [url for url in urls if system != "magento" or not url.endswith(".webp")]
                         for code, urls in by_code.items()}
                self.assertEqual(self.pictures_by_code(mirror, system),
                                 {code: urls for code, urls in taken.items() if urls})
                self.assertIn("no_code", run.stderr)
                problems = self.problems(mirror, system)
                self.assertEqual({row["product"] for row in problems if row["problem"] == "no_code"}, without)
                self.assertEqual(sum(row["problem"] == "type_not_taken" for row in problems),
                                 sum(map(len, by_code.values())) - sum(map(len, taken.values())))

        # by a code that every product has, nothing is left out
        self.export(mirror, "woocommerce", "--sku", "medipim_id")
        self.assertEqual(self.pictures_by_code(mirror, "woocommerce"),
                         {id: [url for _, url in truth[id]] for id in sorted(truth)})

        # Google: the small ones are refused, the derivative of 200 by 200 is taken
        self.export(mirror, "google", exits=SOME_FAILED)
        self.assertEqual(self.pictures_by_code(mirror, "google"), {})
        self.assertIn("side_too_short", {row["problem"] for row in self.problems(mirror, "google")})
        self.export(mirror, "google", "--publication", "square", "--sku", "medipim_id")
        squares = self.truth(mirror, service, "square")
        self.assertEqual(self.pictures_by_code(mirror, "google"),
                         {id: [url for _, url in squares[id]] for id in sorted(squares)})

        # no WebP for Magento: nothing is written, everything is named
        self.export(mirror, "magento", "--publication", "web", "--sku", "medipim_id", exits=SOME_FAILED)
        self.assertEqual(self.rows(mirror, "magento"), [])
        refused = [row for row in self.problems(mirror, "magento") if row["problem"] == "type_not_taken"]
        self.assertEqual(len(refused), sum(map(len, truth.values())))

    def test_csv_json_and_sqlite_hold_everything(self):
        service, mirror = self.synced(media=200, products=100)
        products = {product["id"]: product for product in products_of(service)}
        pictures, truth = service.truth(), self.truth(mirror, service)
        for system in ("csv", "jsonl", "sqlite"):
            self.export(mirror, system)

        def digest_of(id):
            return pictures[id]["formats"][chosen_format(pictures[id], "huge")]["sha256"]

        wanted = sorted((product, position, id, url, digest_of(id)) for product, held in truth.items()
                        for position, (id, url) in enumerate(held, 1))
        self.assertEqual(sorted((row["product"], int(row["position"]), int(row["media"]), row["url"], row["sha256"])
                                for row in self.rows(mirror, "csv")), wanted)
        lines = [json.loads(line) for line in self.path_of(mirror, "jsonl").read_text().splitlines()]
        self.assertEqual(sorted((row["product"], one["position"], one["media"], one["url"], one["sha256"])
                                for row in lines for one in row["pictures"]), wanted)
        for row in lines:
            own = products[row["product"]]
            self.assertEqual((row["cnk"], row["names"], set(row["eans"])),
                             (own.get("cnk") or "", {language: as_kept(name) for language, name in own["name"].items()},
                              eans_of(own)))
        with contextlib.closing(sqlite3.connect(self.path_of(mirror, "sqlite"))) as database:
            def ask(query):
                return database.execute(query).fetchall()

            self.assertEqual(ask("PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(ask("SELECT product, position, media, url, sha256 FROM pictures ORDER BY 1, 2"), wanted)
            self.assertEqual({row[0] for row in ask("SELECT product FROM products")}, set(products))
            self.assertEqual(set(ask("SELECT product, code FROM codes WHERE kind = 'gtin'")),
                             {(id, ean) for id, product in products.items() for ean in eans_of(product)})
            self.assertEqual(set(ask("SELECT product, locale, name FROM names")),
                             {(id, locale, as_kept(name)) for id, product in products.items()
                              for locale, name in product["name"].items()})

    def test_urls_lead_to_the_bytes(self):
        service, mirror = self.synced(media=120, products=60)
        pictures = service.truth()
        with web_server(mirror.root) as address:
            for base in (address + "/media", address + "/media/"):
                self.export(mirror, "csv", base=base)
                rows = self.rows(mirror, "csv")
                for row in random.Random(7).sample(rows, 25):
                    with urllib.request.urlopen(row["url"], timeout=30) as reply:
                        data = reply.read()
                    own = pictures[int(row["media"])]
                    self.assertEqual(hashlib.sha256(data).hexdigest(), row["sha256"])
                    self.assertEqual(row["sha256"], own["formats"][chosen_format(own, "huge")]["sha256"])
                    self.assertEqual(len(data), int(row["bytes"]))

    def test_hostile_names_survive(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Catalogue)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        server.url = f"http://127.0.0.1:{server.server_address[1]}"
        mirror = self.mirror(server, products={"list": True})
        self.sync(mirror)
        codes = [f"{id:07}" for id in range(1, len(HOSTILE_NAMES) + 1)]
        kept = [as_kept(name) for name in HOSTILE_NAMES]

        self.export(mirror, "jsonl")
        lines = [json.loads(line) for line in self.path_of(mirror, "jsonl").read_bytes().splitlines()]
        self.assertEqual([line["name"] for line in lines], kept)
        self.export(mirror, "sqlite")
        with contextlib.closing(sqlite3.connect(self.path_of(mirror, "sqlite"))) as database:
            self.assertEqual([row[0] for row in database.execute("SELECT name FROM products ORDER BY code")],
                             kept)
        # what a person opens: no formula, no control character; taking one apostrophe off gives the rest back
        self.export(mirror, "csv")
        given = [row["name"] for row in self.rows(mirror, "csv")]
        for name in given:
            self.assertNotRegex(name, r"\A[=+\-@\t\r]")
        plain = [name[1:] if name.startswith("'") and name.lstrip("'")[:1] in "=+-@\t\r" and name != "'" else name
                 for name in given]
        self.assertEqual(plain, kept)

        # what an importer reads: the same cells, whether a backslash means something to it (PHP) or not
        for system in SHOPS:
            with self.subTest(system):
                self.export(mirror, system, *(["--names"] if system != "shopify" else []))
                self.assertEqual(list(self.pictures_by_code(mirror, system)), codes)
                rows = self.rows(mirror, system)
                if system not in ("google", "shopify"):
                    self.assertEqual(self.rows(mirror, system, escapechar="\\", doublequote=True), rows)
                told = {(row["code"], row["problem"]) for row in self.problems(mirror, system)}
                text = {"magento": "base_image_label", "woocommerce": "Name", "prestashop": "Name",
                        "shopware": "cover_media_alt", "shopify": "Image Alt Text", "google": "title"}[system]
                for code, name, row in zip(codes, kept, rows, strict=True):
                    if row[text] != name:
                        self.assertTrue({(code, "text_changed"), (code, "text_cut")} & told, (name, row[text]))

    def test_equal_mirrors_make_equal_files(self):
        _, mirror = self.synced(media=100, products=50)
        for system in SHOPS + ["csv", "jsonl", "sqlite"]:
            mirror.run("export", "--format", system, "--base-url", BASE)
            first = self.path_of(mirror, system).read_bytes()
            copy = self.folder / ("copy." + system)
            run = mirror.run("export", "--format", system, "--base-url", BASE, "--output", copy)
            self.assertEqual(copy.read_bytes(), first, system)
            if system != "sqlite":
                run = mirror.run("export", "--format", system, "--base-url", BASE, "--output", "-")
                self.assertEqual(run.stdout.encode(), first, system)
        self.assertEqual([path.name for path in (mirror.root / "reports").iterdir() if path.name.startswith(".")], [])

    def test_a_list_of_codes_limits_the_products(self):
        service, mirror = self.synced(media=100, products=80)
        truth = self.truth(mirror, service)
        asked = [product for product in products_of(service) if product.get("cnk") and product["id"] in truth][:5]
        stock = self.folder / "stock.csv"
        stock.write_text("cnk\n" + "".join(product["cnk"] + "\n" for product in asked) + "9999999\n")
        run = self.export(mirror, "woocommerce", "--codes", stock)
        self.assertEqual(set(self.pictures_by_code(mirror, "woocommerce")), {product["cnk"] for product in asked})
        self.assertIn("1 name no product", run.stderr)

    def test_the_files_of_a_view_stand_in_the_order_of_their_numbers(self):
        service = self.sandbox(media=150, products=80)
        mirror = self.mirror(service, products={"list": True}, view=[
            {"name": "by-cnk", "path": "{cnk}/{cnk}_{n}.{ext}", "max_per_product": 12}])
        self.sync(mirror)
        products = {product["cnk"]: product for product in products_of(service) if product.get("cnk")}
        wanted = {}
        for path in sorted(mirror.media.glob("by-cnk/*/*")):
            wanted.setdefault(path.parent.name, []).append(path.name)
        for system in SHOPS:
            if system == "google":
                continue  # the pictures are too small for it
            with self.subTest(system):
                run = mirror.run("export", "--format", system, "--base-url", BASE, "--view", "by-cnk")
                self.assertIn(run.exit_code, (DONE, SOME_FAILED), str(run))
                found = self.pictures_by_code(mirror, system)
                refused = [row["path"] for row in self.problems(mirror, system) if row["effect"] == "left_out"]
                self.assertTrue(system == "magento" or not refused, refused)
                for code, names in wanted.items():
                    numbered = sorted(names, key=lambda name: int(name.rsplit("_", 1)[1].split(".")[0]))
                    self.assertEqual(found.get(code, []),
                                     [f"{BASE}/by-cnk/{code}/{name}" for name in numbered
                                      if f"by-cnk/{code}/{name}" not in refused])
                self.assertLessEqual(set(found), set(wanted))
        self.export(mirror, "csv", "--view", "by-cnk")
        rows = self.rows(mirror, "csv")
        self.assertEqual(len(rows), sum(map(len, wanted.values())))
        for row in rows:
            self.assertIn(int(row["media"]), media_in_order(products[row["code"]]))
            data = (mirror.media / row["path"]).read_bytes()
            self.assertEqual(hashlib.sha256(data).hexdigest(), row["sha256"])

    def test_it_may_run_while_a_sync_runs(self):
        service = self.sandbox(media=200, products=80)
        mirror = self.mirror(service, products={"list": True}, media={"connections": 4})
        self.sync(mirror)
        service.evolve(new=100, changed=30)
        service.fault("latency", "/media/*", ms=20)
        process = mirror.start("sync", "--json")
        exports = 0
        while exports == 0 or not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self.export(mirror, "csv")
            self.assertTrue(self.rows(mirror, "csv"))
            exports += 1
        self.assertEqual(mirror.finish(process).exit_code, DONE)
        self.assertGreater(exports, 0)
        self.export(mirror, "csv")
        truth = self.truth(mirror, service)
        self.assertEqual(len(self.rows(mirror, "csv")), sum(map(len, truth.values())))

    def test_what_cannot_be_meant_is_refused(self):
        service = self.sandbox(media=20, products=10)
        mirror = self.mirror(service)
        self.assertIn("no mirror", self.export(mirror, "csv", exits=USAGE).stderr)
        self.sync(mirror)
        self.assertIn("knows no products", self.export(mirror, "csv", exits=USAGE).stderr)
        mirror.configure(products={"list": True})
        self.sync(mirror)
        self.assertIn("pipe", self.export(mirror, "sqlite", "--output", "-", exits=USAGE).stderr)
        self.assertIn("huge", self.export(mirror, "csv", "--publication", "tiny", exits=USAGE).stderr)
        self.assertIn("[[view]]", self.export(mirror, "csv", "--view", "by-cnk", exits=USAGE).stderr)
        self.assertIn("https", self.export(mirror, "shopify", base="http://shop.example/", exits=USAGE).stderr)
        told = self.export(mirror, "csv", base="https://me:hunter2@shop.example/", exits=USAGE).stderr
        self.assertNotIn("hunter2", told)
        self.assertEqual(list((mirror.root / "reports").glob("export-*")), [])


if __name__ == "__main__":
    main()
