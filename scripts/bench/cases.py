"""The cases. Each yields groups: contenders that are run in turn, and what is compared with what."""

import json
import math
import os
import re
import shutil
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import corpus
import measure
from mirror import Mirror
from servers import Sandbox

HEADER_ONLY = '[image]\nvalidate = "header"'
CASES = {}


def case(function):
    CASES[function.__name__.replace("_", "-")] = function
    return function


@dataclass
class Contender:
    name: str
    run: Callable  # () -> measure.Cost
    before: Callable = lambda: None  # not measured
    available: bool = True
    rounds: int | None = None  # fewer than the others, for the slow ones


@dataclass
class Group:
    case: str
    work: str
    items: int
    contenders: list  # the first is medimirror
    goals: dict = field(default_factory=dict)  # contender -> the ratio (wall) that is aimed at
    per_item_goal_ms: float | None = None  # CPU of the first
    note: Callable = lambda costs: ""


def empty(bench, folder):
    bench.trash.take(folder)
    folder.mkdir(parents=True)


def have(program):
    return shutil.which(program) is not None


def expect_files(folder, count):
    found = sum(1 for _ in folder.rglob("*.jpg"))
    if found != count:
        raise RuntimeError(f"{folder} has {found} files instead of {count}")


def write_curl_list(file, urls, folder):
    file.write_text("".join(f'url = "{url}"\noutput = "{folder / url.rsplit("/", 1)[1]}"\n' for url in urls))


# ------------------------------------------------------------------------------------------ fetch, fetch-h2, durable

def _fetch_mirror(bench, name, origin):
    count, nginx = bench.size(10_000, 1_000), bench.nginx
    files = f"small-{count}"
    corpus.make_files(bench.work / "files" / files, count, 45_000)
    corpus.make_listing(bench.work / "streams" / f"small-{count}.jsonl", count)
    mirror = Mirror(bench, name, api=nginx.api(f"small-{count}"), media=f"{origin}/files/{files}/",
                    sections=HEADER_ONLY)
    urls = [f"{origin}/files/{files}/{corpus.name(i)}" for i in range(count)]
    return mirror, count, urls


def _peers(bench, urls, count, folder, options=()):
    listing = bench.work / "urls"
    listing.write_text("\n".join(urls) + "\n")
    curl_list = bench.work / "urls.curl"
    write_curl_list(curl_list, urls, folder)
    base = urls[0].rsplit("/", 1)[0] + "/"

    def contender(name, program, command, **more):
        def run():
            cost = measure.run(command)
            expect_files(folder, count)
            return cost
        return Contender(name, run, lambda: empty(bench, folder), have(program), **more)

    curl = contender("curl -Z", "curl", ["curl", "-sS", "-Z", "--parallel-max", "64", *options, "-K", curl_list])
    others = [
        contender("wget2", "wget2", ["wget2", "-q", "--no-config", "--max-threads=16", "-i", listing, "-P", folder]),
        contender("aria2", "aria2c", ["aria2c", "-q", "--no-conf", "-j64", "-x1", "-i", listing, "-d", folder],
                  rounds=1),
        contender("rclone", "rclone", ["rclone", "-q", "--config", "/dev/null", "copy", ":http:", folder,
                                       "--http-url", base, "--http-no-head", "--transfers", "64"], rounds=3),
    ]
    return curl, others


@case
def fetch(bench):
    mirror, count, urls = _fetch_mirror(bench, "fetch", bench.nginx.origin)
    curl, others = _peers(bench, urls, count, bench.work / "copy")
    yield Group("fetch", f"{count} files of 45 KB, HTTP/1.1", count,
                [Contender("medimirror", lambda: mirror.sync(fetched=count, files=count), mirror.remove), curl, *others],
                {"curl -Z": 1.5, "wget2": 1, "aria2": 1, "rclone": 1}, per_item_goal_ms=0.45)


@case
def fetch_h2(bench):
    certificate = str(bench.nginx.certificate)
    mirror, count, urls = _fetch_mirror(bench, "fetch-h2", bench.nginx.tls_origin)
    curl, _ = _peers(bench, urls, count, bench.work / "copy", ["--http2", "--cacert", certificate])
    curl.name = "curl -Z --http2"
    yield Group("fetch-h2", f"{count} files of 45 KB, TLS, HTTP/2", count,
                [Contender("medimirror", lambda: mirror.sync(fetched=count, files=count, SSL_CERT_FILE=certificate),
                           mirror.remove), curl], {"curl -Z --http2": 1.3})


@case
def durable(bench):
    mirror, count, _ = _fetch_mirror(bench, "durable", bench.nginx.origin)
    yield Group("durable", f"{count} files of 45 KB", count,
                [Contender("medimirror", lambda: mirror.sync(fetched=count), mirror.remove),
                 Contender("without fsync", lambda: mirror.sync(fetched=count, MEDIMIRROR_BENCH_NOT_DURABLE="1"),
                           mirror.remove)], {"without fsync": 1.15})


# ------------------------------------------------------------------------------------------ far

@case
def far(bench):
    """The limit is arithmetic: requests in flight divided by latency. The start, the listing (one latency), the last
    commit and the publication are in the figure as well."""
    count, latency = bench.size(2_000, 400), 0.080
    for connections in (16, 64):
        sandbox = Sandbox(bench.build, bench.work, "--media", count, "--pictures", "small", "--threads", 200,
                          "--latency", int(latency * 1000))
        try:
            mirror = Mirror(bench, f"far-{connections}", api=sandbox.origin + "/v4", media=sandbox.origin,
                            connections=connections, sections=HEADER_ONLY)
            asked = {}

            def whole(mirror=mirror, asked=asked):
                cost = mirror.sync(accept=(0, 3))
                asked["pictures"] = mirror.report()["requests"]["media"]
                if asked["pictures"] < 0.5 * count:  # some media are links, which have no picture
                    raise RuntimeError(f"only {asked['pictures']} of {count} came\n{cost.output}")
                return cost

            def arithmetic(asked=asked, connections=connections):
                return measure.Cost(asked["pictures"] * latency / connections, 0, 0, 0, 0)

            yield Group("far", f"{count} media, 80 ms, {connections} in flight", count,
                        [Contender("medimirror", whole, mirror.remove),
                         Contender("in flight / latency", arithmetic)],
                        {"in flight / latency": 1 / 0.95},
                        note=lambda costs, asked=asked, connections=connections: (
                            f"{asked['pictures']} pictures; whole rounds of them and the listing's own reply take "
                            f"{(math.ceil(asked['pictures'] / connections) + 1) * latency:.2f} s"))
        finally:
            sandbox.stop()


# ------------------------------------------------------------------------------------------ limited

@case
def limited(bench):
    """A host that limits its rate and does not say so. The limit is arithmetic: files divided by the rate, those of the
    burst for nothing."""
    count, nginx = bench.size(300, 100), bench.nginx
    corpus.make_files(bench.work / "files" / "limited", 300, 45_000)  # of which it may ask fewer
    corpus.make_listing(bench.work / "streams" / f"small-{count}.jsonl", count)
    for status, burst in nginx.LIMITS:
        mirror = Mirror(bench, "limited", api=nginx.api(f"small-{count}"), connections=16, sections=HEADER_ONLY,
                        media=f"{nginx.origin}/limited/{status}/{burst}/")
        answers = []

        def whole(mirror=mirror, answers=answers):
            nginx.limited_log.write_text("")
            cost = mirror.sync(fetched=count, files=count)
            answers[:] = nginx.limited_log.read_text().split()
            return cost

        def arithmetic(burst=burst):
            return measure.Cost((count - 1 - burst) / nginx.RATE, 0, 0, 0, 0)

        def note(costs, status=status, answers=answers):
            refused = answers.count(str(status))
            return f"{refused} of {len(answers)} requests refused ({100 * refused / len(answers):.1f} %; goal 10 %)"

        yield Group("limited", f"{count} files at {nginx.RATE} a second, burst {burst}, {status} beyond", count,
                    [Contender("medimirror", whole, mirror.remove, rounds=2), Contender("the limit", arithmetic, rounds=2)],
                    {"the limit": 1.3}, note=note)


# ------------------------------------------------------------------------------------------ full, full-limit

CARD = """
[[derivative]]
name = "card"
width = 450
height = 450
format = "jpeg"
"""
THUMB = """
[[derivative]]
name = "thumb"
width = 200
height = 200
format = "webp"
"""


def _photos(bench, name="full", sections=CARD + THUMB, made="450² JPEG and 200² WebP"):
    count = bench.size(1_000, 60)
    folder = bench.work / "files" / f"photos-{count}"

    def fetch_photos(_, folder, count):
        sandbox = Sandbox(bench.build, bench.work, "--media", 2 * count + 50, "--pictures", "real")
        try:
            from servers import post
            stream = post(sandbox.origin + "/v4/media/stream",
                          b'{"filter":{"published":true},"sorting":{"id":"ASC"}}').decode()
            # of a size that the service's own photos have; frontals are PNG
            urls = re.findall(r'"type":"photo".*?"huge":"([^"]+)"', stream.replace("\\/", "/"))[:count]
            urls = [url if url.startswith("http") else sandbox.origin + "/" + url.lstrip("/") for url in urls]
            listing = bench.work / "urls.curl"
            listing.write_text("".join(f'url = "{url}"\noutput = "{folder / corpus.name(i)}"\n'
                                       for i, url in enumerate(urls)))
            measure.run(["curl", "-sSf", "-A", "medimirror-bench/1 (bench@example.com)", "-Z", "--parallel-max", "4",
                         "-K", listing])
        finally:
            sandbox.stop()
        expect_files(folder, count)

    corpus.draw_photos(folder, count, None, fetch_photos)
    corpus.make_listing(bench.work / "streams" / f"small-{count}.jsonl", count)
    sizes = [file.stat().st_size for file in folder.glob("*.jpg")]
    mirror = Mirror(bench, name, api=bench.nginx.api(f"small-{count}"),
                    media=f"{bench.nginx.origin}/files/{folder.name}/", sections=sections)
    work = f"{count} photos of 1500² ({statistics.mean(sizes) / 1000:.0f} KB), {made}"
    return mirror, count, folder, work


def _full_contender(mirror, count, name="medimirror", each=3):
    return Contender(name, lambda: mirror.sync(fetched=count, files=each * count), mirror.remove)


@case
def full(bench):
    mirror, count, photos, work = _photos(bench)
    copy = bench.work / "copy"
    urls = [f"{bench.nginx.origin}/files/{photos.name}/{corpus.name(i)}" for i in range(count)]
    curl_list = bench.work / "urls.curl"
    cores = os.cpu_count()
    (bench.work / "shell-way.sh").write_text(f"""set -e
cd {copy}
curl -sS -Z --parallel-max 64 -K {curl_list}
ls *.jpg | xargs -P {cores} -n 50 sha256sum > SHA256SUMS
ls *.jpg | VIPS_CONCURRENCY=1 xargs -P {cores} -n 20 vipsthumbnail -s 450x450 -o card-%s.jpg[Q=82]
ls [0-9]*.jpg | VIPS_CONCURRENCY=1 xargs -P {cores} -n 20 vipsthumbnail -s 200x200 -o thumb-%s.webp[Q=82]
""")

    def shell_way():
        write_curl_list(curl_list, urls, copy)
        return measure.run(["bash", bench.work / "shell-way.sh"], log=bench.work / "shell-way.log")

    yield Group("full", work, count,
                [_full_contender(mirror, count),
                 Contender("shell way", shell_way, lambda: empty(bench, copy), have("vipsthumbnail"))],
                {"shell way": 1 / 1.5}, note=lambda costs: _likeness(bench, mirror, copy))


def _likeness(bench, mirror, copy):
    """Of our derivatives and vipsthumbnail's of the same photos; every fifth will do."""
    told = []
    for name, of_number in (("card", lambda i: f"card-{corpus.name(i)}"),
                            ("thumb", lambda i: f"thumb-{corpus.name(i).removesuffix('.jpg')}.webp")):
        pairs = bench.work / "pairs"
        pairs.write_text("".join(f"{mirror.root / 'media' / line['path']}\t{copy / of_number(line['media_id'] - 1)}\n"
                                 for line in mirror.manifest() if line["format"] == name and line["media_id"] % 5 == 0))
        alike = json.loads(measure.run([bench.build / "ssim", pairs], log=bench.work / "ssim.log").output)
        told.append(f"{name} {alike['mean']:.4f} (lowest {alike['lowest']:.4f})")
    return "SSIM with vipsthumbnail's: " + ", ".join(told)


@case
def full_limit(bench):
    mirror, count, photos, work = _photos(bench)
    yield Group("full-limit", work, count,
                [_full_contender(mirror, count),
                 Contender("bare loop", lambda: bench.limits("decode", photos)),
                 Contender("the codecs alone", lambda: bench.limits("codecs", photos))],
                {"bare loop": 1.10, "the codecs alone": 1.10 * 1.25})


@case
def thumbs(bench):
    both, count, _, _ = _photos(bench)
    mirror, count, _, work = _photos(bench, "thumbs", THUMB, "200² WebP alone")
    yield Group("thumbs", work, count,
                [_full_contender(mirror, count, each=2), _full_contender(both, count, "with 450² JPEG too")],
                {"with 450² JPEG too": 1 / 1.5})


@case
def validate(bench):
    mirror, count, photos, work = _photos(bench, "validate", "", "nothing made of them")
    yield Group("validate", work, count,
                [_full_contender(mirror, count, each=1),
                 Contender("libjpeg-turbo at 1/8", lambda: bench.limits("small", photos))],
                {"libjpeg-turbo at 1/8": 1.15})


# ------------------------------------------------------------------------------------------ scale, nochange, publish

def _tiny_mirror(bench, count, name=None, logged=False):
    listing = f"tiny-{count}"
    corpus.make_listing(bench.work / "streams" / f"{listing}.jsonl", count)
    place = "logged" if logged else "tiny"
    return Mirror(bench, name or listing, api=bench.nginx.api(listing), media=f"{bench.nginx.origin}/{place}/",
                  sections=HEADER_ONLY + "\n[publish]\nmax_delete = \"100%\"")


def _held(bench, count):
    """A mirror that holds `count` assets and agrees with its listing; made where there is none."""
    mirror = _tiny_mirror(bench, count)
    for _ in range(2):
        try:
            if (mirror.root / "reports" / "last-run.json").exists():
                mirror.sync(unchanged=count, files=count)
                return mirror
        except RuntimeError:
            pass
        bench.say(f"  making a mirror of {count}")
        if not (mirror.root / "reports" / "last-run.json").exists():
            mirror.remove()
        mirror.sync()
    mirror.remove()
    mirror.sync(fetched=count, files=count)
    mirror.sync(unchanged=count, files=count)
    return mirror


@case
def scale(bench):
    sizes = bench.size((10_000, 100_000, 1_000_000), (1_000, 10_000, 30_000))
    per_asset = {}
    for count in sizes:
        mirror = _tiny_mirror(bench, count)

        def whole(mirror=mirror, count=count):
            cost = mirror.sync(fetched=count, files=count)
            if count == sizes[-1]:
                bench.draw("memory-all-new", cost.samples,
                           f"Memory while {count} media come, all new")
            return cost

        def note(costs, mirror=mirror, count=count):
            per_asset[count] = statistics.median(cost.wall for cost in costs) / count
            ratio = per_asset[count] / per_asset[sizes[0]]
            text = f"{mirror.index_bytes() / count:.0f} bytes of index an asset"
            return text if count == sizes[0] else f"{ratio:.2f} × the time an asset of {sizes[0]} (goal 1.25); {text}"

        rounds = 1 if count == sizes[-1] else 2
        yield Group("scale", f"{count} assets, all new, 130 bytes each", count,
                    [Contender("medimirror", whole, mirror.remove, rounds=rounds)], note=note)


@case
def nochange(bench):
    count = bench.size(1_000_000, 30_000)
    mirror = _held(bench, count)
    stream = bench.work / "streams" / f"tiny-{count}.jsonl"
    yield Group("nochange", f"{count} media by stream, {stream.stat().st_size / 1e6:.0f} MB, nothing new", count,
                [Contender("medimirror", lambda: mirror.sync(unchanged=count)),
                 Contender("simdjson alone", lambda: bench.limits("parse", stream))],
                {"simdjson alone": 3},
                note=lambda costs: f"wrote {statistics.median(c.written_mb for c in costs):.2f} MB; "
                                   "goals: 150 MB of memory")


@case
def publish(bench):
    count, changed = bench.size(1_000_000, 30_000), bench.size(1_000, 100)
    mirror = _held(bench, count)
    media = mirror.root / "media"
    # --retry-failed asks nobody for a listing: what is left of the run is the publication
    unlisted = lambda: mirror.sync("--retry-failed", files=count)

    copy = bench.work / "copy"

    yield Group("publish", f"{count} links made", count,
                [Contender("medimirror", unlisted, lambda: shutil.rmtree(media, ignore_errors=True)),
                 Contender("cp -al", lambda: measure.run(["cp", "-al", media, copy]),
                           lambda: shutil.rmtree(copy, ignore_errors=True))], {"cp -al": 1.5})
    yield Group("publish", f"{count} unchanged", count, [Contender("medimirror", unlisted)],
                note=lambda costs: "goal: 2 s")
    for held in (bench.size(10_000, 1_000), count):
        other = mirror if held == count else _held(bench, held)
        turn = iter(range(1, 1000))

        def before(other=other, held=held, turn=turn):
            name = f"changed-{held}"
            listing = bench.work / "streams" / f"{name}.jsonl"
            listing.unlink(missing_ok=True)
            # other numbers are other pictures; the time makes them other than those of earlier runs too
            pictures = 1_000_000_000 + int(time.time()) % 1_000_000 * 8_000 + next(turn) * changed
            corpus.make_listing(listing, changed, first=held // 2, first_picture=pictures)
            other.write_config(api=bench.nginx.api(name), extra='full_listing_every = "7d"')

        yield Group("publish", f"{changed} changed of {held}, with their fetching", changed,
                    [Contender("medimirror", lambda other=other: other.sync(fetched=changed, files=held), before)])


# ------------------------------------------------------------------------------------------ verify

@case
def verify(bench):
    if bench.medimirror_has("verify"):
        mirror, count, _ = _fetch_mirror(bench, "verify", bench.nginx.origin)
        mirror.remove()
        mirror.sync(fetched=count)
        blobs = mirror.root / "store" / "blobs"
        shell = f"find {blobs} -type f -print0 | xargs -0 -P {os.cpu_count()} -n 256 sha256sum >/dev/null"
        for cache in ("warm", "cold"):
            if cache == "cold" and not measure.drop_caches():
                bench.say("  cold cache: may not drop caches here, left out")
                return
            before = (lambda: measure.drop_caches()) if cache == "cold" else (lambda: None)
            yield Group("verify", f"{count} blobs of 45 KB, {cache} cache", count,
                        [Contender("medimirror", lambda: mirror.run("verify", "--depth", "content"), before),
                         Contender("sha256sum", lambda: measure.run(["sh", "-c", shell]), before)],
                        {"sha256sum": 1 / 0.95})
    else:
        bench.say("  verify: this medimirror has no such command, left out")


# ------------------------------------------------------------------------------------------ restart

@case
def restart(bench):
    """Killed in the middle of a first sync, started again; the server's own note of each request says when pictures
    came at the old rate again."""
    count = bench.size(1_000_000, 30_000)
    log = bench.nginx.log
    found = {}

    def times():
        return [float(line) for line in log.read_text().split()]

    def requests():
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def prepare():
        mirror = _tiny_mirror(bench, count, name="restart", logged=True)
        mirror.remove()
        log.write_bytes(b"")
        cost = mirror.run("sync", "--progress", "none", accept=None,
                          kill_after=lambda: requests() > 0.15 * count)
        if cost.status != -9:
            raise RuntimeError("was not killed in time\n" + cost.output)
        time.sleep(0.3)
        noted = times()
        span = noted[-1] - noted[len(noted) // 2]
        found["rate"] = (len(noted) / 2) / span
        log.write_bytes(b"")
        found["mirror"] = mirror

    def again():
        start = time.time()
        enough = 10 * found["rate"]
        found["mirror"].run("sync", "--progress", "none", accept=None, kill_after=lambda: requests() > enough)
        time.sleep(0.3)
        noted = [when - start for when in times()]
        found["first"] = noted[0]
        window = max(20, int(found["rate"] / 2))  # half a second's worth
        full = next((noted[i] for i in range(len(noted) - window)
                     if window / max(1e-3, noted[i + window] - noted[i]) >= 0.9 * found["rate"]), float("nan"))
        return measure.Cost(full, 0, 0, 0, 0)

    yield Group("restart", f"{count} assets, killed, started again: until full rate", 1,
                [Contender("medimirror", again, prepare, rounds=bench.size(2, 1))],
                note=lambda costs: f"first picture after {found['first']:.2f} s; full rate: 90 % of the "
                                   f"{found['rate']:.0f} files/s before; goal 2 s")
