"""Listings that no mirror should believe, and what each may cost: hostile_stream_test and hostile_query_test run them.

Role: HostileService answers every request of a listing with what the row in force says; Hostility runs one row against
a copy of a published tree and checks it: nothing is lost beyond undo, and a good listing afterwards makes all right.
Rows: name -> Row. `expects` is one of
  nothing   not a picture of the tree is touched and the cursor stays, however often this listing comes
  kept      whatever else happens, each picture of the tree stays as it is
  undoable  pictures may change or, after the second such listing, leave within the limit; undo brings them back
"""

import concurrent.futures
import email.utils
import http.server
import json
import re
import shutil
import subprocess
import threading
import time

from harness import FAILED, DONE, SAFETY_LIMIT, SOME_FAILED, TRY_LATER, USAGE, Mirror, item, listing_of, pictures_in, png

MEDIA = 40
FIRST_DATE, LATER_DATE = int(time.time()) - 7_200, int(time.time()) - 3_600  # near ours: one that is far off is not believed
DOCUMENTED = {DONE, FAILED, USAGE, SOME_FAILED, SAFETY_LIMIT, TRY_LATER}
WORKERS = 12


class Reply:
    """One answer. length: what Content-Length says, when not the truth; None in `headers` drops a header."""

    def __init__(self, body=b"", status=200, length=None, type="application/json", close=False, **headers):
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status, self.length, self.type, self.close = status, length, type, close
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


class Row:
    def __init__(self, expects, answer, exits=None):
        self.expects, self.answer, self.exits = expects, answer, exits


def good_items():
    return [item(id) for id in range(1, MEDIA + 1)]


class HostileService:
    """Rows are told apart by the first part of the path, so that many run side by side. answer(kind, asked): kind is
    "stream" or "query", asked the request's JSON."""

    def __init__(self, good):
        self.good, self.rows, self.bodies, self.dates = good, {}, {}, {}
        self.products = None  # what each request for products gets, when not the listing itself
        self.pictures = {f"/m/{id}.png": png(id) for id in range(1, 200)}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return email.utils.formatdate(service.dates.get(self.path.split("/")[1], FIRST_DATE), usegmt=True)

            def send(self, reply):
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.type)
                for name, value in reply.headers:
                    self.send_header(name, value)
                if reply.close:
                    self.send_header("Connection", "close")
                    self.close_connection = True
                elif reply.status != 204:
                    self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
                self.end_headers()
                if reply.status != 204:
                    self.wfile.write(reply.body)
                if reply.length is not None:
                    self.close_connection = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                row, kind = self.path.split("/")[1], self.path.rsplit("/", 1)[1]
                service.bodies.setdefault(row, []).append(body)
                if "/products/" in self.path and service.products is not None:
                    return self.send(service.products)
                self.send(service.rows.get(row, service.good)(kind, json.loads(body)))

            def do_GET(self):
                picture = service.pictures.get(self.path.split("?")[0])
                self.send(Reply(b"not here", 404) if picture is None else Reply(picture, type="image/png"))

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Hostility:
    """All rows of one kind of listing, WORKERS at a time."""

    def __init__(self, case, kind, good, rows):
        self.case, self.kind, self.rows = case, kind, rows
        self.service = HostileService(good)
        case.addCleanup(self.service.close)
        self.lost = 0
        self.base = self.mirror("base")
        self.must(self.base.run("sync", "--json"), DONE)
        self.before = pictures_in(self.base.media)
        case.assertEqual(len(self.before), MEDIA)

    def mirror(self, row):
        mirror = Mirror(self.case.folder / row, self.service.url)
        mirror.configure(api={"base_url": f"{self.service.url}/{row}/v4", "listing": self.kind, "page_size": 10})
        return mirror

    def must(self, run, *exits):
        if run.exit_code not in exits:
            raise AssertionError(str(run))
        return run

    def run_all(self):
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as workers:
            futures = {workers.submit(self.run_row, number, name): name for number, name in enumerate(self.rows)}
            for future in concurrent.futures.as_completed(futures):
                with self.case.subTest(futures[future]):
                    future.result()
        print(f"{len(self.rows)} hostile listings by {self.kind}, {self.lost} files lost")
        self.case.assertEqual(self.lost, 0)

    def run_row(self, number, name):
        row = self.rows[name]
        key = f"r{number}"
        mirror = self.mirror(key)
        subprocess.run(["cp", "-a", str(self.base.root), str(mirror.root)], check=True)
        before = {entry[0]: entry[1:-2] for entry in listing_of(mirror.media)}
        self.service.rows[key] = row.answer
        self.service.dates[key] = LATER_DATE
        for time_ in (1, 2):
            run = mirror.run("sync", "--json")
            self.check_end(run, row, time_)
            after = pictures_in(mirror.media)
            untouched = {entry[0]: entry[1:-2] for entry in listing_of(mirror.media)} == before
            if row.expects == "nothing":
                self.assert_(untouched, f"the tree changed: {run}")
            if row.expects == "kept" or time_ == 1:
                self.assert_(row.expects == "undoable" or self.before.items() <= after.items(), f"not kept: {run}")
                self.assert_(self.before.keys() <= after.keys(), f"removed after one listing: {run}")
            self.assert_(len(self.before.keys() - after.keys()) <= MEDIA // 10, f"beyond the limit: {run}")
        if row.expects == "nothing":
            self.assert_(self.cursor(mirror, key) == FIRST_DATE, "the cursor moved")
        after = pictures_in(mirror.media)
        if not self.before.items() <= after.items():
            self.must(mirror.run("undo", "1"), DONE)
            back = pictures_in(mirror.media)
            self.lost += sum(back.get(path) != digest for path, digest in self.before.items())
            self.must(mirror.run("undo", "--release"), DONE)
        self.check_recovery(mirror, key)
        shutil.rmtree(mirror.folder, ignore_errors=True)

    def assert_(self, truth, text):
        if not truth:
            raise AssertionError(text)

    def check_end(self, run, row, time_):
        self.must(run, *DOCUMENTED)
        if row.exits is not None:
            self.must(run, *(row.exits if isinstance(row.exits, tuple) else (row.exits,)))
        self.assert_(run.report is not None, f"no report: {run}")
        self.case.check_balance(run)
        sentence = run.report["error"] or run.report["listing"]["cut_reason"]
        if run.exit_code in (FAILED, USAGE, SAFETY_LIMIT, TRY_LATER):
            self.assert_(sentence and " " in sentence and len(sentence) < 700, f"no clear sentence: {run}")
            self.assert_(not re.search(r"[\x00-\x1f\x7f]", sentence), f"the sentence is not one clean line: {run}")

    def cursor(self, mirror, key):
        """From when the next listing of changes would ask, seen in its request; nothing: there would be none."""
        del self.service.rows[key]
        self.service.bodies[key] = []
        mirror.run("sync", "--dry-run", environment={"MEDIMIRROR_API_FULL_LISTING_EVERY": "7d"})
        found = re.search(rb'"updatedSince":(\d+)', self.service.bodies[key][0])
        return int(found[1]) + 3600 if found else None

    def check_recovery(self, mirror, key):
        """Good listings make the tree right: at once what is there, after the second what is not."""
        self.service.rows.pop(key, None)
        self.must(mirror.run("sync", "--json", "--max-delete", "100%"), DONE)
        self.assert_(self.before.items() <= pictures_in(mirror.media).items(), "a good listing does not bring all back")
        self.must(mirror.run("sync", "--json", "--max-delete", "100%"), DONE)
        self.case.assertEqual(pictures_in(mirror.media), self.before)
        self.case.check_sums(mirror)
