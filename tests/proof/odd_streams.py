"""How the API misbehaves: each function sets up a night for a row of odd_rows.py.

What a night withholds is in no line that can be read: it is not owed. night.show() counts each time the misbehaviour was sent.
"""

import gzip
import json
import time

from harness import TRY_LATER

WORDS = "the index is being rebuilt, come back tomorrow"
WEB_PAGE = f"<html><body><h1>{WORDS}</h1></body></html>\n".encode(), "text/html"
ERROR = json.dumps({"error": {"status": 500, "code": "internal", "message": WORDS}}).encode(), "application/json"


def bad_place(spoil, lost=1):
    """Ten lines before the end, among what is new: the newest pictures stand behind it."""
    def set_up(night):
        items = night.world.listed()
        night.withheld = {one.id for one in items[-10:len(items) - 10 + lost]}
        night.checks.append(night.believe)  # a line that can be read all the same is no hole

        def media(call):
            lines = call.lines()
            spoil(lines, max(0, len(lines) - 10))
            night.show()
            call.stream(lines)
        night.media = media
    return set_up


def at_the_start(spoil, lost=1):
    def set_up(night):
        night.withheld = {one.id for one in night.world.listed()[:lost]}
        night.checks.append(night.believe)

        def media(call):
            lines = call.lines()
            spoil(lines, 0)
            night.show()
            call.stream(lines)
        night.media = media
    return set_up


def error_line(lines, at):
    lines[at] = ERROR[0] + b"\n"


def skipped_index(lines, at):
    del lines[at]


def repeated_index(lines, at):
    lines.insert(at, lines[at])


def unreadable(lines, at):
    lines[at] = lines[at][:len(lines[at]) // 2] + b"\n"


def byte_order_mark(lines, at):
    lines[at] = b"\xef\xbb\xbf" + lines[at]


def control_character(lines, at):
    lines[at] = lines[at].replace(b'"packshot"', b'"pack\x01shot"')


def not_utf8(lines, at):
    lines[at] = lines[at].replace(b'"packshot"', b'"pack\xc3\x28\xffshot"')


def long_line(lines, at):
    lines[at] = lines[at].replace(b'"packshot"', b'"' + b"x" * 1_300_000 + b'"')


def another_total(lines, at):
    for index in range(at, len(lines)):
        line = json.loads(lines[index])
        line["meta"]["total"] += 7
        lines[index] = json.dumps(line).encode() + b"\n"


def cut_each_time(how, cap=None):
    """Never more than two thirds, by the way `how`; the pages have all."""
    def set_up(night):
        def media(call):
            lines = call.lines()
            part = lines[:len(lines) * 2 // 3 + call.number]
            if how != "at a line":
                part[-1] = part[-1][:30]
            night.show()
            call.stream(part, cut=how == "broken")
        night.media = media
        if cap:
            night.pages = lambda call: call.page(max(40, len(night.world.listed()) // cap))
            night.checks.append(night.believe)  # which of the windows is the last one, the program knows
    return set_up


def slow_first_byte(head_at_once):
    def set_up(night):
        def media(call):
            night.show()
            if not head_at_once:
                time.sleep(65)
                return call.whole_stream()
            call.handler.begin_chunked([("Content-Type", "application/x-json-stream")])
            call.handler.wfile.flush()
            time.sleep(65)
            call.world.note_complete(call)
            call.handler.chunk(b"".join(call.lines()))
            call.handler.end_chunked(False)
        night.media = media
    return set_up


def no_first_byte(night):
    """Nothing comes before the time that a user may set: once more, then the pages."""
    night.settings = {"api": {"answer_timeout": "3s"}}

    def media(call):
        night.show()
        time.sleep(10)
        call.handler.close_connection = True
    night.media = media

    def asked(run):
        if night.calls["media/stream"] > 2:
            night.wrong("nights that ended otherwise than they should", f"{night.calls['media/stream']} streams were asked")
    night.checks.append(asked)


def own_key(night):
    """For rows after which much is remembered of a key: that it is of no use for a day, that it is answered in codings."""
    night.settings = {"api": {"key_id": str(1000 + night.number - night.turn)}}


def coded(name, encode):
    """In a coding that the program cannot read; plain when plain is asked for, which the next night remembers."""
    def set_up(night):
        own_key(night)
        night.may_be_silent = night.turn > 0

        def media(call):
            if call.plain:
                return call.whole_stream()
            night.show()
            if night.turn > 0:
                night.wrong("answers in a coding that was of no use last night", name)
            if encode is members:
                call.world.note_complete(call)
            call.stream(encode(call.lines()), [("Content-Encoding", name)])
        night.media = media
    return set_up


def coded_even_so(name, everywhere=False):
    """Whatever is asked for: the stream alone, or the pages as well."""
    def set_up(night):
        own_key(night)

        def media(call):
            night.show()
            call.stream(scrambled(call.lines()), [("Content-Encoding", name)])
        night.media = media
        if everywhere:
            night.withhold_all()
            night.pages = media
    return set_up


def members(lines):
    return [gzip.compress(b"".join(lines[at:at + 7])) for at in range(0, len(lines), 7)]


def scrambled(lines):
    return [bytes(255 - byte for byte in line) for line in lines]


def body_instead(body, type, everywhere=False):
    """Instead of the stream, or of the pages as well."""
    def set_up(night):
        def media(call):
            night.show()
            call.reply(200, body, type=type)
        night.media = media
        if everywhere:
            night.withhold_all()
            night.pages = media
    return set_up


def shifting(night):
    """Rows left while it was listed: a clean end, three short of what was announced."""
    night.withheld = {one.id for one in night.world.listed()[5:8]}

    def media(call):
        total = len(call.items)
        del call.items[5:8]
        night.show()
        call.stream(call.lines(total=total))
    night.media = media


def totals_as_text(night):
    def media(call):
        night.show()
        call.world.note_complete(call)
        call.stream(call.lines(text=True))
    night.media = media


def stream_refused(status):
    def set_up(night):
        def media(call):
            night.show()
            call.reply(status, b"no\n", type="text/plain")
        night.media = media
    return set_up


def call_refused(status, times, seconds=None):
    def set_up(night):
        def before(call):
            if sum(night.calls.values()) > times:
                return False
            night.show()
            call.wait(status, seconds)
            return True
        night.before = before
    return set_up


def day_of_silence(night):
    night.withhold_all()
    own_key(night)

    def before(call):
        night.show()
        call.wait(503, 86_400)
        return True
    night.before = before

    def asked_again(run):
        before_it = sum(night.calls.values())
        again = night.mirror.run("sync", "--json")
        if again.exit_code != TRY_LATER or sum(night.calls.values()) > before_it:
            night.wrong("words that are not true", f"after a Retry-After of a day: {again}")
    night.checks.append(asked_again)


def products_refused(status):
    def set_up(night):
        night.settings = {"products": {"list": True}}

        def products(call):
            night.show()
            call.reply(status, b'{"error": {"status": %d, "code": "no", "message": "%s"}}' % (status, WORDS.encode()))
        night.products = products
    return set_up


def codes_refused(night):
    night.withhold_all()
    codes = night.mirror.folder / "wanted-codes.csv"
    codes.write_text("cnk\n0001234\n1234567\n")
    products_refused(403)(night)
    night.settings = {"select": {"codes_file": str(codes)}}


def narrow_line(night):
    """A limit of the pictures' bandwidth is none of the listing's, 12 MB here."""
    night.settings = {"media": {"bandwidth": "100KB"}}

    def media(call):
        night.show()
        padding = b'"' + b"x" * (12_000_000 // len(call.items)) + b'"'
        call.world.note_complete(call)
        call.stream([line.replace(b'"packshot"', padding) for line in call.lines()])
    night.media = media


def changes_alone(night):
    """What changed since the last night is asked for, by a range that is documented."""
    night.settings = {"api": {"full_listing_every": "7d"}}
    night.may_be_silent = night.turn == 0

    def media(call):
        if "updatedSince" in json.dumps(call.asked):
            night.show()
        call.whole_stream()
    night.media = media


def unknown_filter(night):
    """The service judges: it is sent, and `config check` doubts it."""
    night.settings = {"select": {"filter": '{"attributes": {"colour": "blue"}}'}}

    def media(call):
        if "attributes" in json.dumps(call.asked):
            night.show()
        call.whole_stream()
    night.media = media

    def doubted(run):
        check = night.mirror.run("config", "check")
        if check.exit_code != 0 or "attributes" not in check.stdout:
            night.wrong("words that are not true", f"config check: {check}")
    night.checks.append(doubted)
