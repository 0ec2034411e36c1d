"""Secrets: runs with a marked API secret, at the most verbose level, whatever goes wrong.

The mark must occur in nothing the program prints, in no request to any host but the API's, and in no file that it or
the kernel writes: index, reports, rejected samples, logs, and core files of a crash with core files unlimited.
Searched for as it is, in base64 (as in the Authorization header, at any offset), in hex and percent-encoded.
Tried: a good run, redirects of pictures to other hosts, redirects of the API to other hosts, a refused key, an API
that answers nonsense or repeats the header it was sent, the secret in the wrong places of the configuration, the
commands that show things, SIGSEGV, SIGABRT and SIGQUIT in mid-run, and a run that gets too little memory.
"""

import base64
import contextlib
import http.server
import os
import pathlib
import resource
import shutil
import signal
import threading
import urllib.parse

import proof  # first: it says where harness is
import harness
from harness import Mirror, ScriptedService, item, png, wait_until

MARK = "mArKeD-7f3a9c51e8-sEcReT"


def forms(text):
    """The mark in every form that gives it away."""
    raw = text.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), urllib.parse.quote(text, safe="").encode(),
             raw[::-1]}
    for before in range(3):
        coded = base64.b64encode(b"x" * before + raw)
        found.add(coded[(8 * before + 5) // 6 + 1:-4])
    return [one for one in found if len(one) > 12]


FORMS = forms(MARK)


class Recorder:
    """A host that is not the API: writes down all that it is sent and answers with pictures or as told."""

    def __init__(self, host="127.0.0.1", answer=None):
        recorder, self.seen, self.answer = self, [], answer

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def serve(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.seen.append(f"{self.command} {self.path}\n{self.headers}".encode() + body)
                status, headers, data = recorder.answer(self) if recorder.answer else (200, [], png(len(recorder.seen)))
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(data)

            do_GET = do_POST = do_HEAD = serve

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{host}:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Marked:
    """A folder of a run with the marked secret, and the search for it."""

    def __init__(self, proof_, name, url, other, **settings):
        self.proof, self.name = proof_, name
        self.mirror = Mirror(proof_.folder / name, url, **settings)
        self.mirror.configure(media={"allowed_hosts": ["127.0.0.1", "127.0.0.2"], "attempts": 2}, log={"level": "debug"})
        self.mirror.environment |= {"MEDIMIRROR_API_SECRET": MARK, "TMPDIR": str(self.mirror.folder)}
        self.other = other

    def run(self, *words, seconds=60):
        run = self.mirror.run(*words, seconds=seconds)
        self.proof.count("runs")
        self.look(run.stdout + run.stderr, f"output of {' '.join(words)}")
        return run

    def look(self, text, where):
        data = text if isinstance(text, bytes) else text.encode(errors="replace")
        self.proof.count("bytes of output searched", len(data))
        for form in FORMS:
            if form in data:
                at = data.index(form)
                self.proof.wrong("marks in output", f"{self.name}, {where}: {data[max(0, at - 80):at + 60]!r}")
                return

    def look_at_files(self):
        for path in self.mirror.folder.rglob("*"):
            if not path.is_file() or path.name == "key-file":
                continue
            data = path.read_bytes()
            self.proof.count("files searched")
            if any(form in data for form in FORMS) and path != self.mirror.config:
                self.proof.wrong("marks in files", f"{self.name}: {path.relative_to(self.mirror.folder)}")

    def look_at_others(self):
        for request in self.other.seen:
            self.proof.count("requests to other hosts searched")
            if any(form in request for form in FORMS) or b"authorization" in request.lower():
                self.proof.wrong("marks in requests to other hosts", f"{self.name}: {request[:300]!r}")

    def done(self):
        self.look_at_files()
        self.look_at_others()
        self.other.seen.clear()


def redirect(location):
    return lambda handler: handler.reply(302, b"", [("Location", location)])


def catalogue(other):
    """Good pictures, pictures that another host serves, and every kind of refusal."""
    files = {f"/m/{id}.png": png(id) for id in range(1, 40)}
    files |= {f"/m/{id}.png": redirect(f"{other.url}/moved/{id}.png") for id in range(40, 60)}
    files["/m/60.png"] = redirect("http://127.0.0.9:9/nowhere.png")
    files["/m/61.png"] = redirect("/m/61.png")
    files["/m/62.png"] = b"<html>no</html>"
    files["/m/63.png"] = lambda handler: handler.reply(403, b"no")
    items = [item(id) for id in range(1, 66)]
    return items, files


def good_runs(proof_, other):
    items, files = catalogue(other)
    with ScriptedService(items, files) as service:
        marked = Marked(proof_, "good", service.url, other)
        run = marked.run("--verbose", "sync", "--json", "--progress", "json")
        if run.exit_code != 3:
            proof_.wrong("runs that did not go as meant", str(run))
        for words in (["sync"], ["sync", "--progress", "plain"], ["sync", "--full", "--json"], ["status"],
                      ["status", "--json"], ["show", "1"], ["show", "62"], ["list"], ["list", "--json"],
                      ["config", "show"], ["config", "check"], ["sync", "--dry-run"], ["sync", "--retry-failed"],
                      ["verify"], ["gc", "--dry-run"], ["history"], ["doctor"], ["repair", "--dry-run"]):
            marked.run("--verbose", *words)
        marked.done()
        key_file = marked.mirror.folder / "key-file"
        key_file.write_text(MARK + "\n")
        key_file.chmod(0o600)
        del marked.mirror.environment["MEDIMIRROR_API_SECRET"]
        marked.mirror.configure(api={"secret_file": str(key_file)})
        for words in (["sync", "--full"], ["config", "show"], ["config", "check"]):
            marked.run("--verbose", *words)
        key_file.chmod(0o644)
        marked.run("config", "check")
        marked.done()


def bad_services(proof_, other):
    """An API that sends the caller elsewhere, refuses, repeats what it was told, or talks nonsense."""
    echo = lambda handler: (400, [("Content-Type", "application/json")], (
        '{"error":{"status":400,"code":"bad_request","message":"no: %s"}}' % handler.headers["Authorization"]).encode())
    answers = {
        "redirect 302": lambda handler: (302, [("Location", other.url + handler.path)], b""),
        "redirect 307": lambda handler: (307, [("Location", other.url + handler.path)], b""),
        "redirect 308": lambda handler: (308, [("Location", other.url + handler.path)], b""),
        "refused": lambda handler: (401, [], b'{"error":{"status":401,"code":"unauthorized","message":"no"}}'),
        "forbidden": lambda handler: (403, [], b"<html>no</html>"),
        "repeats the header": echo,
        "nonsense": lambda handler: (200, [("Content-Type", "application/json")], b'{"what":' + b"[" * 5000),
        "repeats it as a line": lambda handler: (200, [], str(handler.headers).encode()),
        "fails": lambda handler: (500, [], b"boom"),
    }
    for name, answer in answers.items():
        service = Recorder(answer=answer)
        marked = Marked(proof_, "api-" + name.replace(" ", "-"), service.url, other)
        for words in (["--verbose", "sync", "--json"], ["--verbose", "list"]):
            marked.run(*words, seconds=120)
        marked.done()
        service.close()


def wrong_places(proof_, other):
    """The secret where it does not belong: the sentence that refuses it must not repeat it."""
    with ScriptedService([item(1)], {"/m/1.png": png(1)}) as service:
        places = {
            "the file": {"api": {"secret": MARK}},
            "the base URL": {"api": {"base_url": service.url.replace("//", f"//42:{MARK}@") + "/v4"}},
            "the media URL": {"media": {"base_url": service.url.replace("//", f"//42:{MARK}@")}},
            "a query": {"api": {"base_url": service.url + f"/v4?api_secret={MARK}"}},
        }
        for name, settings in places.items():
            marked = Marked(proof_, "place-" + name.replace(" ", "-"), service.url, other)
            marked.mirror.configure(**settings)
            for words in (["config", "check"], ["config", "show"], ["--verbose", "sync"]):
                marked.run(*words)
            marked.done()
        marked = Marked(proof_, "place-proxy", service.url, other)
        marked.mirror.environment |= {"http_proxy": f"http://me:{MARK}@127.0.0.1:1", "no_proxy": ""}
        for words in (["--verbose", "sync"], ["config", "show"]):
            marked.run(*words, seconds=120)
        marked.done()


def crashes(proof_, other):
    """Core files unlimited, then a signal that writes one."""
    pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if pattern.startswith(("|", "/")):
        proof_.note(f"core files go to \"{pattern}\" here, out of this proof's sight")
    items, files = catalogue(other)
    slow = threading.Event()
    files["/m/30.png"] = lambda handler: (slow.wait(60), handler.reply(404))
    for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGQUIT, signal.SIGBUS):
        signal.signal(number, signal.SIG_DFL)  # a shell's background jobs ignore SIGQUIT, and so would the run
        slow.clear()
        with ScriptedService(items, files) as service:
            marked = Marked(proof_, f"crash-{number.name}", service.url, other)
            soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
            try:
                process = marked.mirror.start("--verbose", "sync")
            finally:
                resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
            wait_until(lambda: service.count("/m/30.png") > 0, 60, "the picture that keeps the run busy")
            command_line = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes()
            os.kill(process.pid, number)
            run = marked.mirror.finish(process, 60)
            slow.set()
        proof_.count("crashes")
        if run.exit_code != -number:
            proof_.wrong("runs that did not go as meant", str(run))
        marked.look(run.stdout + run.stderr, f"output of a crash by {number.name}")
        marked.look(command_line, "its command line")
        marked.done()


def too_little_memory(proof_, other):
    items, files = catalogue(other)
    with ScriptedService(items, files) as service:
        for megabytes in (200, 400, 800):
            marked = Marked(proof_, f"memory-{megabytes}", service.url, other)
            own = marked.mirror.command
            marked.mirror.command = lambda *words: ["sh", "-c", f'ulimit -c unlimited; ulimit -v {megabytes << 10}; '
                                                    'exec "$@"', "sh", *own(*words)]
            marked.run("--verbose", "sync", seconds=120)
            marked.done()


def prove(proof_):
    proof_.must_be_zero("marks in output", "marks in files", "marks in requests to other hosts")
    if not any(form in base64.b64encode(f"42:{MARK}".encode()) for form in FORMS):
        proof_.wrong("failures of the proof itself", "the search does not find the mark in an Authorization header")
    harness.SECRET = MARK
    other = Recorder(host="127.0.0.2")
    try:
        while True:
            for part in (good_runs, bad_services, wrong_places, crashes, too_little_memory):
                part(proof_, other)
            if proof_.seconds_left(0) <= 30:
                break
            for left in proof_.folder.iterdir():
                shutil.rmtree(left)
    finally:
        other.close()


if __name__ == "__main__":
    proof.run("secrets", prove)
