"""Listings by pages, the way from the stream to the pages, and listings in bad shape."""

import json

from harness import DONE, FAILED, TRY_LATER, USAGE, EndToEnd, item, main, listing_of, pictures_in, png, stream_of


class Pages(EndToEnd):
    def test_a_10001st_item_is_not_lost(self):
        service = self.sandbox("--same-picture", 12_000, media=12_000)
        mirror = self.mirror(service, api={"listing": "query"})
        run = self.sync(mirror)
        self.assertEqual(run.report["listing"]["mode"], "query")
        self.assertTrue(run.report["listing"]["complete"])
        held = {int(path.split("/")[-1].split(".")[0]) for path in pictures_in(mirror.media)}
        self.assertEqual(len(held), 12_000)
        self.assertEqual(held, set(service.truth(digests=False)))
        self.assertEqual(service.stats()["requests"]["media_stream"], 0)
        before = listing_of(mirror.media)
        service.reset_stats()
        self.sync(mirror)
        self.assertEqual(service.media_requests(), 0)
        self.assertEqual(listing_of(mirror.media), before)

    def test_auto_asks_the_pages_where_the_stream_is_refused(self):
        service = self.sandbox(media=700)
        for status in (405, 404, 403, 501):
            with self.subTest(status=status):
                service.clear_faults()
                service.fault("status", "/v4/media/stream", status=status)
                mirror = self.mirror(service, f"m{status}")
                run = self.sync(mirror)
                self.assertEqual(run.report["listing"]["mode"], "query")
                self.check_against_truth(mirror, service)
        strict = self.mirror(service, "strict", api={"listing": "stream"})
        run = strict.run("sync", "--json")
        self.assertIn(run.exit_code, (FAILED, USAGE))
        self.assertTrue(run.report["error"])

    def test_pages_that_are_cut_or_lie(self):
        service = self.sandbox(media=1000)
        mirror = self.mirror(service, api={"listing": "query", "page_size": 100}, media={"attempts": 1})
        self.sync(mirror)
        before = listing_of(mirror.media)
        service.fault("listing_half_lying", "/v4/media/query")
        self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(listing_of(mirror.media), before)

    def test_sizes_of_pages_and_filters_are_the_users(self):
        service = self.sandbox(media=1000)
        mirror = self.mirror(service, api={"listing": "query", "page_size": 50},
                             select={"types": ["frontal"], "photo_types": ["packshot"], "locales": ["nl"]})
        self.sync(mirror)
        self.assertGreater(len(pictures_in(mirror.media)), 10)
        listed = [json.loads(line) for line in mirror.run("list", "--json").stdout.splitlines()]
        for one in listed:
            self.assertEqual((one["type"], one["photoType"]), ("frontal", "packshot"))
        wanted = {int(one["id"]) for one in listed if one.get("formats")}
        self.assertEqual({int(path.split("/")[-1].split(".")[0]) for path in pictures_in(mirror.media)}, wanted)


class BadShape(EndToEnd):
    def make(self, items, ids):
        service = self.scripted(items, {f"/m/{id}.png": png(id) for id in ids})
        return service, self.mirror(service)

    def ids_held(self, mirror):
        return sorted(int(path.split("/")[-1].split(".")[0]) for path in pictures_in(mirror.media))

    # A row that comes again may have taken the place of another: all is mirrored, and nothing removed for what is missing.
    def test_out_of_order_and_twice(self):
        ids = [5000, 7, 300, 301, 12, 999_999, 2, 4000]
        items = [item(id) for id in ids] + [item(300), item(7)]
        service, mirror = self.make(items, ids)
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(run.items["listed"], len(ids))
        self.assertEqual(run.items["fetched"], len(ids))
        self.assertEqual(self.ids_held(mirror), sorted(ids))
        before = listing_of(mirror.media)
        for again in (items, items[::-1], sorted(items, key=lambda one: one["id"])):
            service.listing = again
            service.requests.clear()
            run = self.sync(mirror, exits=TRY_LATER)
            self.assertEqual(service.count(), 0)
            self.assertEqual(run.items["retired"], 0)
            self.assertEqual(listing_of(mirror.media), before)

    def test_the_second_mention_adds_its_formats(self):
        items = [item(10, formats={"huge": "/m/10.png"}), item(20), item(10, type="frontal",
                                                                        formats={"large": "/m/20.png"})]
        service, mirror = self.make(items, [10, 20])
        mirror.configure(select={"formats": ["huge", "large"], "fallback": False})
        self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(set(pictures_in(mirror.media)), {"huge/0/10.png", "large/0/10.png", "huge/0/20.png"})
        service.requests.clear()
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(service.count(), 0)
        self.assertEqual(run.report["published"]["removed"], 0)

    def test_ids_as_text_and_odd_shapes(self):
        items = [item("41"), item(42, locales=None, targetGroups="public", visibleSides=None),
                 item(43, formats=[{"huge": "/m/43.png"}]), item(44, formats=[{"name": "huge", "url": "/m/44.png"}]),
                 item(45, formats={"huge": None, "large": "", "medium": "/m/45.png"}),
                 item(46, formats=None), item(47, meta=None), item(48, meta={"createdAt": "12", "updatedAt": None})]
        del items[1]["type"]
        service, mirror = self.make(items, range(41, 49))
        run = self.sync(mirror)
        self.assertEqual(self.ids_held(mirror), [41, 42, 43, 44, 45, 47, 48])
        self.assertEqual(run.items["filtered"], 1)
        self.assertEqual(run.items["fallback"], 1)

    def test_lines_that_are_no_items(self):
        ids = [1, 2, 3]
        service, mirror = self.make([item(id) for id in ids], ids)
        self.sync(mirror)
        before = listing_of(mirror.media)
        whole = stream_of([item(id) for id in ids])
        lines = whole.splitlines(keepends=True)
        garbage = {"not JSON": lines[0] + b"<html>\n" + lines[1], "binary": lines[0] + b"\0\xff\xfe{\n" + lines[1],
                   "a long line": lines[0] + b"x" * 3_000_000 + b"\n", "only a number": b"17\n",
                   "an index that jumps": lines[0] + lines[2], "an index twice": lines[0] + lines[0] + lines[1],
                   "a total that changes": lines[0] + stream_of([item(2), item(3)], 7),
                   "more lines than announced": whole + lines[2], "an HTML page": b"<!DOCTYPE html><p>hello"}
        for name, stream in garbage.items():
            with self.subTest(name):
                service.listing = stream
                run = self.sync(mirror, exits=TRY_LATER)
                self.assertTrue(run.report["listing"]["cut_reason"])
                self.assertEqual(listing_of(mirror.media), before)

    def test_a_row_that_hides_another_removes_nothing(self):
        ids = list(range(1, 12))
        service, mirror = self.make([item(id) for id in ids], ids)
        self.sync(mirror)
        hiding = [item(id) for id in ids if id != 6] + [item(11)]
        unreadable = [item(id) for id in ids if id != 6] + [{**item(6), "photoType": "\ud800"}]
        for listing in (sorted(hiding, key=lambda one: one["id"]), hiding, unreadable):
            service.listing = listing
            for _ in range(3):
                run = self.sync(mirror, "--full", exits=TRY_LATER)
                self.assertEqual(run.items["retired"], 0)
                self.assertIn("different ones", run.report["listing"]["cut_reason"])
            self.assertEqual(self.ids_held(mirror), ids)

    def test_an_item_without_an_id_costs_that_item_only(self):
        for odd in ({"type": "photo"}, {"id": None}, {"id": -4}, {"id": "M12"}, {"id": 1.5}, 17, None, []):
            with self.subTest(odd=odd):
                service = self.scripted([item(1), odd, item(2)], {f"/m/{id}.png": png(id) for id in (1, 2)})
                mirror = self.mirror(service, "m" + str(hash(str(odd))))
                run = self.sync(mirror, exits=TRY_LATER)
                self.assertEqual(self.ids_held(mirror), [1, 2])
                self.assertEqual(run.report["listing"]["malformed"], 1)
                self.assertFalse(run.report["listing"]["complete"])
                service.close()

    def test_paths_from_the_service_stay_in_the_tree(self):
        for evil in ("../../evil", "/etc/evil", "a\0b", "..", "." * 300, "%2e%2e/x", "con\nx"):
            with self.subTest(evil=evil):
                service = self.scripted([item(1, type="photo", photoType=evil, locales=[evil])], {"/m/1.png": png(1)})
                mirror = self.mirror(service, "m" + str(abs(hash(evil))),
                                     publish={"path": "{photo_type}/{locale}/{format}/{id}.{ext}"})
                run = mirror.run("sync", "--json")
                self.assertEqual(run.exit_code, DONE, str(run))
                outside = [str(path) for path in mirror.root.parent.rglob("*")
                           if "evil" in path.name and mirror.media not in path.parents]
                self.assertEqual(outside, [])
                self.assertEqual(len(list(mirror.media.rglob("1.png"))), 1)
                service.close()


if __name__ == "__main__":
    main()
