"""Hosts that limit their rate without saying so, and hosts that ban: a limit is the host's state, never the pictures' fault.

The limits are nginx's own limit_req, in front of a service of the test. What the limit let through and what it
refused is counted from nginx's log; how long that takes is a case of the benchmark (limited).
"""

import collections
import pathlib
import shutil
import subprocess
import threading
import unittest

from harness import SOME_FAILED, TRY_LATER, EndToEnd, free_port, item, main, png, wait_until

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
MEDIA, RATE = 300, 20

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log crit;
events {{ worker_connections 512; }}
http {{
  log_format plain '$status $uri';
  access_log {folder}/access.log plain;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  limit_req_zone $binary_remote_addr zone=all:1m rate={rate}r/s;
  server {{
    listen 127.0.0.1:{port};
    location /m/ {{
      limit_req zone=all {burst}; limit_req_status {status};
      proxy_pass {upstream}; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""


def media_at(origin, count=MEDIA):
    return [item(id, f"{origin}/m/{id}.png") for id in range(1, count + 1)]


def pictures(count=MEDIA):
    return {f"/m/{id}.png": png(id) for id in range(1, count + 1)}


@unittest.skipUnless(NGINX, "nginx is not installed")
class LimitReq(EndToEnd):
    def start_nginx(self, upstream, status, burst):
        self.place = self.folder / "nginx"
        self.place.mkdir()
        port = free_port()
        (self.place / "nginx.conf").write_text(CONFIGURATION.format(
            folder=self.place, port=port, upstream=upstream, rate=RATE, status=status,
            burst=burst))
        process = subprocess.Popen([NGINX, "-p", str(self.place), "-e", f"{self.place}/error.log", "-c",
                                    f"{self.place}/nginx.conf"], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait, 30)
        self.addCleanup(process.kill)
        wait_until(lambda: (self.place / "pid").exists() or process.poll() is not None, 30, "nginx's pid file")
        self.assertIsNone(process.poll(), "nginx did not start")
        return f"http://127.0.0.1:{port}"

    def check(self, status, burst):
        service = self.scripted(files=pictures())
        origin = self.start_nginx(service.url, status, burst)
        service.listing = media_at(origin)
        mirror = self.mirror(service)
        run = self.sync(mirror)
        self.assertEqual(len(self.check_sums(mirror)), MEDIA)
        answers = collections.Counter(line.split()[0] for line in (self.place / "access.log").read_text().splitlines())
        self.assertEqual(answers["200"], MEDIA, answers)
        self.assertEqual(answers.keys() - {"200", str(status)}, set(), answers)
        self.assertLessEqual(answers[str(status)], 0.1 * answers.total(), f"{answers}, {run.seconds:.1f} s")
        self.assertLess(run.seconds, 4 * MEDIA / RATE)  # on a machine that may be busy; the benchmark holds it to 1.3

    def test_503(self):
        self.check(503, "")

    def test_503_with_a_burst(self):
        self.check(503, "burst=20 nodelay")

    def test_429(self):
        self.check(429, "")

    def test_429_with_a_burst(self):
        self.check(429, "burst=20 nodelay")

    def test_503_with_a_burst_that_is_delayed(self):
        self.check(503, "burst=5")


class Ban(EndToEnd):
    """A host that grants a hundred requests and answers 403 from then on."""

    GRANTED = 100

    def start(self):
        self.lock, self.asked, self.over = threading.Lock(), 0, False
        service = self.scripted(files={path: self.grant_or_ban for path in pictures()})
        service.listing = media_at(service.url)
        return self.mirror(service)

    def grant_or_ban(self, handler):
        with self.lock:
            self.asked += 1
            banned = self.asked > self.GRANTED and not self.over
        if banned:
            return handler.reply(403, b"banned\n")
        handler.reply(200, png(int(pathlib.PurePath(handler.path).stem)), [("Content-Type", "image/png")])

    def test_a_host_that_bans_is_left_alone(self):
        mirror = self.start()
        run = self.sync(mirror, exits=TRY_LATER)
        self.assertLessEqual(self.asked, self.GRANTED + 20, str(run))
        self.assertRegex(" ".join([run.report["error"], *run.report["notes"]]), r"(?i)\bban", str(run))
        self.assertEqual(run.items["fetched"], self.GRANTED)
        self.assertEqual(len(self.check_sums(mirror)), self.GRANTED)

        self.asked = self.GRANTED  # the next night, while the ban lasts: not all over again
        self.sync(mirror, exits=TRY_LATER)
        self.assertLessEqual(self.asked, self.GRANTED + 20)

        self.over = True
        self.sync(mirror)
        self.assertEqual(len(self.check_sums(mirror)), MEDIA)

    def test_refusals_here_and_there_are_the_pictures_own(self):
        service = self.scripted(files=pictures())
        for id in range(10, MEDIA, 30):
            service.files[f"/m/{id}.png"] = lambda handler: handler.reply(403, b"not this one\n")
        service.listing = media_at(service.url)
        mirror = self.mirror(service)
        run = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(run.items["failed"], 10)
        self.assertEqual(len(self.check_sums(mirror)), MEDIA - 10)


if __name__ == "__main__":
    main()
