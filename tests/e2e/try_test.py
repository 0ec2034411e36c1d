"""scripts/try.sh never waits for what does not come: it ends with one sentence that names the log.

The script itself, in a folder where the steps before and the two programs are stubs.
"""

import os
import pathlib
import shutil
import subprocess
import time

from harness import EndToEnd, main

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"

SERVES = 'echo 1 >"$4"; echo "serving" >&2; '  # the fourth word is the port file
SYNCS = """
if [[ $3 == sync ]]; then
  mkdir -p "${2%/*}/mirror/media"
  cd "${2%/*}/mirror/media"
  [[ -e 1.jpg ]] && exit
  echo picture >1.jpg
  sha256sum 1.jpg >SHA256SUMS
fi
"""


class TryOut(EndToEnd):
    def setUp(self):
        super().setUp()
        self.stub("scripts/install_deps.sh", "")
        self.stub("scripts/build.sh", "")
        shutil.copy(SCRIPTS / "try.sh", self.folder / "scripts/try.sh")

    def stub(self, name, body):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(0o755)

    def try_out(self, service, mirror, seconds=60):
        self.stub("build/medimirror-sandbox", service)
        self.stub("build/medimirror", mirror)
        started = time.monotonic()
        done = subprocess.run([self.folder / "scripts/try.sh"], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, env=os.environ | {"TRY_SECONDS": str(seconds)})
        self.took = time.monotonic() - started
        self.said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
        self.log = str(self.folder / "build/try/sandbox.log")
        return done

    def test_a_good_trial_says_where_to_look_and_leaves_no_service_behind(self):
        done = self.try_out(SERVES + 'echo $$ >"${4%/*}/pid"; exec sleep 60', SYNCS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Where to look", done.stdout)
        self.assertLess(self.took, 30)
        pid = (self.folder / "build/try/pid").read_text().strip()
        self.assertFalse(pathlib.Path("/proc", pid).exists())

    def test_a_service_that_dies_ends_the_trial_though_the_sync_waits_for_it(self):
        for death, status in (("kill -FPE $$", 136), ("exit 0", 0)):
            with self.subTest(death=death):
                mirror = "trap 'echo stopping >&2; exit' TERM; while sleep 0.1; do :; done"
                done = self.try_out(SERVES + "sleep 0.5; " + death, mirror)
                self.assertEqual(done.returncode, 1)
                self.assertIn(f"the stand-in service has died (status {status})", self.said)
                self.assertIn("First sync", self.said)
                self.assertIn(self.log, self.said)
                self.assertLess(self.took, 30)

    def test_a_sync_that_ends_because_the_service_died_is_not_to_blame(self):
        done = self.try_out(SERVES + "exit 7", "sleep 0.3; exit 7")
        self.assertEqual(done.returncode, 1)
        self.assertIn("the stand-in service has died (status 7)", self.said)

    def test_a_step_that_takes_more_than_its_share_ends_the_trial(self):
        done = self.try_out(SERVES + "exec sleep 60", "exec sleep 60", seconds=1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("First sync has taken more than 1 s", self.said)
        self.assertIn(self.log, self.said)
        self.assertLess(self.took, 30)

    def test_a_sync_that_fails_ends_the_trial_with_its_status_and_words(self):
        done = self.try_out(SERVES + "exec sleep 60", "echo 'the disk is full' >&2; exit 1")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.said, "the disk is full")

    def test_items_that_fail_do_not_end_it(self):
        done = self.try_out(SERVES + "exec sleep 60", SYNCS.replace("exit", "exit 3") + "[[ $3 == sync ]] && exit 3 || exit 0")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_service_that_does_not_start_is_named_with_its_last_words(self):
        done = self.try_out("echo 'no room in /tmp' >&2; exit 1", "exec sleep 60")
        self.assertEqual(done.returncode, 1)
        self.assertIn("did not start", self.said)
        self.assertIn(self.log, self.said)
        self.assertIn("no room in /tmp", self.said)


if __name__ == "__main__":
    main()
