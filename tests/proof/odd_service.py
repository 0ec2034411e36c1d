"""A service that misbehaves, for service_proof.py: the API over TLS and any number of media hosts, on loopback.

Role: serves one World, its catalogue of pictures, as the row of the night says, and keeps the account of it: what was offered
whole, which requests came when, who came inside a Retry-After, which listings were complete and what they lacked.
Place: the misbehaviour is functions of a Call (odd_streams.py) or a MediaCall (odd_hosts.py); service_proof.py runs the nights.
Threads: one for each connection; the world's lock guards what they share. The API is at 0.0.0.0, which leads to
loopback but is no loopback address in the program's eyes: so compression is asked for, as in production.
"""

import base64
import collections
import hashlib
import http.server
import json
import ssl
import subprocess
import threading
import time
import urllib.parse

from harness import SECRET, item, png

CAP = 10_000  # what the service says when that many or more match
# A request for another picture may have been under way when the host asked for silence.
MARGIN = 1.5
FIRST_TIME, SPAN = 1_400_000_000, 390_000_000


class Picture:
    """One medium of the catalogue. behaviour: function of a MediaCall, nothing: it is served whole. hopeful: a mirror that
    asks tonight as often as is polite gets it whole. offered: the digest of what a line that can be read named last."""

    def __init__(self, id, host):
        self.id, self.host, self.version, self.origin = id, host, 0, None
        self.behaviour, self.hopeful, self.offered = None, True, None
        self.tries, self.lacked_by, self.digests = 0, 0, {hashlib.sha256(png(id * 1000, 16, 16)).hexdigest()}
        self.created, self.touched = FIRST_TIME + id * 7_919_113 % SPAN, int(time.time())

    @property
    def path(self):
        return f"/m/{self.id}.png" + (f"?v={self.version}" if self.version else "")

    def data(self):
        return png(self.id * 1000 + self.version, 16, 16)

    def digest(self):
        return hashlib.sha256(self.data()).hexdigest()

    def change(self):
        self.version, self.touched = self.version + 1, int(time.time())
        self.digests.add(self.digest())


class World:
    """A catalogue and the account of it. `night` says how the API behaves; rows set it."""

    def __init__(self, number, certificate):
        self.number, self.night, self.next_id = number, None, 1
        self.lock = threading.Lock()
        self.pictures, self.gone = {}, {}
        self.api_times = collections.defaultdict(list)  # by key
        self.closed = {}  # "api KEY", "path /…" or "host …" -> (told at, until)
        self.early, self.half_open, self.media_requests = [], [], 0
        self.media = Server(("0.0.0.0", 0), MediaHandler, self)
        self.api = Server(("0.0.0.0", 0), ApiHandler, self, certificate)
        self.api_url = f"https://0.0.0.0:{self.api.server_address[1]}"
        self.media_port = self.media.server_address[1]

    @staticmethod
    def address(world, number):
        return f"127.{world + 1}.{number // 200}.{number % 200 + 1}"

    def host(self, number):
        """An address for each row, so that what the program learns about one host does not concern the others."""
        return self.address(self.number, number)

    def url(self, host):
        return f"http://{host}:{self.media_port}"

    def add(self, count, host=0, behaviour=None, hopeful=True):
        added = []
        with self.lock:
            for _ in range(count):
                picture = Picture(self.next_id, self.host(host))
                picture.behaviour, picture.hopeful = behaviour, hopeful
                self.pictures[picture.id] = picture
                self.next_id += 1
                added.append(picture)
        return added

    def remove(self, pictures):
        with self.lock:
            for picture in pictures:
                self.gone[picture.id] = self.pictures.pop(picture.id)

    def listed(self):
        with self.lock:
            return [self.pictures[id] for id in sorted(self.pictures)]

    def row_of(self, picture):
        return item(picture.id, (picture.origin or self.url(picture.host)) + picture.path,
                    meta={"createdAt": picture.created, "updatedAt": picture.touched})

    def note_complete(self, call):
        """A whole listing goes out: what it lacks may leave after the second one in a row."""
        if "updatedSince" in json.dumps(call.asked):
            return
        ids = {one.id for one in call.items}
        with self.lock:
            for picture in [*self.pictures.values(), *self.gone.values()]:
                picture.lacked_by = 0 if picture.id in ids else picture.lacked_by + 1

    def close_until(self, key, seconds):
        with self.lock:
            now = time.monotonic()
            self.closed[key] = (now, now + seconds)

    def note_if_early(self, key, margin=0.0):
        told, until = self.closed.get(key, (0, 0))
        now = time.monotonic()
        if told + margin < now < until:
            self.early.append(f"{key}, {until - now:.1f} s before its time")

    def busiest_minute(self):
        most = 0
        for times in self.api_times.values():
            first = 0
            for last, moment in enumerate(times):
                while moment - times[first] >= 60:
                    first += 1
                most = max(most, last - first + 1)
        return most

    def close(self):
        for server in (self.media, self.api):
            server.shutdown()
            server.server_close()


class Call:
    """One request to the API: what was asked, and ways to answer."""

    def __init__(self, world, handler, kind, asked, number):
        self.world, self.handler, self.kind, self.asked, self.number = world, handler, kind, asked, number
        self.plain = handler is None or "gzip" not in handler.headers.get("Accept-Encoding", "identity")
        self.items = [picture for picture in world.listed() if matches(asked.get("filter", {}), picture)]

    def lines(self, total=None, text=False):
        """The stream as it should be, a line for each item."""
        shown = (lambda number: str(number)) if text else (lambda number: number)
        total = len(self.items) if total is None else total
        return [json.dumps({"meta": {"total": shown(total), "index": shown(index)}, "result": self.world.row_of(one)},
                           ensure_ascii=False).encode() + b"\n" for index, one in enumerate(self.items)]

    def reply(self, status, body=b"", headers=(), type="application/json"):
        head = [("Content-Type", type), *headers]
        self.handler.reply(status, body, head)

    def stream(self, lines, headers=(), cut=False):
        """`cut`: the connection breaks where the lines end."""
        self.handler.begin_chunked([("Content-Type", "application/x-json-stream"), *headers])
        piece = b""
        for line in lines:
            piece += line
            if len(piece) > 60_000:
                self.handler.chunk(piece)
                piece = b""
        self.handler.chunk(piece)
        self.handler.end_chunked(cut)

    def whole_stream(self):
        self.world.note_complete(self)
        if not self.items:
            return self.reply(204)
        self.stream(self.lines())

    def page(self, cap=CAP):
        page, count = self.asked.get("page", {}), len(self.items)
        number, size = page.get("no", 0), page.get("size", 100)
        rows = [self.world.row_of(one) for one in self.items[number * size:(number + 1) * size]]
        total = count if count < cap else CAP
        if total != CAP and (number + 1) * size >= total and "createdAt" not in json.dumps(self.asked):
            self.world.note_complete(self)
        self.reply(200, json.dumps({"meta": {"total": total, "page": {"no": number, "size": size}},
                                    "results": rows}).encode())

    def wait(self, status, seconds=None):
        """Refused for now, with Retry-After or without a word."""
        headers = [] if seconds is None else [("Retry-After", str(seconds))]
        self.reply(status, b'{"error": {"status": %d, "code": "too_many_requests", "message": "wait"}}' % status, headers)
        if seconds is not None:
            self.world.close_until(f"api {self.handler.key()}", seconds)


class MediaCall:
    """One request for a picture."""

    def __init__(self, world, handler, picture, path):
        self.world, self.handler, self.picture, self.path = world, handler, picture, path
        self.host = picture.host
        self.tries = picture.tries  # this one included, tonight

    def whole(self, headers=(), status=200):
        self.handler.reply(status, self.picture.data(), [("Content-Type", "image/png"), *headers])

    def short(self):
        self.handler.reply(200, self.picture.data(), [("Content-Type", "image/png")], sent=0.5)

    def web_page(self, status=200):
        self.handler.reply(status, b"<!DOCTYPE html><html><body>We will be right back</body></html>\n",
                           [("Content-Type", "text/html")])

    def refuse(self, status, seconds=None, whole_host=False):
        headers = [] if seconds is None else [("Retry-After", str(seconds))]
        self.handler.reply(status, b"no\n", headers)
        if seconds is not None:
            self.world.close_until(f"path {self.path}", seconds)
            if whole_host:
                self.world.close_until(f"host {self.host}", seconds)


def matches(asked, picture):
    for key, value in asked.items():
        if key == "and" and not all(matches(one, picture) for one in value):
            return False
        if key == "or" and not any(matches(one, picture) for one in value):
            return False
        if key == "not" and matches(value, picture):
            return False
        if key in ("createdAt", "updatedSince"):
            moment = picture.touched if key == "updatedSince" else picture.created
            bounds = value if isinstance(value, dict) else {"from": value}
            if not bounds.get("from", 0) <= moment <= bounds.get("until", 1 << 60):
                return False
    return True


def half_open(asked):
    """Whether a range with one bound alone stands anywhere in the filter: nobody documents that."""
    if isinstance(asked, list):
        return any(map(half_open, asked))
    if not isinstance(asked, dict):
        return False
    return len(asked.keys() & {"from", "until"}) == 1 or any(map(half_open, asked.values()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 300

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=(), sent=1.0):
        """`sent`: which share of the body goes out before the connection is closed."""
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status not in (204, 304):
            self.wfile.write(body[:int(len(body) * sent)])
        if sent < 1:
            self.close_connection = True

    def begin_chunked(self, headers):
        self.send_response(200)
        for name, value in [*headers, ("Transfer-Encoding", "chunked")]:
            self.send_header(name, value)
        self.end_headers()

    def chunk(self, data):
        if data:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

    def end_chunked(self, cut):
        if cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")


class ApiHandler(Handler):
    def setup(self):
        if self.server.context is not None:
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def key(self):
        word = base64.b64decode(self.headers.get("Authorization", "Basic ").split(" ", 1)[1]).decode()
        return word.split(":", 1)[0] if word.endswith(":" + SECRET) else None

    def do_POST(self):
        world, asked = self.server.world, json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        kind = urllib.parse.urlsplit(self.path).path.removeprefix("/v4/")
        with world.lock:
            world.api_times[self.key()].append(time.monotonic())
            world.note_if_early(f"api {self.key()}")
            night = world.night
            night.calls[kind] += 1
            number = night.calls[kind]
        call = Call(world, self, kind, asked, number)
        if self.key() is None:
            return call.reply(401)
        if half_open(asked.get("filter", {})):
            world.half_open.append(json.dumps(asked))
            return call.reply(422, b'{"error": {"status": 422, "code": "validation", "message": "a range has two ends"}}')
        night.answer(call)


class MediaHandler(Handler):
    def do_GET(self):
        world, parts = self.server.world, urllib.parse.urlsplit(self.path)
        id = int(parts.path.rsplit("/", 1)[1].split(".")[0])
        with world.lock:
            picture = world.pictures.get(id)
            world.media_requests += 1
            if picture is not None:
                picture.tries += 1
                world.note_if_early(f"path {self.path}")
                world.note_if_early(f"host {picture.host}", MARGIN)
        if picture is None:
            return self.reply(404, b"not here\n")
        call = MediaCall(world, self, picture, self.path)
        (picture.behaviour or MediaCall.whole)(call)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address, handler, world, certificate=None):
        super().__init__(address, handler)
        self.world, self.context = world, None
        if certificate is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        pass  # a client that goes away is part of the play


def make_certificate(folder, addresses):
    folder.mkdir(parents=True, exist_ok=True)
    names = ",".join(f"IP:{address}" for address in addresses)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "2", "-subj", "/CN=proof", "-addext", f"subjectAltName={names}", "-keyout", folder / "key.pem", "-out",
                    folder / "cert.pem"], check=True, capture_output=True, timeout=60)
    return folder
