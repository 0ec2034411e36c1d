"""Runs one command and says what it cost: wall and CPU seconds, peak memory of all its processes, blocks written."""

import os
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

SAMPLE_SECONDS = 0.2


@dataclass
class Cost:
    wall: float
    cpu: float  # of the command and every process it waited for
    peak_mb: float
    written_mb: float  # handed to the file system for writing
    status: int
    output: str = ""
    samples: list = field(default_factory=list)  # (seconds since the start, MB, MB that are no part of a file)


def _children(pid):
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as file:
                yield from file.read().split()
    except OSError:
        return


def _memory_mb(pid):
    """All, and what is no part of a file. Proportional, so that pages which a process shares with its children count
    once."""
    mb = {"Pss:": 0, "Pss_Anon:": 0}
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for name, kilobytes, *_ in map(str.split, file):
                if name in mb:
                    mb[name] = int(kilobytes) / 1024
    except OSError:
        return 0, 0
    own = tuple(mb.values())
    return tuple(map(sum, zip(own, *(_memory_mb(child) for child in _children(pid)))))


def _sample(pid, start, samples, over):
    while not over.wait(SAMPLE_SECONDS):
        all_mb, anonymous_mb = _memory_mb(pid)
        if all_mb:
            samples.append((time.monotonic() - start, all_mb, anonymous_mb))


def run(command, *, cwd=None, env=None, accept=(0,), log=None, kill_after=None, when_running=None):
    """kill_after: a function that is asked now and then; once it says yes, the command is killed with SIGKILL."""
    over = threading.Event()
    samples = []
    output = open(log, "w+") if log else subprocess.DEVNULL
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=output,
                               stderr=subprocess.STDOUT if log else subprocess.DEVNULL)
    sampler = threading.Thread(target=_sample, args=(process.pid, start, samples, over))
    sampler.start()
    killer = None
    if kill_after is not None:
        def watch():
            while not over.wait(0.1):
                if kill_after():
                    process.send_signal(signal.SIGKILL)
                    return
        killer = threading.Thread(target=watch)
        killer.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    over.set()
    sampler.join()
    if killer is not None:
        killer.join()
    text = ""
    if log:
        output.seek(0)
        text = output.read()
        output.close()
    cost = Cost(wall, usage.ru_utime + usage.ru_stime,
                max([mb for _, mb, _ in samples] + [usage.ru_maxrss / 1024]), usage.ru_oublock * 512 / 1e6,
                process.returncode, text, samples)
    if accept is not None and cost.status not in accept:
        raise RuntimeError(f"{' '.join(map(str, command))[:300]}\nended with {cost.status}\n{text[-3000:]}")
    return cost


class Trash:
    """Output of earlier runs, put aside and deleted at the very end: ext4 looks at every inode that was deleted in the
    last minute when it makes a new one, which would triple the system time of whoever runs next."""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0
        self.empty()

    def take(self, path):
        if path.exists():
            self.folder.mkdir(exist_ok=True)
            self.count += 1
            path.rename(self.folder / str(self.count))

    def empty(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def settle():
    """What one contender left to be written must not slow the next."""
    os.sync()


def drop_caches():
    """False where that is not allowed."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3\n")
        return True
    except OSError:
        return False
