"""Hostile listings by pages (media/query) against a published tree: nothing is ever lost beyond undo."""

import gzip
import json

from harness import DONE, SAFETY_LIMIT, TRY_LATER, EndToEnd, item, main
from hostile_listings import MEDIA, Hostility, Reply, Row, good_items

GOOD = good_items()
PAGES = 4
NOTHING, KEPT, UNDOABLE = "nothing", "kept", "undoable"
HTML = b"<!DOCTYPE html><html><body>Please sign in</body></html>\n"


def page(items, asked, total=None, **meta):
    number, size = asked["page"]["no"], asked["page"]["size"]
    return {"meta": {"total": len(items) if total is None else total,
                     "page": {"no": number, "offset": number * size, "size": size}} | meta,
            "results": items[number * size:(number + 1) * size]}


def good(kind, asked):
    return Reply(page(GOOD, asked))


def of(items, total=None):
    """Well-formed pages of these items."""
    return lambda kind, asked: Reply(page(items, asked, total))


def each(change):
    """Every page's JSON changed."""
    return lambda kind, asked: Reply(change(page(GOOD, asked), asked["page"]["no"]))


def at(number, reply):
    """Good pages, and at `number` this."""
    return lambda kind, asked: reply if asked["page"]["no"] == number else good(kind, asked)


def bytes_of(number, change):
    """Good pages, and of `number` the bytes changed."""
    return lambda kind, asked: Reply(change(good(kind, asked).body)) if asked["page"]["no"] == number \
        else good(kind, asked)


def ids(make):
    return of([one | {"id": make(one["id"])} for one in GOOD])


def without(document, key):
    return {name: value for name, value in document.items() if name != key}


def error(status, **more):
    return Reply({"error": {"status": status, "code": "nope", "message": "not today"}}, status, **more)


class Growing:
    """Another total each time."""

    def __init__(self, step):
        self.step, self.total = step, MEDIA

    def __call__(self, kind, asked):
        self.total += self.step
        return Reply(page(GOOD, asked, max(0, self.total)))


ROWS = {
    "204": Row(NOTHING, lambda kind, asked: Reply(status=204), (DONE, SAFETY_LIMIT)),
    "an empty body": Row(NOTHING, lambda kind, asked: Reply(), 1),
    "an empty object": Row(NOTHING, lambda kind, asked: Reply({}), 1),
    "an empty list": Row(NOTHING, lambda kind, asked: Reply([]), 1),
    "HTML with status 200": Row(NOTHING, lambda kind, asked: Reply(HTML, type="text/html"), 1),
    "an error with status 200": Row(NOTHING, lambda kind, asked: error(200), 1),
    "an error with status 200 in the middle": Row(NOTHING, at(2, error(200)), TRY_LATER),
    "HTML in the middle": Row(NOTHING, at(2, Reply(HTML, type="text/html")), TRY_LATER),
    "500 in the middle": Row(NOTHING, at(2, error(500, Retry_After="0")), TRY_LATER),
    "404 in the middle": Row(NOTHING, at(2, error(404)), TRY_LATER),
    "401 in the middle": Row(NOTHING, at(2, error(401)), (1, 2)),
    "204 in the middle": Row(NOTHING, at(2, Reply(status=204)), TRY_LATER),
    "no results, and a total of 0": Row(NOTHING, of([]), (DONE, SAFETY_LIMIT)),
    "no results under the whole total": Row(NOTHING, of([], MEDIA), TRY_LATER),
    "half, and so is the total": Row(NOTHING, of(GOOD[:20]), (DONE, SAFETY_LIMIT)),
    "half under the whole total": Row(NOTHING, of(GOOD[:20], MEDIA), TRY_LATER),
    "all but three": Row(UNDOABLE, of(GOOD[3:]), DONE),
    "an empty page in the middle": Row(NOTHING, each(lambda one, no: one | {"results": []} if no == 1 else one),
                                       TRY_LATER),
    "a short page in the middle": Row(NOTHING, each(
        lambda one, no: one | {"results": one["results"][:4]} if no == 1 else one), TRY_LATER),
    "a short last page": Row(NOTHING, each(
        lambda one, no: one | {"results": one["results"][:4]} if no == PAGES - 1 else one), TRY_LATER),
    "the first page for ever": Row(NOTHING, lambda kind, asked: Reply(
        page(GOOD, {"page": {"no": 0, "size": 10}})), TRY_LATER),
    "every second page": Row(NOTHING, lambda kind, asked: Reply(
        page(GOOD, {"page": {"no": 2 * asked["page"]["no"], "size": 10}}, MEDIA)), TRY_LATER),
    "pages twice as large": Row(KEPT, lambda kind, asked: Reply(
        page(GOOD, {"page": {"no": asked["page"]["no"], "size": 20}}, MEDIA)), None),
    "pages in the reverse order": Row(KEPT, of(GOOD[::-1]), DONE),
    "a huge page number": Row(KEPT, each(lambda one, no: one | {"meta": one["meta"] | {"page": {"no": 2 ** 60}}}), None),
    "a total too high by one": Row(NOTHING, of(GOOD, MEDIA + 1), DONE),
    "a total far too high": Row(NOTHING, of(GOOD, 9_999), TRY_LATER),
    "a total above the cap": Row(NOTHING, of(GOOD, 10 ** 12), TRY_LATER),
    "a total too low": Row(NOTHING, of(GOOD, 20), None),
    "a total that grows": Row(NOTHING, Growing(+1), TRY_LATER),
    "a total that shrinks": Row(NOTHING, Growing(-1), DONE),
    "a negative total": Row(NOTHING, of(GOOD, -MEDIA), 1),
    "a total as text": Row(KEPT, of(GOOD, str(MEDIA)), None),
    "a total that is no number": Row(NOTHING, of(GOOD, "all"), 1),
    "no meta": Row(NOTHING, each(lambda one, no: without(one, "meta")), 1),
    "no results at all": Row(NOTHING, each(lambda one, no: without(one, "results")), 1),
    "results as an object": Row(NOTHING, each(lambda one, no: one | {"results": {"1": {}}}), 1),
    "results of nulls": Row(NOTHING, each(lambda one, no: one | {"results": [None] * 10}), TRY_LATER),
    "each item twice": Row(KEPT, of([one for one in GOOD for _ in range(2)]), None),
    "ids as text": Row(KEPT, ids(str), DONE),
    "ids of null": Row(NOTHING, ids(lambda id: None), TRY_LATER),
    "negative ids": Row(NOTHING, ids(lambda id: -id), TRY_LATER),
    "one id for all": Row(UNDOABLE, ids(lambda id: 7), None),
    "another organisation's": Row(KEPT, of([item(id) for id in range(101, 141)]), None),
    "a page cut in the middle": Row(NOTHING, bytes_of(1, lambda body: body[:len(body) // 2]), TRY_LATER),
    "a first page cut in the middle": Row(NOTHING, bytes_of(0, lambda body: body[:len(body) // 2]), TRY_LATER),
    "a last page cut in the middle": Row(NOTHING, bytes_of(PAGES - 1, lambda body: body[:-30]), TRY_LATER),
    "a page shorter than its Content-Length": Row(NOTHING, lambda kind, asked: Reply(
        good(kind, asked).body[:500], length=5000), TRY_LATER),
    "gzip cut in the middle": Row(NOTHING, lambda kind, asked: Reply(
        gzip.compress(good(kind, asked).body)[:150], Content_Encoding="gzip"), (1, TRY_LATER)),
    "garbage behind a page": Row(KEPT, bytes_of(1, lambda body: body + b"garbage"), None),
    "two pages in one": Row(KEPT, bytes_of(1, lambda body: body + body), None),
    "a byte-order mark": Row(KEPT, bytes_of(0, lambda body: b"\xef\xbb\xbf" + body), None),
    "invalid UTF-8": Row(KEPT, bytes_of(1, lambda body: body.replace(b"packshot", b"pack\xff\xfehot")), None),
    "zero bytes": Row(KEPT, bytes_of(1, lambda body: body.replace(b"packshot", b"pack\0hot")), None),
    "deep nesting": Row(KEPT, bytes_of(1, lambda body: body.replace(b'"nl"', b"[" * 3000 + b"]" * 3000)), None),
    "ids with other addresses on another page": Row(UNDOABLE, of(GOOD + [item(id, f"/m/{id + 50}.png")
                                                                        for id in range(1, 6)]), None),
    "302 to elsewhere": Row(NOTHING, lambda kind, asked: Reply(status=302, Location="https://evil.example/"), (1, 2)),
    "503, again and again": Row(NOTHING, lambda kind, asked: error(503, Retry_After="0"), (1, TRY_LATER)),
}


class HostilePages(EndToEnd):
    def test_nothing_is_lost(self):
        Hostility(self, "query", good, ROWS).run_all()


if __name__ == "__main__":
    main()
