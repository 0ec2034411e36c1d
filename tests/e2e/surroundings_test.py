"""What a program finds around it: closed descriptors, another umask, outputs that are no files."""

import os
import shutil
import stat
import subprocess
import unittest

from harness import DONE, SECRET, EndToEnd, listing_of, main


class Surroundings(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox(media=40, products=10)
        self.mirror_ = self.mirror(self.service, products={"list": True})

    def pictures(self):
        """Path, inode, mode, size and time of every file but the lists, which are written anew."""
        return [row[:5] for row in listing_of(self.mirror_.media) if (self.mirror_.media / row[0]).is_file() and
                row[0] not in ("manifest.jsonl", "SHA256SUMS")]

    def run_in_shell(self, command):
        environment = {**os.environ, "MEDIMIRROR_API_SECRET": SECRET}
        return subprocess.run(["sh", "-c", command, "sh", *map(str, self.mirror_.command())], env=environment,
                              timeout=120, check=False).returncode

    def test_standard_descriptors_that_are_closed(self):
        for closed in ("<&- >&- 2>&-", "2>&-", ">&-", "<&-"):
            self.service.evolve(new=3)
            self.assertIn(self.run_in_shell(f'"$@" sync --progress plain {closed}'), (DONE, 3), closed)
            self.sync(self.mirror_)  # the index is whole
            self.assertEqual(self.mirror_.run("verify", "--depth", "content").exit_code, DONE, closed)
        lock = (self.mirror_.root / "store" / "lock").read_text()
        self.assertRegex(lock, r"^pid \d+ on host \S+ since \S+: \S+.*\n$")

    def test_modes_are_ours_whatever_the_umask(self):
        for umask in ("000", "077"):
            self.service.evolve(new=3)
            self.assertEqual(self.run_in_shell(f'umask {umask}; "$@" sync --progress none'), DONE)
            for folder, _, files in os.walk(self.mirror_.root):
                for name in [".", *files]:
                    path = os.path.join(folder, name)
                    mode = stat.S_IMODE(os.stat(path).st_mode)
                    self.assertEqual(mode & 0o022, 0, f"{umask}: {path} is {mode:o}")
                    if folder.startswith(str(self.mirror_.media)):
                        wanted = 0o555 if name == "." else 0o444
                        self.assertEqual(mode & wanted, wanted, f"{umask}: {path} is {mode:o}")

    def test_what_somebody_took_out_of_the_tree_comes_back(self):
        self.sync(self.mirror_)
        before = self.pictures()
        shutil.rmtree(self.mirror_.media / "huge")
        run = self.sync(self.mirror_)
        self.assertIn("gone from media/", "\n".join(run.report["notes"]))
        self.assertEqual(self.pictures(), before)
        self.assertEqual(run.report["requests"]["media"], 0)

        # written in place under its old name: nothing but a look at each file sees it
        victim = next(path for path in self.mirror_.media.rglob("*.jpg"))
        data = victim.read_bytes()
        blob = victim.stat()
        victim.unlink()
        victim.write_bytes(data[:-1])
        os.utime(victim.parent, ns=(blob.st_mtime_ns, blob.st_mtime_ns))
        self.sync(self.mirror_, "--full")
        self.assertEqual(self.pictures(), before)
        again = self.sync(self.mirror_)
        self.assertEqual(again.report["published"]["replaced"], 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can mount")
    def test_a_snapshot_can_be_verified(self):
        self.sync(self.mirror_)
        view = self.folder / "snapshot"
        view.mkdir()
        for command in (["mount", "--bind", self.mirror_.root, view], ["mount", "-o", "remount,bind,ro", view]):
            if subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode != 0:
                self.skipTest("cannot mount a folder a second time")
            self.addCleanup(subprocess.run, ["umount", "-l", str(view)], check=False, capture_output=True)
        snapshot = self.mirror(self.service, "snapshot-config", root=str(view), products={"list": True})
        for words in (["verify"], ["verify", "--depth", "content"], ["gc", "--dry-run"], ["status"],
                      ["history"]):
            run = snapshot.run(*words)
            self.assertEqual(run.exit_code, DONE, str(run))
        self.assertEqual(snapshot.run("sync").exit_code, 1)

    def test_few_descriptors(self):
        self.assertEqual(self.run_in_shell('ulimit -n 64; "$@" sync --progress none'), DONE)
        self.assertEqual(len(self.pictures()), 40)

    def test_one_store_has_one_tree(self):
        self.sync(self.mirror_)
        other = self.mirror(self.service, "other", store_dir=str(self.mirror_.store), products={"list": True})
        run = other.run("sync")
        self.assertEqual(run.exit_code, 2, str(run))
        self.assertIn("store_dir", run.stderr)
        self.assertFalse((other.root / "media").exists())
        before = self.pictures()
        shutil.rmtree(other.root, ignore_errors=True)
        self.mirror_.root.rename(other.root)  # the whole of it may be moved
        other.configure(store_dir=str(other.root / "store"))
        self.assertEqual(other.run("sync").exit_code, DONE)
        self.assertEqual([row[0] for row in listing_of(other.media) if row[0].endswith(".jpg")],
                         [row[0] for row in before if row[0].endswith(".jpg")])

    def test_an_export_never_replaces_what_is_no_file(self):
        self.sync(self.mirror_)
        export = ["export", "--format", "csv", "--base-url", "https://shop.example/media", "--output"]
        folder = self.folder / "outputs"
        folder.mkdir()
        os.symlink("/dev/null", folder / "device")
        self.assertEqual(self.mirror_.run(*export, folder / "device").exit_code, DONE)
        self.assertTrue((folder / "device").is_symlink())
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

        os.mkfifo(folder / "pipe")
        with subprocess.Popen(["cat", folder / "pipe"], stdout=subprocess.PIPE) as reader:
            self.assertEqual(self.mirror_.run(*export, folder / "pipe").exit_code, DONE)
            through_pipe = reader.stdout.read()
        self.assertTrue(stat.S_ISFIFO(os.stat(folder / "pipe").st_mode))

        os.symlink("target.csv", folder / "link.csv")
        (folder / "target.csv").write_text("old")
        self.assertEqual(self.mirror_.run(*export, folder / "link.csv").exit_code, DONE)
        self.assertTrue((folder / "link.csv").is_symlink())
        self.assertEqual((folder / "target.csv").read_bytes(), through_pipe)
        self.assertGreater(len(through_pipe), 500)

        sqlite = self.mirror_.run("export", "--format", "sqlite", "--base-url", "https://shop.example/media", "--output",
                                  "/dev/null")
        self.assertEqual(sqlite.exit_code, 2, str(sqlite))
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))


if __name__ == "__main__":
    main()
