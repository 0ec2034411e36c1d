"""Damage to one blob in a thousand, of each kind, and to the index: all is found, mended from the source, and clean then.

Kinds: flipped, truncated, emptied, deleted, swapped blobs, with their times kept as a failing disk would; published links
replaced by files; pages of the index overwritten, among those that are in use. A store from the stand-in service of 2 000
pictures, in the long form of 100 000 (of 20 000 when less than ten minutes are given).
"""

import json
import os
import shutil
import struct

import proof
from harness import Mirror, Sandbox

PAGE = 4096
KINDS = ("flipped", "truncated", "emptied", "deleted", "swapped", "links replaced")


class Injected:
    """What was damaged: by kind, the subjects that verify may name for it."""

    def __init__(self, proof_, mirror):
        self.proof, self.mirror, self.random = proof_, mirror, proof_.random
        self.paths = {}
        for row in mirror.manifest():
            self.paths.setdefault(row["sha256"], []).append(row["path"])
        self.blobs = sorted((mirror.store / "blobs").glob("*/*"))
        self.all = len(self.blobs)
        self.random.shuffle(self.blobs)
        self.expected = []  # (kind, subjects of which one must be named)

    def share(self):
        return max(3, self.all // 1000)

    def inject(self):
        for kind in KINDS:
            for _ in range(self.share()):
                getattr(self, kind.replace(" ", "_"))(kind)

    def take(self):
        return self.blobs.pop()

    def rewrite(self, path, change):
        facts = path.stat()
        data = change(path.read_bytes())
        path.chmod(0o644)
        path.write_bytes(data)
        path.chmod(0o444)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    def note(self, kind, *paths):
        for path in paths:
            self.expected.append((kind, path.parent.name + path.name))
        self.proof.count(f"injected: {kind}", len(paths))

    def flipped(self, kind):
        path = self.take()
        at, bit = self.random.randrange(path.stat().st_size), 1 << self.random.randrange(8)
        self.rewrite(path, lambda data: data[:at] + bytes([data[at] ^ bit]) + data[at + 1:])
        self.note(kind, path)

    def truncated(self, kind):
        path = self.take()
        self.rewrite(path, lambda data: data[:self.random.randrange(1, len(data))])
        self.note(kind, path)

    def emptied(self, kind):
        path = self.take()
        self.rewrite(path, lambda data: b"")
        self.note(kind, path)

    def deleted(self, kind):
        path = self.take()
        path.unlink()
        self.note(kind, path)

    def swapped(self, kind):
        one, other = self.take(), self.take()
        aside = one.with_suffix(".aside")
        one.rename(aside)
        other.rename(one)
        aside.rename(other)
        self.note(kind, one, other)

    def links_replaced(self, kind):
        blob = self.take()
        path = self.paths[blob.parent.name + blob.name][0]
        file = self.mirror.media / path
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= 1
        file.unlink()
        file.write_bytes(data)
        self.expected.append((kind, path))
        self.proof.count(f"injected: {kind}")

    def related(self):
        """All that verify may name: what was damaged, and the published names of damaged blobs."""
        subjects = {subject for _, subject in self.expected}
        return subjects | {path for subject in subjects for path in self.paths.get(subject, ())}


def verify(proof_, mirror, depth, when):
    """The findings by subject; exit 4 exactly when there is damage."""
    run = mirror.run("verify", "--depth", depth, "--json", seconds=1200)
    report = json.loads(run.stdout)
    damage = [one for one in report["findings"] if one["damage"]]
    if run.exit_code != (4 if damage else 0) or report["damage"] != len(damage):
        proof_.wrong("verifies whose end is not their finding", f"{when}: {run}")
    return damage


def damage_to_blobs(proof_, mirror, wanted):
    injected = Injected(proof_, mirror)
    injected.inject()
    found = {one["subject"] for one in verify(proof_, mirror, "content", "after damage to blobs")}
    for kind, subject in injected.expected:
        proof_.count("damage found" if subject in found else "damage not found")
        if subject not in found:
            proof_.complaints.append(f"not found: {kind} {subject}")
    for subject in found - injected.related():
        proof_.wrong("findings without damage", subject)
    run = mirror.run("repair", "--sync", seconds=1200)
    if run.exit_code != 0:
        proof_.wrong("repairs that did not complete", str(run))
    check_clean(proof_, mirror, wanted, "after repair --sync")


def check_clean(proof_, mirror, wanted, when):
    for one in verify(proof_, mirror, "content", when):
        proof_.wrong("findings after the repair", f"{when}: {one}")
    proof.check_blobs(proof_, mirror, when)
    proof.check_complete(proof_, mirror, wanted, when)


def pages_in_use(data):
    """The numbers of the pages that the newest tables of an LMDB file are made of; the format is in its mdb.c."""
    metas = [struct.unpack_from("<Q", data, number * PAGE + 16 + 128)[0] for number in (0, 1)]
    meta = 16 + PAGE * metas.index(max(metas))
    found, roots = [], [struct.unpack_from("<Q", data, meta + 24 + 48 + 40)[0]]
    while roots:
        number = roots.pop()
        if number == 2 ** 64 - 1:
            continue
        at = number * PAGE
        found.append(number)
        flags, lower = struct.unpack_from("<HH", data, at + 10)
        for slot in range((lower - 16) // 2):
            node = at + struct.unpack_from("<H", data, at + 16 + 2 * slot)[0]
            low, high, node_flags, key_size = struct.unpack_from("<HHHH", data, node)
            value = node + 8 + key_size
            if flags & 0x01:  # a branch
                roots.append(low | high << 16 | node_flags << 32)
            elif node_flags & 0x02:  # a table of its own
                roots.append(struct.unpack_from("<Q", data, value + 40)[0])
            elif node_flags & 0x01:  # a large value on pages of its own
                first = struct.unpack_from("<Q", data, value)[0]
                found.extend(range(first, first + struct.unpack_from("<I", data, first * PAGE + 12)[0]))
    return sorted(found)


def damage_to_index(proof_, service, mirror, wanted, trial):
    when = f"after damage to the index, trial {trial}"
    file = mirror.store / "index" / "data.mdb"
    data = bytearray(file.read_bytes())
    pages = pages_in_use(data)
    for number in proof_.random.sample(pages, max(1, len(pages) // 1000)):
        data[number * PAGE:(number + 1) * PAGE] = proof_.random.randbytes(PAGE) if trial % 2 else bytes(PAGE)
        proof_.count("injected: index pages overwritten")
    file.write_bytes(data)
    (mirror.store / "index" / "lock.mdb").unlink(missing_ok=True)
    damage = verify(proof_, mirror, "structure", when)
    if any(one["kind"] == "index_damaged" for one in damage):
        proof_.count("damaged indexes found")
    else:
        proof_.wrong("damaged indexes not found", f"{when}: {damage[:3]}")
    run = mirror.run("rebuild", seconds=1200)
    if run.exit_code not in (0, 4):
        proof_.wrong("repairs that did not complete", f"{when}: {run}")
    service.reset_stats()
    run = mirror.run("sync", "--json", seconds=1200)
    if run.exit_code != 0:
        proof_.wrong("repairs that did not complete", f"{when}: {run}")
    if service.media_requests() != 0:
        proof_.wrong("pictures fetched again after a rebuild", f"{when}: {service.media_requests()}")
    check_clean(proof_, mirror, wanted, when)


def prove(proof_):
    proof_.must_be_zero("damage not found", "findings without damage", "findings after the repair",
                        "damaged indexes not found", "repairs that did not complete",
                        "verifies whose end is not their finding", "wrong bytes in the store",
                        "wrong bytes under final names", "dangling names", "pictures missing after a complete run",
                        "pictures fetched again after a rebuild")
    media = 2_100 if not proof_.long else 111_000 if proof_.minutes >= 10 else 20_200
    with Sandbox(proof_.folder / "service", media=media) as service:
        mirror = Mirror(proof_.folder / "m", service.url)
        run = mirror.run("sync", seconds=3600)
        if run.exit_code != 0:
            raise AssertionError(str(run))
        wanted = proof.wanted_files(service.truth())
        proof_.count("blobs", sum(1 for _ in (mirror.store / "blobs").glob("*/*")))
        rounds = 0
        while rounds < 2 or (proof_.long and rounds < 5 and proof_.seconds_left(0) > 120):
            rounds += 1
            damage_to_blobs(proof_, mirror, wanted)
            damage_to_index(proof_, service, mirror, wanted, rounds)
    shutil.rmtree(mirror.folder)


if __name__ == "__main__":
    proof.run("damage", prove)
