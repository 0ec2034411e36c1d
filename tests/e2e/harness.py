"""The tests of the real binaries on loopback stand on this file.

Role: starts medimirror-sandbox, or a service that a test writes itself (ScriptedService), writes a configuration,
runs medimirror and reads what it says. Every run's counts are held to their balance here, so each test checks it.
Limits: everything that waits has a time limit. All files lie in the test's own temporary folder, and every port is
a free one, so tests run side by side.
Environment: MEDIMIRROR_BIN_DIR names the folder of the two programs; without it, build/ beside src/.
"""

import base64
import contextlib
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import zlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("MEDIMIRROR_BIN_DIR", SOURCE / "build"))
PROGRAM, SANDBOX = BIN / "medimirror", BIN / "medimirror-sandbox"
SECRET = "sandbox-secret"

DONE, FAILED, USAGE, SOME_FAILED, LOCKED, SAFETY_LIMIT, TRY_LATER, INTERRUPTED = 0, 1, 2, 3, 5, 6, 7, 130

SIZES = ["huge", "large", "medium", "thumbnail"]
ENCODINGS = ["", "Png", "Jpeg", "Jpg", "Webp"]


def wait_until(condition, seconds=60, what="the condition"):
    """Asks `condition` again and again until it gives something true, and gives that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(0.005)


def sha256_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def extension_of(data):
    """The extension that the bytes deserve, worked out without the program under test."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return "?"


def png(number, width=8, height=8, padding=0):
    """A small valid picture; equal numbers give equal bytes. `padding`: of its text, so that the file is large."""
    colour = struct.pack(">I", (number * 2654435761) & 0xFFFFFFFF)[:3]
    rows = (b"\0" + colour * width) * height

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    text = chunk(b"tEXt", b"Comment\0number %d" % number + b" " * padding)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + text + chunk(b"IDAT", zlib.compress(rows)) + \
        chunk(b"IEND", b"")


def listing_of(folder):
    """Every file and folder below with what rsync, a backup or a web server could notice of it."""
    rows = []
    for path in sorted(pathlib.Path(folder).rglob("*")):
        facts = path.lstat()
        rows.append((str(path.relative_to(folder)), facts.st_ino, facts.st_mode, facts.st_size, facts.st_mtime_ns,
                     facts.st_ctime_ns, facts.st_nlink))
    return rows


def pictures_in(folder):
    """Published pictures as {relative path: sha256}."""
    folder = pathlib.Path(folder)
    return {str(path.relative_to(folder)): sha256_of(path) for path in folder.rglob("*")
            if path.is_file() and path.name not in ("manifest.jsonl", "SHA256SUMS")}


class Sandbox:
    """medimirror-sandbox on a free port; a context manager."""

    def __init__(self, folder, *arguments, media=100, products=0, pictures="small", requests_per_minute=0):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        command = [SANDBOX, "--port", "0", "--port-file", port_file, "--pictures", pictures, "--media", media,
                   "--products", products, "--requests-per-minute", requests_per_minute, *arguments]
        self.log = open(self.folder / "sandbox.log", "ab")
        self.process = subprocess.Popen([str(part) for part in command], stdout=self.log, stderr=self.log)
        try:
            wait_until(lambda: port_file.exists() or self.process.poll() is not None, 30, "the sandbox's port file")
            if self.process.poll() is not None:
                raise AssertionError("the sandbox ended: " + (self.folder / "sandbox.log").read_text())
            self.port = int(port_file.read_text())
        except BaseException:
            self.close()
            raise
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, path, method="GET", body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as reply:
                return reply.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def stats(self):
        return json.loads(self.ask("/sandbox/stats"))

    def media_requests(self):
        return self.stats()["requests"]["media_file"]

    def reset_stats(self):
        self.ask("/sandbox/stats/reset", "POST")

    def evolve(self, **kinds):
        return json.loads(self.ask("/sandbox/evolve", "POST", kinds))

    def fault(self, kind, path="*", **details):
        self.ask("/sandbox/faults", "POST", {"kind": kind, "path": path, **details})

    def clear_faults(self):
        self.ask("/sandbox/faults", "DELETE")

    def oddities(self):
        return json.loads(self.ask("/sandbox/oddities"))

    def truth(self, digests=True, published=True):
        """{id: {"types", "formats", …}} of what a mirror should hold; links are left out."""
        query = f"?published={str(published).lower()}&digests={int(digests)}"
        items = (json.loads(line) for line in self.ask("/sandbox/truth" + query).splitlines())
        return {item["id"]: item for item in items if item["types"] != ["link"]}


def chosen_format(item, asked):
    """Which of the item's formats stands for `asked`: the same, else the next smaller one."""
    size = next(size for size in SIZES if asked.startswith(size))
    own = asked[len(size):]
    if asked in item["formats"]:
        return asked
    for smaller in SIZES[SIZES.index(size):]:
        for encoding in [own] + ENCODINGS:
            if smaller + encoding in item["formats"]:
                return smaller + encoding
    return None


class ScriptedService:
    """A service whose every answer is the test's own word.

    listing: the lines of the stream as a list of items (made into a whole, well-formed stream) or as raw bytes, or a
    function of the request's body that gives either. files: {path: bytes, or a function of the handler}.
    requests: (method, path, headers) as they came.
    """

    def __init__(self, listing=(), files=None, port=0, host="127.0.0.1"):
        self.listing, self.files, self.requests = listing, dict(files or {}), []
        self.lock = threading.Lock()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status, body=b"", headers=()):
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD" and status not in (204, 304):
                    self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with service.lock:
                    service.requests.append(("POST", self.path, dict(self.headers)))
                wanted = "Basic " + base64.b64encode(f"42:{SECRET}".encode()).decode()
                if self.headers.get("Authorization") != wanted:
                    return self.reply(401)
                if self.path != "/v4/media/stream":
                    return self.reply(404)
                stream = service.listing(body) if callable(service.listing) else service.listing
                if not isinstance(stream, bytes):
                    stream = stream_of(stream)
                self.reply(200 if stream else 204, stream, [("Content-Type", "application/x-json-stream")])

            def do_GET(self):
                with service.lock:
                    service.requests.append(("GET", self.path, dict(self.headers)))
                answer = service.files.get(self.path)
                if callable(answer):
                    return answer(self)
                if answer is None:
                    return self.reply(404, b"not here\n")
                self.reply(200, answer, [("Content-Type", "image/png")])

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_):
                pass  # a client that goes away is part of the play

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def count(self, prefix="/m/"):
        with self.lock:
            return sum(path.startswith(prefix) for _, path, _ in self.requests)


def item(id, url=None, **more):
    return {"id": id, "type": "photo", "locales": ["nl"], "photoType": "packshot",
            "formats": {"huge": url or f"/m/{id}.png"}, "meta": {"createdAt": 1600000000, "updatedAt": 1600000000},
            **more}


def stream_of(items, total=None):
    """The items as the service streams them."""
    items = list(items)
    total = len(items) if total is None else total
    return b"".join(json.dumps({"meta": {"total": total, "index": index}, "result": one}).encode() + b"\n"
                    for index, one in enumerate(items))


class Peak(threading.Thread):
    """The most memory that a process had, looked up while it runs. What wait4 tells begins with the memory of the one that
    started it: a proof that had grown to 200 MB saw that of each run."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.bytes, self.ended = pid, 0, threading.Event()

    def run(self):
        while True:
            try:
                status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
            except OSError:
                return
            if found := re.search(r"^VmHWM:\s*(\d+) kB", status, re.M):
                self.bytes = max(self.bytes, int(found[1]) * 1024)
            if self.ended.wait(0.05):
                return


class Run:
    """What one run of the program left behind."""

    def __init__(self, command, exit_code, stdout, stderr, peak_bytes, seconds):
        self.command, self.exit_code, self.stdout, self.stderr = command, exit_code, stdout, stderr
        self.peak_bytes, self.seconds = peak_bytes, seconds
        self.report = json.loads(stdout) if stdout.startswith('{"outcome"') else None

    @property
    def items(self):
        return self.report["items"]

    def reasons(self):
        return sorted(failure["reason"] for failure in self.report["failures"])

    def __str__(self):
        return f"{self.command}\nexit {self.exit_code}\n{self.stdout[:3000]}\n{self.stderr[-3000:]}"


class Mirror:
    """One configuration and its mirror."""

    def __init__(self, folder, service_url, **settings):
        self.folder = pathlib.Path(folder)
        self.root = self.folder / "mirror"
        self.media, self.store = self.root / "media", self.root / "store"
        self.config = self.folder / "medimirror.toml"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("MEDIMIRROR_", "SSL_CERT_", "CURL_CA_"))
                            and not name.lower().endswith("_proxy")}
        self.environment |= {"XDG_STATE_HOME": str(self.folder / "state"), "MEDIMIRROR_API_SECRET": SECRET}
        self.settings = {
            "root": str(self.root), "contact": "tests@example.com",
            "api": {"base_url": service_url + "/v4", "key_id": "42", "requests_per_minute": 1_000_000},
            "media": {"base_url": service_url, "allowed_hosts": [], "allow_private_addresses": True},
            "publish": {"reserve": 0},
        }
        self.configure(**settings)

    def configure(self, **settings):
        """Merges by section and writes the file: configure(media={"attempts": 2}, derivative=[{…}], view=[{…}])."""
        for key, value in settings.items():
            if isinstance(value, dict):
                self.settings[key] = self.settings.get(key, {}) | value
            else:
                self.settings[key] = value
        plain = {key: value for key, value in self.settings.items()
                 if not isinstance(value, dict) and key not in ("derivative", "view")}
        lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
        for section, values in self.settings.items():
            if isinstance(values, dict):
                lines += [f"[{section}]"] + [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        for name in ("derivative", "view"):
            for section in self.settings.get(name, []):
                lines += [f"[[{name}]]"] + [f"{key} = {json.dumps(value)}" for key, value in section.items()]
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text("\n".join(lines) + "\n")

    def command(self, *arguments):
        return [str(PROGRAM), "--config", str(self.config), *map(str, arguments)]

    def start(self, *arguments, **more):
        """A process of one's own to kill; stdout and stderr go to files that finish() reads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        out = tempfile.TemporaryFile(dir=self.folder)
        err = tempfile.TemporaryFile(dir=self.folder)
        process = subprocess.Popen(self.command(*arguments), stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                   env=self.environment | more.get("environment", {}), cwd=self.folder,
                                   start_new_session=more.get("start_new_session", False))
        process.files, process.began = (out, err), time.monotonic()
        return process

    def finish(self, process, seconds=240):
        """Waits for the end; after `seconds` the process is killed and the test fails."""
        expired = threading.Event()

        def expire():
            expired.set()
            process.kill()

        timer, peak = threading.Timer(seconds, expire), Peak(process.pid)
        timer.start()
        peak.start()
        try:
            _, status = os.waitpid(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            timer.cancel()
            peak.ended.set()
            peak.join()
        texts = []
        for file in process.files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        run = Run(process.args, process.returncode, *texts, peak.bytes, time.monotonic() - process.began)
        if expired.is_set():
            raise AssertionError(f"not finished after {seconds} s: {run}")
        return run

    def run(self, *arguments, seconds=240, **more):
        return self.finish(self.start(*arguments, **more), seconds)

    def status(self):
        return json.loads(self.run("status", "--json").stdout)

    def manifest(self):
        return [json.loads(line) for line in (self.media / "manifest.jsonl").read_text().splitlines()]

    def changes(self):
        """reports/changes.txt as {"added": [paths], "changed": …, "removed": …}."""
        sections, section = {"added": [], "changed": [], "removed": [], "lists": []}, None
        for line in (self.root / "reports/changes.txt").read_text().splitlines():
            if line.startswith("# "):
                section = line[2:]
            else:
                sections[section].append(line)
        return sections


class EndToEnd(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="medimirror-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def sandbox(self, *arguments, **options):
        service = Sandbox(self.folder / "sandbox", *arguments, **options)
        self.addCleanup(service.close)
        return service

    def scripted(self, *arguments, **options):
        service = ScriptedService(*arguments, **options)
        self.addCleanup(service.close)
        return service

    def mirror(self, service, name="m", **settings):
        return Mirror(self.folder / name, service.url, **settings)

    def check_balance(self, run):
        items = run.items
        left = (items["listed"] - items["links"]) * run.report["formats"] + items["carried_over"]
        right = sum(items[key] for key in ("filtered", "fetched", "unchanged", "not_modified", "failed", "pending"))
        self.assertEqual(left, right, f"the counts do not add up: {run}")
        self.assertLessEqual(items["deduplicated"], items["fetched"])

    def sync(self, mirror, *arguments, exits=DONE, **options):
        run = mirror.run("sync", "--json", *arguments, **options)
        self.assertEqual(run.exit_code, exits, str(run))
        self.assertIsNotNone(run.report, str(run))
        self.assertEqual(run.report["exit_code"], exits)
        self.check_balance(run)
        return run

    def check_sums(self, mirror):
        """SHA256SUMS and manifest.jsonl name exactly the files there are, and tell the truth about them."""
        checked = subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=mirror.media,
                                 capture_output=True, text=True, timeout=120)
        self.assertEqual(checked.returncode, 0, checked.stdout[-2000:] + checked.stderr[-2000:])
        held = pictures_in(mirror.media)
        self.assertEqual({row["path"]: row["sha256"] for row in mirror.manifest()}, held)
        sums = (mirror.media / "SHA256SUMS").read_text().splitlines()
        self.assertEqual(len(sums), len(held))
        return held

    def check_against_truth(self, mirror, service, formats=("huge",)):
        """Each item the service publishes is there with the bytes that it serves, and nothing else is."""
        wanted = {}
        for id, facts in service.truth().items():
            for asked in formats:
                chosen = chosen_format(facts, asked)
                if chosen is not None:
                    wanted[f"{asked}/{id // 1000}/{id}"] = facts["formats"][chosen]["sha256"]
        held = self.check_sums(mirror)
        self.assertEqual({path.rsplit(".", 1)[0]: digest for path, digest in held.items()}, wanted)
        for path in held:
            with open(mirror.media / path, "rb") as file:
                self.assertEqual(path.rsplit(".", 1)[1], extension_of(file.read(16)), path)
        return held

    def check_no_wrong_bytes(self, mirror, truth, asked="huge"):
        """Whatever is published so far is right; for the middle of things, where files may be missing."""
        for path, digest in pictures_in(mirror.media).items() if mirror.media.exists() else ():
            id = int(pathlib.Path(path).stem)
            self.assertIn(id, truth, path)
            self.assertEqual(digest, truth[id]["formats"][chosen_format(truth[id], asked)]["sha256"], path)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def interrupt(process):
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)


# Names each test, so that CI sees in the log which were skipped.
main = functools.partial(unittest.main, verbosity=2)
