"""A tree that undo holds is nowhere silent, and a rebuild knows whether it is."""

import unittest

from harness import DONE, EndToEnd, main, pictures_in


class HeldTree(EndToEnd):
    def check_held(self, mirror, held):
        status = mirror.run("status")
        self.assertEqual("held at the tree of run 1" in status.stdout, held, str(status))
        self.assertEqual(mirror.status()["held"] is not None, held)
        metrics = (mirror.root / "reports/metrics.prom").read_text()
        self.assertIn(f"medimirror_tree_held {int(held)}\n", metrics)
        self.assertIn(f"medimirror_published_files {len(pictures_in(mirror.media))}\n", metrics)

    def test_from_undo_to_release(self):
        service = self.sandbox("--oddities", "off", media=40)
        mirror = self.mirror(service)
        self.sync(mirror)
        first = pictures_in(mirror.media)
        service.evolve(new=10)
        self.sync(mirror)
        self.check_held(mirror, False)

        self.assertEqual(mirror.run("undo", "1").exit_code, DONE)
        self.check_held(mirror, True)
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, DONE, str(run))
        self.assertIn("media/ is held at the tree of run 1", run.stdout.splitlines()[0])
        self.assertNotIn("everything is as", run.stdout)
        report = self.sync(mirror).report
        self.assertEqual(report["held"]["run"], 1)
        self.assertEqual(report["published"]["tree"], "held")
        self.assertIn("media/ is held", mirror.run("--quiet", "sync").stderr)  # not all is well
        self.check_held(mirror, True)
        self.assertEqual(mirror.run("rebuild").exit_code, DONE)
        self.check_held(mirror, True)

        self.assertEqual(mirror.run("undo", "--release").exit_code, DONE)
        self.check_held(mirror, False)
        self.assertEqual(mirror.run("rebuild").exit_code, DONE)
        self.check_held(mirror, False)
        self.sync(mirror)
        self.check_held(mirror, False)
        self.assertGreater(len(pictures_in(mirror.media)), len(first))


if __name__ == "__main__":
    main()
