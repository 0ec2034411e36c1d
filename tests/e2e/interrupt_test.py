"""Ctrl-C and SIGTERM in every command that takes a while: exit 130, whenever they come, and the next run goes on."""

import os
import signal
import time
import unittest

from harness import INTERRUPTED, EndToEnd, main


def group_interrupt(process):
    """What a terminal does: the signal goes to the program and to all that it started."""
    os.killpg(process.pid, signal.SIGINT)


class EarlyStop(EndToEnd):
    def start(self, mirror, *arguments):
        return mirror.start(*arguments, start_new_session=True)

    def test_ctrl_c_at_any_moment_of_the_start(self):
        service = self.sandbox("--latency", 400, media=300)
        for number, after in enumerate((0.05, 0.1, 0.2, 0.4, 0.8, 1.6)):
            with self.subTest(after=after):
                mirror = self.mirror(service, f"m{number}", image={"validate": "pixels"})
                process = self.start(mirror, "sync")
                time.sleep(after)
                group_interrupt(process)
                run = mirror.finish(process, 30)
                # before main() has begun it is the kernel that ends it; a shell says 130 of that as well
                self.assertIn(run.exit_code, (INTERRUPTED, -signal.SIGINT) if after < 0.2 else (INTERRUPTED,), str(run))
                self.assertNotIn("decoder", run.stdout + run.stderr)
                self.assertNotIn("do not add up", run.stdout)

    def test_each_long_command(self):
        service = self.sandbox("--oddities", "off", media=60, products=20)
        mirror = self.mirror(service, products={"list": True})
        self.sync(mirror)
        service.fault("stall", "/v4/*", ms=20_000)
        service.fault("stall", "/media/*", ms=20_000)
        commands = (["sync"], ["sync", "--dry-run"], ["sync", "--full"], ["list"], ["doctor"],
                    ["verify", "--depth", "content", "--bandwidth", "1K"],
                    ["repair", "--bandwidth", "1K"])
        for arguments in commands:
            for sent in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(arguments=arguments, signal=sent.name):
                    process = self.start(mirror, *arguments)
                    time.sleep(0.7)
                    os.killpg(process.pid, sent)
                    run = mirror.finish(process, 15)
                    self.assertEqual(run.exit_code, INTERRUPTED, str(run))

    def test_commands_that_have_nothing_to_finish(self):
        service = self.sandbox("--oddities", "off", media=200)
        mirror = self.mirror(service)
        self.sync(mirror)
        for arguments in (["rebuild"], ["gc"], ["report", "gallery"], ["verify"], ["status"]):
            for after in (0.0, 0.005, 0.02):
                with self.subTest(arguments=arguments, after=after):
                    process = self.start(mirror, *arguments)
                    time.sleep(after)
                    group_interrupt(process)
                    run = mirror.finish(process, 15)
                    if run.exit_code != 0:  # it may have been done by then, or not have begun
                        self.assertIn(run.exit_code, (INTERRUPTED, -signal.SIGINT), str(run))
        self.assertEqual(mirror.run("rebuild").exit_code, 0)
        self.check_against_truth(mirror, service)


if __name__ == "__main__":
    main()
