"""A service that misbehaves, night after night: each kind in odd_rows.py, in turn, over mirrors that go on from night to night.

Every night the catalogue grows, some of it leaves or changes, and one row says what the service does. The account of
odd_service.py is then held against the tree: each picture that was offered whole is there with its bytes, none left that may not,
no minute had more than 45 requests, nobody asked inside a Retry-After, the program stayed below 150 MB, its report told a
listing that was not complete from one that was, and named the place or the words. Several mirrors, each with a key and a service of
its own, share the rows. Short form: each row once. Long form: all of them, in another order each time, until the minutes are over.
"""

import collections
import copy
import os
import random
import re
import shutil
import sys
import threading
import time

import proof
from fault_matrix_proof import nginx_missing
from harness import DONE, SOME_FAILED, Mirror
from odd_hosts import HTTP2_HOST, http2_alone
from odd_rows import PLAIN, ROWS
from odd_service import Call, World, make_certificate

WORLDS = 6
NEW = 20  # pictures a night, beside those of the row
PER_MINUTE, MEMORY = 45, 150_000_000
ZEROS = ["pictures offered whole that are not in the tree", "pictures removed wrongly", "wrong bytes under final names",
         "minutes with more than 45 requests", "requests inside a Retry-After", "nights that ended otherwise than they should",
         "runs above 150 MB", "reports that are wrong about the listing", "words that are not true", "half-open ranges sent",
         "answers in a coding that was of no use last night", "limits of which more than a tenth was refused",
         "bans after which more than 20 requests came", "rows that showed no fault"]


class Night:
    """What the service does tonight, and what of it is owed. Rows fill it in."""

    def __init__(self, house, row, turn, before):
        self.house, self.proof, self.world, self.mirror = house, house.proof, house.world, house.mirror
        self.row, self.turn, self.number = row, turn, house.nights
        self.calls, self.withheld, self.checks, self.settings = collections.Counter(), set(), [], {}
        self.added = before.added if before else []
        self.shown, self.may_be_silent, self.no_media = 0, False, False
        self.closed_host = None  # it gives nothing but to what the row added
        self.before = lambda call: False
        self.media = lambda call: call.whole_stream()
        self.pages = lambda call: call.page()
        self.products = lambda call: call.reply(204)

    def host(self):
        """The row's own, by its number."""
        return 10 + [one.name for one in (PLAIN, *ROWS)].index(self.row.name)

    def add(self, count, behaviour=None, hopeful=True, host=None):
        """Pictures on the row's own host."""
        self.added = self.added + self.world.add(count, host or self.host(), behaviour, hopeful)

    def withhold_all(self):
        self.withheld = {one.id for one in self.world.listed()}

    def show(self):
        with self.world.lock:
            self.shown += 1

    def wrong(self, name, text):
        with self.house.shared:
            self.proof.wrong(name, f"{self.row.name}, night {self.number} of mirror {self.world.number}: {text}")
            self.house.wrong_rows[self.row.name] += 1

    def believe(self, run):
        if run.report and run.report["listing"]["complete"]:
            self.world.note_complete(Call(self.world, None, "media/query", {}, 0))

    def answer(self, call):
        if self.before(call):
            return
        if call.kind == "media/stream":
            self.media(call)
        elif call.kind == "media/query":
            self.pages(call)
        elif call.kind.startswith("products/"):
            self.products(call)
        else:
            call.reply(404)


class House:
    """One mirror and its world, from night to night."""

    def __init__(self, proof_, number, certificate, shared, wrong_rows):
        self.proof, self.shared, self.random = proof_, shared, random.Random(f"{proof_.seed} {number}")
        self.world, self.nights, self.held = World(number, certificate), 0, {}
        self.mirror = Mirror(proof_.folder / f"m{number}", self.world.api_url)
        self.certificate, self.missed, self.wrong_rows = certificate, set(), wrong_rows
        self.mirror.environment["SSL_CERT_FILE"] = str(certificate / "cert.pem")
        self.mirror.configure(api={"requests_per_minute": PER_MINUTE}, media={
            "base_url": self.world.url("127.0.0.1"), "allowed_hosts": [self.world.host(n) for n in range(400)]})
        self.settings = copy.deepcopy(self.mirror.settings)
        self.world.add(100)
        self.play(PLAIN)

    def play(self, row):
        night = None
        for turn in range(row.nights):
            self.nights += 1
            night = Night(self, row, turn, night)
            self.change_catalogue(self.world.host(night.host()))
            row.set_up(night)
            self.sleep_through(night)
        for picture in night.added:  # the fault is over; who was told to be silent for a day is not asked again
            if any(told == f"path {picture.path}" for told in self.world.closed):
                self.world.remove([picture])
            picture.behaviour, picture.hopeful, picture.origin = None, True, None
            if self.held.get(picture.id) != picture.digest():
                picture.offered = None  # owed from the night on that offers it again

    def change_catalogue(self, busy_host):
        """Some are new, a few change, a few leave; more once there are many, but never what looks like an accident."""
        world = self.world
        world.add(NEW)
        plain = [one for one in world.listed() if one.behaviour is None and self.held.get(one.id) == one.digest()]
        self.random.shuffle(plain)
        leaving = sum(id not in world.pictures for id in self.held)
        room = max(0, len(self.held) // 25 - leaving)
        leave = min(room, max(3, (len(self.held) - 1000) // 20))
        world.remove(plain[:leave])
        for one in [one for one in plain[leave:] if one.host != busy_host][:3]:  # a host that is left alone gives none
            one.change()

    def configure(self, night):
        self.mirror.settings = copy.deepcopy(self.settings)
        self.mirror.configure(**night.settings)

    def sleep_through(self, night):
        self.configure(night)
        for picture in self.world.listed():
            picture.tries = 0
            if picture.id not in night.withheld and not night.no_media:
                picture.offered = picture.digest()
        self.world.night = night
        began = time.monotonic()
        try:
            run = self.mirror.run("sync", "--json", seconds=3 * night.row.seconds)
        except AssertionError as error:
            return night.wrong("nights that ended otherwise than they should", str(error)[-3000:])
        took = time.monotonic() - began
        if "PROOF_VERBOSE" in os.environ:
            print(f"mirror {self.world.number}, night {self.nights}, {took:.1f} s, exit {run.exit_code}: {night.row.name}",
                  file=sys.stderr, flush=True)
        for check in night.checks:
            check(run)
        self.judge_run(night, run, took)
        self.judge_tree(night, run)
        self.judge_account(night)

    def lingers(self):
        """Whether something was listed and never given, and may still be asked for until two listings lacked it."""
        return any(one.lacked_by < 3 and id not in self.held for id, one in self.world.gone.items())

    def judge_run(self, night, run, took):
        row, first = night.row, night.turn == 0
        ends = row.ends if first or row.then is None else row.then
        if DONE in ends and self.lingers():
            ends += (SOME_FAILED,)
        with self.shared:
            self.proof.count("nights")
            self.proof.count(f"shown: {row.name}", night.shown)
            self.proof.most("peak memory of a run, MB", run.peak_bytes // 1_000_000)
            self.proof.most("seconds of the longest night", int(took))
        if run.peak_bytes > MEMORY:
            night.wrong("runs above 150 MB", str(run.peak_bytes))
        if run.exit_code not in ends or run.report is None or took > row.seconds:
            night.wrong("nights that ended otherwise than they should", f"after {took:.0f} s: {told(run)}")
        elif row.complete is not None and run.report["listing"]["complete"] != row.complete:
            night.wrong("reports that are wrong about the listing", told(run))
        if night.shown == 0 and not night.may_be_silent:
            night.wrong("rows that showed no fault", told(run))
        if first:
            self.judge_words(night, run)

    @staticmethod
    def judge_words(night, run):
        row, said = night.row, run.stdout + run.stderr
        if not re.search(row.says, said):
            night.wrong("words that are not true", f"nothing of {row.says!r}: {told(run)}")
        if re.search(row.never_says, said):
            night.wrong("words that are not true", f"something of {row.never_says!r}: {told(run)}")
        if row.complete is False and not row.says and run.report and not re.search(
                r"\d", run.report["listing"]["cut_reason"] + run.report["error"]):
            night.wrong("words that are not true", f"the place is not named: {told(run)}")

    def judge_tree(self, night, run):
        held = {int(proof.stem(path).rsplit("/", 1)[1]): digest
                for path, digest in proof.published_files(self.mirror).items()}
        # the newest may have been heard of in a night without media hosts
        added = {one.id for one in night.added}
        missing = [one.id for one in self.world.listed() if one.offered and one.hopeful and one.id not in self.missed
                   and held.get(one.id) not in (one.offered, one.digest())
                   and (one.host != night.closed_host or one.id in added)]
        self.missed.update(missing)  # each is told once
        for id, digest in held.items():
            picture = self.world.pictures.get(id) or self.world.gone[id]
            if digest not in picture.digests:
                night.wrong("wrong bytes under final names", f"item {id}")
        for id in self.held.keys() - held.keys():
            if id in self.world.pictures or self.world.gone[id].lacked_by < 2:
                night.wrong("pictures removed wrongly", f"item {id}: {told(run)}")
        with self.shared:
            self.proof.count("pictures offered whole", len(held.keys() - self.held.keys()) + len(missing))
            self.proof.count("pictures that left rightly", len(self.held.keys() - held.keys()))
        if missing:
            night.wrong(ZEROS[0], f"{len(missing)}: {missing[:5]}: {told(run)}")
            with self.shared:
                self.proof.count(ZEROS[0], len(missing) - 1)
        self.held = held

    def judge_account(self, night):
        with self.world.lock:
            early, self.world.early = self.world.early, []
            half_open, self.world.half_open = self.world.half_open, []
        for text in early:
            night.wrong("requests inside a Retry-After", text)
        for text in half_open:
            night.wrong("half-open ranges sent", text)

    def close(self):
        self.world.close()
        with self.shared:
            self.proof.count("requests to the API", sum(map(len, self.world.api_times.values())))
            self.proof.count("requests for pictures", self.world.media_requests)
            self.proof.most("most requests to the API in a minute", self.world.busiest_minute())
            if self.world.busiest_minute() > PER_MINUTE:
                self.proof.wrong("minutes with more than 45 requests", str(self.world.busiest_minute()))


def told(run):
    """What a run said, short enough for a list of complaints."""
    if run.report is None:
        return f"exit {run.exit_code}: {run.stdout[-300:]} {run.stderr[-800:]}"
    report, reasons = run.report, collections.Counter(one["reason"] for one in run.report["failures"])
    return (f"exit {run.exit_code}, {report['outcome']}: {report['error']} notes {report['notes']} listing {report['listing']} "
            f"items {report['items']} failures {dict(reasons)} {run.stderr[-800:]}")


class Rota:
    """The rows in the order in which they are played: once, or again and again until the time is over."""

    def __init__(self, proof_, rows, worlds):
        self.proof, self.rows, self.worlds, self.lock = proof_, rows, worlds, threading.Lock()
        self.rounds = [self.a_round() for _ in range(worlds)] if proof_.long else [self.a_round()]

    def a_round(self):
        order = list(self.rows)
        if self.proof.long:
            self.proof.random.shuffle(order)
        return sorted(order, key=lambda row: row.seconds) if not self.proof.long else order

    def take(self, number):
        """Short form: from one list for all. Long form: each mirror meets all of them."""
        with self.lock:
            rows = self.rounds[number if self.proof.long else 0]
            if self.proof.long and self.proof.seconds_left(0) < 30:
                return None
            if not rows and self.proof.long:
                self.rounds[number] = rows = self.a_round()
            return rows.pop() if rows else None


def prove(proof_):
    proof_.must_be_zero(*ZEROS)
    certificate, shared = make_certificate(proof_.folder / "certificate", [
        "0.0.0.0", *(World.address(number, HTTP2_HOST) for number in range(WORLDS))]), threading.Lock()
    rota, failures, wrong_rows = Rota(proof_, chosen_rows(proof_), WORLDS), [], collections.Counter()

    def live(number):
        house = None
        try:
            house = House(proof_, number, certificate, shared, wrong_rows)
            while (row := rota.take(number)) is not None:
                house.play(row)
            house.play(PLAIN)
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            if house is not None:
                house.close()
    threads = [threading.Thread(target=live, args=(number,)) for number in range(WORLDS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, times in wrong_rows.items():
        proof_.note(f"not as it must be: {name} ({times})")
    if failures:
        raise failures[0]


def chosen_rows(proof_):
    """All, or those whose names match PROOF_ROWS, to look at a few."""
    rows = [row for row in ROWS if re.search(os.environ.get("PROOF_ROWS", ""), row.name)]
    if missing := nginx_missing():
        rows = [row for row in rows if row.set_up is not http2_alone]
        proof_.note(f"HTTP/2 alone was left out: {missing}")
    return rows


def openssl():
    if shutil.which("openssl") is None:
        raise proof.Skip("openssl is not installed")


if __name__ == "__main__":
    proof.run("service", prove, needs=(openssl,))
