"""Right and harmless whatever the disk, the neighbours, the service's words and our own files say; each case at random.

Cases: a disk that fills up; a placeholder in place of many pictures; names in our own files and links that lead out of them; an
index whose pages were written over, under every command; text of others in every field; two roots with one store; folders that
somebody took out of the tree; a snapshot that is mounted to be read. Short form: each once. Long form: again and again.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess

import proof
from harness import SECRET, Mirror, ScriptedService, item, png, pictures_in

ENDS = (0, 1, 2, 3, 4, 5, 6, 7)
STEERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Case:
    """A service of some pictures, and a mirror of it in a folder of its own."""

    def __init__(self, proof_, name, root=None, media=40, padding=0, **settings):
        self.proof, self.random, self.name = proof_, proof_.random, name
        self.folder = pathlib.Path(proof_.folder) / name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.urls = {id: f"/m/{id}.png" for id in range(1, media + 1)}
        self.service = ScriptedService(lambda _: [item(id, url) for id, url in self.urls.items()],
                                       {url: png(id, padding=padding) for id, url in self.urls.items()})
        self.mirror = Mirror(self.folder, self.service.url, **({"root": str(root)} if root else {}), **settings)
        if root:
            self.mirror.root = pathlib.Path(root)
            self.mirror.media, self.mirror.store = self.mirror.root / "media", self.mirror.root / "store"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.service.close()

    def run(self, *words, ends=ENDS):
        run = self.mirror.run(*words, seconds=120)
        self.proof.count(f"{self.name}: runs")
        if run.exit_code not in ends:
            self.proof.wrong("ends that no program chooses" if run.exit_code not in ENDS else "ends that are not due",
                             f"{self.name}: {run}")
        return run

    def expect(self, truth, what, text=""):
        if not truth:
            self.proof.wrong(what, f"{self.name}: {text}")


def a_disk_that_fills(proof_):
    disk = pathlib.Path(proof_.folder) / "disk"
    disk.mkdir(exist_ok=True)
    size = proof_.random.randrange(4, 14)
    options = f"size={size}m" + proof_.random.choice(["", ",nr_inodes=1400"])
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk], check=False,
                                           capture_output=True).returncode != 0:
        return proof_.note("no small file system can be mounted here: the full disk was left out")
    try:
        reserve = proof_.random.choice([0, 0, size << 18])
        with Case(proof_, "full disk", root=disk / "mirror", media=200, padding=proof_.random.randrange(20_000, 120_000),
                  publish={"reserve": reserve}) as case:
            case.run("sync")
            asked, published = case.service.count(), len(pictures_in(case.mirror.media))
            case.run("sync")
            free = os.statvfs(disk)
            case.expect(case.service.count() == asked, "pictures fetched again because the disk is full")
            case.expect(published == asked, "pictures that came and are not published", f"{published} of {asked}, {options}")
            case.expect(free.f_bavail * free.f_frsize >= reserve, "bytes of the reserve that are gone")
            case.expect(not list((case.mirror.store / "tmp").glob("*")), "pictures that lie under tmp")
            proof_.count("full disk: published", published)
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def a_placeholder(proof_):
    with Case(proof_, "placeholder", media=proof_.random.randrange(60, 200)) as case:
        case.run("sync", ends=(0,))
        before = pictures_in(case.mirror.media)
        hit = proof_.random.sample(sorted(case.urls), proof_.random.randrange(11, len(case.urls)))
        for id in hit:
            case.urls[id] = f"/new/{id}.png"
            case.service.files[case.urls[id]] = png(0)
        for _ in range(2):
            case.run("sync", ends=(6,))
            case.expect(pictures_in(case.mirror.media) == before, "pictures that a placeholder replaced")
        case.run("sync", "--max-replace", "100%", ends=(0,))
        case.expect(len(set(pictures_in(case.mirror.media).values())) == len(before) - len(hit) + 1, "flags that let nothing through")


def names_that_lead_out(proof_):
    with Case(proof_, "names") as case:
        case.run("sync", ends=(0,))
        victim = case.folder / "victim"
        victim.mkdir()
        (victim / "file").write_text("theirs")
        (victim / "1-1").write_text("theirs")
        out = proof_.random.choice(["../../victim/file", str(victim / "file"), "huge/../../../victim/file", "link/file"])
        kind = proof_.random.choice(["journal", "manifest", "tmp", "media"])
        if kind == "journal":
            (case.mirror.root / "reports/changes.txt.unfinished").write_text(
                "".join(f"{sign}\t{id}\thuge\t-\t0\t0\t\t{out}\n" for id in (1, 2, 999) for sign in "x-"))
            os.symlink(victim, case.mirror.media / "link")
        elif kind == "manifest":
            rows = case.mirror.manifest()
            for row in rows[:5]:
                row["path"] = out
            (case.mirror.media / "manifest.jsonl").write_text("".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows))
            os.symlink(victim, case.mirror.media / "link")
            case.run("rebuild")
        elif kind == "tmp":
            shutil.rmtree(case.mirror.store / "tmp", ignore_errors=True)
            os.symlink(victim, case.mirror.store / "tmp")
        else:
            (case.mirror.media / "huge").rename(case.folder / "aside")
            os.symlink(victim, case.mirror.media / "huge")
        case.urls = {id: url for id, url in case.urls.items() if id > 3} | {900: "/m/900.png"}
        case.service.files["/m/900.png"] = png(900)
        for words in (["sync"], ["sync", "--full"], ["repair"], ["gc"], ["verify"]):
            case.run(*words)
        left = {path.name: path.read_text() for path in victim.glob("*")} if not list(victim.glob("*/*")) else {}
        case.expect(left == {"file": "theirs", "1-1": "theirs"}, "files of others that were touched", f"{kind} {out}: {left}")


def an_index_written_over(proof_):
    with Case(proof_, "index", media=proof_.random.randrange(100, 400), products={"list": False}) as case:
        case.run("sync", ends=(0,))
        file = case.mirror.store / "index/data.mdb"
        good = file.read_bytes()
        for words in (["status"], ["report", "duplicates"], ["show", "1"], ["history"], ["diff"], ["changes"], ["undo", "--dry-run"], ["verify"],
                      ["gc", "--dry-run"], ["repair", "--dry-run"], ["export", "--format", "csv", "--base-url", "https://x/"],
                      ["sync", "--dry-run"], ["sync"]):
            data = bytearray(good)
            for page in proof_.random.sample(range(2, len(data) // 4096), proof_.random.randrange(1, len(data) // 4096 - 1)):
                data[page * 4096:(page + 1) * 4096] = proof_.random.choice([bytes(4096), b"\xff" * 4096, proof_.random.randbytes(4096)])
            file.write_bytes(data)
            run = case.run(*words)
            said = run.stdout + run.stderr
            if run.exit_code == 1 and "damage" in said:
                case.expect("rebuild" in said, "sentences that do not say what to do", str(run))
            file.write_bytes(good)
            shutil.rmtree(case.mirror.root / "reports", ignore_errors=True)
        case.expect(pictures_in(case.mirror.media), "trees that a damaged index emptied")


def text_of_others(proof_):
    harm = "".join(proof_.random.choice(["\x1b[31m", "\x9b1m", "\u202e", "\u2066", "\r\nFORGED", "\u2028FORGED", "\x08", SECRET, "x"])
                   for _ in range(12))
    with Case(proof_, "text", media=3) as case:
        case.urls[2] = f"/{harm}.png"
        case.service.listing = lambda _: [item(id, url) | {"photoType": harm, "locales": [harm], "targetGroups": [harm]}
                                          for id, url in case.urls.items()]
        case.service.files["/m/3.png"] = f"<title>{harm}</title>".encode()
        texts = []
        for words in (["sync", "-v"], ["list"], ["list", "--all-formats"], ["show", "1"], ["show", "2"], ["show", "3"], ["status"],
                      ["report", "duplicates"], ["report", "gallery"], ["history"], ["verify"]):
            run = case.run(*words)
            texts += [run.stdout, run.stderr]
        texts.append((case.mirror.root / "reports/last-run.txt").read_text())
        for text in texts:
            case.expect(not STEERS.search(text), "texts that steer a terminal", repr(text)[:400])
            case.expect(not re.search("(?m)^FORGED", text), "lines that are forged", repr(text)[:400])
            case.expect(SECRET not in text, "secrets that are shown", repr(text)[:400])


def two_roots(proof_):
    with Case(proof_, "two roots") as case:
        case.run("sync", ends=(0,))
        before = pictures_in(case.mirror.media)
        other = Mirror(case.folder / "other", case.service.url, store_dir=str(case.mirror.store))
        run = other.run("sync")
        case.expect(run.exit_code == 2, "second roots that are served from one store", str(run))
        case.run("sync", ends=(0,))
        case.expect(pictures_in(case.mirror.media) == before, "trees that another root changed")


def a_folder_taken_out(proof_):
    with Case(proof_, "taken out", media=proof_.random.randrange(20, 100)) as case:
        case.run("sync", ends=(0,))
        before = pictures_in(case.mirror.media)
        for path in proof_.random.sample(sorted(before), proof_.random.randrange(1, len(before))):
            (case.mirror.media / path).unlink()
        asked = case.service.count()
        case.run("sync", ends=(0,))
        case.expect(pictures_in(case.mirror.media) == before, "files that did not come back")
        case.expect(case.service.count() == asked, "files that were fetched again though they are held")


CASES = (a_disk_that_fills, a_placeholder, names_that_lead_out, an_index_written_over, text_of_others, two_roots, a_folder_taken_out)


def body(proof_):
    proof_.must_be_zero("ends that no program chooses", "ends that are not due")
    again = True
    while again:
        for case in CASES:
            case(proof_)
            proof_.count("cases")
            if proof_.long and proof_.seconds_left(0) <= 0:
                return
        again = proof_.long


if __name__ == "__main__":
    proof.run("trust", body)
