"""What the proofs stand on.

Role: a proof counts things that must not happen, prints the counts, and fails when one is not what it must be. Each runs
by itself (`python3 tests/proof/kill_proof.py --minutes 5`); without --minutes it is the short form that the tests run.
Place: the services and the program come from tests/e2e/harness.py. Exit status: 0 all as it must be; 1 not; 77 skipped,
with the reason (strace, nginx, clang or a right is missing).
Every random choice follows from --seed, which is printed; the moment of a kill also depends on the machine.
"""

import argparse
import collections
import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402

SKIPPED = 77
LISTS = ("manifest.jsonl", "SHA256SUMS")
# 0 done, 1 failed, 2 configuration, 3 some items failed, 6 a safety limit, 7 try later: the ends a run may choose.
CHOSEN_ENDS = (0, 1, 2, 3, 6, 7)


class Skip(Exception):
    """The proof cannot run here; the text says what is missing."""


class Proof:
    """Counts, limits and the folder of one proof."""

    def __init__(self, name, arguments):
        self.name, self.minutes = name, arguments.minutes
        self.seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1 << 32)
        self.random = random.Random(self.seed)
        self.counts, self.goals = collections.OrderedDict(), {}
        self.complaints, self.notes = [], []
        self.began = time.monotonic()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"medimirror-proof-{name.replace(' ', '-')}-", dir=arguments.folder))

    @property
    def long(self):
        return self.minutes is not None

    def seconds_left(self, short):
        """Of the time this proof was given: --minutes, or `short` seconds."""
        given = self.minutes * 60 if self.long else short
        return given - (time.monotonic() - self.began)

    def must_be_zero(self, *names):
        for name in names:
            self.counts.setdefault(name, 0)
            self.goals[name] = 0

    def count(self, name, more=1):
        self.counts[name] = self.counts.get(name, 0) + more

    def most(self, name, value):
        self.counts[name] = max(self.counts.get(name, 0), value)

    def wrong(self, name, text):
        """One thing that must not happen, counted under a name that must be zero."""
        self.must_be_zero(name)
        self.count(name)
        self.complaints.append(f"{name}: {text}")

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def close(self):
        took = time.monotonic() - self.began
        print(f"{self.name}: {took:.0f} s, seed {self.seed}")
        width = max(map(len, self.counts), default=0)
        for name, value in self.counts.items():
            goal = "" if name not in self.goals else "  must be 0"
            shown = f"{value:.1f}" if isinstance(value, float) else f"{value}"
            print(f"  {name:<{width}}  {shown:>8}{goal}")
        for text in self.notes:
            print(f"  note: {text}")
        for text in self.complaints[:20]:
            print(f"  WRONG {text}")
        failed = any(self.counts[name] != 0 for name in self.goals)
        if failed:
            print(f"  what is left of it lies in {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        print(f"{self.name}: {'FAILED' if failed else 'as it must be'}", flush=True)
        return 1 if failed else 0


def run(name, body, needs=()):
    """The main() of a proof: body(proof) counts."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--minutes", type=float, help="the long form, for about so long")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--folder", help="where to work [the system's temporary folder]")
    arguments = parser.parse_args()
    try:
        for need in needs:
            need()
    except Skip as reason:
        print(f"{name}: skipped: {reason}", flush=True)
        sys.exit(SKIPPED)
    proof = Proof(name, arguments)
    try:
        body(proof)
    except Skip as reason:
        shutil.rmtree(proof.folder, ignore_errors=True)
        print(f"{name}: skipped: {reason}", flush=True)
        sys.exit(SKIPPED)
    except BaseException:
        proof.wrong("failures of the proof itself", "see the trace below")
        proof.close()
        raise
    sys.exit(proof.close())


def strace():
    """Raises Skip unless strace can inject faults here."""
    if shutil.which("strace") is None:
        raise Skip("strace is not installed")
    try_out = subprocess.run(["strace", "-f", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                              "inject=fsync:error=EIO:when=9999", "true"], capture_output=True, timeout=60)
    if try_out.returncode != 0:
        raise Skip("strace may not trace processes here (ptrace is forbidden)")


def has_command(word):
    """Whether this build of the program knows the command: proofs of commands that are absent say so."""
    shown = subprocess.run([str(harness.PROGRAM), "--help"], capture_output=True, text=True, timeout=60)
    return any(line.split()[:1] == [word] for line in shown.stdout.splitlines() if line.startswith("  "))


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def published_files(mirror):
    """Every file under a final name in media/, as {relative path: sha256}. Temporary names start with a dot."""
    if not mirror.media.exists():
        return {}
    return {str(path.relative_to(mirror.media)): sha256(path) for path in sorted(mirror.media.rglob("*"))
            if path.is_file() and path.name not in LISTS and not path.name.startswith(".")}


def wanted_files(truth, asked="huge"):
    """What a complete mirror of the sandbox holds, without extensions, as {path: sha256}."""
    wanted = {}
    for id, facts in truth.items():
        chosen = harness.chosen_format(facts, asked)
        if chosen is not None:
            wanted[f"{asked}/{id // 1000}/{id}"] = facts["formats"][chosen]["sha256"]
    return wanted


def stem(path):
    return path.rsplit(".", 1)[0]


def check_blobs(proof, mirror, when):
    """Every name in the store's blobs/ is the digest of its content. Gives the digests."""
    found = set()
    blobs = mirror.store / "blobs"
    for path in sorted(blobs.glob("*/*")) if blobs.exists() else ():
        name = path.parent.name + path.name
        if len(name) != 64 or not path.is_file():
            continue
        found.add(name)
        if sha256(path) != name:
            proof.wrong("wrong bytes in the store", f"{path} {when}")
    proof.count("blobs hashed", len(found))
    return found


def check_published(proof, mirror, allowed, when):
    """Whatever stands under a final name has bytes that the service served for it: `allowed` is {path stem: digests}."""
    held = published_files(mirror)
    for path, digest in held.items():
        if digest not in allowed.get(stem(path), ()):
            proof.wrong("wrong bytes under final names", f"{path} {when}")
    proof.count("published files hashed", len(held))
    return held


def check_complete(proof, mirror, wanted, when):
    """After a run that ended well: the tree is the truth, and the lists say so."""
    held = check_published(proof, mirror, {path: {digest} for path, digest in wanted.items()}, when)
    listed = {}
    if (mirror.media / "manifest.jsonl").exists():
        listed = {row["path"]: row["sha256"] for row in mirror.manifest()}
    for path, digest in listed.items():
        if held.get(path) != digest:
            proof.wrong("dangling names", f"manifest.jsonl names {path}, which is not there like that, {when}")
    for path in held.keys() - listed.keys():
        proof.wrong("files that no list names", f"{path} {when}")
    for path in wanted.keys() - {stem(path) for path in held}:
        proof.wrong("pictures missing after a complete run", f"{path} {when}")


def check_with_verify(proof, mirror, when, ends=(0,)):
    """The program's own check of every byte, where this build has it."""
    if not has_verify():
        proof.note("this build has no `verify`: checked by this proof's own hashing alone")
        return
    run = mirror.run("verify", "--depth", "content", "--json")
    proof.count("runs of verify --depth content")
    if run.exit_code not in ends:
        proof.wrong("findings of verify", f"exit {run.exit_code} {when}: {run.stdout[-600:]} {run.stderr[-300:]}")


def has_verify(known=[]):
    if not known:
        known.append(has_command("verify"))
    return known[0]


def ended_badly(run):
    """A sentence when the end of the process is none that a program may choose; else nothing."""
    if run.exit_code < 0:
        return f"ended by signal {-run.exit_code}"
    if run.exit_code not in CHOSEN_ENDS:
        return f"ended with {run.exit_code}"
    return None


def copy_tree(source, target):
    """With hard links kept as links, since the published tree is links to the store."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True, timeout=120)


def in_folder(name):
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
