"""The table of what a service does to a mirror, a row for each kind, for service_proof.py.

odd_streams.py and odd_hosts.py say how each is done; here stands what it must come to. Whatever was ever listed in a line that can
be read is owed, unless a picture is hopeless that night.
"""

import gzip
from dataclasses import dataclass
from typing import Callable

from harness import DONE, FAILED, SOME_FAILED, TRY_LATER
from odd_hosts import (
    ban, first_times, for_ever, host_pause, http2_alone, labelled, limited, many_at_once, odd_day,
    private_address, signed, star, whole_part)
from odd_service import MediaCall
from odd_streams import (
    ERROR, WEB_PAGE, WORDS, another_total, at_the_start, bad_place, body_instead, byte_order_mark, call_refused, changes_alone, coded, coded_even_so,
    codes_refused, control_character, cut_each_time, day_of_silence, error_line, long_line, members, narrow_line,
    no_first_byte, not_utf8, products_refused, repeated_index, scrambled, shifting, skipped_index, slow_first_byte,
    stream_refused, totals_as_text, unknown_filter, unreadable)


@dataclass
class Row:
    name: str
    set_up: Callable  # (night)
    ends: tuple = (DONE,)
    complete: bool | None = True  # what the report must say of the listing; nothing: not asked
    says: str = ""  # patterns of what the run tells
    never_says: str = r"report this|check the network"
    nights: int = 1
    then: tuple | None = None  # how the nights after the first end, where it is another way
    seconds: int = 120


PLAIN = Row("a night without a fault", lambda night: night.show())
CUT = {"ends": (TRY_LATER,), "complete": False}
SOME = {"ends": (SOME_FAILED,)}

ROWS = [
    # a stream that misbehaves
    Row("an error line", bad_place(error_line), says=WORDS, **CUT),
    Row("an error line before all", at_the_start(error_line), says=WORDS, nights=3, **CUT),
    Row("a skipped index", bad_place(skipped_index), **CUT),
    Row("an index twice", bad_place(repeated_index), **CUT),
    Row("a line that cannot be read", bad_place(unreadable), **CUT),
    Row("a first line that cannot be read", at_the_start(unreadable), nights=3, **CUT),
    Row("a byte order mark", bad_place(byte_order_mark), ends=(DONE, TRY_LATER), complete=None),
    Row("a byte order mark before all", at_the_start(byte_order_mark), ends=(DONE, TRY_LATER), complete=None, nights=3),
    Row("a raw control character", bad_place(control_character), ends=(DONE, TRY_LATER), complete=None),
    Row("bytes that are not UTF-8", bad_place(not_utf8), ends=(DONE, TRY_LATER), complete=None),
    Row("a line of 1.3 MB", bad_place(long_line), **CUT),
    Row("a total that changes", bad_place(another_total, lost=0), ends=(DONE, TRY_LATER), complete=None),
    Row("streams cut each time, broken", cut_each_time("broken")),
    Row("streams cut each time, in a line", cut_each_time("in a line")),
    Row("streams cut each time, at a line", cut_each_time("at a line")),
    Row("streams cut, and too many for pages", cut_each_time("broken", cap=3)),
    Row("a first byte after 65 s", slow_first_byte(False), seconds=200),
    Row("a first line after 65 s", slow_first_byte(True), seconds=200),
    Row("no first byte within 3 s", no_first_byte, seconds=60),
    Row("gzip of several members", coded("gzip", members), nights=2),
    Row("a coding nobody knows", coded("x-own", scrambled), nights=2),
    Row("a coding nobody knows, even so", coded_even_so("x-own")),
    Row("a coding nobody knows, even so, the pages too", coded_even_so("x-own", everywhere=True), **CUT),
    Row("a web page after 200", body_instead(*WEB_PAGE), says=WORDS),
    Row("a web page after 200, the pages too", body_instead(*WEB_PAGE, everywhere=True), says=WORDS, **CUT),
    Row("an error without a newline after 200", body_instead(*ERROR), says=WORDS),
    Row("an error without a newline after 200, the pages too", body_instead(*ERROR, everywhere=True), says=WORDS, **CUT),
    Row("rows that shift", shifting, ends=(DONE, TRY_LATER), complete=False, nights=3, never_says=r"\bcut\b"),
    Row("numbers as text", totals_as_text),
    Row("no stream, pages alone", stream_refused(404)),
    Row("API: 429 once, Retry-After", call_refused(429, 1, 3)),
    Row("API: 429 once, without a word", call_refused(429, 1)),
    Row("API: 503 twice, Retry-After", call_refused(503, 2, 2)),
    Row("API: 503 twice, without a word", call_refused(503, 2)),
    Row("API: Retry-After of a day", day_of_silence, ends=(TRY_LATER,), complete=None, seconds=60),
    Row("products refused with 403", products_refused(403), ends=(DONE, SOME_FAILED, TRY_LATER), says="(?i)products"),
    Row("products refused with 503", products_refused(503), ends=(DONE, SOME_FAILED, TRY_LATER), says="(?i)products"),
    Row("products of a list of codes refused", codes_refused, ends=(FAILED, SOME_FAILED, TRY_LATER), complete=None,
        says="(?s)(?=.*/products/)(?=.*wanted-codes)"),
    Row("bandwidth of pictures at 100 KB/s", narrow_line, seconds=30),
    Row("changes alone", changes_alone, nights=3),
    Row("a filter that nobody knows", unknown_filter),
    # the host sets the pace
    Row("20 a second, 503", limited(503, 0)),
    Row("20 a second, 429", limited(429, 0)),
    Row("20 a second, burst 20, 503", limited(503, 20)),
    Row("20 a second, burst 20, 429", limited(429, 20)),
    Row("a ban after 40", ban, ends=(TRY_LATER,), says=r"(?i)\bban", nights=2, then=(DONE,)),
    Row("429 once each", first_times(1, lambda call: call.refuse(429))),
    Row("503 twice each", first_times(2, lambda call: call.refuse(503))),
    Row("short body once each", first_times(1, MediaCall.short)),
    Row("web pages for ever", for_ever(MediaCall.web_page), **SOME),
    Row("many faults at once", many_at_once, seconds=300, **SOME),
    Row("one odd 503 with a day", odd_day(503), ends=(SOME_FAILED, TRY_LATER), nights=2),
    Row("one odd 429 with a day", odd_day(429), ends=(SOME_FAILED, TRY_LATER), nights=2),
    Row("a host that asks for 3 s, 429", host_pause(429)),
    Row("a host that asks for 3 s, 503", host_pause(503)),
    Row("labelled UTF-8", labelled("UTF-8")),
    Row("labelled none", labelled("none")),
    Row("labelled aws-chunked", labelled("aws-chunked")),
    Row("labelled gzip, but plain", labelled("gzip")),
    Row("gzip, and labelled so", labelled("gzip", gzip.compress)),
    Row("a signed address that has expired", signed),
    Row("a 206 that is whole", whole_part),
    Row("an ETag *", star, nights=2),
    Row("HTTP/2 alone, streams reset", http2_alone, seconds=60),
    Row("private addresses", private_address, ends=(FAILED, SOME_FAILED, TRY_LATER), says="(?i)private",
        never_says="User-Agent|refused with 0"),
]
