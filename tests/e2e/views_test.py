"""Views: files named as a shop wants them, held against what the sandbox itself lists and serves."""

import collections
import re

from codes_test import eans_of, media_of, products_of
from harness import SAFETY_LIMIT, SOME_FAILED, TRY_LATER, USAGE, EndToEnd, chosen_format, listing_of, main, pictures_in

BY_CNK = {"name": "by-cnk", "path": "{cnk}/{cnk}_{n}.{ext}", "pick": ["frontal", "photo"], "max_per_product": 3}


def pictures_of(product, truth):
    """The digests of a product's pictures, the most wanted first: frontals, then by display order, then as listed."""
    seen = {}
    for position, media in enumerate(product["photos"] + product["frontals"]):
        id = int(media["id"])
        facts = truth.get(id)
        if facts is None or chosen_format(facts, "huge") is None:
            continue
        frontal = "frontal" in facts["types"]
        order = media.get("displayOrder")
        place = (not frontal, order is None, order or 0, position)
        if id not in seen or place < seen[id][0]:
            seen[id] = (place, facts["formats"][chosen_format(facts, "huge")]["sha256"])
    return [digest for _, digest in sorted(seen.values())]


def view_of(mirror, name="by-cnk"):
    """{"0012345/0012345_1": digest} of one view."""
    return {path.removeprefix(name + "/").rsplit(".", 1)[0]: digest
            for path, digest in pictures_in(mirror.media).items() if path.startswith(name + "/")}


class Views(EndToEnd):
    def check_view(self, mirror, products, truth, limit=3):
        """For each code the right pictures, whatever their numbers; returns the view."""
        held = view_of(mirror)
        by_code = collections.defaultdict(list)
        for path, digest in held.items():
            self.assertRegex(path, r"^(\d{7})/\1_[1-9]\d*$")
            by_code[path.split("/")[0]].append(digest)
        wanted = {product["cnk"]: sorted(pictures_of(product, truth)[:limit])
                  for product in products if product.get("cnk") and pictures_of(product, truth)}
        self.assertEqual({code: sorted(digests) for code, digests in by_code.items()}, wanted)
        self.check_sums(mirror)
        return held

    def test_a_stock_list_from_first_sync_to_evolution(self):
        service = self.sandbox(media=2000, products=1500)
        products = products_of(service)
        codes = sorted(product["cnk"] for product in products if product.get("cnk"))[:1000]
        (self.folder / "stock.csv").write_text("CNK\n" + "\n".join(codes) + "\n")
        mirror = self.mirror(service, select={"codes_file": str(self.folder / "stock.csv")}, view=[BY_CNK])
        asked = lambda: [product for product in products_of(service) if product.get("cnk") in set(codes)]

        first = self.sync(mirror)
        truth = service.truth()
        held = self.check_view(mirror, asked(), truth)
        self.assertGreater(len(held), 1000)
        for product in asked():  # numbered from 1 in the order of preference
            for n, digest in enumerate(pictures_of(product, truth)[:3], 1):
                self.assertEqual(held[f"{product['cnk']}/{product['cnk']}_{n}"], digest)
        told = first.report["views"][0]
        self.assertEqual((told["name"], told["files"], told["clashes"]), ("by-cnk", len(held), 0))
        self.assertEqual(told["products"], len({path.split("/")[0] for path in held}))
        for path in pictures_in(mirror.media):
            if path.startswith("by-cnk/"):
                self.assertRegex(path, r"^[a-z0-9_./-]+$")

        # again: nothing moves, not even a time
        before = listing_of(mirror.media)
        second = self.sync(mirror)
        self.assertEqual(listing_of(mirror.media), before)
        self.assertEqual(second.report["views"], first.report["views"])
        self.assertEqual(mirror.changes()["added"] + mirror.changes()["changed"] + mirror.changes()["removed"], [])

        # what changes upstream changes here, and nothing else
        service.evolve(new=20, changed=15, removed=10)
        self.sync(mirror, "--retire-now")
        after = self.check_view(mirror, asked(), service.truth())
        old_place = {path: digest for path, digest in held.items()}
        stayed = [path for path in after if path in old_place]
        self.assertGreater(len(stayed), len(held) * 9 // 10)
        changed = {path.rsplit(".", 1)[0].removeprefix("by-cnk/") for kind in ("added", "changed", "removed")
                   for path in mirror.changes()[kind] if path.startswith("by-cnk/")}
        for path in set(held) ^ set(after) | {path for path in stayed if held[path] != after[path]}:
            self.assertIn(path, changed)
        for path in changed:
            self.assertTrue(held.get(path) != after.get(path) or path not in held, path)
        # a picture that was there and still is has its number: same code and bytes, same name
        names = collections.defaultdict(set)
        for path, digest in after.items():
            names[path.split("/")[0], digest].add(path)
        for path, digest in held.items():
            if (path.split("/")[0], digest) in names:
                self.assertIn(path, names[path.split("/")[0], digest])

        before = listing_of(mirror.media)
        self.sync(mirror)
        self.assertEqual(listing_of(mirror.media), before)
        self.assertEqual(mirror.run("verify", "--depth", "content").exit_code, 0)

    def test_several_views_come_and_go(self):
        service = self.sandbox(media=300, products=300)
        small = {"name": "square", "width": 40, "height": 40, "format": "jpeg", "fit": "pad"}
        by_ean = {"name": "by-ean", "path": "{ean}-{n}.{ext}", "derivative": "square", "max_per_product": 1}
        mirror = self.mirror(service, products={"list": True}, derivative=[small],
                             view=[{"name": "by-id", "path": "{product}/{id}.{ext}"}, by_ean])
        run = self.sync(mirror, exits=SOME_FAILED)  # the sandbox has EANs of several products
        clashes = run.report["view_clashes"]
        self.assertTrue(clashes)
        products = products_of(service)
        owners = collections.defaultdict(list)
        truth = service.truth()
        for product in products:
            if pictures_of(product, truth):
                for ean in eans_of(product):
                    owners[ean].append(product["id"])
        shared = {ean for ean, ids in owners.items() if len(ids) > 1}
        told = {re.search(r"code (\d+) belongs", clash).group(1) for clash in clashes}
        self.assertTrue(told and told <= shared, told - shared)
        self.assertEqual({path.split("-")[0].lstrip("0") for path in view_of(mirror, "by-ean")},
                         {ean.lstrip("0") for ean in owners})
        self.assertEqual(len(view_of(mirror, "by-id")),
                         sum(len({id for id in media_of(product) if id in truth and
                                  chosen_format(truth[id], "huge")}) for product in products))
        note = next(note for note in run.report["notes"] if "not the code" in note)
        self.assertIn("view by-ean", note)
        self.check_sums(mirror)

        # a run without changes tells of the same clashes
        again = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(again.report["view_clashes"], clashes)
        self.assertEqual(again.report["views"], run.report["views"])

        # taking views away is removing files: within the limit only
        held = pictures_in(mirror.media)
        mirror.configure(view=[])
        self.sync(mirror, exits=SAFETY_LIMIT)
        self.assertEqual(pictures_in(mirror.media), held)
        self.sync(mirror, "--max-delete", "100%")
        self.assertFalse((mirror.media / "by-ean").exists() or (mirror.media / "by-id").exists())
        self.check_sums(mirror)

        # and undo brings them back
        self.assertEqual(mirror.run("undo").exit_code, 0)
        self.assertEqual(pictures_in(mirror.media), held)

    def test_products_that_are_only_missing_from_a_cut_listing_keep_their_files(self):
        service = self.sandbox(media=300, products=300)
        mirror = self.mirror(service, products={"list": True}, view=[BY_CNK], api={"listing": "stream"})
        self.sync(mirror)
        held = view_of(mirror)
        service.evolve(new=5)
        service.fault("stream_cut", "/v4/products/stream", at_byte=2000)
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertTrue(any("not all products are known" in note for note in run.report["notes"]))
        self.assertEqual(view_of(mirror), held)
        service.clear_faults()
        self.sync(mirror)
        self.check_view(mirror, products_of(service), service.truth())

    def test_a_view_of_products_needs_products(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service, view=[BY_CNK])
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, USAGE)
        self.assertIn("products are not listed: set list = true in [products]", run.stderr)

    def test_numbers_outlive_the_index(self):
        service = self.sandbox(media=200, products=150)
        mirror = self.mirror(service, products={"list": True}, view=[BY_CNK])
        self.sync(mirror)
        service.evolve(removed=10, new=10)
        self.sync(mirror, "--retire-now", "--max-delete", "50%")
        before = listing_of(mirror.media)
        (mirror.store / "index" / "data.mdb").unlink()
        self.assertEqual(mirror.run("rebuild").exit_code, 0)
        self.assertEqual(listing_of(mirror.media), before)
        self.sync(mirror)
        self.assertEqual(listing_of(mirror.media), before)


if __name__ == "__main__":
    main()
