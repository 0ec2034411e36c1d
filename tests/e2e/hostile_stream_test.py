"""Hostile listings by lines (media/stream) against a published tree: nothing is ever lost beyond undo."""

import gzip
import json

from harness import DONE, SAFETY_LIMIT, SOME_FAILED, TRY_LATER, EndToEnd, item, main, stream_of
from hostile_listings import MEDIA, Hostility, Reply, Row, good_items

STREAM = "application/x-json-stream"
GOOD = good_items()
WHOLE = stream_of(GOOD)
LINES = WHOLE.splitlines(keepends=True)
HTML = b"<!DOCTYPE html><html><body>Please sign in\n</body></html>\n"


def says(body=b"", status=200, **more):
    return lambda kind, asked: Reply(body, status, **{"type": STREAM} | more)


def listing(items, total=None):
    return says(stream_of(items, total))


def changed(change, which=range(0, MEDIA)):
    """All items, those at `which` changed in a copy."""
    items = [json.loads(json.dumps(one)) for one in GOOD]
    for at in which:
        change(items[at])
    return items


def with_ids(make):
    return listing(changed(lambda one: one.update(id=make(one["id"]))))


def with_some_ids(make):
    return listing(changed(lambda one: one.update(id=make(one["id"])), range(3)))


def with_formats(value):
    return listing(changed(lambda one: one.update(formats=value)))


def with_urls(make):
    return listing(changed(lambda one: one.update(formats={"huge": make(one["id"])})))


def meta_with(**meta):
    """The stream with other words in each line's meta."""
    return says(b"".join(json.dumps({"meta": {"total": MEDIA, "index": index} | meta, "result": one}).encode() + b"\n"
                         for index, one in enumerate(GOOD)))


def frames(make):
    return says(b"".join(json.dumps(make(index, one)).encode() + b"\n" for index, one in enumerate(GOOD)))


def error(status, code="nope", **more):
    return says({"error": {"status": status, "code": code, "message": "not today"}}, status, type="application/json",
                **more)


def cut_at(byte, **more):
    return says(WHOLE[:byte], **more)


def swapped():
    items = changed(lambda one: None)
    for at in range(0, 10, 2):
        items[at]["formats"], items[at + 1]["formats"] = items[at + 1]["formats"], items[at]["formats"]
    return listing(items)


MIDDLE = len(WHOLE) // 2
LINE_END = sum(map(len, LINES[:20]))
NOTHING, KEPT, UNDOABLE = "nothing", "kept", "undoable"

ROWS = {
    # nothing, or next to it
    "204": Row(NOTHING, says(status=204), (DONE, SAFETY_LIMIT)),
    "200 and an empty body": Row(NOTHING, says(), TRY_LATER),
    "only a newline": Row(NOTHING, says(b"\n"), TRY_LATER),
    "an empty object": Row(NOTHING, says(b"{}\n"), TRY_LATER),
    "an empty list": Row(NOTHING, says(b"[]\n"), TRY_LATER),
    "null": Row(NOTHING, says(b"null\n"), TRY_LATER),
    "zero bytes": Row(NOTHING, says(b"\0" * 5000), TRY_LATER),
    "HTML with status 200": Row(NOTHING, says(HTML, type="text/html"), TRY_LATER),
    "HTML after half": Row(NOTHING, says(b"".join(LINES[:20]) + HTML), TRY_LATER),
    "a page instead of a stream": Row(NOTHING, says({"meta": {"total": 0}, "results": []}), TRY_LATER),
    # parts
    "half, and so is the total": Row(NOTHING, listing(GOOD[:20]), (DONE, SAFETY_LIMIT)),
    "one item": Row(NOTHING, listing(GOOD[:1]), (DONE, SAFETY_LIMIT)),
    "all but three": Row(UNDOABLE, listing(GOOD[3:]), DONE),
    "half under the whole total": Row(NOTHING, listing(GOOD[:20], MEDIA), TRY_LATER),
    "cut at a line's end": Row(NOTHING, cut_at(LINE_END), TRY_LATER),
    "cut in mid-line": Row(NOTHING, cut_at(MIDDLE), TRY_LATER),
    "cut before the last newline": Row(NOTHING, cut_at(-1), TRY_LATER),
    "cut before its Content-Length": Row(NOTHING, cut_at(MIDDLE, length=len(WHOLE)), TRY_LATER),
    "cut at a line's end before its Content-Length": Row(NOTHING, cut_at(LINE_END, length=len(WHOLE)), TRY_LATER),
    "cut after one byte": Row(NOTHING, cut_at(1), TRY_LATER),
    "cut, the connection closed": Row(NOTHING, cut_at(LINE_END, close=True), TRY_LATER),
    "gzip cut in the middle": Row(NOTHING, says(gzip.compress(WHOLE)[:300], Content_Encoding="gzip"), TRY_LATER),
    "gzip that is none": Row(KEPT, says(WHOLE, Content_Encoding="gzip"), DONE),
    "gzip without saying so": Row(KEPT, says(gzip.compress(WHOLE)), DONE),
    "gzip of several members": Row(KEPT, says(gzip.compress(WHOLE[:MIDDLE]) + gzip.compress(WHOLE[MIDDLE:]),
                                              Content_Encoding="gzip"), DONE),
    "a coding nobody knows": Row(KEPT, says(WHOLE, Content_Encoding="aws-chunked"), DONE),
    # the same, otherwise
    "doubled": Row(NOTHING, says(WHOLE + WHOLE), TRY_LATER),
    "each item twice": Row(KEPT, listing([one for one in GOOD for _ in range(2)]), TRY_LATER),
    "reordered": Row(KEPT, listing(GOOD[::-1]), DONE),
    "lines reordered": Row(NOTHING, says(b"".join(LINES[::-1])), TRY_LATER),
    "a line left out": Row(NOTHING, says(b"".join(LINES[:5] + LINES[6:])), TRY_LATER),
    "a line twice": Row(NOTHING, says(b"".join(LINES[:5] + LINES[4:])), TRY_LATER),
    "CRLF": Row(KEPT, says(WHOLE.replace(b"\n", b"\r\n")), DONE),
    "a byte-order mark": Row(KEPT, says(b"\xef\xbb\xbf" + WHOLE), (DONE, TRY_LATER)),
    "the wrong content type": Row(KEPT, says(WHOLE, type="image/png"), DONE),
    "garbage behind the end": Row(NOTHING, says(WHOLE + b"garbage\n"), TRY_LATER),
    "garbage without a newline behind the end": Row(KEPT, says(WHOLE + b"garbage"), (DONE, TRY_LATER)),
    "another organisation's": Row(KEPT, listing([item(id) for id in range(101, 141)]), None),
    "another organisation's in part": Row(KEPT, listing([item(id) for id in range(30, 70)]), None),
    # totals
    "a total too high by one": Row(NOTHING, listing(GOOD, MEDIA + 1), DONE),
    "a total too high": Row(NOTHING, listing(GOOD, MEDIA + 10), TRY_LATER),
    "a total too low": Row(NOTHING, listing(GOOD, MEDIA - 1), TRY_LATER),
    "a total of zero": Row(NOTHING, listing(GOOD, 0), TRY_LATER),
    "a negative total": Row(NOTHING, meta_with(total=-MEDIA), TRY_LATER),
    "a total as text": Row(KEPT, meta_with(total=str(MEDIA)), (DONE, TRY_LATER)),
    "a total that is no number": Row(NOTHING, meta_with(total="all"), TRY_LATER),
    "a total of null": Row(NOTHING, meta_with(total=None), TRY_LATER),
    "a total beyond 64 bits": Row(NOTHING, meta_with(total=2 ** 70), TRY_LATER),
    "a total that grows": Row(NOTHING, frames(lambda i, one: {"meta": {"total": i + 1, "index": i}, "result": one}),
                              TRY_LATER),
    "an index that stays": Row(NOTHING, meta_with(index=0), TRY_LATER),
    "no meta": Row(NOTHING, frames(lambda i, one: {"result": one}), TRY_LATER),
    "meta in the first line alone": Row(NOTHING, frames(
        lambda i, one: {"meta": {"total": MEDIA, "index": 0}, "result": one} if i == 0 else {"result": one}), TRY_LATER),
    "no result": Row(NOTHING, frames(lambda i, one: {"meta": {"total": MEDIA, "index": i}}), TRY_LATER),
    "results of null": Row(NOTHING, frames(lambda i, one: {"meta": {"total": MEDIA, "index": i}, "result": None}),
                           TRY_LATER),
    # ids
    "ids as text": Row(KEPT, with_ids(str), DONE),
    "ids as floats": Row(KEPT, with_ids(float), None),
    "ids with a half": Row(NOTHING, with_ids(lambda id: id + 0.5), None),
    "negative ids": Row(NOTHING, with_ids(lambda id: -id), None),
    "ids of zero": Row(NOTHING, with_ids(lambda id: 0), None),
    "ids of 2^63": Row(KEPT, with_ids(lambda id: 2 ** 63), None),
    "ids beyond 64 bits": Row(NOTHING, with_ids(lambda id: 2 ** 64 + id), None),
    "ids of null": Row(NOTHING, with_ids(lambda id: None), None),
    "ids of lists": Row(NOTHING, with_ids(lambda id: [id]), None),
    "ids of products": Row(NOTHING, with_ids(lambda id: f"M{id}"), None),
    "three ids of null": Row(NOTHING, with_some_ids(lambda id: None), None),
    "no ids": Row(NOTHING, listing(changed(lambda one: one.pop("id"))), None),
    "one id for all": Row(UNDOABLE, with_ids(lambda id: 7), None),
    # addresses
    "ids twice with other addresses": Row(UNDOABLE, listing(GOOD + [item(id, f"/m/{id + 50}.png") for id in range(1, 6)]),
                                          None),
    "addresses swapped": Row(UNDOABLE, swapped(), DONE),
    "addresses that are not there": Row(KEPT, with_urls(lambda id: f"/gone/{id}.png"), SOME_FAILED),
    "addresses on a foreign host": Row(KEPT, with_urls(lambda id: f"https://evil.example/{id}.png"), SOME_FAILED),
    "addresses on a private host": Row(KEPT, with_urls(lambda id: f"http://192.168.1.1/{id}.png"), SOME_FAILED),
    "addresses of files": Row(KEPT, with_urls(lambda id: "file:///etc/passwd"), None),
    "addresses with .. in them": Row(KEPT, with_urls(lambda id: "/../../../etc/passwd"), SOME_FAILED),
    "addresses of megabytes": Row(KEPT, with_urls(lambda id: "/" + "x" * 100_000), None),
    "addresses that are no text": Row(NOTHING, with_urls(lambda id: id), None),
    "addresses with line breaks": Row(KEPT, with_urls(lambda id: f"/m/{id}.png\r\nHost: evil"), None),
    # formats
    "formats of null": Row(NOTHING, with_formats(None), None),
    "no formats": Row(NOTHING, listing(changed(lambda one: one.pop("formats"))), None),
    "formats as a list": Row(KEPT, listing(changed(lambda one: one.update(formats=[one["formats"]]))), DONE),
    "formats as an empty list": Row(NOTHING, with_formats([]), None),
    "formats as a text": Row(NOTHING, with_formats("huge"), None),
    "formats with values of null": Row(NOTHING, with_formats({"huge": None}), None),
    "all items links": Row(NOTHING, listing(changed(lambda one: one.update(type="link", formats={}))), None),
    "all items of an unknown type": Row(KEPT, listing(changed(lambda one: one.update(type="hologram"))), None),
    "items as lists": Row(NOTHING, frames(lambda i, one: {"meta": {"total": MEDIA, "index": i}, "result": [one]}),
                          TRY_LATER),
    # bytes
    "zero bytes in a line": Row(KEPT, says(WHOLE.replace(b"packshot", b"pack\0hot")), None),
    "invalid UTF-8": Row(KEPT, says(WHOLE.replace(b"packshot", b"pack\xff\xfehot")), None),
    "half a surrogate": Row(KEPT, says(WHOLE.replace(b"packshot", b"\\ud800hot")), None),
    "an absurdly long line": Row(NOTHING, listing(changed(lambda one: one.update(name="x" * 2_000_000), [20])), TRY_LATER),
    "a line without an end": Row(NOTHING, says(b'{"meta":' + b" " * 3_000_000), TRY_LATER),
    "deep nesting": Row(KEPT, says(WHOLE.replace(b'"nl"', b"[" * 3000 + b"]" * 3000)), None),
    "two objects in a line": Row(NOTHING, says(WHOLE.replace(b"}\n", b"}{}\n")), TRY_LATER),
    # errors
    "an error in mid-stream": Row(NOTHING, says(b"".join(LINES[:20]) + b'{"error":{"status":500,"code":"oops"}}\n'),
                                  TRY_LATER),
    "an error at the very end": Row(NOTHING, says(b"".join(LINES[:-1]) + b'{"error":{"status":500,"code":"oops"}}\n'),
                                    TRY_LATER),
    "an error with status 200": Row(NOTHING, error(200), TRY_LATER),
    "an error beside each result": Row(KEPT, frames(
        lambda i, one: {"meta": {"total": MEDIA, "index": i}, "result": one, "error": {"code": "x"}}), None),
    "302 to elsewhere": Row(NOTHING, says(status=302, Location="https://evil.example/v4/media/stream"), (1, 2)),
    "302 to itself": Row(NOTHING, says(status=302, Location="/r/v4/media/stream"), (1, 2)),
    "206 with a part": Row(NOTHING, says(WHOLE[:MIDDLE], 206), None),
    **{str(status): Row(NOTHING, error(status), (1, 2)) for status in (400, 401, 403, 404, 405, 410, 422, 501)},
    **{f"{status}, again and again": Row(NOTHING, error(status, Retry_After="0"), (1, TRY_LATER))
       for status in (429, 500, 502, 503)},
}


class HostileStreams(EndToEnd):
    def test_nothing_is_lost(self):
        Hostility(self, "stream", lambda kind, asked: Reply(WHOLE, type=STREAM), ROWS).run_all()


if __name__ == "__main__":
    main()
