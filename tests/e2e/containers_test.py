"""Two containers over one volume: in each, medimirror is process 1."""

import os
import shutil
import signal
import subprocess
import unittest

from harness import DONE, INTERRUPTED, LOCKED, EndToEnd, main, wait_until

IN_A_CONTAINER = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


def containers_work():
    return shutil.which("unshare") is not None and \
        subprocess.run([*IN_A_CONTAINER, "true"], capture_output=True).returncode == 0


@unittest.skipUnless(containers_work(), "this user cannot make process namespaces")
class Containers(EndToEnd):
    def in_a_container(self, *arguments):
        return subprocess.run([*IN_A_CONTAINER, *self.mirror_.command(*arguments)], env=self.mirror_.environment,
                              capture_output=True, text=True, timeout=120)

    def start_in_a_container(self, *arguments):
        container = subprocess.Popen([*IN_A_CONTAINER, *self.mirror_.command(*arguments)], env=self.mirror_.environment,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(container.wait, 60)
        self.addCleanup(container.kill)
        return container

    def start_sync(self):
        """Process 1 of a container of its own, in the middle of its pictures."""
        self.service = self.sandbox("--latency", 30, media=1500)
        self.mirror_ = self.mirror(self.service, media={"connections": 4})
        container = self.start_in_a_container("sync", "--json")
        wait_until(lambda: self.service.media_requests() > 20)
        return container

    def test_reading_beside_a_sync(self):
        sync = self.start_sync()
        id = min(self.service.truth(digests=False))
        wait_until(lambda: self.in_a_container("show", id).returncode == DONE, what="the first medium")
        for command in (["status"], ["status", "--json"], ["show", id, "--json"], ["history"]):
            run = self.in_a_container(*command)
            self.assertEqual(run.returncode, DONE, f"{command}: {run.stderr}")
            self.assertEqual(run.stderr, "")
            self.assertNotEqual(run.stdout, "")
        verify = self.in_a_container("verify")  # wants the store for itself at first, wherever it runs
        self.assertEqual(verify.returncode, LOCKED, verify.stderr)
        self.assertIn("another run holds the store", verify.stderr)
        self.assertEqual(self.in_a_container("status").returncode, DONE)
        self.assertIsNone(sync.poll(), "the sync ended too early to show anything")
        self.assertEqual(sync.wait(120), DONE)
        self.check_against_truth(self.mirror_, self.service)

    def test_a_sync_beside_a_long_verify(self):
        service = self.sandbox(media=60)
        self.mirror_ = self.mirror(service)
        self.sync(self.mirror_)
        verify = self.start_in_a_container("verify", "--depth", "content", "--bandwidth", "1KB")
        service.evolve(new=20)
        wait_until(lambda: "verify" in (self.mirror_.store / "lock").read_text())
        wait_until(lambda: self.in_a_container("sync").returncode == DONE, what="a sync that may start")
        self.assertIsNone(verify.poll(), "the verify ended too early to show anything")
        self.check_against_truth(self.mirror_, service)

    def test_a_signal_reaches_whoever_goes_on(self):
        """A sync that found its number taken is a child of what was started, and ends as it would have."""
        first = self.start_sync()
        self.service.fault("latency", "/v4/*", ms=100_000)
        second = self.start_in_a_container("list")
        stand_in = wait_until(lambda: children_of(second.pid))[0]  # process 1 over there
        wait_until(lambda: children_of(stand_in))
        os.kill(stand_in, signal.SIGTERM)
        self.assertEqual(second.wait(60), INTERRUPTED)
        self.assertIsNone(first.poll())


def children_of(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
