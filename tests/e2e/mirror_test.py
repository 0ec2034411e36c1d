"""A whole catalogue with its oddities, mirrored once and then again."""

import os
import shutil
import subprocess

from harness import EndToEnd, main, listing_of, pictures_in


class WholeCatalogue(EndToEnd):
    def test_5000_media_with_oddities_then_nothing(self):
        service = self.sandbox(media=5000, products=500)
        mirror = self.mirror(service)
        first = self.sync(mirror)
        held = self.check_against_truth(mirror, service)

        self.assertTrue(first.report["listing"]["complete"])
        self.assertEqual(first.report["listing"]["mode"], "stream")
        self.assertEqual(first.items["fetched"], len(held))
        self.assertEqual(first.items["failed"], 0)
        self.assertGreater(first.items["fallback"], 0)  # no_huge and only_thumbnail
        self.assertGreater(first.items["deduplicated"], 0)  # equal_picture
        self.assertGreater(first.items["filtered"], 0)  # empty_formats and null_formats
        self.assertEqual(first.report["published"]["files"], len(held))
        self.assertEqual(len(mirror.changes()["added"]), len(held))
        for path in mirror.media.rglob("*"):
            self.assertEqual(path.stat().st_mode & 0o777, 0o755 if path.is_dir() else 0o444
                             if path.name not in ("manifest.jsonl", "SHA256SUMS") else path.stat().st_mode & 0o777)

        stats = service.stats()
        self.assertEqual(stats["authorization_on_media"], 0)
        self.assertLessEqual(stats["most_media_at_once"], 16)
        self.assertEqual(list(stats["user_agents"]), [f"medimirror/{self.version(mirror)} (tests@example.com)"])
        self.assertEqual(list(stats["accept_languages"]), ["nl,fr,en"])

        copy = self.folder / "copy"
        subprocess.run(["cp", "-a", str(mirror.media), str(copy)], check=True)
        before = listing_of(mirror.media)
        service.reset_stats()
        second = self.sync(mirror)
        self.assertEqual(service.media_requests(), 0)
        self.assertEqual(second.items["unchanged"], len(held))
        self.assertEqual(second.items["fetched"], 0)
        self.assertEqual(second.report["bytes"], {"downloaded": 0, "stored": 0})
        self.assertEqual(listing_of(mirror.media), before)
        self.assertEqual(mirror.changes(), {"added": [], "changed": [], "removed": [], "lists": []})

        if shutil.which("rsync"):
            told = subprocess.run(["rsync", "-ain", "--delete", f"{mirror.media}/", f"{copy}/"], check=True,
                                  capture_output=True, text=True).stdout
            self.assertEqual(told, "")

        # a complete look at everything finds nothing to do either
        service.reset_stats()
        self.sync(mirror, "--full")
        self.assertEqual(service.media_requests(), 0)
        self.assertEqual(listing_of(mirror.media), before)

    def version(self, mirror):
        return mirror.run("--version").stdout.split()[1]

    def test_changes_txt_feeds_rsync(self):
        if not shutil.which("rsync"):
            self.skipTest("rsync is not installed")
        service = self.sandbox(media=300)
        mirror = self.mirror(service)
        self.sync(mirror)
        target = self.folder / "target"
        subprocess.run(["rsync", "-a", f"{mirror.media}/", f"{target}/"], check=True)
        service.evolve(new=5, changed=5, removed=5)
        self.sync(mirror, "--retire-now")
        names = self.folder / "names"
        names.write_text("".join(line + "\n" for line in
                                 (mirror.root / "reports/changes.txt").read_text().splitlines()))
        told = subprocess.run(["rsync", "-a", "--delete-missing-args", f"--files-from={names}", f"{mirror.media}/",
                               f"{target}/"], capture_output=True, text=True)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertEqual(pictures_in(target), pictures_in(mirror.media))

    def test_several_formats_and_their_fallbacks(self):
        service = self.sandbox(media=400)
        mirror = self.mirror(service, select={"formats": ["huge", "large", "mediumWebp"]})
        run = self.sync(mirror)
        self.check_against_truth(mirror, service, ["huge", "large", "mediumWebp"])
        self.assertEqual(run.report["formats"], 3)
        self.assertGreater(run.items["fallback"], 0)

        service.reset_stats()
        self.sync(mirror)
        self.assertEqual(service.media_requests(), 0)

    def test_without_fallback_what_is_absent_is_filtered(self):
        service = self.sandbox(media=400)
        mirror = self.mirror(service, select={"formats": ["huge"], "fallback": False})
        run = self.sync(mirror)
        held = self.check_sums(mirror)
        truth = service.truth()
        wanted = {id for id, facts in truth.items() if "huge" in facts["formats"]}
        self.assertEqual({int(path.split("/")[-1].split(".")[0]) for path in held}, wanted)
        self.assertEqual(run.items["filtered"], len(truth) - len(wanted))
        self.assertEqual(run.items["fallback"], 0)

    def test_equal_pictures_cost_one_blob(self):
        service = self.sandbox("--same-picture", 1000, "--oddities", "off", media=1000)
        mirror = self.mirror(service)
        run = self.sync(mirror)
        self.assertEqual(len(self.check_against_truth(mirror, service)), 1000)
        self.assertEqual(mirror.status()["blobs"]["count"], 1)
        blobs = [path for path in (mirror.store / "blobs").rglob("*") if path.is_file()]
        self.assertEqual(len(blobs), 1)
        self.assertEqual(run.items["deduplicated"], 999)
        self.assertEqual(run.report["bytes"]["stored"], blobs[0].stat().st_size)
        self.assertEqual(len({os.stat(path).st_ino for path in mirror.media.rglob("*.jpg")}), 1)


if __name__ == "__main__":
    main()
