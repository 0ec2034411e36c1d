"""How media hosts misbehave: each function sets up a night for a row of odd_rows.py, with new pictures on the row's own host.

`hopeful=False`: pictures that no polite mirror gets tonight, so that they are not owed.
"""

import threading
import time

from odd_front import Http2Alone
from odd_service import MediaCall

SIGNED_HOST, HTTP2_HOST = 398, 399


class Limit:
    """nginx's limit_req: so many a second, `burst` more at once, the rest refused without a word."""

    def __init__(self, night, status, rate, burst):
        self.night, self.status, self.rate, self.burst = night, status, rate, burst
        self.lock, self.excess, self.last, self.asked, self.refused = threading.Lock(), 0.0, 0.0, 0, 0

    def __call__(self, call):
        with self.lock:
            now = time.monotonic()
            excess = max(0.0, self.excess - (now - self.last) * self.rate + 1) if self.last else 0.0
            self.asked += 1
            refused = excess > self.burst
            if refused:
                self.refused += 1
            else:
                self.excess, self.last = excess, now
        if refused:
            self.night.show()
            return call.refuse(self.status)
        call.whole()

    def check(self, run):
        self.night.proof.most("limits: most refused, % of the requests", round(100 * self.refused / max(1, self.asked), 1))
        if self.refused > 0.1 * self.asked:
            self.night.wrong("limits of which more than a tenth was refused", f"{self.refused} of {self.asked}")


def limited(status, burst):
    def set_up(night):
        limit = Limit(night, status, 20, burst)
        night.add(300, limit)
        night.checks.append(limit.check)
    return set_up


class Ban:
    """Grants `after` requests, then 403 for everything."""

    def __init__(self, night, after):
        self.night, self.after, self.asked, self.granted, self.lock = night, after, 0, set(), threading.Lock()
        night.closed_host = night.world.host(night.host())

    def __call__(self, call):
        with self.lock:
            self.asked += 1
            banned = self.asked > self.after
            if not banned:
                self.granted.add(call.picture.id)
        if banned:
            self.night.show()
            return call.refuse(403)
        call.whole()

    def check(self, run):
        for picture in self.night.added:
            picture.hopeful = picture.id in self.granted
        self.night.proof.most("bans: most requests after one", self.asked - self.after)
        if self.asked > self.after + 20:
            self.night.wrong("bans after which more than 20 requests came", str(self.asked - self.after))


def ban(night):
    if night.turn == 0:
        rule = Ban(night, 40)
        night.add(120, rule)
        night.checks.append(rule.check)
    else:
        night.may_be_silent = True  # lifted; now the rest is owed
        for picture in night.added:
            picture.behaviour, picture.hopeful = None, True


def among_good(night, behaviours, hopeful=True):
    """A picture for each behaviour, and beside each of them two good ones, as in the fault matrix."""
    for behaviour in behaviours:
        night.add(2)
        night.add(1, behaviour, hopeful)


def at_first(night, count, wrong):
    """The first requests for a picture go wrong."""
    def behave(call):
        if call.tries > count:
            return call.whole()
        night.show()
        wrong(call)
    return behave


def first_times(count, wrong):
    return lambda night: among_good(night, [at_first(night, count, wrong)] * 15)


def for_ever(wrong):
    """Beside good pictures of the same host."""
    def set_up(night):
        def behave(call):
            night.show()
            wrong(call)
        night.add(15, behave, hopeful=False)
        night.add(15)
    return set_up


def many_at_once(night):
    """Hopeless ones enough to spend any budget, and among them what a second or third request brings, all of one host."""
    def never(call):
        night.show()
        call.web_page()
    for _ in range(15):
        night.add(8, never, hopeful=False)
        night.add(1, lambda call: call.refuse(404), hopeful=False)
        among_good(night, [at_first(night, 1, MediaCall.short), at_first(night, 1, lambda call: call.refuse(429)),
                           at_first(night, 2, lambda call: call.refuse(503))])


def odd_day(status):
    """One picture whose host asks for a day of silence, among good ones; and the same host in the next night."""
    def set_up(night):
        if night.turn == 0:
            def behave(call):
                night.show()
                call.refuse(status, 86_400)
            night.add(25)
            night.add(1, behave, hopeful=False)
            night.add(25)
        else:
            night.may_be_silent = True
            night.add(25)
    return set_up


def host_pause(status):
    """The whole host asks for three seconds, once."""
    def set_up(night):
        state = {"asked": 0, "until": 0.0}

        def behave(call):
            with call.world.lock:
                state["asked"] += 1
                if state["asked"] == 8:
                    state["until"] = time.monotonic() + 3
                left = state["until"] - time.monotonic()
            if left <= 0:
                return call.whole()
            night.show()
            call.refuse(status, max(1, -int(-left // 1)), whole_host=True)
        night.add(40, behave)
    return set_up


def labelled(coding, encode=None):
    def set_up(night):
        def behave(call):
            night.show()
            if encode is None:
                return call.whole([("Content-Encoding", coding)])
            call.handler.reply(200, encode(call.picture.data()),
                               [("Content-Type", "image/png"), ("Content-Encoding", coding)])
        night.add(12, behave)
    return set_up


def signed(night):
    """A redirect to an address that is good for a moment: for some the first one has expired when it is asked."""
    def behave(call):
        if "signature=" not in call.path:
            host = call.world.host(SIGNED_HOST)
            where = f"{call.world.url(host)}{call.picture.path}?signature={call.tries}"
            return call.handler.reply(302, b"", [("Location", where)])
        if call.picture.id % 4 == 0 and "signature=1" in call.path:
            night.show()
            return call.refuse(403)
        call.whole()
    night.add(24, behave)


def whole_part(night):
    def behave(call):
        night.show()
        size = len(call.picture.data())
        call.whole([("Content-Range", f"bytes 0-{size - 1}/{size}")], status=206)
    night.add(12, behave)


def star(night):
    """An ETag that is none: sent back, it matches everything. In the second night the pictures have changed."""
    def behave(call):
        night.show()
        if "*" in call.handler.headers.get("If-None-Match", ""):
            return call.handler.reply(304)
        call.whole([("ETag", "*")])
    if night.turn == 0:
        night.add(12, behave)
    else:
        for picture in night.added:
            picture.behaviour = behave
            picture.change()


def http2_alone(night):
    """Ten streams are reset. Whoever falls back to HTTP/1.1 meets nobody."""
    front = Http2Alone(night.proof.folder / f"h2-{night.world.number}", night.house.certificate, night.world.media_port, 10)
    night.add(60, host=HTTP2_HOST)
    for picture in night.added:
        picture.origin = f"https://{picture.host}:{front.port}"
    night.shown = 10
    night.checks.append(lambda run: front.close())


def private_address(night):
    """As in production: no picture may come from an address like ours here."""
    night.settings = {"media": {"allow_private_addresses": False, "base_url": "https://media.medipim.be"}}
    night.shown = 1
    night.no_media = True
