"""Errno sweep: the K-th call of each system call on the way to the disk fails, for eight errors and every K of a small run.

strace counts K by thread, so several threads may fail in one run. The calls before the program's own first line (the dynamic
linker's) are left out. The short form takes a sample. Each time: the run ends with an exit code that it may choose (never
by a signal), a failed run says one sentence that begins with "medimirror:" and does not blame a fault of the
program, every file has the right bytes, and the next run, undisturbed, completes.
"""

import concurrent.futures
import re
import shutil
import threading

import proof
from harness import Mirror, Sandbox

PICTURES = 25
ERRORS = ["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE", "EROFS", "EACCES", "ENOMEM"]
CALLS = ["openat", "write", "pwrite64", "writev", "fsync", "fdatasync", "rename", "link", "mkdir", "ftruncate", "mmap",
         "unlink", "fchmod", "utimensat"]
# What these calls never say of a local file.
CANNOT = {("mmap", "ENOSPC"), ("mmap", "EDQUOT"), ("mmap", "EROFS"), ("mmap", "EIO"), ("fsync", "EMFILE"),
          ("fsync", "ENFILE"), ("fsync", "EACCES"), ("fdatasync", "EMFILE"), ("fdatasync", "ENFILE"),
          ("fdatasync", "EACCES"), ("write", "EMFILE"), ("write", "ENFILE"), ("write", "EACCES"),
          ("pwrite64", "EMFILE"), ("pwrite64", "ENFILE"), ("writev", "EMFILE"), ("writev", "ENFILE")}
WORKERS = 3
SHORT_SECONDS = 60


def traced(mirror, output, *words):
    own = mirror.command
    mirror.command = lambda *arguments: ["strace", "-f", "-o", str(output), *words, *own(*arguments)]
    try:
        return mirror.run("sync", seconds=120)
    finally:
        mirror.command = own


def counts_of_a_run(folder, service):
    """{call: (first K of the program's own, last K)} by thread: the sweep goes over these. And the K at which mmap is
    for a thread of the main one."""
    mirror = Mirror(folder / "counted", service.url)
    output = folder / "counted.trace"
    run = traced(mirror, output, "-e", "trace=" + ",".join(CALLS))
    if run.exit_code != 0:
        raise AssertionError(f"the run without any fault fails: {run}")
    seen, first, most, threads = {}, {}, {}, []
    main = None
    for line in open(output, encoding="latin-1"):
        match = re.match(r"^(\d+) +(\w+)\(", line)
        if not match:
            continue
        thread, call = match[1], match[2]
        main = main or thread
        seen[thread, call] = seen.get((thread, call), 0) + 1
        if thread == main and call == "mmap" and "MAP_STACK" in line:
            threads.append(seen[thread, call])
        # The program's own calls begin where it reads its configuration.
        if thread == main and not first and call == "openat" and str(mirror.config) in line:
            first = {name: seen.get((main, name), 0) + 1 for name in CALLS}
            first["openat"] -= 1
        most[call] = max(most.get(call, 0), seen[thread, call])
    shutil.rmtree(mirror.folder)
    return {call: (first.get(call, 1), most[call]) for call in CALLS if call in most}, threads


class Sweep:
    def __init__(self, proof_, service):
        self.proof, self.service = proof_, service
        self.wanted = proof.wanted_files(service.truth())
        self.allowed = {path: {digest} for path, digest in self.wanted.items()}
        self.lock = threading.Lock()
        self.number = 0

    def fail(self, call, error, count):
        with self.lock:
            self.number += 1
            folder = self.proof.folder / f"run{self.number}"
        mirror = Mirror(folder, self.service.url)
        output = folder / "trace"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run = traced(mirror, output, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={count}")
        except AssertionError as late:
            with self.lock:
                self.proof.wrong("runs that hung", f"{call} {error} {count}: {late}")
            return
        injected = output.exists() and "INJECTED" in output.read_text(encoding="latin-1")
        with self.lock:
            self.judge(mirror, run, f"{call} {count} fails with {error}", injected)
        again = mirror.run("sync")
        with self.lock:
            if again.exit_code != 0:
                self.proof.wrong("next runs that did not complete", f"after {call} {count} {error}: {again}")
            proof.check_blobs(self.proof, mirror, f"after {call} {count} {error}")
            proof.check_complete(self.proof, mirror, self.wanted, f"after {call} {count} {error}")
        shutil.rmtree(folder)

    def judge(self, mirror, run, which, injected):
        self.proof.count("runs")
        if not injected:
            self.proof.count("runs that ended before the call")
            return
        self.proof.count(f"exit {run.exit_code}")
        if bad := proof.ended_badly(run):
            self.proof.wrong("ends that no program may choose", f"{which}: {bad}: {run.stderr[-500:]}")
        sentences = [line for line in run.stderr.splitlines() if line.startswith("medimirror: ")]
        # the main thread may have printed the report to an output that failed as well, and says that besides
        of_output = [line for line in sentences if line.startswith("medimirror: cannot write to the output")]
        if run.exit_code in (1, 2) and len(sentences) - (len(of_output) if len(sentences) > 1 else 0) != 1:
            self.proof.wrong("failures without one sentence", f"{which}: {run.stderr[-700:]!r}")
        if "fault of medimirror" in run.stderr or "std::" in run.stderr or "terminate called" in run.stderr:
            self.proof.wrong("sentences that explain nothing", f"{which}: {run.stderr[-500:]!r}")
        proof.check_blobs(self.proof, mirror, f"when {which}")
        proof.check_published(self.proof, mirror, self.allowed, f"when {which}")
        if run.exit_code == 0:
            proof.check_complete(self.proof, mirror, self.wanted, f"when {which} and the run is content")


def cases(proof_, counts, threads):
    every = [(call, error, count) for call, (first, last) in counts.items() for error in ERRORS
             if (call, error) not in CANNOT for count in range(first, last + 1)]
    proof_.random.shuffle(every)
    # Each call with each error once, before any of them twice.
    every.sort(key=lambda case, seen={}: seen.setdefault(case[:2], []).append(case) or len(seen[case[:2]]))
    proof_.counts["cases in all"] = len(every)
    # Threads that cannot be had come first, as others may wait for them.
    return [("mmap", "ENOMEM", count) for count in threads] + every


def prove(proof_):
    proof_.must_be_zero("ends that no program may choose", "runs that hung", "failures without one sentence",
                        "sentences that explain nothing", "wrong bytes in the store", "wrong bytes under final names",
                        "next runs that did not complete", "pictures missing after a complete run")
    with Sandbox(proof_.folder / "service", media=PICTURES) as service:
        counts, threads = counts_of_a_run(proof_.folder, service)
        sweep = Sweep(proof_, service)
        todo = iter(cases(proof_, counts, threads))

        def work():
            while proof_.seconds_left(SHORT_SECONDS) > 3:
                with sweep.lock:
                    case = next(todo, None)
                if case is None:
                    return
                sweep.fail(*case)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(work) for _ in range(WORKERS)]:
                done.result()


if __name__ == "__main__":
    proof.run("errno sweep", prove, needs=[proof.strace])
