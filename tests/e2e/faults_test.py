"""Every way in which a picture host misbehaves, over HTTP/1.1: good in the end, or a typed failure; never a wrong byte."""

from faults import SETTINGS, FaultRows
from harness import DONE, SOME_FAILED, EndToEnd, main


class OverHttp1(FaultRows, EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox("--oddities", "off", media=60)

    def make_mirror(self):
        return self.mirror(self.service, **SETTINGS)

    def test_once(self):
        self.check_once()

    def test_always(self):
        self.check_always()

    def test_retry_after_is_a_floor(self):
        for after in ("2", "date:3"):  # a date counts whole seconds
            with self.subTest(after=after):
                self.service.reset_stats()
                self.service.clear_faults()
                self.service.fault("status", "/media/*", status=429, retry_after=after, count=2)
                # one connection: nothing was under way when the answer came
                mirror = self.mirror(self.service, f"m{after[:1]}", media={"connections": 1})
                run = self.sync(mirror)
                stats = self.service.stats()
                self.assertEqual(stats["refused_429"], 2)
                self.assertEqual(stats["early_after_retry_after"], {"same_path": 0, "same_host": 0})
                self.assertGreater(run.report["seconds"], 3)
                self.check_against_truth(mirror, self.service)

    def test_every_picture_refused_ends_with_one_sentence(self):
        self.service.fault("status", "/media/*", status=403)
        mirror = self.mirror(self.service)
        run = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(len([note for note in run.report["notes"] if "403" in note]), 1, run.report["notes"])
        self.assertIn("User-Agent", " ".join(run.report["notes"]))
        self.assertLess(self.service.media_requests(), 50)
        self.service.clear_faults()
        self.sync(mirror)
        self.check_against_truth(mirror, self.service)

    def test_refused_body_is_kept_for_show(self):
        self.service.fault("html", "/media/*")
        mirror = self.mirror(self.service, media={"attempts": 1})
        run = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(set(run.reasons()), {"html_page"})
        id = run.report["failures"][0]["media_id"]
        shown = mirror.run("show", id).stdout
        self.assertIn("its first bytes are in", shown)
        sample = shown.split("its first bytes are in ")[1].split("\n")[0]
        with open(sample, "rb") as file:
            self.assertIn(b"We will be right back", file.read())

    def test_what_is_held_stays_published_when_its_successor_fails(self):
        mirror = self.mirror(self.service, **SETTINGS)
        self.sync(mirror)
        before = self.check_sums(mirror)
        self.service.evolve(changed=5)
        self.service.fault("html", "/media/*")
        self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(self.check_sums(mirror), before)
        self.service.clear_faults()
        run = self.sync(mirror, exits=DONE)
        self.assertEqual(run.report["published"]["replaced"], 5)
        self.check_against_truth(mirror, self.service)


if __name__ == "__main__":
    main()
