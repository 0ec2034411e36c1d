"""What the smaller commands say: init, config, list, show, status, sync without --json."""

import json
import os
import re
import shutil
import subprocess

from codes_test import eans_of, media_of, products_of
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
        path = self.folder / "m" / "not" / "there" / "new.toml"
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
        folder = self.mirror_.run("init", self.folder / "m")
        self.assertEqual(folder.exit_code, USAGE)
        self.assertIn("is a folder", folder.stderr)

    def test_init_says_what_is_left_to_do_and_no_more(self):
        bare = self.run_fine("init", self.folder / "bare.toml").stdout
        for word in ("contact", "key_id", "secret_file", "MEDIMIRROR_API_SECRET", "config check"):
            self.assertIn(word, bare)
        path, key = self.folder / "etc" / "full.toml", self.folder / "etc" / "key"
        full = self.run_fine("init", path, "--root=~/pictures", "--contact", "me@example.com", "--key-id", "0042",
                             "--secret-file", key, environment={"HOME": str(self.folder / "home")}).stdout
        self.assertNotIn("key_id", full)
        self.assertNotIn("set contact", full)
        self.assertIn(str(key), full)
        key.write_text(SECRET + "\n")
        key.chmod(0o600)
        self.mirror_.config = path
        shown = self.run_fine("config", "show").stdout
        self.assertIn(f'root = "{self.folder}/home/pictures"', shown)
        self.assertIn('key_id = "0042"', shown)
        self.run_fine("config", "check", environment={"MEDIMIRROR_API_SECRET": ""})
        self.assertFalse((self.folder / "~").exists())

    def test_config_check_names_what_a_sync_would_end_over(self):
        def check(*words, **environment):
            run = self.mirror_.run("config", "check", environment=environment)
            self.assertEqual(run.exit_code, USAGE, str(run))
            self.assertNotIn("fine", run.stdout)
            for word in words:
                self.assertIn(word, run.stderr)

        check("secret", "secret_file", MEDIMIRROR_API_SECRET="")
        stock = self.folder / "stock.csv"
        self.mirror_.configure(select={"codes_file": str(stock)})
        check(str(stock), "No such file")
        stock.write_text("naam;prijs\nPil;2\n")
        check(str(stock), "select.codes_column")
        stock.write_text("")
        check(str(stock), "is empty")
        check("2 things are missing", str(stock), "secret", MEDIMIRROR_API_SECRET="")
        stock.write_text("sep=;\nnaam;cnk\nPil;0001234\nPil;12\n")
        fine = self.run_fine("config", "check").stdout
        self.assertIn("asks for 1 codes; 1 of its lines are left out, such as line 4", fine)
        self.mirror_.configure(api={"key_id": ""})
        check("key_id")

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

    def test_show_takes_what_people_have(self):
        service = self.sandbox(media=1300, products=300)
        mirror = self.mirror_ = self.mirror(service, "shop", products={"list": True},
                                            view=[{"name": "shop", "path": "{cnk}/{cnk}_{n}.{ext}"}])
        mirror.run("sync")
        path, digest = sorted(pictures_in(mirror.media / "huge").items())[0]
        id = int(path.split("/")[-1].split(".")[0])
        stem = path.split("/")[-1]
        url = json.loads(self.run_fine("show", id, "--json").stdout)["assets"][0]["url"]
        windows = "C:\\srv\\media\\huge\\" + path.replace("/", "\\")
        for words in (id, f"000{id}", f"huge/{path}", mirror.media / "huge" / path, stem, digest, digest.upper(), url,
                      url.split("/")[-1], f"https://www.shop.example/media/huge/{path}?v=2", windows,
                      f"./huge/{path}", mirror.store / "blobs" / digest[:2] / digest[2:4] / digest):
            with self.subTest(words=words):
                shown = self.run_fine("show", words).stdout
                self.assertIn(f"media {id} ", shown)
                self.assertIn(digest, shown)
        product = next(one for one in products_of(service)
                       if one.get("cnk", "") and one["cnk"].startswith("0") and eans_of(one)
                       and len(media_of(one)) > 1)
        for words in (product["cnk"], product["cnk"][1:], product["id"], product["id"].lower(),
                      sorted(eans_of(product))[0]):
            with self.subTest(words=words):
                facts = json.loads(self.run_fine("show", words, "--json").stdout)
                self.assertEqual(facts["product"]["id"], product["id"])
                listed = {one["id"] for one in facts["media"]}
                self.assertTrue(listed and listed <= media_of(product))
                self.assertIn(product["id"], self.run_fine("show", words).stdout)
        in_view = next(name for name in pictures_in(mirror.media) if name.startswith("shop/"))
        self.assertIn(in_view, self.run_fine("show", in_view.split("/")[-1]).stdout)
        for words in ("", " ", "7", "0x64", "-1", "nothing.jpg", "https://www.example.com/", "/", "M99999ZZ", "99999999999999",
                      "f" * 64, "a/../b"):
            with self.subTest(words=words):
                run = mirror.run("show", words)
                self.assertEqual(run.exit_code, USAGE, str(run))
                self.assertEqual(run.stdout, "")
                self.assertIn(words, run.stderr)

    def test_numbers_of_runs_are_decimal_and_of_runs_that_were(self):
        self.sync(self.mirror_)
        self.service.evolve(new=3)
        self.sync(self.mirror_)
        before = listing_of(self.mirror_.media)
        for arguments in (["undo", "77"], ["undo", "0"], ["undo", "-1"], ["undo", ""], ["undo", "0x1"], ["undo", "3"],
                          ["undo", "18446744073709551617"], ["diff", "2", "99"], ["diff", "0", "2"], ["diff", "-1", "2"],
                          ["diff", "1", "two"], ["changes", "--since", "99"], ["changes", "--since", "-1"],
                          ["serve", "--port", "65536"], ["serve", "--port", "-1"], ["serve", "--port", "0x50"]):
            with self.subTest(arguments=arguments):
                run = self.mirror_.run(*arguments)
                self.assertEqual(run.exit_code, USAGE, str(run))
                self.assertEqual(run.stdout, "")
                self.assertRegex(run.stderr, r"there are runs 1 to 2|must be a whole number from")
        self.assertEqual(listing_of(self.mirror_.media), before)
        self.assertEqual(len(self.run_fine("diff", "01", "0002").stdout.splitlines()), 3)
        self.assertNotIn("held", self.run_fine("history").stdout)

    def test_changes_are_those_since_the_last_push(self):
        if not shutil.which("rsync"):
            self.skipTest("rsync is not installed")
        copy, sent = self.folder / "copy", self.folder / "push.txt"

        def push(*to):
            sent.write_text(self.run_fine("changes", *to).stdout)
            subprocess.run(["rsync", "-aH", f"--files-from={sent}", "--delete-missing-args", f"{self.mirror_.media}/",
                            f"{copy}/"], check=True, capture_output=True)
            self.run_fine("changes", *to, "--pushed", sent)
            for name in ("SHA256SUMS", "manifest.jsonl"):
                os.utime(copy / name, (0, 0))  # rsync counts seconds, and these nights are shorter

        early = self.mirror_.run("changes")
        self.assertEqual(early.exit_code, USAGE)
        self.sync(self.mirror_)
        push()
        self.assertEqual(pictures_in(copy), pictures_in(self.mirror_.media))
        for _ in range(2):  # two runs between two pushes
            self.service.evolve(new=4, changed=4, removed=4)
            self.sync(self.mirror_, "--retire-now")
        self.run_fine("changes")  # looked at, but not sent
        push()
        self.assertEqual(pictures_in(copy), pictures_in(self.mirror_.media))
        self.assertEqual((copy / "SHA256SUMS").read_text(), (self.mirror_.media / "SHA256SUMS").read_text())
        again = self.run_fine("changes")
        self.assertIn("nothing changed", again.stderr)
        self.assertGreater(len(self.run_fine("changes", "--to", "web2").stdout.splitlines()), 200)
        self.assertGreater(len(self.run_fine("changes", "--since", "1").stdout.splitlines()), 12)

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
        self.assertEqual(self.run_fine("help").stdout, self.run_fine("--help").stdout)
        self.assertEqual(self.run_fine("help", "config", "check").stdout,
                         self.run_fine("config", "check", "--help").stdout)
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
