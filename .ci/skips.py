#!/usr/bin/env python3
"""Names every test that ctest's last runs skipped and that .ci/skips.txt does not name. Exit status 1 when there is any.

skips.py BUILD_FOLDER...     folders that were never tested in are passed over
A skip is what ctest calls one (GoogleTest, exit 77) or what unittest calls one inside a test that passed.
"""

import fnmatch
import pathlib
import re
import sys

SECTION = re.compile(r"^\d+/\d+ Testing: (.*)$", re.M)
GTEST = re.compile(r"^\[  SKIPPED \] [\w/]+\.[\w/]+ \(\d+ ms\)$", re.M)
UNITTEST = re.compile(r"^(?:(\w+) \([\w.]+\)|(setUpClass) \([\w.]+\)|.*) ?\.\.\. skipped ['\"](.*)['\"]$", re.M)
PROOF = re.compile(r"^(.*: skipped: .*)$", re.M)


def skips(log):
    """(name, reason) of each skip in the text of a LastTest.log."""
    places = [*SECTION.finditer(log), None]
    for place, following in zip(places, places[1:]):
        name, text = place[1], log[place.end():following.start() if following else len(log)]
        if GTEST.search(text):
            reason = re.search(r": Skipped\n(.*)$", text, re.M)
            yield name, reason[1] if reason else ""
        for match in UNITTEST.finditer(text):
            yield f"{name}: {match[1] or match[2] or 'a test'}", match[3]
        for match in PROOF.finditer(text):
            yield name, match[1]


def allowed(text):
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    patterns = []
    for line in lines:
        pattern, _, reason = line.partition("  ")
        if not reason.strip():
            raise SystemExit(f"skips.txt: no reason behind \"{line}\"")
        patterns.append(pattern)
    return patterns


def unlisted(log, patterns):
    return [(name, reason) for name, reason in skips(log)
            if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)]


EXAMPLE = """
1/4 Testing: room:Suite.Passes
[       OK ] Suite.Passes (0 ms)
2/4 Testing: room:Suite.Skips
../tests/room/suite_test.cc:1: Skipped
no disk here
[  SKIPPED ] Suite.Skips (0 ms)
3/4 Testing: e2e: some_test
test_one (__main__.Some.test_one) ... ok
test_two (__main__.Some.test_two) ... skipped 'no browser'
OK (skipped=1)
4/4 Testing: proof: some
some: skipped: no strace
"""


def test_the_test():
    names = [name for name, _ in unlisted(EXAMPLE, [])]
    assert names == ["room:Suite.Skips", "e2e: some_test: test_two", "proof: some"], names
    assert unlisted(EXAMPLE, ["room:*", "e2e: *: test_two", "proof: some"]) == []


def main():
    test_the_test()
    patterns = allowed((pathlib.Path(__file__).parent / "skips.txt").read_text(encoding="utf-8"))
    failed = False
    for folder in sys.argv[1:]:
        log = pathlib.Path(folder, "Testing/Temporary/LastTest.log")
        if not log.exists():
            continue
        text = log.read_text(encoding="utf-8", errors="replace")
        found, wrong = list(skips(text)), unlisted(text, patterns)
        print(f"{folder}: {len(found)} skipped, {len(wrong)} of them without a reason in .ci/skips.txt")
        for name, reason in found:
            print(f"  {'NOT LISTED ' if (name, reason) in wrong else ''}{name}: {reason}")
        failed = failed or bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
