"""Runs that end in the middle: kill -9 at random moments, the first Ctrl-C, the second."""

import random
import signal
import time

from harness import INTERRUPTED, EndToEnd, interrupt, main, pictures_in, wait_until


class Killed(EndToEnd):
    def test_kill_9_then_a_plain_rerun(self):
        media = 2500
        service = self.sandbox(media=media)
        truth = service.truth()
        listed = len([id for id, facts in truth.items() if facts["formats"]])
        seed = random.randrange(1 << 30)
        dice = random.Random(seed)
        for trial in range(4):
            with self.subTest(trial=trial, seed=seed):
                mirror = self.mirror(service, f"m{trial}")
                for kill in range(2):
                    service.reset_stats()
                    process = mirror.start("sync", "--json")
                    # some while pictures arrive, some late, when the tree is made
                    target = dice.choice([1, dice.randrange(1, media), listed - len(pictures_in(mirror.store / "blobs"))])
                    wait_until(lambda: service.media_requests() >= target or process.poll() is not None, 60)
                    time.sleep(dice.random() * 0.3)
                    process.kill()
                    process.wait(30)
                    for file in process.files:
                        file.close()
                    self.check_no_wrong_bytes(mirror, truth)
                    for blob, digest in pictures_in(mirror.store / "blobs").items():
                        if "staging" not in blob and ".tmp" not in blob and len(blob.replace("/", "")) >= 64:
                            self.assertTrue(blob.replace("/", "").endswith(digest) or digest in blob, blob)
                held = mirror.status().get("assets", {}).get("held", 0)
                service.reset_stats()
                run = self.sync(mirror)
                self.assertLessEqual(service.media_requests(), listed - held)  # what was durable is not asked again
                self.assertEqual(run.items["failed"], 0)
                self.check_against_truth(mirror, service)
                service.reset_stats()
                self.sync(mirror)
                self.assertEqual(service.media_requests(), 0)

    def test_work_before_the_kill_is_not_lost(self):
        service = self.sandbox("--oddities", "off", "--latency", 5, media=10_000)
        mirror = self.mirror(service)
        process = mirror.start("sync")
        wait_until(lambda: service.media_requests() >= 9000, 60)
        with self.assertRaises(AssertionError):
            mirror.finish(process, 0)
        asked = service.media_requests()
        service.reset_stats()
        self.sync(mirror)
        # what was under way: 16 connections, and the room for pictures on their way to the index
        self.assertLessEqual(asked + service.media_requests(), len(service.truth()) + 16 + 4096)
        self.check_against_truth(mirror, service)

    def test_another_selection_after_a_killed_first_run(self):
        for name, formats in (("more", ("huge", "large")), ("other", ("large",))):
            with self.subTest(name):
                service = self.sandbox(media=600)
                mirror = self.mirror(service, name)
                process = mirror.start("sync")
                wait_until(lambda: service.media_requests() >= 300 or process.poll() is not None, 60)
                with self.assertRaises(AssertionError):
                    mirror.finish(process, 0)
                mirror.configure(select={"formats": list(formats)})
                # what was asked for first may stay until two listings lack it, but only where it was published
                self.sync(mirror)
                self.check_against_truth(mirror, service, formats)


class Interrupted(EndToEnd):
    def test_first_ctrl_c_drains_and_the_rerun_completes(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=sent.name):
                service = self.sandbox("--oddities", "off", "--latency", 30, media=800)
                mirror = self.mirror(service, sent.name)
                process = mirror.start("sync", "--json")
                wait_until(lambda: service.media_requests() >= 200, 60)
                process.send_signal(sent)
                run = mirror.finish(process, 30)
                self.assertEqual(run.exit_code, INTERRUPTED, str(run))
                self.assertEqual(run.report["outcome"], "interrupted")
                self.check_balance(run)
                asked = service.media_requests()
                self.assertEqual(run.items["fetched"], asked)  # what was under way was finished and kept
                self.assertGreater(run.items["pending"], 0)
                self.assertIn("stopping", run.stderr)
                self.check_no_wrong_bytes(mirror, service.truth())
                self.assertIn('"interrupted"', (mirror.root / "reports/last-run.json").read_text())
                service.reset_stats()
                self.sync(mirror)
                self.assertEqual(service.media_requests(), len(service.truth()) - asked)
                self.check_against_truth(mirror, service)
                service.close()

    def test_second_ctrl_c_stops_at_once(self):
        service = self.sandbox("--oddities", "off", media=300)
        service.fault("stall", "/media/*", ms=20_000, count=4)
        mirror = self.mirror(service)
        process = mirror.start("sync", "--json")
        wait_until(lambda: service.stats()["faults"].get("stall", 0) == 4, 60)
        interrupt(process)
        with self.assertRaises(AssertionError):  # it drains: four are still under way
            wait_until(lambda: process.poll() is not None, 1)
        interrupt(process)
        began = time.monotonic()
        run = mirror.finish(process, 30)
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(run.exit_code, INTERRUPTED)
        self.assertIn("run the same command again", run.stderr)
        service.clear_faults()
        self.sync(mirror)
        self.check_against_truth(mirror, service)

    def test_ctrl_c_while_the_listing_waits(self):
        service = self.sandbox(media=100)
        service.fault("stall", "/v4/media/stream", ms=20_000)
        mirror = self.mirror(service)
        process = mirror.start("sync", "--json")
        wait_until(lambda: service.stats()["faults"].get("stall", 0) == 1, 60)
        interrupt(process)
        run = mirror.finish(process, 10)
        self.assertEqual(run.exit_code, INTERRUPTED, str(run))


if __name__ == "__main__":
    main()
