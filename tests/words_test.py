#!/usr/bin/env python3
"""Holds src/README.md to the sources: each room is named and says what it may not do, each word of the table of words is a
name in the code, each file that the page names is there.

words_test.py [ROOT]     checks the tree at ROOT (default: the repository this file is in), after having shown on a small bad
                         tree, made on the spot, that each rule is able to fail.
Every finding is one line. Exit status 1 when there is any.
"""

import pathlib
import re
import sys
import tempfile

NAMED = re.compile(r"`([A-Za-z_]\w*)`")
FILE = re.compile(r"`((?:\w+/)+\w+(?:\.(?:h|cc|py))?)`")


def rows_below(text, heading):
    """The cells of each row of the table that stands below a heading."""
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return rows[2:]  # without the table's head


def check_rooms(text, src):
    findings = []
    folders = {path.name for path in src.iterdir() if path.is_dir()}
    named = {}
    for cells in rows_below(text, "The rooms"):
        room = NAMED.match(cells[0])
        if room:
            named[room[1]] = cells
    findings += [f"src/{room}/ is no row of the table of rooms" for room in sorted(folders - set(named))]
    findings += [f"the table of rooms names {room}, which is no folder of src/" for room in sorted(set(named) - folders)]
    findings += [f"the row of {room} does not say what the room may not do" for room, cells in sorted(named.items())
                 if len(cells) < 3 or not cells[2]]
    return findings


def code_of(src):
    """All sources but the sandbox's, without comments and texts."""
    texts = []
    for path in sorted(src.rglob("*.h")) + sorted(src.rglob("*.cc")):
        if path.relative_to(src).parts[0] == "sandbox":
            continue
        texts.append(re.sub(r'//[^\n]*|"(?:[^"\\\n]|\\.)*"', "", path.read_text(encoding="utf-8")))
    return "\n".join(texts)


def check_words(text, src):
    rows = rows_below(text, "The words")
    if not rows:
        return ["there is no table of words"]
    names = set(re.findall(r"\w+", code_of(src)))
    return [f"the table of words has {word}, which is no name in the code"
            for cells in rows for cell in cells for word in NAMED.findall(cell) if word not in names]


def check_files(text, root):
    findings = []
    for name in sorted(set(FILE.findall(text))):
        places = [root / name, root / "src" / name]
        if pathlib.PurePosixPath(name).suffix == "":
            places += [root / "src" / f"{name}.h", root / "src" / f"{name}.cc"]
        room = name.split("/")[0]
        known = (root / "src" / room).is_dir() or room in ("src", "tests", "scripts")
        if known and not any(place.exists() for place in places):
            findings.append(f"{name} is named, and is not there")
    return findings


def check(root):
    src = root / "src"
    text = (src / "README.md").read_text(encoding="utf-8")
    return check_rooms(text, src) + check_words(text, src) + check_files(text, root)


# ------------------------------------------------------------------------------------------------ the test of the test

GOOD_PAGE = """# Architecture
Read `run/sync.cc`, then `run/retire`; pictures are in `media/huge`.
## The rooms
| room | purpose | what it may not do | knows alone |
|---|---|---|---|
| `run` | a run | delete | |
## The words
| word | meaning |
|---|---|
| `Blob` | bytes; `put_blob` keeps it |
"""
GOOD = {"src/README.md": GOOD_PAGE, "src/run/sync.cc": "Blob put_blob();\n", "src/run/retire.h": "// Role.\n"}

# What is changed in the good tree, and a piece of the finding that must come of it.
BAD = [
    ({"src/attic/x.cc": ""}, "src/attic/ is no row"),
    ({"src/README.md": GOOD_PAGE.replace("| `run` |", "| `runs` |")}, "names runs, which is no folder"),
    ({"src/README.md": GOOD_PAGE.replace("| delete |", "| |")}, "does not say what the room may not do"),
    ({"src/run/sync.cc": "Blob* blob; // put_blob\n"}, "has put_blob, which is no name"),
    ({"src/run/sync.cc": 'put_blob("Blob");\n'}, "has Blob, which is no name"),
    ({"src/README.md": GOOD_PAGE.replace("## The words", "## Words")}, "no table of words"),
    ({"src/README.md": GOOD_PAGE.replace("run/sync.cc", "run/sink.cc")}, "run/sink.cc is named"),
    ({"src/README.md": GOOD_PAGE.replace("run/retire`", "run/retired`")}, "run/retired is named"),
]


def findings_of(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return check(pathlib.Path(folder))


def test_the_test():
    failures = [f"the good tree is refused: {finding}" for finding in findings_of(GOOD)]
    for change, expected in BAD:
        findings = findings_of({**GOOD, **change})
        if not any(expected in finding for finding in findings):
            failures.append(f"{sorted(change)} is accepted, but should give: {expected} (got {findings})")
    return failures


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    failures = [f"self-test: {failure}" for failure in test_the_test()] + [f"src/README.md: {finding}" for finding in check(root)]
    for failure in failures:
        print(failure)
    if not failures:
        print("words: src/README.md and the sources agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
