"""What a sync takes when the service sends whatever it likes: media.memory and 60 MB more at most, and an end in time.

Role: plays each attack of ATTACKS against a mirror of its own, reads the peak of the program (VmHWM) and of its decoder
processes while it runs, and prints both beside what was promised. A run must end within the row's seconds, by itself, with a
sentence that says what it was. Short form: the attacks that take seconds; long form: all, again and again.
"""

import collections
import os
import pathlib
import re
import sys
import threading
import time

import hostile
import proof
from harness import DONE, FAILED, SOME_FAILED, TRY_LATER, Mirror
from hostile import MB, Api
from odd_service import World, make_certificate
from service_proof import openssl

MEMORY, MORE = 128 << 20, 60_000_000
ZEROS = ("runs above the promise", "runs that did not end in time", "runs that ended otherwise than they should",
         "words that are not there")


class Attack:
    def __init__(self, name, set_up, says="", ends=(DONE, FAILED, SOME_FAILED, TRY_LATER), seconds=60, quick=True, settings=None):
        self.name, self.set_up, self.says, self.ends = name, set_up, says, ends
        self.seconds, self.quick, self.settings = seconds, quick, settings or {}


def listing(media=None, **kinds):
    return lambda world: kinds | {"media": media}


def pictures(behaviour, count=40, hosts=1, **kinds):
    def set_up(world):
        for number in range(count):
            world.add(1, number % hosts, behaviour)
        return kinds
    return set_up


def list_of(count, make):
    """A whole listing of so many rows."""
    return lambda call: call.stream([hostile.rows(0, count, make)])


ATTACKS = (
    Attack("bodies of 63 MB without a length, one host", pictures(hostile.without_length(63), 40)),
    Attack("bodies of 63 MB without a length, four hosts", pictures(hostile.without_length(63), 80, 4)),
    Attack("bodies of 63 MB with a length", pictures(hostile.with_length(63), 40), quick=False),
    Attack("bodies of 3 MB without a length", pictures(hostile.without_length(3), 300, 4)),
    Attack("refusals of 63 MB", pictures(hostile.without_length(63, 404), 20)),
    Attack("gzip bombs as pictures", pictures(hostile.picture(hostile.bomb(b"\0", 60)), 24, 4)),
    Attack("gzip bombs as pictures, labelled",
           pictures(hostile.picture(hostile.bomb(b"\0", 60), [("Content-Encoding", "gzip")]), 24, 4), quick=False),
    Attack("gzip bombs beyond the limit", pictures(hostile.picture(hostile.bomb(b"\0", 600)), 20), quick=False),
    Attack("trailers without end", pictures(hostile.trailers, 24, 4), settings={"media": {"attempts": 1}}, says=r"headers have no end"),
    Attack("headers without end", pictures(hostile.headers, 24, 4), settings={"media": {"attempts": 1}}, says=r"headers have no end"),
    Attack("redirects of 60 KB", pictures(hostile.long_redirect, 1000)),
    Attack("entity tags of 60 KB", pictures(hostile.picture(b"no", [("ETag", '"' + "a" * 60_000 + '"')]), 3000)),
    Attack("a gzip bomb of zeros as a listing", listing(hostile.packed_listing(hostile.bomb(b"\0", 3000)))),
    Attack("a gzip bomb of blank lines as a listing", listing(hostile.packed_listing(hostile.bomb(b"\n", 3000)))),
    Attack("a gzip bomb of small rows", listing(hostile.packed_listing(hostile.bomb(b'{"result":{"id":1}}\n', 1000)))),
    Attack("a line without end", listing(hostile.forever(lambda _: b"x" * 65536))),
    Attack("blank lines without end", listing(hostile.forever(lambda _: b"\n" * 65536)), says=r"nothing but blank lines"),
    Attack("spaces without end", listing(hostile.forever(lambda _: b" " * 65536)), quick=False),
    Attack("lines of 2 MB", listing(hostile.forever(lambda _: b"x" * 2_000_000 + b"\n"))),
    Attack("lines that cannot be read", listing(hostile.forever(lambda _: b'{"result":{{{"id":\n' * 1000))),
    Attack("a catalogue of 10^12 items", listing(hostile.items_without_end(10**12)), says="no catalogue"),
    Attack("items without end", listing(hostile.items_without_end(4_900_000)), quick=False, seconds=1200,
           settings={"api": {"listing_timeout": "15m"}}),
    Attack("items without end, out of order", listing(hostile.items_without_end(4_900_000, hostile.scattered)), quick=False,
           seconds=1200, says="out of order", settings={"api": {"listing_timeout": "15m"}}),
    Attack("300 000 rows of one id", listing(list_of(300_000, lambda index: hostile.row(7, 300_000, index, f"/m/{index}.png")))),
    Attack("rows of 900 KB", listing(list_of(300, lambda index: hostile.row(index + 1, 300, index, more=',"locales":["' + "x" * 900_000 + '"]')))),
    Attack("addresses of 900 KB", listing(list_of(300, lambda index: hostile.row(index + 1, 300, index, "/m/" + "x" * 900_000))), says=r"longer than 8"),
    Attack("rows of 200 addresses of 4 KB", listing(list_of(1000, lambda index: hostile.row(
        index + 1, 1000, index, more=',"formats":{' + ",".join(f'"f{n}":"/m/{"x" * 4000}"' for n in range(200)) + "}")))),
    Attack("10 000 hosts", listing(list_of(10_000, lambda index: hostile.row(
        index + 1, 10_000, index, f"http://127.9.{index >> 8}.{index & 255}:9/m/1.png")))),
    Attack("a page of 60 MB", listing(hostile.no_stream, pages=hostile.page_of(60)), says=r"the limit"),
    Attack("a page of 60 MB, packed", listing(hostile.no_stream, pages=hostile.page_of(60, packed=True))),
    Attack("a page of 300 MB, packed", listing(hostile.no_stream, pages=hostile.page_of(300, packed=True)), quick=False),
    Attack("a drip of 10 bytes", listing(hostile.drip(b"x" * 10, 0.5)), quick=False),
    Attack("a drip of blank lines", listing(hostile.drip(b"\n" * 2000, 0.5)), says=r"nothing but blank lines"),
    Attack("a drip of rows", listing(hostile.drip_of_rows(0.5)), says=r"api.listing_timeout"),
    Attack("a drip of interim answers", listing(hostile.interim_answers)),
    Attack("a picture that drips", pictures(hostile.drip(b"x" * 10, 0.5), 4), quick=False, seconds=400),
    Attack("a picture of interim answers", pictures(hostile.interim_answers, 4), quick=False, seconds=400),
)


class Watch:
    """The peaks of a process and of its children, while it lives."""

    def __init__(self, pid):
        self.pid, self.peak, self.children, self.over = pid, 0, {}, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.over.wait(0.02):
            self.peak = max(self.peak, self.high_water(self.pid))
            try:
                children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
                for thread in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
                    children += (thread / "children").read_text().split()
            except OSError:
                continue
            for child in set(children):
                self.children[child] = max(self.children.get(child, 0), self.high_water(child))

    @staticmethod
    def high_water(pid):
        try:
            found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
        except OSError:
            return 0
        return int(found[1]) * 1024 if found else 0

    def close(self):
        self.over.set()
        self.thread.join()

    @property
    def decoder(self):
        return max(self.children.values(), default=0)


def settings_of(world):
    return {"api": {"answer_timeout": "5s", "listing_timeout": "10s"},
            "media": {"base_url": world.url("127.0.0.1"), "allowed_hosts": [world.host(n) for n in range(8)],
                      "stall_timeout": "5s", "total_timeout": "20s"}}


def play(proof_, attack, number, certificate):
    world = World(number % 200, certificate)
    try:
        mirror = Mirror(proof_.folder / f"m{number}", world.api_url)
        mirror.environment["SSL_CERT_FILE"] = str(certificate / "cert.pem")
        mirror.configure(**settings_of(world))
        for section, values in attack.settings.items():
            mirror.configure(**{section: values})
        world.add(3)
        world.night = Api(collections.Counter(), **attack.set_up(world))
        process = mirror.start("sync", "--json")
        watch = Watch(process.pid)
        try:
            run = mirror.finish(process, attack.seconds)
        except AssertionError as error:
            proof_.wrong("runs that did not end in time", f"{attack.name}: {str(error)[-600:]}")
            run = None
        finally:
            watch.close()
        judge(proof_, attack, run, watch, mirror)
    finally:
        world.close()


def judge(proof_, attack, run, watch, mirror):
    index = sum(path.stat().st_blocks * 512 for path in (mirror.store / "index").rglob("*") if path.is_file())
    reports = sum(path.stat().st_size for path in (mirror.root / "reports").rglob("*") if path.is_file())
    seconds = run.seconds if run else attack.seconds
    print(f"  {attack.name:<46} {watch.peak / MB:7.0f} MB of {(MEMORY + MORE) / MB:.0f}   decoder {watch.decoder / MB:5.0f} MB   "
          f"{seconds:5.1f} s   index {index / MB:6.1f} MB   reports {reports / MB:5.1f} MB   exit {run.exit_code if run else '-'}",
          flush=True)
    proof_.count("attacks")
    proof_.most("peak memory of a run, MB", watch.peak // MB)
    if watch.peak > MEMORY + MORE:
        proof_.wrong("runs above the promise", f"{attack.name}: {watch.peak / MB:.0f} MB")
    if run is None:
        return
    said = run.stdout + run.stderr
    if "PROOF_VERBOSE" in os.environ:
        print(said[:1500] + "\n…\n" + run.stderr[-1500:], file=sys.stderr)
    if run.exit_code not in attack.ends:
        proof_.wrong("runs that ended otherwise than they should", f"{attack.name}: exit {run.exit_code} {said[-600:]}")
    elif not re.search(attack.says, said):
        proof_.wrong("words that are not there", f"{attack.name}: nothing of {attack.says!r} in {said[-800:]}")


def prove(proof_):
    proof_.must_be_zero(*ZEROS)
    certificate = make_certificate(proof_.folder / "certificate", ["0.0.0.0"])
    chosen = [one for one in ATTACKS if re.search(os.environ.get("PROOF_ROWS", ""), one.name)]
    number = 0
    while True:
        for attack in chosen:
            if attack.quick or proof_.long:
                play(proof_, attack, number, certificate)
                number += 1
        if not proof_.long or proof_.seconds_left(0) < 60:
            return


if __name__ == "__main__":
    proof.run("memory", prove, needs=(openssl,))
