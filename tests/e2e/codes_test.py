"""A shop's list of codes: only its pictures are mirrored, and the missing list tells the rest."""

import csv
import io
import json
import zipfile

from harness import SAFETY_LIMIT, SOME_FAILED, USAGE, EndToEnd, chosen_format, main, pictures_in


def products_of(service):
    """Every product as the service lists it, by the sandbox's own stream."""
    import base64
    import urllib.request
    from harness import SECRET
    request = urllib.request.Request(
        service.url + "/v4/products/stream", method="POST",
        data=json.dumps({"filter": {"or": [{"minimumContent": True}, {"minimumContent": False}]},
                         "sorting": {"id": "ASC"}}).encode(),
        headers={"Authorization": "Basic " + base64.b64encode(f"42:{SECRET}".encode()).decode(),
                 "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return [json.loads(line)["result"] for line in reply.read().decode().splitlines()]


def media_of(product):
    return {int(media["id"]) for key in ("photos", "frontals") for media in product[key]}


def eans_of(product):
    return {ean for key, eans in product.items() if key == "ean" or key.startswith("eanGtin") for ean in eans}


class Codes(EndToEnd):
    def stock_list(self, *codes, header="naam;CNK"):
        path = self.folder / "stock.csv"
        path.write_text("\ufeff" + header + "\r\n" + "".join(f"Pil;{code}\r\n" for code in codes), encoding="utf-8")
        return path

    def missing(self, mirror):
        rows = list(csv.DictReader(io.StringIO((mirror.root / "reports/missing.csv").read_text("utf-8-sig"))))
        told = json.loads((mirror.root / "reports/missing.json").read_text())
        self.assertEqual([row["code"] for row in told["rows"]], [row["code"] for row in rows])
        with zipfile.ZipFile(mirror.root / "reports/missing.xlsx") as book:
            self.assertIsNone(book.testzip())
            sheet = book.read("xl/worksheets/sheet1.xml").decode()
        for row in rows:
            self.assertIn(f"<t>{row['code']}</t>", sheet)  # as text: its zeros stay
        self.assertEqual([row["code"] for row in rows], sorted(row["code"] for row in rows))
        return {row["code"]: row for row in rows}

    def check_pictures(self, mirror, service, ids):
        truth = service.truth()
        wanted = {f"huge/{id // 1000}/{id}": facts["formats"][chosen_format(facts, "huge")]["sha256"]
                  for id, facts in truth.items() if id in ids and chosen_format(facts, "huge")}
        self.assertEqual({path.rsplit(".", 1)[0]: digest for path, digest in pictures_in(mirror.media).items()},
                         wanted)
        self.check_sums(mirror)
        return wanted

    def test_a_stock_list_from_first_sync_to_evolution(self):
        service = self.sandbox(media=2000, products=1500)
        products = products_of(service)
        asked = [product for product in products if product.get("cnk")][:1000]
        codes = [product["cnk"] for product in asked]
        zero = next(product for product in asked if product["cnk"].startswith("0"))
        codes[codes.index(zero["cnk"])] = zero["cnk"][1:]
        mirror = self.mirror(service, select={"codes_file": str(self.stock_list(
            *codes, "9999999", "5400000000011", "n/a"))})

        # what it will cost is told before
        plan = self.sync(mirror, "--dry-run").report
        self.assertTrue(any("1 request" in note or "2 requests" in note for note in plan["notes"]), plan["notes"])
        self.assertEqual(service.stats()["requests"].get("products_stream", 0), 1)  # this test's own

        service.reset_stats()
        first = self.sync(mirror)
        told = first.report["products"]
        self.assertEqual(told["listed"], 1000)
        self.assertTrue(told["complete"])
        self.assertEqual(told["requests"], 2)  # 1001 codes
        self.assertEqual((told["codes"]["asked"], told["codes"]["wrong"], told["codes"]["found"]), (1003, 2, 1000))
        ids = set().union(*(media_of(product) for product in asked))
        wanted = self.check_pictures(mirror, service, ids)
        self.assertLess(len(wanted), 2000)

        missing = self.missing(mirror)
        self.assertEqual(missing["9999999"]["reason"], "unknown_code")
        self.assertEqual(missing["5400000000011"]["reason"], "wrong_check_digit")
        self.assertEqual(missing["5400000000011"]["line"], "1003")
        self.assertEqual(missing["n/a"]["reason"], "not_a_code")
        truth = service.truth()
        for product in asked:
            own = [truth[id] for id in media_of(product) if id in truth]
            full = any(facts["formats"] and chosen_format(facts, "huge").startswith("huge") for facts in own
                       if chosen_format(facts, "huge"))
            self.assertEqual(product["cnk"] not in missing, full, product["id"])
        self.assertTrue(any("zero" in note for note in first.report["notes"]))

        # again: nothing to do
        before = (mirror.root / "reports/missing.xlsx").read_bytes()
        service.reset_stats()
        second = self.sync(mirror)
        self.assertEqual(service.media_requests(), 0)
        self.assertEqual(second.report["products"]["unchanged"], 1000)
        self.assertEqual(second.report["products"]["changed"], 0)
        self.assertEqual((mirror.root / "reports/missing.xlsx").read_bytes(), before)

        # after an evolution: only what it should
        service.evolve(new=5, changed=5, removed=3)
        self.sync(mirror, "--retire-now")
        ids = set().union(*(media_of(product) for product in products_of(service)
                            if product.get("cnk") in {one["cnk"] for one in asked}))
        self.check_pictures(mirror, service, ids)

    def test_codes_by_flag_and_by_every_kind(self):
        service = self.sandbox(media=300, products=200)
        products = products_of(service)
        by_ean = next(product for product in products if eans_of(product) and product.get("cnk"))
        by_id = next(product for product in products if not product.get("cnk") and not eans_of(product))
        path = self.stock_list(sorted(eans_of(by_ean))[0], by_id["id"], header="naam;code")
        mirror = self.mirror(service)
        run = self.sync(mirror, "--codes", path)
        self.assertEqual(run.report["products"]["codes"]["found"], 2)
        sharing = [product for product in products if eans_of(product) & {sorted(eans_of(by_ean))[0]}]
        self.check_pictures(mirror, service, set().union(*map(media_of, sharing), media_of(by_id)))

    def test_a_shorter_list_removes_within_the_limit_only(self):
        service = self.sandbox(media=300, products=300)
        products = [product for product in products_of(service) if product.get("cnk")]
        mirror = self.mirror(service, select={"codes_file": str(self.stock_list(
            *(product["cnk"] for product in products[:200])))})
        self.sync(mirror)
        held = pictures_in(mirror.media)
        self.stock_list(products[0]["cnk"])
        self.assertGreater(self.sync(mirror).items["unconfirmed"], 100)  # the service's one answer is no proof
        self.assertEqual(pictures_in(mirror.media), held)
        self.sync(mirror, exits=SAFETY_LIMIT)
        self.assertEqual(pictures_in(mirror.media), held)
        self.sync(mirror, "--max-delete", "100%")
        self.check_pictures(mirror, service, media_of(products[0]))

    def test_only_products_that_changed_are_listed_between_full_listings(self):
        service = self.sandbox(media=300, products=400)
        mirror = self.mirror(service, products={"list": True}, api={"full_listing_every": "7d"})
        self.assertEqual(self.sync(mirror).report["products"]["listed"], 400)
        service.evolve(new=5, changed=5, removed=3)
        changes = self.sync(mirror).report["products"]
        self.assertLess(0, changes["changed"])
        self.assertLess(changes["listed"], 400)
        self.assertEqual(changes["removed"], 0)
        self.assertEqual(self.sync(mirror, "--full").report["products"]["listed"], 400)
        self.assertEqual(self.sync(mirror, "--full").report["products"]["changed"], 0)

    def test_all_products_are_listed_once_and_then_only_looked_at(self):
        service = self.sandbox(media=500, products=400)
        mirror = self.mirror(service, products={"list": True})
        first = self.sync(mirror).report["products"]
        self.assertEqual((first["listed"], first["changed"], first["requests"]), (400, 400, 1))
        second = self.sync(mirror).report["products"]
        self.assertEqual((second["unchanged"], second["changed"], second["removed"]), (400, 0, 0))
        self.check_against_truth(mirror, service)

    def test_products_come_by_pages_where_there_is_no_stream(self):
        service = self.sandbox(media=100, products=400)
        mirror = self.mirror(service, products={"list": True}, api={"listing": "query"})
        told = self.sync(mirror).report["products"]
        self.assertEqual((told["mode"], told["listed"], told["changed"], told["complete"]), ("query", 400, 400, True))
        self.assertEqual(self.sync(mirror).report["products"]["unchanged"], 400)

    def test_the_missing_list_tells_why_a_download_failed(self):
        service = self.sandbox("--oddities", "off", media=40, products=40)
        product = products_of(service)[0]
        service.fault("html", "/media/*", probability=1)
        mirror = self.mirror(service, select={"codes_file": str(self.stock_list(product["cnk"]))})
        self.sync(mirror, exits=SOME_FAILED)
        row = self.missing(mirror)[product["cnk"]]
        self.assertEqual((row["reason"], row["cause"], row["product"]), ("rejected", "html_page", product["id"]))
        self.assertRegex(row["last_attempt"], r"^20\d\d-")
        service.clear_faults()
        self.sync(mirror)
        self.assertEqual(self.missing(mirror), {})

    def test_a_cut_listing_of_products_removes_nothing(self):
        service = self.sandbox(media=300, products=300)
        products = [product for product in products_of(service) if product.get("cnk")]
        mirror = self.mirror(service, api={"listing": "stream"})
        self.sync(mirror)
        held = pictures_in(mirror.media)
        service.fault("stream_cut", "/v4/products/stream", at_byte=2000)
        path = self.stock_list(*(product["cnk"] for product in products[:100]))
        run = mirror.run("sync", "--json", "--codes", path, "--max-delete", "100%")
        self.assertFalse(run.report["products"]["complete"], str(run))
        self.assertEqual(run.exit_code, 7, str(run))
        self.assertEqual(pictures_in(mirror.media), held)
        self.assertNotIn("unknown_code", {row["reason"] for row in self.missing(mirror).values()})

    def test_a_list_that_cannot_be_used_is_a_mistake_of_the_configuration(self):
        service = self.sandbox(media=10, products=10)
        mirror = self.mirror(service)
        run = mirror.run("sync", "--json", "--codes", self.folder / "absent.csv")
        self.assertEqual(run.exit_code, USAGE, str(run))
        self.assertIn("absent.csv", run.stderr)
        path = self.folder / "empty.csv"
        path.write_text("cnk\n")
        run = mirror.run("sync", "--json", "--codes", path)
        self.assertEqual(run.exit_code, USAGE, str(run))
        self.assertIn("is empty", run.stderr)


if __name__ == "__main__":
    main()
