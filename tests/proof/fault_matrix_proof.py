"""Fault matrix: eleven faults of media servers, each over HTTP/1.1 and over HTTP/2 with TLS, in each framing of a body
(Content-Length, chunked, until the connection closes).

One service answers for every fault; each fault has a host of its own (127.0.0.11, 127.0.0.12, …), so that a host which
asks for silence does not silence the others, and beside each faulty picture stand two good ones. Counted: pictures that are not
what the service meant and are held all the same, items that are neither held nor named as failed, requests inside a
Retry-After window, and, in an outage of every host, retries as a share of first tries. A flipped bit is served with a
digest header in half of the cases: then it must be caught; the flips that no client can see are counted apart.
"""

import base64
import hashlib
import json
import shutil
import socket
import struct
import subprocess
import threading
import time
import urllib.request

import proof
from harness import Mirror, Sandbox, ScriptedService, free_port, item, png, wait_until
from proof import Skip

ROWS = ["short once", "short always", "broken chunks", "cut without a length", "web page", "empty", "flipped bit",
        "429", "503", "reset twice", "stall"]
FRAMINGS = ["length", "chunked", "close"]
# What can be said in one framing only.
ONLY = {"broken chunks": "chunked", "cut without a length": "close"}
PROTOCOLS = ["HTTP/1.1", "HTTP/2"]
RECOVERABLE = {"short once", "429", "503", "reset twice"}
RETRY_AFTER = 4
# A request for another picture that was on its way when the answer was sent is no breach. On a busy machine it is read
# late: by nginx, or by this program.
WINDOW_MARGIN = 1.5
PAGE = b"<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>\n"


def host_of(row, protocol):
    return f"127.0.0.{11 + ROWS.index(row)}"


def pictures(proof_):
    """Good pictures of three formats, drawn by the sandbox."""
    with Sandbox(proof_.folder / "drawn", media=60, pictures="small") as service:
        found = []
        for facts in service.truth().values():
            for known in facts["formats"].values():
                request = urllib.request.Request(service.url + known["path"],
                                                 headers={"User-Agent": "proof/1 (tests@example.com)"})
                with urllib.request.urlopen(request, timeout=60) as reply:
                    data = reply.read()
                if hashlib.sha256(data).hexdigest() == known["sha256"] and len(data) > 200:
                    found.append(data)
    return found


class Faulty:
    """The service of one cell row: items of every fault, in one framing."""

    def __init__(self, proof_, framing, protocol, faulty, drawn):
        self.proof, self.framing, self.protocol = proof_, framing, protocol
        self.lock = threading.Lock()
        self.tries, self.closed_from, self.closed_until = {}, {}, {}
        self.early, self.early_host = 0, 0
        self.truth, self.row_of, self.flips = {}, {}, {}
        self.files, items, id = {}, [], 0
        self.port = free_port()
        for row in ROWS:
            if ONLY.get(row, framing) != framing:
                continue
            for number in range(3 * faulty):
                id += 1
                data = drawn[id % len(drawn)] + b"" if number % 2 else png(id, 40, 40)
                path = f"/m/{ROWS.index(row)}/{id}.png"
                self.truth[id] = hashlib.sha256(data).hexdigest()
                if number % 3 == 0:
                    self.row_of[id] = row
                    self.files[path] = self.misbehave(row, id, data)
                else:
                    self.files[path] = self.behave(row, id, data)
                items.append((id, row, path))
        # the rows take turns, as hosts do in a real listing
        self.items = sorted(items, key=lambda one: (one[0] % (3 * faulty), one[0]))
        self.service = ScriptedService(files=self.files, host="0.0.0.0")

    def list_under(self, scheme, port):
        self.service.listing = [item(id, f"{scheme}://{host_of(row, self.protocol)}:{port}{path}")
                                for id, row, path in self.items]

    def note_request(self, row, id):
        now = time.monotonic()
        with self.lock:
            self.tries[id] = self.tries.get(id, 0) + 1
            again = self.tries[id] > 1  # so the answer had come
            closed_from = self.closed_from.get(row, now) + (0 if again else WINDOW_MARGIN)
            if closed_from < now < self.closed_until.get(row, 0):
                self.early_host += 1
            return self.tries[id]

    def behave(self, row, id, data):
        def answer(handler):
            self.note_request(row, id)
            self.send(handler, data)
        return answer

    def misbehave(self, row, id, data):
        with_digest = id % 2 == 0

        def answer(handler):
            attempt = self.note_request(row, id)
            if row in ("short once", "short always"):
                self.send(handler, data, stop_at=None if row == "short once" and attempt > 1 else len(data) // 2)
            elif row == "broken chunks":
                self.send(handler, data, stop_at=len(data) // 2, broken=True)
            elif row == "cut without a length":
                self.send(handler, data, stop_at=len(data) * 2 // 3)
            elif row == "web page":
                self.send(handler, PAGE)
            elif row == "empty":
                self.send(handler, b"")
            elif row == "flipped bit":
                self.flip(handler, id, data, with_digest)
            elif row in ("429", "503"):
                self.limit(handler, row, id, data, attempt)
            elif row == "reset twice":
                self.send(handler, data, stop_at=len(data) // 2 if attempt <= 2 else None, reset=attempt <= 2)
            elif row == "stall":
                self.send(handler, data, stop_at=len(data) // 2, stall=8)
        return answer

    def flip(self, handler, id, data, with_digest):
        spoilt = bytearray(data)
        position = (id * 7919) % (len(data) * 8)
        spoilt[position // 8] ^= 1 << position % 8
        self.flips[id] = (hashlib.sha256(spoilt).hexdigest(), with_digest)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        self.send(handler, bytes(spoilt), [("Repr-Digest", f"sha-256=:{digest}:")] if with_digest else [])

    def limit(self, handler, row, id, data, attempt):
        # As a service does it that was asked too much: it serves nothing for some seconds, then all.
        now = time.monotonic()
        with self.lock:
            first = row not in self.closed_until
            if first:
                self.closed_until[row] = now + RETRY_AFTER
            closed = now < self.closed_until[row]
        if not closed:
            return self.send(handler, data)
        left = max(1, -(-(self.closed_until[row] - now) // 1))
        handler.reply(int(row), b"wait\n", [("Retry-After", str(int(left)))])
        with self.lock:
            self.closed_from.setdefault(row, time.monotonic())

    def send(self, handler, data, headers=(), stop_at=None, broken=False, reset=False, stall=0):
        """The whole answer by hand: the library would not let us lie."""
        head = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
        part = data if stop_at is None else data[:stop_at]
        whole = stop_at is None
        if self.framing == "length":
            head, body, end = head + f"Content-Length: {len(data)}\r\n", part, b""
        elif self.framing == "chunked":
            head += "Transfer-Encoding: chunked\r\n"
            body = b"%x\r\n%s" % (len(data), part) if data else b""
            end = (b"\r\n" if data else b"") + b"0\r\n\r\n"
            if broken:
                body, end, whole = b"%x\r\n%s\r\nxyz\r\n" % (len(part), part), b"", False
        else:
            body, end = part, b""
        if not whole or self.framing == "close":
            head += "Connection: close\r\n"
            handler.close_connection = True
        handler.wfile.write(head.encode() + b"\r\n" + body)
        handler.wfile.flush()
        if whole:
            handler.wfile.write(end)
            handler.wfile.flush()
        if stall:
            handler.connection.settimeout(stall)
            try:
                handler.connection.recv(1)  # until the client goes away
            except OSError:
                pass
        if reset:
            time.sleep(0.02)  # an RST may overtake what was sent
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()


class Nginx:
    """TLS and HTTP/2 in front of a service, passing on at once what it gets."""

    def __init__(self, folder, upstream):
        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True)
        names = ",".join(["DNS:localhost"] + [f"IP:127.0.0.{n}" for n in [1, *range(11, 11 + len(ROWS))]])
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                               "-addext", f"subjectAltName={names}", "-keyout", folder / "key.pem", "-out",
                               folder / "cert.pem"], capture_output=True, timeout=60)
        if made.returncode != 0:
            raise Skip("openssl cannot make a certificate")
        temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};"
                              for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (folder / "nginx.conf").write_text(f"""
worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; daemon off; master_process off;
events {{ worker_connections 1024; }}
http {{ access_log off; proxy_buffering off; proxy_http_version 1.1; proxy_read_timeout 30s; {temporary}
server {{ listen {self.port} ssl http2; ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
location / {{ proxy_pass http://127.0.0.1:{upstream}; proxy_set_header Authorization $http_authorization; }} }} }}
""")
        self.process = subprocess.Popen([nginx_program(), "-p", str(folder), "-e", str(folder / "early.log"), "-c",
                                         str(folder / "nginx.conf")], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

        def accepts():
            if self.process.poll() is not None:
                raise Skip("nginx does not start: " + (folder / "early.log").read_text()[-300:])
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        wait_until(accepts, 30, "nginx")

    def close(self):
        self.process.kill()
        self.process.wait(30)


def nginx_program():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


def nginx_missing():
    if shutil.which("openssl") is None:
        return "openssl is not installed"
    if nginx_program() is None:
        return "nginx is not installed"
    built = subprocess.run([nginx_program(), "-V"], capture_output=True, text=True, timeout=60)
    return None if "http_v2_module" in built.stderr else "this nginx has no HTTP/2"


def one_framing(proof_, protocol, framing, faulty, drawn, number):
    """All faults in one framing over one protocol: two runs of the program, since a fault may pass over night."""
    folder = proof_.folder / f"{number}-{protocol.replace('/', '')}-{framing}"
    faults = Faulty(proof_, framing, protocol, faulty, drawn)
    nginx, environment = None, {}
    try:
        if protocol == "HTTP/2":
            nginx = Nginx(folder / "nginx", faults.service.port)
            base = f"https://localhost:{nginx.port}"
            faults.list_under("https", nginx.port)
            environment = {"CURL_CA_BUNDLE": str(folder / "nginx/cert.pem"), "SSL_CERT_FILE": ""}
        else:
            base = f"http://127.0.0.1:{faults.service.port}"
            faults.list_under("http", faults.service.port)
        hosts = ["127.0.0.1", "localhost"] + [f"127.0.0.{11 + n}" for n in range(len(ROWS))]
        mirror = Mirror(folder, base, media={"allowed_hosts": hosts, "attempts": 3, "stall_timeout": "1s",
                                             "base_url": base, "allow_private_addresses": True})
        run = mirror.run("sync", "--json", environment=environment)
        judge(proof_, faults, mirror, run, protocol, framing)
        # What only the decoder could see to be cut is not asked for again at once; the next run does it.
        later = mirror.run("sync", "--json", environment=environment)
        judge_later(proof_, faults, mirror, later, f"{protocol}, {framing}, second run")
    finally:
        if nginx:
            nginx.close()
        faults.service.close()
    shutil.rmtree(folder, ignore_errors=True)


def judge(proof_, faults, mirror, run, protocol, framing):
    where = f"{protocol}, {framing}"
    if proof.ended_badly(run) or run.report is None:
        proof_.wrong("runs that ended wrongly", f"{where}: {run}")
        return
    held = {int(path.rsplit("/", 1)[1].split(".")[0]): digest
            for path, digest in proof.published_files(mirror).items()}
    failed = {failure["media_id"] for failure in run.report["failures"]}
    proof_.count("pictures offered", len(faults.truth))
    proof_.count("faults served", len(faults.row_of))
    for id, digest in held.items():
        if digest == faults.truth[id]:
            continue
        if id in faults.flips and digest == faults.flips[id][0] and not faults.flips[id][1]:
            proof_.count("flipped bits that no client can see, held")
        else:
            proof_.wrong("silent acceptances", f"{where}: {faults.row_of.get(id, 'good')}, item {id}")
            proof_.wrong("wrong files under final names", f"{where}: item {id}")
    proof_.count("flipped bits served without any digest", sum(not digest for _, digest in faults.flips.values()))
    proof_.count("flipped bits served with a digest header", sum(digest for _, digest in faults.flips.values()))
    for id in faults.truth.keys() - held.keys():
        if id not in failed and run.exit_code in (0, 3):
            proof_.wrong("silent acceptances", f"{where}: item {id} ({faults.row_of.get(id, 'good')}) is absent and "
                                               f"not named as failed, exit {run.exit_code}")
        if id not in faults.row_of:
            proof_.wrong("good pictures lost to a neighbour's fault", f"{where}: item {id} {run}")
        elif faults.row_of[id] in RECOVERABLE:
            proof_.count("passing faults that cost the picture until the next run")
    if failed and run.exit_code == 0:
        proof_.wrong("silent acceptances", f"{where}: exit 0 with {len(failed)} failures")
    if faults.early_host:
        proof_.wrong("requests inside a Retry-After window", f"{where}: {faults.early_host}")
    proof_.count("answers with Retry-After", 2)
    proof_.count("cells", sum(ONLY.get(row, framing) == framing for row in ROWS))


def judge_later(proof_, faults, mirror, run, where):
    held = {int(path.rsplit("/", 1)[1].split(".")[0]) for path in proof.published_files(mirror)}
    for id, row in faults.row_of.items():
        if row in RECOVERABLE and id not in held:
            proof_.wrong("passing faults that cost the picture", f"{where}: {row}, item {id}: {run}")


def outage(proof_, seconds, media):
    """Every media host is down for a while in mid-run; the program must neither storm nor give up a picture."""
    with Sandbox(proof_.folder / "outage", media=media) as service:
        wanted = proof.wanted_files(service.truth())
        mirror = Mirror(proof_.folder / "out", service.url)
        mirror.configure(media={"connections": 8})
        service.fault("latency", path="/media/*", ms=5)
        process = mirror.start("sync", "--json")
        wait_until(lambda: service.media_requests() > media // 10, 60, "a tenth of the downloads")
        service.clear_faults()
        service.fault("status", path="/media/*", status=503)
        time.sleep(seconds)
        service.clear_faults()
        run = mirror.finish(process, seconds + 600)
        requests = service.media_requests()
        runs = 1
        while run.exit_code == 7 and runs < 5:  # told to come back later: it does
            run = mirror.run("sync", "--json")
            requests = service.media_requests()
            runs += 1
        if run.exit_code != 0:
            proof_.wrong("outages that cost pictures", str(run))
        share = 100 * (requests - len(wanted)) / len(wanted)
        proof_.most("outage: seconds", int(seconds))
        proof_.most("outage: retries, % of first tries", round(share, 1))
        if share > 10:
            proof_.wrong("outages with more than 10 % retries", f"{share:.1f} % of {len(wanted)} pictures")
        proof.check_complete(proof_, mirror, wanted, "after the outage")
    shutil.rmtree(proof_.folder / "out")


def retry_after(proof_, kind, media):
    """The sandbox answers 429 or 503 with Retry-After here and there and counts who comes too early."""
    with Sandbox(proof_.folder / f"gate{kind}", media=media) as service:
        wanted = proof.wanted_files(service.truth())
        service.fault("latency", path="/media/*", ms=10)
        service.fault("status", path="/media/*", status=kind, retry_after=2, count=2, probability=0.05)
        mirror = Mirror(proof_.folder / "gate", service.url)
        run = mirror.run("sync", "--json")
        early = service.stats()["early_after_retry_after"]
        if early["same_path"]:
            proof_.wrong("requests inside a Retry-After window", f"{kind}: {early['same_path']} for the same picture")
        proof_.count("sandbox: requests of other pictures under way when Retry-After came", early["same_host"])
        if run.exit_code != 0:
            proof_.wrong("passing faults that cost the picture", f"{kind}: {run}")
        proof.check_complete(proof_, mirror, wanted, f"after {kind}")
    shutil.rmtree(proof_.folder / "gate")


def prove(proof_):
    proof_.counts["passing faults that cost the picture until the next run"] = 0
    proof_.counts["flipped bits that no client can see, held"] = 0
    proof_.must_be_zero("silent acceptances", "wrong files under final names", "requests inside a Retry-After window",
                        "good pictures lost to a neighbour's fault", "passing faults that cost the picture",
                        "runs that ended wrongly", "outages with more than 10 % retries", "outages that cost pictures")
    protocols = list(PROTOCOLS)
    missing = nginx_missing()
    if missing:
        protocols.remove("HTTP/2")
        proof_.note(f"HTTP/2 with TLS was left out: {missing}")
    drawn = pictures(proof_)
    retry_after(proof_, 429, 150)
    retry_after(proof_, 503, 150)
    number = 0
    while True:
        for protocol in protocols:
            for framing in FRAMINGS:
                number += 1
                one_framing(proof_, protocol, framing, 4, drawn, number)
                proof_.random.shuffle(drawn)
        if proof_.seconds_left(0) < 60 + (proof_.minutes or 0) * 20:
            break
    outage(proof_, max(10, min(600, proof_.seconds_left(10))), 3000 if proof_.long else 1500)


if __name__ == "__main__":
    proof.run("fault matrix", prove)
