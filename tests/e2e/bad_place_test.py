"""One bad place in a listing costs what stands there, and nothing behind it; a stream that keeps breaking gives way to
pages; a service that wants to be left alone is."""

from harness import DONE, FAILED, SOME_FAILED, TRY_LATER, EndToEnd, Mirror, item, main, pictures_in, png, stream_of
from hostile_listings import HostileService, Reply

COUNT, AT = 100, 50
ITEMS = [item(id) for id in range(1, COUNT + 1)]
LINES = stream_of(ITEMS).splitlines(keepends=True)
STREAM = "application/x-json-stream"


def with_line(line):
    return b"".join(LINES[:AT] + [line] + LINES[AT + 1:])


def marked(change):
    return with_line(change(LINES[AT]))


# name -> the listing, how many pictures it brings
PLACES = {
    "an error": (with_line(b'{"error":{"status":500,"code":"oops","message":"out of luck"}}\n'), 99),
    "an error between two rows": (b"".join(LINES[:AT] + [b'{"error":{"code":"oops"}}\n'] + LINES[AT:]), 100),
    "a skipped number": (with_line(b""), 99),
    "a line that cannot be read": (with_line(b'{"meta":{"total":100,"index":50},"result":{"id":\n'), 99),
    "a byte order mark": (marked(lambda line: b"\xef\xbb\xbf" + line), 100),
    "a raw control character": (marked(lambda line: line.replace(b"packshot", b"pack\x01shot")), 100),
    "a byte that is not UTF-8": (marked(lambda line: line.replace(b"packshot", b"pack\xe9shot")), 100),
    "a line of two megabytes": (marked(lambda line: line.replace(b"packshot", b"x" * 2_000_000)), 99),
    "another total": (marked(lambda line: line.replace(b'"total": 100', b'"total": 101').replace(
        b'"total":100', b'"total":101')), 100),
    "two rows on a line": (b"".join(LINES[:AT] + [LINES[AT].rstrip(b"\n")] + LINES[AT + 1:]), 100),
    "HTML": (with_line(b"<html><title>Sorry</title></html>\n"), 99),
}


class BadPlaces(EndToEnd):
    def serve(self, rows):
        service = HostileService(lambda kind, asked: Reply(stream_of(ITEMS), type=STREAM))
        self.addCleanup(service.close)
        service.rows = rows
        return service

    def mirror_of(self, service, row, **api):
        mirror = Mirror(self.folder / row, service.url)
        mirror.configure(api={"base_url": f"{service.url}/{row}/v4"} | api)
        return mirror

    def sync_once(self, mirror, *arguments):
        run = mirror.run("sync", "--json", *arguments)
        self.assertIsNotNone(run.report, str(run))
        self.check_balance(run)
        return run

    def test_what_stands_behind_comes(self):
        rows = {f"p{number}": (lambda body: lambda kind, asked: Reply(body, type=STREAM))(body)
                for number, (body, _) in enumerate(PLACES.values())}
        service = self.serve(rows)
        for number, (name, (_, expected)) in enumerate(PLACES.items()):
            with self.subTest(name):
                mirror = self.mirror_of(service, f"p{number}", full_listing_every="7d")
                run = self.sync_once(mirror)
                self.assertEqual(run.exit_code, TRY_LATER, str(run))
                self.assertEqual(len(pictures_in(mirror.media)), expected, str(run))
                listing = run.report["listing"]
                self.assertFalse(listing["complete"])
                self.assertGreaterEqual(listing["bad_places"], 1)
                self.assertRegex(listing["places"][0], "after 5[01] of 10[01] items")
                self.assertNotIn("cut short", run.stderr)
                self.assertEqual(len(service.bodies[f"p{number}"]), 1)  # not asked a second time
                self.sync_once(mirror)
                self.assertNotIn(b"updatedSince", service.bodies[f"p{number}"][-1])  # no cursor

    def test_a_bad_place_removes_nothing(self):
        service = self.serve({})
        mirror = self.mirror_of(service, "r")
        self.assertEqual(self.sync_once(mirror).exit_code, DONE)
        service.rows["r"] = lambda kind, asked: Reply(PLACES["a skipped number"][0], type=STREAM)
        for _ in range(3):
            run = self.sync_once(mirror)
            self.assertEqual((run.items["retired"], run.items["unconfirmed"]), (0, 0))
        self.assertEqual(len(pictures_in(mirror.media)), COUNT)

    def test_rows_that_shift_are_no_cut(self):
        body = stream_of(ITEMS[:97], COUNT)
        service = self.serve({"r": lambda kind, asked: Reply(body, type=STREAM)})
        mirror = self.mirror_of(service, "r")
        run = self.sync_once(mirror)
        self.assertEqual(run.exit_code, DONE, str(run))
        self.assertEqual(len(pictures_in(mirror.media)), 97)
        self.assertTrue(run.report["listing"]["shifted"])
        self.assertNotIn("cut", run.stderr)

    def test_the_words_of_the_service_are_shown(self):
        for body in (b'{"error":{"status":500,"code":"oops","message":"out of luck"}}',
                     b"<html><title>out of luck</title></html>"):
            with self.subTest(body):
                service = self.serve({"r": lambda kind, asked, body=body: Reply(body, type=STREAM)})
                mirror = self.mirror_of(service, "r", listing="stream")
                run = self.sync_once(mirror)
                self.assertEqual(run.exit_code, TRY_LATER)
                self.assertIn("out of luck", run.report["listing"]["cut_reason"])

    def test_a_stream_that_keeps_breaking_gives_way_to_pages(self):
        def answer(kind, asked):
            if kind == "stream":
                return Reply(stream_of(ITEMS)[:3000], type=STREAM, length=10_000)
            at = asked["page"]["no"] * asked["page"]["size"]
            return Reply({"meta": {"total": COUNT, "page": asked["page"]},
                          "results": ITEMS[at:at + asked["page"]["size"]]})
        service = self.serve({"r": answer})
        mirror = self.mirror_of(service, "r", page_size=50)
        run = self.sync_once(mirror)
        self.assertEqual(run.exit_code, DONE, str(run))
        self.assertTrue(run.report["listing"]["complete"])
        self.assertEqual(len(pictures_in(mirror.media)), COUNT)
        self.assertEqual(len(service.bodies["r"]), 2 + 2)

    def test_a_service_that_wants_to_be_left_alone_is(self):
        service = self.serve({"r": lambda kind, asked: Reply({"error": {"code": "too_many_requests"}}, 429,
                                                             Retry_After="86400")})
        mirror = self.mirror_of(service, "r")
        for _ in range(2):
            run = self.sync_once(mirror)
            self.assertEqual(run.exit_code, TRY_LATER)
            self.assertIn("wants to be left alone until 20", run.report["error"])
        listed = mirror.run("list")
        self.assertEqual(listed.exit_code, TRY_LATER)
        doctor = mirror.run("doctor")
        self.assertEqual(doctor.exit_code, FAILED)
        self.assertIn("wants to be left alone until 20", doctor.stdout)
        self.assertEqual(len(service.bodies["r"]), 1)


class RefusedProducts(EndToEnd):
    def refused(self, status, **config):
        service = HostileService(lambda kind, asked: Reply(stream_of(ITEMS), type=STREAM))
        self.addCleanup(service.close)
        service.products = Reply({"error": {"code": "nope"}}, status)
        mirror = Mirror(self.folder / f"r{status}", service.url)
        mirror.configure(api={"base_url": f"{service.url}/r/v4"}, **config)
        return mirror

    def test_the_media_are_mirrored_all_the_same(self):
        for status, exit_code in ((403, SOME_FAILED), (404, SOME_FAILED)):
            with self.subTest(status):
                mirror = self.refused(status, products={"list": True})
                run = mirror.run("sync", "--json")
                self.assertEqual(run.exit_code, exit_code, str(run))
                self.assertEqual(len(pictures_in(mirror.media)), COUNT)
                self.assertIn("the products were not listed: ", " ".join(run.report["notes"]))
                self.assertIn("/v4/products/", run.report["products"]["cut_reason"])

    def test_with_a_list_of_codes_the_sentence_names_it(self):
        codes = self.folder / "wanted.csv"
        codes.write_text("cnk\n0012345\n")
        mirror = self.refused(403, select={"codes_file": str(codes)})
        run = mirror.run("sync", "--json")
        self.assertEqual(run.exit_code, FAILED, str(run))
        self.assertIn("wanted.csv", run.report["error"])
        self.assertIn("/v4/products/", run.report["error"])


if __name__ == "__main__":
    main()
