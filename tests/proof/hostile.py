"""What a hostile service sends, for memory_proof.py: each function sets up the world of a row.

Role: floods without end, bombs, and answers that drip. A row changes `world.night` (the API) and gives pictures a behaviour
(media hosts); odd_service.py serves both. What goes on without end stops when the program closes the connection.
"""

import gzip
import time
import zlib

MB = 1_000_000
PIECE = b"\x89PNG\r\n\x1a\n" + bytes(64 * 1024 - 8)


class Api:
    """What the API does: a function of a Call for each kind of request."""

    def __init__(self, calls, media=None, pages=None, products=None):
        self.calls = calls
        self.kinds = {"media/stream": media or (lambda call: call.whole_stream()),
                      "media/query": pages or (lambda call: call.page()),
                      "products/stream": products or (lambda call: call.reply(204))}

    def answer(self, call):
        self.kinds.get(call.kind, lambda call: call.reply(404))(call)


# ---- floods

def open_ended(call, headers=(), status=200):
    """An answer whose end is the end of the connection."""
    handler = call.handler
    handler.close_connection = True
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    return handler.wfile


def forever(make_piece):
    """Pieces until the program has had enough."""
    def flood(call):
        out, number = open_ended(call, [("Content-Type", "application/x-json-stream")]), 0
        while True:
            out.write(make_piece(number))
            number += 1
    return flood


def row(id, total, index, url="/m/1.png", more=""):
    return (f'{{"meta":{{"total":{total},"index":{index}}},"result":{{"id":{id},"type":"photo","photoType":"packshot"{more},'
            f'"formats":{{"huge":"{url}"}},"meta":{{"createdAt":1600000000,"updatedAt":1600000000}}}}}}\n').encode()


def rows(first, count, make):
    return b"".join(make(number) for number in range(first, first + count))


def items_without_end(total, order=lambda number: number + 1):
    def make(number):
        return rows(number * 500, 500, lambda index: row(order(index), total, index))
    return forever(make)


def scattered(number):
    return (number * 2_654_435_761) % (1 << 32) + 1


# ---- bombs

def bomb(kind, megabytes):
    """Zeros, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = kind * (MB // len(kind))
    return b"".join([packer.compress(piece) for _ in range(megabytes)] + [packer.flush()])


def packed_listing(packed):
    def media(call):
        call.stream([packed], [("Content-Encoding", "gzip")])
    return media


# ---- pictures

def picture(data, headers=()):
    def behave(call):
        call.handler.reply(200, data, [("Content-Type", "image/png"), *headers])
    return behave


def without_length(megabytes, status=200):
    def behave(call):
        out = open_ended(call, [("Content-Type", "image/png")], status)
        for _ in range(megabytes * MB // len(PIECE)):
            out.write(PIECE)
    return behave


def with_length(megabytes):
    def behave(call):
        handler = call.handler
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", str(megabytes * MB // len(PIECE) * len(PIECE)))
        handler.end_headers()
        for _ in range(megabytes * MB // len(PIECE)):
            handler.wfile.write(PIECE)
    return behave


def trailers(call):
    out = open_ended(call, [("Transfer-Encoding", "chunked"), ("Trailer", "X-T")])
    out.write(b"5\r\nhello\r\n0\r\n")
    while True:
        out.write(b"X-T: 1\r\n" * 8000)


def headers(call):
    out = call.handler.wfile
    call.handler.close_connection = True
    out.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        out.write(b"a:\r\n" * 8000)


def interim_answers(call):
    out = call.handler.wfile
    call.handler.close_connection = True
    while True:
        out.write(b"HTTP/1.1 103 Early\r\n\r\n")
        time.sleep(0.5)


def long_redirect(call):
    call.handler.reply(302, b"", [("Location", "/m/" + "a" * 60_000 + f"/{call.tries}.png")])


# ---- drips

def drip(data, seconds):
    def behave(call):
        out = open_ended(call, [("Content-Type", "application/x-json-stream")])
        while True:
            out.write(data)
            out.flush()
            time.sleep(seconds)
    return behave


def drip_of_rows(seconds):
    def behave(call):
        out, number = open_ended(call, [("Content-Type", "application/x-json-stream")]), 0
        while True:
            out.write(row(number + 1, 10**6, number, more=',"x":"' + "y" * 1024 + '"'))
            out.flush()
            number += 1
            time.sleep(seconds)
    return behave


def page_of(megabytes, packed=False):
    filler = ',"x":"' + "y" * 100_000 + '"'

    def pages(call):
        results = b",".join(row(number, 0, 0, more=filler)[len(b'{"meta":{"total":0,"index":0},"result":'):-2]
                            for number in range(1, megabytes * 10))
        body = b'{"meta":{"total":250,"page":{"no":0,"size":250}},"results":[' + results + b"]}"
        if packed:
            return call.reply(200, gzip.compress(body), [("Content-Encoding", "gzip")])
        call.reply(200, body)
    return pages


def no_stream(call):
    call.reply(404)
