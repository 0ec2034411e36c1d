"""The rows of misbehaviour that every way to the service is held to, and how a test goes through them."""

from harness import DONE, SOME_FAILED, chosen_format, pictures_in

# name: (fault, reasons that are right when it never ends, whether the same run gets over it when it happens once)
ROWS = {
    "short body": ({"kind": "short_body"}, {"short_body", "reset", "protocol"}, True),
    "broken chunked body": ({"kind": "broken_chunked"}, {"short_body", "reset", "protocol"}, True),
    "cut body without a length": ({"kind": "cut_without_length"}, {"truncated", "damaged", "short_body"}, True),
    "html page": ({"kind": "html"}, {"html_page"}, True),
    "empty body": ({"kind": "empty"}, {"empty"}, True),
    "429 with Retry-After": ({"kind": "status", "status": 429, "retry_after": 1}, {"http_429"}, True),
    "429 without": ({"kind": "status", "status": 429}, {"http_429"}, True),
    "503 with Retry-After": ({"kind": "status", "status": 503, "retry_after": 1}, {"http_503"}, True),
    "503 with a date": ({"kind": "status", "status": 503, "retry_after": "date:2"}, {"http_503"}, True),
    "503 without": ({"kind": "status", "status": 503}, {"http_503"}, True),
    "500": ({"kind": "status", "status": 500}, {"http_500"}, True),
    # nginx swallows a reset of the service behind it and leaves the stream open
    "reset in mid-body": ({"kind": "reset"}, {"reset", "short_body", "protocol", "timeout_stall"}, True),
    "stall": ({"kind": "stall", "ms": 8000}, {"timeout_stall", "timeout_total", "short_body"}, True),
    "404": ({"kind": "status", "status": 404}, {"http_404"}, False),
    "403": ({"kind": "status", "status": 403}, {"http_403"}, False),
}
SETTINGS = {"media": {"attempts": 2, "stall_timeout": "1s", "total_timeout": "20s"}}


def pick_victims(service):
    """One medium for each row: {name: (id, path of its picture)}."""
    truth = service.truth()
    plain = [(id, facts["formats"][chosen_format(facts, "huge")]["path"]) for id, facts in truth.items()]
    return dict(zip(ROWS, plain[::3]))


class FaultRows:
    """Mixed into a test that says how to make a mirror (make_mirror) of self.service."""

    def check_once(self):
        victims = pick_victims(self.service)
        for name, (fault, _, _) in ROWS.items():
            self.service.fault(path=victims[name][1], count=1, **fault)
        mirror = self.make_mirror()
        run = mirror.run("sync", "--json")
        self.check_balance(run)
        failed = {failure["media_id"]: failure["reason"] for failure in run.report["failures"]}
        for name, (id, _) in victims.items():
            with self.subTest(row=name):
                _, reasons, same_run = ROWS[name]
                if same_run:
                    self.assertNotIn(id, failed, str(run))
                elif id in failed:
                    self.assertIn(failed[id], reasons)
        self.assertEqual(len(self.service.stats()["faults"]), len({row[0]["kind"] for row in ROWS.values()}))
        self.check_no_wrong_bytes(mirror, self.service.truth())
        self.assertEqual(run.exit_code, SOME_FAILED if failed else DONE)

        self.service.reset_stats()
        self.sync(mirror)
        self.assertEqual(self.service.media_requests(), len(failed))  # just the failed ones
        self.check_against_truth(mirror, self.service)

    def check_always(self):
        victims = pick_victims(self.service)
        for name, (fault, _, _) in ROWS.items():
            self.service.fault(path=victims[name][1], **fault)
        mirror = self.make_mirror()
        run = self.sync(mirror, exits=SOME_FAILED)
        failed = {failure["media_id"]: failure for failure in run.report["failures"]}
        self.assertEqual(failed.keys(), {id for id, _ in victims.values()})
        for name, (id, path) in victims.items():
            with self.subTest(row=name):
                self.assertIn(failed[id]["reason"], ROWS[name][1], failed[id])
                self.assertTrue(failed[id]["url"].endswith(path), failed[id])
                self.assertTrue(failed[id]["detail"])
                self.assertEqual(failed[id]["attempts"], 2 if ROWS[name][2] else 1)
        self.assertEqual(len(pictures_in(mirror.media)), len(self.service.truth()) - len(victims))
        self.check_sums(mirror)
        self.check_no_wrong_bytes(mirror, self.service.truth())
        for name, (id, _) in victims.items():  # show says why, in words
            if name in ("html page", "stall"):
                self.assertIn("failed: " + failed[id]["detail"], mirror.run("show", id).stdout)

        self.service.clear_faults()
        self.service.reset_stats()
        self.sync(mirror, "--retry-failed")
        self.assertEqual(self.service.media_requests(), len(victims))
        self.assertEqual(self.service.stats()["requests"]["media_stream"], 0)
        self.check_against_truth(mirror, self.service)
