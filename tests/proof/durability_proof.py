"""Order of durability: the system calls of a real run, held to rules, and then cut by a loss of power at every point.

1. A sync of some fifty pictures, and one after the catalogue changed, are recorded with strace. Rules: a file is renamed
   into blobs/ only when all of its bytes are synced; LMDB's meta page is written only when no folder of blobs/ has a
   name that is not synced; when manifest.jsonl gets its name, every name below media/ is synced; no name below media/ changes
   after that.
2. Power cuts: the trace is replayed (see traced.py for the model and what it leaves out). At each point chosen, what the cut
   leaves is written into a folder, once with nothing but what is safe and once with any part of the rest; every blob and every
   published file of it is hashed, and the real program runs on it: it must complete, and fetch no more than what the
   index did not record.
3. A sync call that fails: the run ends with 1 and a sentence, nothing is renamed into blobs/ and no commit follows it,
   and the next run completes.
"""

import json
import shutil

import proof
from harness import Mirror, Sandbox
from traced import CALLS, Disk, below, parse

PICTURES = 55


def traced_sync(proof_, mirror, trace, *injections):
    own = mirror.command
    words = ["strace", "-f", "-y", "-xx", "-s", "2000000", "-o", str(trace), "-e", f"trace={CALLS}", "-e",
             "signal=none"] + [word for injection in injections for word in ("-e", f"inject={injection}")]
    mirror.command = lambda *arguments: words + own(*arguments)
    try:
        return mirror.run("sync")
    finally:
        mirror.command = own


def events(trace):
    with open(trace, encoding="latin-1") as lines:
        yield from parse(lines)


class Rules:
    """Looks at each call before the disk does it."""

    def __init__(self, proof_, disk, mirror):
        self.proof, self.disk = proof_, disk
        self.blobs, self.media = str(mirror.store / "blobs"), str(mirror.media)
        self.database = str(mirror.store / "index/data.mdb")
        self.manifest_named = self.holds_blobs = False

    def unsynced(self, path):
        folder = self.disk.find(path)
        if folder is None:
            return []
        return [prefix or "/" for prefix, one in below(folder) if one.pending]

    def look(self, call):
        if self.manifest_named and call.name in ("link", "linkat", "unlink", "rename", "mkdir", "rmdir"):
            path = self.disk.paths(call)[-1]
            if path.startswith(self.media + "/"):
                self.proof.wrong("changes of the tree after its manifest", f"{call.name} {path}")
        if call.name.startswith("rename"):
            self.look_at_rename(*self.disk.paths(call)[:2])
        elif call.name == "pwrite64" and call.descriptor()[1] == self.database and \
                self.disk.at_once(call.descriptor()):
            self.proof.count("commits of the index")
            # before the first blob, a store that a cut takes away as a whole is as good as none
            if self.holds_blobs and not self.disk.holds_safely(self.database):
                self.proof.wrong("commits to an index whose name is not safe", self.database)
            if folders := self.unsynced(self.blobs):
                self.proof.wrong("commits before the sync of a folder", f"{folders[:3]}")

    def look_at_rename(self, old, new):
        if new.startswith(self.blobs + "/"):
            self.proof.count("renames into the store")
            self.holds_blobs = True
            file = self.disk.find(old)
            if file is None or file.pending or file.safe != file.data:
                self.proof.wrong("renames before the sync of the file", f"{old} to {new}")
        if new == self.media + "/manifest.jsonl":
            self.proof.count("manifests published")
            folders = [one for one in self.unsynced(self.media) if one != "/"]
            if folders or not self.disk.holds_safely(self.media):
                self.proof.wrong("manifests before the sync of what they name", f"{folders[:3] or self.media}")
            self.manifest_named = True


class Cuts:
    """Loses power at chosen moments of a replay and lets the program go on from there."""

    def __init__(self, proof_, service, allowed, wanted):
        self.proof, self.service, self.allowed, self.wanted = proof_, service, allowed, wanted
        self.number = 0

    def cut(self, disk, random, where):
        self.number += 1
        when = f"after the cut at {where}, " + ("some of the rest kept" if random else "only what is safe")
        mirror = Mirror(self.proof.folder / f"cut{self.number}", self.service.url)
        mirror.configure(publish={"max_delete": "100%"})
        disk.cut(mirror.folder, random)
        proof.check_blobs(self.proof, mirror, when)
        proof.check_published(self.proof, mirror, self.allowed, when)
        held = 0
        if (mirror.store / "index").exists():
            status = mirror.run("status", "--json")
            if status.exit_code == 0:
                held = json.loads(status.stdout)["assets"]["held"]
            elif status.exit_code != 1:
                self.proof.wrong("indexes that a cut broke", f"{when}: {status}")
            else:
                self.look_at_index(mirror, status, when)
        self.check_dangling(mirror, when)
        self.service.reset_stats()
        run = mirror.run("sync", "--json")
        self.proof.count("power cuts")
        if run.exit_code != 0:
            self.proof.wrong("runs after a cut that did not complete", f"{when}: {run}")
        else:
            self.proof.count("pictures fetched after cuts", self.service.media_requests())
            if self.service.media_requests() > len(self.wanted) - min(held, len(self.wanted)) + self.changed:
                self.proof.wrong("pictures fetched although the index held them", f"{when}: {held} held, "
                                 f"{self.service.media_requests()} of {len(self.wanted)} asked")
            mirror.run("sync")
            proof.check_complete(self.proof, mirror, self.wanted, when)
        shutil.rmtree(mirror.folder)

    changed = 0

    def look_at_index(self, mirror, status, when):
        # An index that was being made for the first time is no index yet.
        if (mirror.store / "blobs").exists() and any((mirror.store / "blobs").glob("*/*")):
            self.proof.wrong("indexes that a cut broke", f"{when}: {status}")

    def check_dangling(self, mirror, when):
        # a store without any blob has nothing that could dangle; its index may be half made
        if not proof.has_verify() or not any((mirror.store / "blobs").glob("*/*")):
            return
        run = mirror.run("verify", "--depth", "content", "--json")
        self.proof.count("runs of verify --depth content")
        bad = ("blob_missing", "blob_wrong_content", "blob_wrong_size", "asset_without_blob",
               "derivative_without_blob", "published_without_blob", "index_damaged")
        if run.exit_code == 4 and any(word in run.stdout for word in bad):
            self.proof.wrong("dangling records after a cut", f"{when}: {run.stdout[:800]}")


def replay(proof_, mirror, trace, disk, cuts, random, amount):
    """Rules at every call; cuts at `amount` of the calls that matter, chosen evenly with some play."""
    rules = Rules(proof_, disk, mirror)
    matters = [number for number, (kind, call) in enumerate(events(trace))
               if kind == "end" and not call.failed and concerns(disk, call)]
    step = max(1, len(matters) // max(1, amount))
    chosen = {random.choice(matters[start:start + step]) for start in range(0, len(matters), step)}
    for number, (kind, call) in enumerate(events(trace)):
        if kind == "begin":
            rules.look(call)
            disk.begin(call)
            continue
        disk.end(call)
        if number in chosen and proof_.seconds_left(65) > 0:
            where = f"{call.name} (call {number})"
            cuts.cut(disk, None, where)
            cuts.cut(disk, random, where)
    proof_.count("system calls replayed", len(matters))


def concerns(disk, call):
    if call.name in ("close", "lseek"):
        return False
    path = call.descriptor()[1] or call.opened or ""
    return disk.inside(path) or any(disk.inside(text.decode("latin-1")) for text in call.strings()[:2]
                                    if len(text) < 4096)


def failed_syncs(proof_, service, counts):
    """The K-th fsync or fdatasync of each thread fails."""
    wanted = proof.wanted_files(service.truth())
    for name in ("fsync", "fdatasync"):
        for count in counts:
            if proof_.seconds_left(80) < 0:
                return
            mirror = Mirror(proof_.folder / "failing", service.url)
            trace = proof_.folder / "failing.trace"
            run = traced_sync(proof_, mirror, trace, f"{name}:error=EIO:when={count}")
            check_failed_sync(proof_, mirror, run, trace, f"{name} {count}")
            again = mirror.run("sync")
            if again.exit_code != 0:
                proof_.wrong("runs after a failed sync call that did not complete", f"{name} {count}: {again}")
            proof.check_complete(proof_, mirror, wanted, f"after the failed {name} {count}")
            shutil.rmtree(mirror.folder)


def check_failed_sync(proof_, mirror, run, trace, which):
    failed_at, renamed = None, []
    for number, (kind, call) in enumerate(events(trace)):
        if kind == "end" and call.injected and failed_at is None:
            failed_at = number
        if kind == "begin" and failed_at is not None and call.name == "rename":
            renamed += [path for path in [call.strings()[-1].decode()]
                        if path.startswith(str(mirror.store / "blobs")) or path.endswith("manifest.jsonl")]
    if failed_at is None:
        return
    proof_.count("sync calls that failed")
    if run.exit_code != 1 or "medimirror:" not in run.stderr:
        proof_.wrong("failed sync calls that did not end the run", f"{which}: {run}")
    if renamed:
        proof_.wrong("names given after a failed sync call", f"{which}: {renamed[:3]}")


def prove(proof_):
    proof_.must_be_zero("renames before the sync of the file", "commits before the sync of a folder",
                        "commits to an index whose name is not safe",
                        "manifests before the sync of what they name", "changes of the tree after its manifest",
                        "wrong bytes in the store", "wrong bytes under final names", "indexes that a cut broke",
                        "dangling records after a cut", "runs after a cut that did not complete",
                        "failed sync calls that did not end the run", "names given after a failed sync call")
    with Sandbox(proof_.folder / "service", media=PICTURES) as service:
        rounds = 0
        while rounds == 0 or (proof_.long and proof_.seconds_left(0) > 30):
            rounds += 1
            failed_syncs(proof_, service, [1, 2, 5] if rounds == 1 else range(6, 14))
            one_round(proof_, service, 10 if not proof_.long else 60)


def one_round(proof_, service, amount):
    mirror = Mirror(proof_.folder / "recorded", service.url)
    mirror.configure(publish={"max_delete": "100%"})
    disk, allowed = Disk(mirror.folder), {}
    mirror.root.mkdir(parents=True)
    disk.make_root_folder("mirror")
    for first in (True, False):
        if not first:
            service.evolve(new=5, changed=8, removed=3, reuploaded=4)
        wanted = proof.wanted_files(service.truth())
        for path, digest in wanted.items():
            allowed.setdefault(path, set()).add(digest)
        trace = proof_.folder / "trace"
        run = traced_sync(proof_, mirror, trace)
        if run.exit_code != 0:
            proof_.wrong("recorded runs that did not complete", str(run))
        cuts = Cuts(proof_, service, allowed, wanted)
        cuts.changed = 0 if first else 20  # held, but the catalogue wants other bytes by now
        replay(proof_, mirror, trace, disk, cuts, proof_.random, amount)
    shutil.rmtree(mirror.folder)


if __name__ == "__main__":
    proof.run("durability", prove, needs=[proof.strace])
