"""A listing that is cut, that lies or that breaks off: it may add, it never deletes and never moves the cursor."""

import concurrent.futures
import json
import time

from harness import SAFETY_LIMIT, TRY_LATER, EndToEnd, item, main, listing_of, pictures_in, png, \
    stream_of, wait_until

# Else the pages would be asked instead, which are whole.
STREAM = {"listing": "stream"}


class CutStream(EndToEnd):
    def test_cut_at_every_percent(self):
        ids = range(1000, 1060)
        files = {f"/m/{id}.png": png(id) for id in ids}
        items = [item(id) for id in ids]
        whole = stream_of(items)

        # Each run waits a second before it asks again, so several mirrors wait side by side.
        def cut_often(percents):
            service = self.scripted(items, files)
            mirror = self.mirror(service, f"m{percents[0]}", api=STREAM)
            self.sync(mirror)
            before = listing_of(mirror.media)
            for percent in percents:
                end = max(1, len(whole) * percent // 100)
                end -= whole[end - 1:end] == b"\n"  # in mid-line: else the last few may have left meanwhile
                service.listing = whole[:end]
                run = self.sync(mirror, exits=TRY_LATER)
                self.assertFalse(run.report["listing"]["complete"], percent)
                self.assertTrue(run.report["listing"]["cut_reason"], percent)
                self.assertIn("cut short", run.stderr, percent)
                self.assertEqual(run.items["retired"], 0, percent)
                self.assertEqual(listing_of(mirror.media), before, percent)
            service.listing = items
            service.requests.clear()
            self.sync(mirror)
            self.assertEqual(service.count(), 0)
            self.assertEqual(listing_of(mirror.media), before)

        with concurrent.futures.ThreadPoolExecutor(20) as threads:
            for done in [threads.submit(cut_often, range(start, 100, 20)) for start in range(20)]:
                done.result()

    def test_the_cursor_stays_where_it_was(self):
        ids = range(1000, 1060)
        files = {f"/m/{id}.png": png(id) for id in ids}
        items = [item(id) for id in ids]
        filters = []
        service = self.scripted(lambda body: (filters.append(json.loads(body)["filter"]), stream)[1], files)
        # with this set, a run asks for what changed since the cursor, where there is one
        mirror = self.mirror(service, api=STREAM | {"full_listing_every": "30d"})
        stream = stream_of(items)[:-200]
        self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(len(pictures_in(mirror.media)), 59)  # what was named before the cut is there
        stream = stream_of(items)
        self.sync(mirror)
        stream = b""
        run = self.sync(mirror)
        self.assertIn("only what changed", " ".join(run.report["notes"]))
        self.assertEqual(run.items["retired"], 0)
        self.assertEqual(len(pictures_in(mirror.media)), 60)

        def since(filter):
            return [part["updatedSince"] for part in filter["and"] if "updatedSince" in part]

        self.assertEqual([since(filter) for filter in filters[:3]], [[], [], []])  # cut twice, then whole
        cursor = since(filters[3])
        self.assertEqual(len(cursor), 1)
        wait_until(lambda: time.time() % 1 < 0.2)  # the service's clock counts seconds
        stream = stream_of(items)[:-200]
        self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(since(filters[-1]), since(filters[-2]))
        moved = since(filters[-1])
        time.sleep(1.1)
        self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(since(filters[-1]), moved)  # cut again: it did not move

    def test_cut_once_is_walked_again(self):
        service = self.sandbox(media=300)
        for clean in (False, True):
            with self.subTest(clean=clean):
                mirror = self.mirror(service, f"m{clean}")
                service.fault("stream_cut", "/v4/media/stream", at_byte=30_000, count=1, clean=clean)
                self.sync(mirror)
                self.check_against_truth(mirror, service)
                service.reset_stats()
                run = self.sync(mirror)
                self.assertEqual(service.media_requests(), 0)
                self.assertEqual(run.report["published"]["added"], 0)

    def test_cut_stream_of_a_changed_catalogue_adds_and_removes_nothing(self):
        service = self.sandbox(media=300)
        mirror = self.mirror(service, api=STREAM)
        self.sync(mirror)
        before = pictures_in(mirror.media)
        service.evolve(removed=10, changed=50)
        service.fault("stream_cut", "/v4/media/stream", at_byte=60_000)
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertEqual(run.items["retired"], 0)
        self.assertGreater(run.items["fetched"], 0)
        self.assertEqual(pictures_in(mirror.media).keys(), before.keys())
        service.clear_faults()
        self.assertEqual(self.sync(mirror).items["unconfirmed"], 10)  # the cut one was no confirmation
        self.sync(mirror)
        self.check_against_truth(mirror, service)

    def test_error_object_in_mid_stream(self):
        service = self.sandbox(media=300)
        mirror = self.mirror(service, api=STREAM)
        self.sync(mirror)
        before = listing_of(mirror.media)
        service.fault("stream_error", "/v4/media/stream", at_byte=20_000)
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertIn("Something went wrong", run.report["listing"]["cut_reason"])
        self.assertEqual(listing_of(mirror.media), before)

    def test_listings_that_look_complete(self):
        service = self.sandbox(media=300)
        mirror = self.mirror(service, api=STREAM)
        self.sync(mirror)
        before = listing_of(mirror.media)
        for kind in ("listing_empty", "listing_half"):
            with self.subTest(kind=kind):
                service.clear_faults()
                service.fault(kind, "/v4/media/stream")
                if kind == "listing_empty":
                    self.assertGreater(self.sync(mirror).items["unconfirmed"], 0)
                    self.assertEqual(listing_of(mirror.media), before)
                run = self.sync(mirror, exits=SAFETY_LIMIT)
                self.assertIn("nothing was removed", run.report["error"])
                self.assertEqual(listing_of(mirror.media), before)
        with self.subTest(kind="listing_half_lying"):
            service.clear_faults()
            service.fault("listing_half_lying", "/v4/media/stream")
            self.sync(mirror, exits=TRY_LATER)
            self.assertEqual(listing_of(mirror.media), before)
        service.clear_faults()
        service.reset_stats()
        run = self.sync(mirror)
        self.assertEqual(service.media_requests(), 0)
        self.assertEqual(listing_of(mirror.media), before)

    def test_cut_again_and_again_is_asked_by_pages(self):
        service = self.sandbox(media=300)
        mirror = self.mirror(service)
        service.fault("stream_cut", "/v4/media/stream", at_byte=30_000)
        run = self.sync(mirror)
        self.assertEqual(run.report["listing"]["mode"], "query")
        self.check_against_truth(mirror, service)

    def test_no_match_at_all_is_an_empty_mirror(self):
        service = self.scripted([])
        mirror = self.mirror(service, api=STREAM)
        run = self.sync(mirror)
        self.assertTrue(run.report["listing"]["complete"])
        self.assertEqual(run.items["listed"], 0)


if __name__ == "__main__":
    main()
