"""What the smaller commands say: init, config, list, show, status, sync without --json."""

import json
import re

from harness import DONE, SECRET, USAGE, EndToEnd, main, listing_of, pictures_in


class Commands(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox(media=300)
        self.mirror_ = self.mirror(self.service)

    def run_fine(self, *arguments, **more):
        run = self.mirror_.run(*arguments, **more)
        self.assertEqual(run.exit_code, DONE, str(run))
        return run

    def test_init_writes_a_configuration_that_loads(self):
        path = self.folder / "m" / "new.toml"
        self.run_fine("init", path, "--root", self.folder / "new", "--contact", "me@example.com")
        text = path.read_text()
        self.assertIn("# ", text)
        before = text
        again = self.mirror_.run("init", path)
        self.assertEqual(again.exit_code, USAGE)
        self.assertEqual(path.read_text(), before)
        self.mirror_.config = path
        shown = self.run_fine("config", "check", environment={"MEDIMIRROR_API_KEY_ID": "42"})
        self.assertIn("fine", shown.stdout)

    def test_config_show_says_where_each_value_comes_from(self):
        run = self.run_fine("config", "show", environment={"MEDIMIRROR_MEDIA_CONNECTIONS": "7"})
        self.assertRegex(run.stdout, r"connections = 7\s.*MEDIMIRROR_MEDIA_CONNECTIONS")
        self.assertRegex(run.stdout, r'contact = "tests@example.com"\s.*medimirror.toml:\d+')
        self.assertNotIn(SECRET, run.stdout)

    def test_flags_over_environment_over_file(self):
        self.mirror_.configure(publish={"max_delete": "5%"})
        self.sync(self.mirror_)
        self.service.evolve(removed=20)
        self.assertEqual(self.sync(self.mirror_).items["unconfirmed"], 20)
        self.sync(self.mirror_, exits=6)
        self.sync(self.mirror_, exits=6, environment={"MEDIMIRROR_PUBLISH_MAX_DELETE": "19"})
        self.sync(self.mirror_, "--max-delete", "19", exits=6, environment={"MEDIMIRROR_PUBLISH_MAX_DELETE": "20"})
        self.sync(self.mirror_, environment={"MEDIMIRROR_PUBLISH_MAX_DELETE": "20"})

    def test_list(self):
        run = self.run_fine("list")
        ids = [int(line.split("\t")[0]) for line in run.stdout.splitlines()]
        truth = self.service.truth(digests=False)
        self.assertEqual(set(ids), set(truth))
        self.assertEqual(ids, sorted(ids))
        self.assertFalse(self.mirror_.root.exists())
        lines = [json.loads(line) for line in self.run_fine("list", "--json").stdout.splitlines()]
        self.assertEqual({int(one["id"]) for one in lines}, set(truth))

    def test_dry_run_changes_nothing(self):
        run = self.run_fine("sync", "--dry-run", "--json")
        self.assertEqual(run.report["outcome"], "dry_run")
        self.assertEqual(self.service.media_requests(), 0)
        self.assertFalse(self.mirror_.media.exists())
        self.sync(self.mirror_)
        before = listing_of(self.mirror_.media)
        self.service.evolve(changed=5, removed=5, new=5)
        self.service.reset_stats()
        run = self.run_fine("sync", "-n")
        self.assertEqual(self.service.media_requests(), 0)
        self.assertEqual(listing_of(self.mirror_.media), before)
        self.assertRegex(run.stdout, r"\b10\b")  # five new, five changed

    def test_show(self):
        self.sync(self.mirror_)
        path, digest = sorted(pictures_in(self.mirror_.media).items())[0]
        id = int(path.split("/")[-1].split(".")[0])
        shown = self.run_fine("show", id).stdout
        for word in (str(id), "held", digest, path, "fetched", self.service.url):
            self.assertIn(word, shown)
        facts = json.loads(self.run_fine("show", id, "--json").stdout)
        self.assertEqual(facts["assets"][0]["sha256"], digest)
        self.assertEqual(facts["published"][0]["path"], path)
        fallback = self.service.oddities()["only_thumbnail"][0]
        self.assertIn("huge is not offered; this is thumbnail", self.run_fine("show", fallback).stdout)
        unknown = self.mirror_.run("show", 7)
        self.assertNotEqual(unknown.exit_code, DONE)
        self.assertIn("7", unknown.stderr)

    def test_status(self):
        self.assertIn("sync", self.run_fine("status").stdout)  # before the first run it says what to do
        run = self.sync(self.mirror_)
        self.assertIn("exit 0", self.run_fine("status").stdout)
        facts = self.mirror_.status()
        self.assertEqual(facts["assets"], {"held": run.items["fetched"], "wanted": 0, "failed": 0, "retired": 0})
        self.assertEqual(facts["published"], run.items["fetched"])
        self.assertEqual(facts["last_run"]["exit_code"], 0)

    def test_reports_say_the_same_as_the_output(self):
        run = self.sync(self.mirror_)
        self.assertEqual(json.loads((self.mirror_.root / "reports/last-run.json").read_text()), run.report)
        text = self.run_fine("sync")
        self.assertEqual((self.mirror_.root / "reports/last-run.txt").read_text(), text.stdout)

    def test_progress_in_three_kinds(self):
        for line in self.run_fine("sync", "--progress", "json").stderr.splitlines():
            json.loads(line)
        self.assertEqual(self.run_fine("sync", "--progress", "none").stderr, "")
        self.assertRegex(self.run_fine("sync", "--progress", "plain").stderr, r"listed \d+")

    def test_help_and_version(self):
        for arguments in (["--help"], ["sync", "--help"], ["config", "--help"]):
            run = self.run_fine(*arguments)
            self.assertIn("sync" if arguments[0] != "config" else "check", run.stdout)
        self.assertIn("130", self.run_fine("--help").stdout)
        self.assertTrue(re.fullmatch(r"medimirror \d+\.\d+\.\d+\n", self.run_fine("--version").stdout))


class Loudness(EndToEnd):
    def test_quiet_says_nothing_when_all_is_well(self):
        service = self.sandbox("--oddities", "off", media=30)
        mirror = self.mirror(service)
        for arguments in (["sync"], ["sync"], ["verify"], ["gc"], ["repair"], ["rebuild"], ["sync", "--dry-run"],
                          ["report", "duplicates"], ["config", "check"]):
            run = mirror.run("--quiet", *arguments)
            self.assertEqual((run.exit_code, run.stdout, run.stderr), (0, "", ""), str(run))
        for arguments in (["status"], ["list"], ["sync", "--json"], ["history"]):
            self.assertNotEqual(mirror.run("--quiet", *arguments).stdout, "", arguments)

    def test_quiet_says_what_went_wrong(self):
        service = self.sandbox("--oddities", "off", media=30)
        service.fault("status", "/media/*", status=404, count=1)
        mirror = self.mirror(service)
        run = mirror.run("--quiet", "sync")
        self.assertIn("finished, but 1 picture failed", run.stdout)
        for blob in (mirror.store / "blobs").rglob("*"):
            if blob.is_file():
                blob.unlink()
                break
        self.assertIn("missing", mirror.run("--quiet", "verify").stdout)

    def test_verbose_says_what_happens(self):
        service = self.sandbox("--oddities", "off", media=5)
        mirror = self.mirror(service)
        run = mirror.run("--verbose", "sync")
        self.assertRegex(run.stderr, r"POST http://127\.0\.0\.1:\d+/v4/media/stream: 200, .* in ")
        self.assertRegex(run.stderr, r"GET http://127\.0\.0\.1:\d+/media/.*: 200, ")
        self.assertIn("everything is listed", run.stderr)
        self.assertIn("publishing: 5 to add", run.stderr)
        self.assertNotIn("sandbox-secret", run.stderr)


if __name__ == "__main__":
    main()
