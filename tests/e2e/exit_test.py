"""Exit codes and the sentence that comes with each."""

import json
import os
import subprocess
import threading
import unittest

from harness import (DONE, FAILED, LOCKED, SECRET, TRY_LATER, USAGE, EndToEnd, Run, free_port, item, main,
                     pictures_in, png, wait_until)


class ExitCodes(EndToEnd):
    def check_sentence(self, run, exit_code, *words):
        self.assertEqual(run.exit_code, exit_code, str(run))
        said = [line for line in run.stderr.splitlines() if line.startswith("medimirror: ")]
        self.assertEqual(len(said), 1, run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def test_usage(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service)
        for arguments in (["sync", "--fulll"], ["sink"], ["show"], ["show", "x"], [], ["sync", "--max-delete", "many"],
                          ["sync", "--full", "--retry-failed"]):
            with self.subTest(arguments=arguments):
                run = mirror.run(*arguments)
                self.assertEqual(run.exit_code, USAGE, str(run))
                self.assertIn("medimirror: ", run.stderr)
                self.assertEqual(run.stdout, "")
        self.assertEqual(service.stats()["requests"]["media_stream"], 0)

    def test_a_wrong_word_is_answered_with_the_right_one(self):
        mirror = self.mirror(self.sandbox(media=10))
        meant = {("snyc",): "did you mean `medimirror sync`?", ("Sync",): "did you mean `medimirror sync`?",
                 ("config", "chekc"): "did you mean `medimirror config check`?",
                 ("chekc",): "did you mean `medimirror config check`?",
                 ("galery",): "did you mean `medimirror report gallery`?",
                 ("sync", "--dryrun"): "did you mean --dry-run?", ("sync", "-dry-run"): "did you mean --dry-run?",
                 ("sync", "--max-delet", "5"): "did you mean --max-delete?",
                 ("sync", "--max-delet=5"): "did you mean --max-delete?",
                 ("--confg", "x", "sync"): "did you mean --config?", ("sync", "--verbos"): "did you mean --verbose?",
                 ("--sync",): "did you mean `medimirror sync`?", ("sync", "now"): "takes nothing more, so not \"now\"",
                 ("show",): "WHAT is required",  ("frobnicate",): "\"frobnicate\" is not a command of `medimirror`"}
        for arguments, sentence in meant.items():
            with self.subTest(arguments=arguments):
                run = mirror.run(*arguments)
                self.check_sentence(run, USAGE, sentence, "--help`")
                self.assertEqual(run.stdout, "")

    def test_an_empty_value_is_not_taken_for_none(self):
        mirror = self.mirror(self.sandbox(media=10))
        for arguments, name in ((("show", ""), "WHAT"), (("sync", "--codes", ""), "--codes"),
                                (("adopt", ""), "FOLDER"),
                                (("init", ""), "FILE"), (("sync", "--max-delete", ""), "--max-delete"),
                                (("export", "--format", "csv", "--base-url", ""), "--base-url")):
            with self.subTest(arguments=arguments):
                self.check_sentence(mirror.run(*arguments), USAGE, f"{name} is empty")

    def test_without_a_command_there_is_help_and_no_success(self):
        mirror = self.mirror(self.sandbox(media=10))
        for arguments, known in (([], "sync"), (["config"], "check"), (["report"], "gallery"), (["-q"], "sync")):
            with self.subTest(arguments=arguments):
                run = mirror.run(*arguments)
                self.check_sentence(run, USAGE, "needs a command", known, "Usage")
                self.assertEqual(run.stdout, "")

    def test_configuration(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service)
        good = mirror.config.read_text()
        mistakes = {"contact = \"\"": "contact", "listing = \"all\"": "listing", "conections = 3": "connections",
                    "types = [\"foto\"]": "types", "path = \"../{id}\"": "path", "max_delete = \"110%\"": "max_delete",
                    "filter = '{\"and\": 3}'": "filter"}
        sections = {"listing": "api", "conections": "media", "types": "select", "path": "publish",
                    "max_delete": "publish", "filter": "select"}
        for text, word in mistakes.items():
            with self.subTest(text=text):
                key = text.split(" ")[0]
                lines = [line for line in good.splitlines() if not line.startswith(key + " ")]
                if key in sections:
                    if f"[{sections[key]}]" not in lines:
                        lines.append(f"[{sections[key]}]")
                    lines.insert(lines.index(f"[{sections[key]}]") + 1, text)
                else:
                    lines.insert(0, text)
                mirror.config.write_text("\n".join(lines) + "\n")
                number = (lines.index(text)) + 1
                for command in (["config", "check"], ["sync", "--json"]):
                    run = mirror.run(*command)
                    self.check_sentence(run, USAGE, word, f"medimirror.toml:{number}:")
                    self.assertEqual(run.stdout, "")
        mirror.config.unlink()
        self.check_sentence(mirror.run("sync"), USAGE, "medimirror init")
        self.assertEqual(service.stats()["requests"]["media_stream"], 0)

    def test_key_refused(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service)
        run = mirror.run("sync", "--json", environment={"MEDIMIRROR_API_SECRET": "wrong"})
        self.check_sentence(run, FAILED, "401", "api.key_id", "read from MEDIMIRROR_API_SECRET")
        self.assertEqual(run.report["outcome"], "failed")
        self.assertEqual(service.stats()["requests"]["media_stream"], 1)  # asking again would not help
        mirror.configure(api={"key_id": "13"})
        self.check_sentence(mirror.run("sync"), FAILED, "403", "expired")
        del mirror.environment["MEDIMIRROR_API_SECRET"]
        self.check_sentence(mirror.run("sync"), USAGE, "MEDIMIRROR_API_SECRET")
        key = self.folder / "key"
        key.write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + b" \r\n")
        key.chmod(0o600)
        mirror.configure(api={"key_id": "42", "secret_file": str(key)})
        self.sync(mirror)
        key.write_text("another")
        self.check_sentence(mirror.run("sync"), FAILED, "401", f"read from {key}")

    def test_filter_refused(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service, select={"filter": '{"colour": "red"}'})
        run = mirror.run("sync", "--json")
        self.check_sentence(run, USAGE, "filter")

    def test_service_down(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service, media={"attempts": 2})
        self.sync(mirror)
        held = pictures_in(mirror.media)
        service.fault("status", "/v4/*", status=503)
        self.check_sentence(mirror.run("sync", "--json"), TRY_LATER, "503", "later")
        service.clear_faults()
        service.fault("status", "/v4/*", status=429, retry_after=1)
        self.check_sentence(mirror.run("sync", "--json"), TRY_LATER, "429")
        self.assertEqual(pictures_in(mirror.media), held)

    def test_nobody_listens(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service, media={"attempts": 2})
        mirror.configure(api={"base_url": f"http://127.0.0.1:{free_port()}/v4"})
        self.check_sentence(mirror.run("sync", "--json"), TRY_LATER, "cannot be reached", "api.base_url")

    def test_second_process_is_told_who_holds_the_store(self):
        service = self.sandbox("--latency", 30, media=800)
        mirror = self.mirror(service)
        first = mirror.start("sync", "--json")
        wait_until(lambda: service.media_requests() > 20)
        second = mirror.run("sync", "--json")
        self.check_sentence(second, LOCKED, f"pid {first.pid}", "sync")
        self.assertEqual(mirror.run("status").exit_code, DONE)  # reading is allowed meanwhile
        self.assertEqual(mirror.finish(first).exit_code, DONE)
        self.check_against_truth(mirror, service)

    def test_api_429_is_obeyed(self):
        service = self.sandbox(media=50)
        service.fault("status", "/v4/*", status=429, retry_after=2, count=2)
        mirror = self.mirror(service)
        run = self.sync(mirror)
        self.assertGreater(run.report["seconds"], 4)
        self.assertEqual(service.stats()["early_after_retry_after"], {"same_path": 0, "same_host": 0})


class ReportsOfRunsThatFail(EndToEnd):
    """What a run that ended early says of itself is true, and what it does not know keeps its last value."""

    def gauges(self, mirror):
        text = (mirror.root / "reports/metrics.prom").read_text()
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))

    def check_failed_night(self, mirror, held, exits, *words):
        before = self.gauges(mirror)
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, exits, str(run))
        report = json.loads((mirror.root / "reports/last-run.json").read_text())
        self.assertEqual(report["exit_code"], exits)
        self.assertEqual(report["published"]["files"], held)
        first = run.stdout.splitlines()[0]
        for word in words:
            self.assertIn(word, first)
        self.assertIn("next run", first)
        for untrue in ("add up", "not asked for", "was stopped before", "Published: 0", "0 to the API"):
            self.assertNotIn(untrue, run.stdout)
        after = self.gauges(mirror)
        self.assertEqual(after["medimirror_last_run_exit_code"], str(exits))
        self.assertEqual(after["medimirror_published_files"], str(held))
        if report["items"]["listed"] == 0:
            gauge = 'medimirror_last_run_items{outcome="unchanged"}'
            self.assertEqual(after[gauge], before[gauge])
        self.check_balance(Run(run.command, exits, json.dumps(report), "", 0, 0))
        return run

    def test_each_way_to_fail_early(self):
        service = self.sandbox("--oddities", "off", media=60, products=10)
        mirror = self.mirror(service, media={"attempts": 2}, products={"list": True})
        self.sync(mirror)
        self.sync(mirror)
        held = len(pictures_in(mirror.media))
        mirror.environment["MEDIMIRROR_API_SECRET"] = "wrong"
        self.check_failed_night(mirror, held, FAILED, "failed", "401")
        mirror.environment["MEDIMIRROR_API_SECRET"] = SECRET
        mirror.configure(products={"list": False})
        service.fault("status", "/v4/*", status=503)
        self.check_failed_night(mirror, held, TRY_LATER, "not finished", "503")
        service.clear_faults()
        mirror.configure(api={"base_url": f"http://127.0.0.1:{free_port()}/v4"})
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, TRY_LATER)
        self.assertIn("Published: %d files, as before" % held, run.stdout)

    def test_a_host_that_asks_to_be_left_alone(self):
        service = self.sandbox("--oddities", "off", media=200)
        mirror = self.mirror(service)
        service.fault("status", "/media/*", status=503, retry_after=3600)
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, TRY_LATER, str(run))
        first = run.stdout.splitlines()[0]
        self.assertRegex(first, r"not finished: http://127.* of \d+ pictures are in, the next run goes on\.")
        self.assertNotIn("the run was stopped", run.stdout)

    def test_folders_that_may_not_be_written(self):
        service = self.sandbox("--oddities", "off", media=60)
        for name in ("store/blobs", "store/tmp", "media"):
            with self.subTest(name):
                mirror = self.mirror(service, name.replace("/", "-"))
                self.sync(mirror)
                service.evolve(new=10)
                held = len(pictures_in(mirror.media))
                self.make_read_only(mirror.root / name)
                self.check_failed_night(mirror, held, FAILED, "failed")

    def make_read_only(self, folder):
        # root may write everywhere, but not on what is mounted read-only
        if os.geteuid() != 0:
            for path in [folder, *folder.rglob("*")]:
                if path.is_dir():
                    self.addCleanup(path.chmod, path.stat().st_mode)
                    path.chmod(0o555)
            return
        done = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("cannot mount: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)


@unittest.skipUnless(os.geteuid() == 0, "only root can be refused for being root")
class RootInTheFolderOfAnother(EndToEnd):
    """The service's user owns the folder; somebody runs a command with sudo."""

    USER = 12345

    def as_user(self, *arguments):
        return subprocess.run(["setpriv", "--reuid", str(self.USER), "--regid", str(self.USER), "--clear-groups",
                               *self.mirror_.command(*arguments)], env=self.mirror_.environment, capture_output=True,
                              text=True, timeout=120, cwd="/")

    def test_root_writes_nothing_there(self):
        service = self.sandbox(media=20)
        mirror = self.mirror_ = self.mirror(service)
        mirror.folder.mkdir(exist_ok=True)
        self.folder.chmod(0o755)
        for folder in (mirror.root, mirror.folder / "state"):
            folder.mkdir()
            os.chown(folder, self.USER, self.USER)

        def refused(*arguments):
            run = mirror.run(*arguments)
            self.assertEqual(run.exit_code, USAGE, str(run))
            self.assertIn(f"belongs to the user {self.USER}, and this runs as root", run.stderr)
            self.assertIn(f"sudo -u '#{self.USER}'", run.stderr)

        refused("sync")
        self.assertEqual(list(mirror.root.iterdir()), [])
        night = self.as_user("sync")
        self.assertEqual(night.returncode, DONE, night.stderr)
        for command in (["sync"], ["gc"], ["repair"], ["undo"], ["rebuild"], ["report", "gallery"],
                        ["report", "duplicates"], ["adopt", "/tmp"]):
            refused(*command)
        (mirror.store / "index/lock.mdb").unlink()
        self.assertEqual(mirror.run("status").exit_code, DONE)  # looking is allowed, and leaves nothing of root's
        self.assertEqual([path for path in mirror.root.rglob("*") if path.stat().st_uid != self.USER], [])
        doctor = self.as_user("doctor").stdout
        self.assertRegex(doctor, rf"good +owner of the mirror's files: all of them belong to the user {self.USER}")

        os.chown(mirror.store / "blobs", 0, 0)
        for path in (mirror.store / "lock", mirror.store):
            os.chown(path, 0, 0)
        night = self.as_user("sync")
        self.assertNotEqual(night.returncode, DONE)
        self.assertIn(f"this runs as the user {self.USER}: `medimirror doctor`", night.stderr)
        for said in (self.as_user("doctor").stdout, mirror.run("doctor").stdout):
            self.assertIn(f"sudo chown -R {self.USER} {mirror.store}", said)


@unittest.skipUnless(os.geteuid() == 0, "only root can mount a small file system")
class FullDisk(EndToEnd):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        self.disk.mkdir()

    def mount(self, options):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.disk)], capture_output=True,
                              text=True)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=False)

    def enlarge(self, options):
        subprocess.run(["mount", "-o", "remount," + options, str(self.disk)], check=True)

    def check_full_then_enlarged(self, media, options, larger, **publish):
        self.mount(options)
        service = self.sandbox("--oddities", "off", media=media)
        mirror = self.mirror(service, root=str(self.disk / "mirror"), publish={"reserve": 0, **publish})
        mirror.root = self.disk / "mirror"
        mirror.media, mirror.store = mirror.root / "media", mirror.root / "store"
        run = mirror.run("sync", "--json")
        self.assertEqual(run.exit_code, FAILED, str(run))
        said = [line for line in run.stderr.splitlines() if line.startswith("medimirror: ")]
        self.assertEqual(len(said), 1, run.stderr)
        self.assertRegex(said[0], "run again")
        self.check_balance(run)
        self.assertNotIn("add up", str(run.report["notes"]))
        self.check_no_wrong_bytes(mirror, service.truth())
        # the next night: what came is kept and published, nothing is asked for that cannot be kept
        asked = service.media_requests()
        again = mirror.run("sync", "--json")
        self.assertEqual(again.exit_code, FAILED, str(again))
        self.assertEqual(service.media_requests(), asked)
        self.assertEqual(again.report["published"]["files"], again.items["unchanged"])
        self.assertEqual(list((mirror.store / "tmp").glob("*")) if (mirror.store / "tmp").exists() else [], [])
        self.enlarge(larger)
        run = self.sync(mirror)
        self.check_against_truth(mirror, service)
        return run

    def test_full_then_enlarged(self):
        self.check_full_then_enlarged(3000, "size=3m", "size=300m")

    def test_the_reserve_is_kept_free(self):
        self.check_full_then_enlarged(300, "size=20m", "size=300m", reserve="50MB")

    def test_the_reserve_stays_free_to_the_end(self):
        self.mount("size=12m")
        service = self.scripted([item(id) for id in range(1, 201)],
                                {f"/m/{id}.png": png(id, padding=45_000) for id in range(1, 201)})
        mirror = self.mirror(service, root=str(self.disk / "mirror"), publish={"reserve": "4MiB"})
        free, over = [], threading.Event()

        def look():
            while not over.wait(0.002):
                facts = os.statvfs(self.disk)
                free.append(facts.f_bavail * facts.f_frsize)

        watch = threading.Thread(target=look)
        watch.start()
        run = mirror.run("sync", "--json")
        over.set()
        watch.join()
        self.assertEqual(run.exit_code, FAILED, str(run))
        self.assertGreaterEqual(min(free), 4 << 20)
        self.assertGreater(run.report["published"]["files"], 100)
        self.assertEqual(run.items["fetched"], service.count())
        self.assertIn("publish.reserve", run.report["error"])

    def test_no_inodes_left(self):
        self.check_full_then_enlarged(3000, "size=300m,nr_inodes=2500", "nr_inodes=100000")


if __name__ == "__main__":
    main()
