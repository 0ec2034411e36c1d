"""Kill: SIGKILL at random moments, each followed by a check of every byte and by a run that must complete.

Half of the moments are instants of time, drawn over the length of a run; the other half, where strace is there, are
system calls: the process dies at its K-th rename, link, fsync, write … (counted by thread, as strace counts). After each
kill: every blob hashes to its name, every file under a final name has bytes that the service served for it. After the
next run: the tree is the truth, the lists agree, and the run asked for no more pictures than were not yet recorded as
held. The commands repair, gc, undo and rebuild are killed in the same way where this build has them.
"""

import contextlib
import json
import os
import shutil
import signal
import time

import proof
from harness import Mirror, Sandbox
from proof import Skip

PICTURES = 120
SHORT_KILLS = 30
CALLS = ["rename", "link", "fsync", "fdatasync", "pwrite64", "unlink", "openat", "write", "utimensat", "mkdir"]
LINKER_OPENS = 70  # files that the dynamic linker opens before the program begins


class World:
    """A service that changes, and every picture it ever served under a name."""

    def __init__(self, proof_):
        self.proof = proof_
        self.service = Sandbox(proof_.folder / "service", media=PICTURES)
        self.allowed = {}
        self.learn()

    def learn(self):
        self.truth = self.service.truth()
        self.wanted = proof.wanted_files(self.truth)
        for path, digest in self.wanted.items():
            self.allowed.setdefault(path, set()).add(digest)

    def change(self):
        self.service.evolve(new=4, changed=8, removed=3, unpublished=2, touched=5, reuploaded=4)
        self.learn()


def kill(proof_, mirror, words):
    """Starts the command and kills it; True when the kill came before its end."""
    random = proof_.random
    command = None
    seconds = proof_.durations.get(words[0], 0.5)
    if proof_.strace and random.random() < (0.5 if words[0] == "sync" else 0.85):
        call = random.choice(CALLS)
        # the commands of upkeep make few calls a thread, a sync many
        count = int(2 ** random.uniform(0, 5 if words[0] == "sync" else 2.3))
        if call == "openat":
            count = LINKER_OPENS + 8 * count
        command = f"{call} {count}"
        process = start_traced(mirror, words, call, count)
    else:
        process = mirror.start(*words)
        time.sleep(random.uniform(0, 0.9 * seconds))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)  # not process.kill(), which would reap it
    run = mirror.finish(process, 120)
    killed = run.exit_code == -signal.SIGKILL
    if not killed and command is None:  # it is faster than was thought
        proof_.durations[words[0]] = min(seconds, run.seconds)
    elif command is None:
        proof_.durations[words[0]] = seconds * 1.05
    if killed:
        proof_.count(f"kills of {words[0]}")
    if not killed and run.exit_code < 0:
        proof_.wrong("ends by another signal", f"{words} {command}: {run}")
    proof_.count("kills" if killed else "runs that ended before the kill")
    return killed


def start_traced(mirror, words, call, count):
    process_words = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
                     "-e", f"inject={call}:signal=KILL:when={count}"]
    own = mirror.command
    mirror.command = lambda *arguments: process_words + own(*arguments)
    try:
        return mirror.start(*words)
    finally:
        mirror.command = own


def kill_and_go_on(world, mirror, words, rerun, number):
    proof_ = world.proof
    when = f"after kill {number} of {words[0]}"
    kill(proof_, mirror, words)
    proof.check_blobs(proof_, mirror, when)
    proof.check_published(proof_, mirror, world.allowed, when)
    if rerun is not None:
        again = mirror.run(*rerun)
        if again.exit_code not in (0, 3):
            proof_.wrong("reruns that did not complete", f"{when}: {again}")


def fetch_the_rest(world, mirror, number, what):
    """The next sync completes, and asks for no picture that the index records as held."""
    proof_ = world.proof
    when = f"after the rerun {number} ({what})"
    known = recorded(mirror)
    world.service.reset_stats()
    run = mirror.run("sync", "--json")
    if run.exit_code != 0:
        proof_.wrong("reruns that did not complete", f"{when}: {run}")
        return
    asked = world.service.media_requests()
    proof_.count("pictures asked for by reruns", asked)
    missing = len(world.wanted) - known
    proof_.count("pictures not recorded as held at the rerun", missing)
    if asked > missing:
        proof_.wrong("reruns that fetched again what was held", f"{when}: {asked} asked, {missing} missing")
    proof.check_complete(proof_, mirror, world.wanted, when)
    proof.check_blobs(proof_, mirror, when)


def recorded(mirror):
    """How many pictures the index records as held."""
    if not (mirror.store / "index").exists():
        return 0
    status = mirror.run("status", "--json")
    if status.exit_code != 0:
        return 0
    return json.loads(status.stdout)["assets"]["held"]


def first_syncs(world, kills):
    """Each from nothing, killed several times on the way."""
    number, enough = 0, world.proof.counts["kills"] + kills
    while world.proof.counts["kills"] < enough and world.proof.seconds_left(45) > 0:
        mirror = Mirror(world.proof.folder / "m", world.service.url)
        for _ in range(3):
            number += 1
            kill_and_go_on(world, mirror, ["sync"], None, number)
        fetch_the_rest(world, mirror, number, "first sync")
        proof.check_with_verify(world.proof, mirror, f"after kill {number}")
        shutil.rmtree(mirror.folder)


def later_syncs(world, kills):
    """A mirror that follows a changing catalogue, killed at each change."""
    mirror = Mirror(world.proof.folder / "follow", world.service.url)
    mirror.configure(publish={"max_delete": "100%"})
    if mirror.run("sync").exit_code not in (0, 3):
        world.proof.wrong("reruns that did not complete", "the first sync, which nothing disturbed")
    number, enough = 0, world.proof.counts["kills"] + kills
    while world.proof.counts["kills"] < enough and world.proof.seconds_left(75) > 0:
        number += 1
        world.change()
        kill_and_go_on(world, mirror, ["sync"], None, f"{number} (change)")
        settle(world, mirror, f"{number} (change)")
        proof.check_with_verify(world.proof, mirror, f"after change {number}")


def settle(world, mirror, number):
    """Two complete listings retire what is gone; then the tree is the truth."""
    for _ in range(2):
        run = mirror.run("sync", "--json")
        if run.exit_code != 0:
            world.proof.wrong("reruns that did not complete", f"after {number}: {run}")
    proof.check_complete(world.proof, mirror, world.wanted, f"after the rerun {number}")
    proof.check_blobs(world.proof, mirror, f"after the rerun {number}")


def damage(world, mirror):
    """One blob in five gets a flipped byte, as a disk might do it."""
    for path in sorted((mirror.store / "blobs").glob("*/*")):
        if world.proof.random.random() < 0.2:
            path.chmod(0o644)
            bytes_ = bytearray(path.read_bytes())
            if bytes_:
                bytes_[len(bytes_) // 2] ^= 0x40
            facts = path.stat()
            path.write_bytes(bytes_)
            path.chmod(0o444)
            os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def upkeep(world, rounds):
    """repair, gc, undo and rebuild, each from the state that gives it work."""
    there = [word for word in ("repair", "gc", "undo", "rebuild") if proof.has_command(word)]
    for word in {"repair", "gc", "undo", "rebuild"} - set(there):
        world.proof.note(f"this build has no `{word}`: its kills were left out")
    base, before = with_two_runs_behind(world)
    for number in range(rounds):
        for word in there:
            if world.proof.seconds_left(100) <= 0:
                break
            kill_upkeep(world, base, before, word, number)
    shutil.rmtree(base.folder)


def with_two_runs_behind(world):
    """A mirror whose catalogue has changed once, and what it held before."""
    mirror = Mirror(world.proof.folder / "base", world.service.url)
    mirror.configure(publish={"max_delete": "100%"})
    mirror.run("sync")
    before = world.wanted
    world.change()
    mirror.run("sync")
    mirror.run("sync")
    return mirror, before


def kill_upkeep(world, base, before, word, number):
    """A copy of that mirror, the command killed, the command again, and a sync that follows."""
    proof_, when = world.proof, f"after kill {number} of {word}"
    mirror = Mirror(proof_.folder / "upkeep", world.service.url)
    mirror.configure(publish={"max_delete": "100%"})
    proof.copy_tree(base.root, mirror.root)
    command = {"gc": ["gc", "--keep", "0d"], "undo": ["undo", "1"]}.get(word, [word])
    if word == "rebuild":
        shutil.rmtree(mirror.store / "index")
    if word == "repair":
        damage(world, mirror)
    for _ in range(4):  # a kill that comes too late costs only a command that has nothing left to do
        if kill(proof_, mirror, command):
            break
        if word == "rebuild":
            shutil.rmtree(mirror.store / "index")
    if word != "repair":  # there the wrong bytes are the proof's own, until it has ended
        proof.check_blobs(proof_, mirror, when)
        proof.check_published(proof_, mirror, world.allowed, when)
    again = mirror.run(*command)
    if again.exit_code not in (0, 4):  # 4: repair and rebuild say that there was damage
        proof_.wrong("reruns that did not complete", f"{when}: {again}")
    if word == "repair":
        proof.check_blobs(proof_, mirror, f"after the rerun {number} of {word}")
    if word == "undo":
        proof.check_complete(proof_, mirror, before, f"after the rerun {number} of {word}")
        mirror.run("undo", "--release")
    settle(world, mirror, f"{number} of {word}")
    proof.check_with_verify(proof_, mirror, when)
    shutil.rmtree(mirror.folder)


def typical_seconds(world):
    mirror = Mirror(world.proof.folder / "timed", world.service.url)
    run = mirror.run("sync")
    shutil.rmtree(mirror.folder)
    return run.seconds


def prove(proof_):
    proof_.must_be_zero("wrong bytes in the store", "wrong bytes under final names", "dangling names",
                        "pictures missing after a complete run", "reruns that did not complete",
                        "reruns that fetched again what was held")
    try:
        proof.strace()
        proof_.strace = True
    except Skip as reason:
        proof_.strace = False
        proof_.note(f"kills at instants of time only: {reason}")
    world = World(proof_)
    proof_.counts["kills"] = 0
    try:
        proof_.durations = {"sync": typical_seconds(world)}
        if not proof_.long:
            first_syncs(world, SHORT_KILLS // 3)
            later_syncs(world, SHORT_KILLS // 3)
            upkeep(world, 3)
        while proof_.long and proof_.seconds_left(0) > 0:
            world.service.close()
            world = World(proof_)
            first_syncs(world, 9)
            later_syncs(world, 5)
            shutil.rmtree(proof_.folder / "follow", ignore_errors=True)
            upkeep(world, 3)
    finally:
        world.service.close()


if __name__ == "__main__":
    proof.run("kill", prove)
