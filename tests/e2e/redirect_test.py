"""Redirects and hosts: only allowed ones, checked again at each step; the key goes to the API alone."""

import base64

from harness import DONE, SECRET, SOME_FAILED, EndToEnd, item, main, pictures_in, png, wait_until


def to(location, status=302):
    return lambda handler: handler.reply(status, b"", [("Location", location)])


class Redirects(EndToEnd):
    def sync_one(self, files, url="/m/1.png", exits=SOME_FAILED, **settings):
        service = self.scripted([item(1, url)], files)
        mirror = self.mirror(service, **settings)
        run = self.sync(mirror, exits=exits)
        return run, service, mirror

    def test_followed_on_the_same_host(self):
        for status in (301, 302, 303, 307, 308):
            with self.subTest(status=status):
                service = self.scripted([item(1)], {"/m/1.png": to("../elsewhere/x.png?y=1", status),
                                                    "/elsewhere/x.png?y=1": png(1)})
                mirror = self.mirror(service, f"m{status}")
                self.sync(mirror)
                self.assertEqual(len(pictures_in(mirror.media)), 1)
                service.close()

    def test_to_an_allowed_host_without_the_key(self):
        other = self.scripted([], {"/x.png": png(1)}, host="localhost")
        run, service, mirror = self.sync_one({"/m/1.png": to(other.url + "/x.png")}, exits=DONE,
                                             media={"allowed_hosts": ["localhost"]})
        self.assertEqual(len(pictures_in(mirror.media)), 1)
        for _, _, headers in other.requests:
            self.assertNotIn("authorization", {name.lower() for name in headers})

    def test_to_another_host_is_refused_unasked(self):
        other = self.scripted([], {"/x.png": png(1)}, host="localhost")
        run, service, mirror = self.sync_one({"/m/1.png": to(other.url + "/x.png")})
        self.assertEqual(run.reasons(), ["host_not_allowed"])
        self.assertIn("localhost", run.report["failures"][0]["detail"])
        self.assertEqual(other.requests, [])

    def test_a_listed_url_on_another_host_is_refused_unasked(self):
        other = self.scripted([], {"/x.png": png(1)}, host="localhost")
        run, _, _ = self.sync_one({}, other.url + "/x.png")
        self.assertEqual(run.reasons(), ["host_not_allowed"])
        self.assertEqual(other.requests, [])

    def test_private_addresses_are_refused_unless_configured(self):
        service = self.scripted([], {"/m/1.png": png(1)})
        service.listing = [item(1, service.url + "/m/1.png")]
        public = {"base_url": "http://media.example", "allowed_hosts": ["127.0.0.1"]}
        mirror = self.mirror(service, media=public | {"allow_private_addresses": False})
        run = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(run.reasons(), ["address_refused"])
        self.assertEqual(service.count(), 0)

        mirror.configure(media={"allow_private_addresses": True})
        self.sync(mirror)
        self.assertEqual(service.count(), 1)

        mirror.configure(media={"allow_private_addresses": False, "base_url": service.url})
        run = mirror.run("sync")  # such a configuration cannot be meant
        self.assertEqual(run.exit_code, 2)
        self.assertIn("allow_private_addresses", run.stderr)

    def test_loops_end(self):
        run, service, _ = self.sync_one({"/m/1.png": to("/m/1.png")})
        self.assertEqual(run.reasons(), ["too_many_redirects"])
        self.assertLessEqual(service.count(), 10)

    def test_not_to_what_is_no_web_address(self):
        for location in ("file:///etc/passwd", "ftp://127.0.0.1/x", "javascript:1", "http://", "gopher://127.0.0.1:1/"):
            with self.subTest(location=location):
                service = self.scripted([item(1)], {"/m/1.png": to(location)})
                mirror = self.mirror(service, "m" + str(abs(hash(location))))
                run = self.sync(mirror, exits=SOME_FAILED)
                self.assertIn(run.reasons(), (["bad_redirect"], ["host_not_allowed"]))
                service.close()

    def test_urls_that_are_none(self):
        urls = ["file:///etc/passwd", "data:image/png;base64,AAAA", "http://[::1", "//", "\x01bad",
                "http://user:pass@127.0.0.1/x.png", "http://127.0.0.1:99999/x"]
        service = self.scripted([item(number, url) for number, url in enumerate(urls, 1)] + [item(99)],
                                {"/m/99.png": png(99)})
        mirror = self.mirror(service, media={"attempts": 1})
        run = self.sync(mirror, exits=SOME_FAILED)
        self.assertEqual(run.items["fetched"], 1)
        self.assertEqual(run.items["failed"], len(urls), str(run))

    def test_the_api_is_not_followed_elsewhere(self):
        other = self.scripted([item(1)])
        service = self.sandbox(media=10)
        service.fault("redirect", "/v4/*", location=other.url + "{target}", status=307)
        mirror = self.mirror(service)
        run = mirror.run("sync", "--json")
        self.assertNotIn(run.exit_code, (DONE, SOME_FAILED))
        self.assertIn("api.base_url", run.report["error"])
        self.assertEqual(other.requests, [])
        self.assertNotIn(SECRET, run.stderr)


class Secrets(EndToEnd):
    def test_the_secret_never_becomes_text(self):
        mark = "MARKED-sEcReT-4711"
        marks = [mark.encode(), base64.b64encode(b"42:" + mark.encode())]
        service = self.sandbox("--secret", mark, media=300)
        mirror = self.mirror(service)
        mirror.environment["MEDIMIRROR_API_SECRET"] = mark
        runs = [mirror.run("-v", "sync", "--json"), mirror.run("-v", "sync", "--progress", "json"),
                mirror.run("-v", "config", "show"), mirror.run("-v", "config", "check"), mirror.run("-v", "list"),
                mirror.run("-v", "status")]
        for run in runs:
            self.assertEqual(run.exit_code, DONE, str(run))
        mirror.environment["MEDIMIRROR_API_SECRET"] = mark + "-wrong"  # and in what is said about a refused key
        runs.append(mirror.run("-v", "sync", "--json"))
        self.assertNotEqual(runs[-1].exit_code, DONE)
        mirror.environment["MEDIMIRROR_API_SECRET"] = mark
        service.fault("status", "/v4/*", status=422)
        runs.append(mirror.run("-v", "sync"))

        for run in runs:
            for marked in marks:
                self.assertNotIn(marked.decode(), run.stdout + run.stderr, run.command)
        files = [path for path in self.folder.rglob("*") if path.is_file() and path.name != "sandbox.log"]
        self.assertGreater(len(files), 300)
        for path in files:
            data = path.read_bytes()
            for marked in marks:
                self.assertNotIn(marked, data, path)
        self.assertEqual(service.stats()["authorization_on_media"], 0)

    def test_the_secret_is_not_in_the_process_list(self):
        service = self.sandbox("--latency", 50, media=200)
        mirror = self.mirror(service)
        del mirror.environment["MEDIMIRROR_API_SECRET"]
        secret = self.folder / "secret"
        secret.write_text(SECRET + "\n")
        secret.chmod(0o600)
        mirror.configure(api={"secret_file": str(secret)})
        process = mirror.start("sync", "--json")
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        wait_until(lambda: service.media_requests() > 10)
        with open(children) as file:
            pids = [process.pid, *map(int, file.read().split())]
        for pid in pids:  # the decoders neither
            for part in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{pid}/{part}", "rb") as file:
                        self.assertNotIn(SECRET.encode(), file.read(), f"{pid} {part}")
                except (FileNotFoundError, PermissionError):
                    pass
        run = mirror.finish(process)
        self.assertEqual(run.exit_code, DONE)

    def test_a_secret_that_everybody_can_read_is_refused(self):
        service = self.sandbox(media=10)
        mirror = self.mirror(service)
        del mirror.environment["MEDIMIRROR_API_SECRET"]
        secret = self.folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o644)
        mirror.configure(api={"secret_file": str(secret)})
        run = mirror.run("sync")
        self.assertEqual(run.exit_code, 2)
        self.assertIn("chmod 600", run.stderr)


if __name__ == "__main__":
    main()
