#!/usr/bin/env python3
"""Holds the sources to the table of who may know whom (src/README.md), and to the few rules a compiler cannot check.

include_table_test.py [ROOT]     checks the tree at ROOT (default: the repository this file is in), after having shown on
                                 a small bad tree, made on the spot, that each rule is able to fail.
Every finding is one line: file:line: what is wrong. Exit status 1 when there is any.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# A room may include what stands to its right, and itself. src/ itself holds main.cc, the room "main", and nothing else.
MAY_INCLUDE = {
    "base": set(),
    "http": {"base"},
    "store": {"base"},
    "api": {"base", "http"},
    "fetch": {"base", "http", "store"},
    "image": {"base"},
    "tree": {"base", "store"},
    "report": {"base", "store"},
    "shop": {"base", "store", "report"},
    "feed": {"base", "http", "store"},
    "gallery": {"base", "http", "store", "report", "shop"},
    "history": {"base", "store", "tree"},
    "upkeep": {"base", "http", "store", "api", "fetch", "image", "tree", "report", "history"},
    "run": {"base", "http", "store", "api", "fetch", "image", "tree", "report", "shop", "history"},
    "config": {"base", "http", "store", "api", "tree"},
    "cli": {"base", "http", "store", "api", "fetch", "image", "tree", "report", "shop", "feed", "gallery", "history",
            "config", "upkeep", "run"},
    "main": {"base", "cli", "image"},  # image: a decoder process is this program, started anew
    "sandbox": {"base"},
}

# Third-party headers, and who may know them: rooms, or single files ("store/lmdb.").
THIRD_PARTY = [
    (r"curl/", {"http/"}),
    (r"simdjson", {"api/"}),
    (r"lmdb\.h", {"store/lmdb."}),
    (r"vips/|glib", {"image/", "sandbox/"}),
    (r"jpeglib\.h|jerror\.h", {"image/jpeg_decoder.cc", "image/jpeg_encoder.cc"}),
    (r"webp/", {"image/webp_encoder.cc"}),
    (r"seccomp\.h", {"image/"}),
    (r"CLI/", {"cli/", "sandbox/"}),
    (r"toml\+\+/", {"config/config_file.cc"}),
    (r"httplib\.h", {"sandbox/"}),
    (r"nlohmann/", {"api/", "tree/", "report/", "gallery/", "shop/", "feed/", "cli/", "sandbox/"}),
    (r"spdlog/", {"base/log.cc"}),
    (r"openssl/", {"base/", "http/"}),
    (r"xxhash\.h", {"store/", "api/"}),
    (r"zlib\.h", {"http/", "image/", "history/", "sandbox/"}),
    (r"xlsxwriter\.h", {"shop/"}),
    (r"sqlite3\.h", {"feed/"}),
    (r"fmt/", {""}),
]

TOP_LEVEL = {"CMakeLists.txt", "README.md", "src", "tests", "scripts", ".ci", ".gitignore", ".clang-format",
             ".clang-tidy"}
# What no file may call, and why.
FORBIDDEN = [
    (re.compile(r"VImage::text\b|\bvips_text\b|\bpango_"), "no text by libvips (Pango): it ends the process now and then; "
     "src/sandbox/lettering.h writes"),
]
# Headers that their own room alone includes: what they know stays behind its seam.
OWN_ROOM_ONLY = {"api/item_parser.h"}

LINES_MAX = 500
VAGUE_NAME = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?)(_|\.|$)")
# Where a secret may become bytes: handed to the wire. One more caller is one more place to look at.
REVEAL_CALLERS_MAX = 2
REVEAL_ROOMS = {"http", "api", "base"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def room_of(path):
    """The room of a path below src/."""
    parts = pathlib.PurePosixPath(path).parts
    if len(parts) > 1:
        return parts[0]
    return "main" if parts[0] == "main.cc" else "none"


def third_party_rule(header):
    for pattern, places in THIRD_PARTY:
        if re.match(pattern, header):
            return places
    return None


def check_include(name, line_number, quote, header, rooms):
    here = f"src/{name}:{line_number}"
    if quote == '"':
        if header.startswith(".") or not (rooms["root"] / "src" / header).exists():
            return [f'{here}: "{header}" is not a path from src/']
        room, other = room_of(name), room_of(header)
        if room not in MAY_INCLUDE:
            return [f"{here}: room {room} is not in the table of this test"]
        if other != room and header in OWN_ROOM_ONLY:
            return [f"{here}: {header} is for {other}/ alone"]
        if other != room and other not in MAY_INCLUDE[room]:
            return [f"{here}: {room} may not include {other} ({header})"]
        return []
    places = third_party_rule(header)
    if places is None:
        return []
    if not any(name.startswith(place) for place in places):
        return [f"{here}: <{header}> is for {', '.join(sorted(places))} alone"]
    if name.endswith(".h") and not header.startswith("fmt/") and name not in PRIVATE_HEADERS:
        return [f"{here}: a header names <{header}>; keep libraries in .cc files"]
    return []


# Headers that only their own room includes, where a library's types are the subject itself. Checked to be private.
PRIVATE_HEADERS = set()


def find_private_headers(src):
    """Headers that no other room includes: what they show stays in the room."""
    outside = set()
    for path in src.rglob("*"):
        if path.suffix not in (".h", ".cc"):
            continue
        name = path.relative_to(src).as_posix()
        for line in path.read_text(encoding="utf-8").splitlines():
            match = INCLUDE.match(line)
            if match and match[1] == '"' and room_of(match[2]) != room_of(name):
                outside.add(match[2])
    headers = {path.relative_to(src).as_posix() for path in src.rglob("*.h")}
    return headers - outside


def check_header(name, text):
    findings = []
    lines = text.splitlines()
    if "#pragma once" not in lines:
        findings.append(f"src/{name}:1: no #pragma once")
    if not lines or not lines[0].startswith("// "):
        findings.append(f"src/{name}:1: a header opens with prose: its role, its place, what it promises")
    return findings


def check_source(root, path):
    name = path.relative_to(root / "src").as_posix()
    text = path.read_text(encoding="utf-8")
    findings = []
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            findings += check_include(name, number, match[1], match[2], {"root": root})
        findings += [f"src/{name}:{number}: {why}" for pattern, why in FORBIDDEN if pattern.search(line)]
    if name.endswith(".h"):
        findings += check_header(name, text)
    return findings


def check_reveal(root):
    calls = []
    for path in sorted((root / "src").rglob("*.cc")) + sorted((root / "src").rglob("*.h")):
        name = path.relative_to(root / "src").as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"(\.|->)reveal\(\)", line):
                calls.append((name, number))
    findings = [f"src/{name}:{number}: {room_of(name)} reveals a secret; only the wire may"
                for name, number in calls if room_of(name) not in REVEAL_ROOMS]
    if len(calls) > REVEAL_CALLERS_MAX:
        places = ", ".join(f"{name}:{number}" for name, number in calls)
        findings.append(f"src/base/secret.h:1: {len(calls)} callers of Secret::reveal(), at most {REVEAL_CALLERS_MAX} "
                        f"are allowed: {places}")
    return findings


TYPE_DEFINITION = re.compile(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: :[^:].*)? ?\{")


def check_type_names(root):
    """One program, one namespace: the linker takes either of two types of one name for both, and says nothing."""
    seen = {}
    findings = []
    for path in sorted((root / "src").rglob("*.h")):
        name = path.relative_to(root / "src").as_posix()
        if room_of(name) == "sandbox":
            continue  # a program of its own
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = TYPE_DEFINITION.match(line)
            if match and seen.setdefault(match[1], name) != name:
                findings.append(f"src/{name}:{number}: {match[1]} is a type of {seen[match[1]]} too")
    return findings


def check_files(root):
    findings = [f"src/{path.name}:1: src/ holds main.cc and rooms, nothing else" for path in sorted((root / "src").iterdir())
                if path.is_file() and path.name not in ("main.cc", "README.md")]
    for folder in ("src", "tests", "scripts"):
        for path in sorted((root / folder).rglob("*")) if (root / folder).exists() else []:
            if path.is_dir() and not VAGUE_NAME.search(path.name):
                continue
            name = path.relative_to(root).as_posix()
            if "/corpus/" in name or "__pycache__" in name:
                continue
            if VAGUE_NAME.search(path.name):
                findings.append(f"{name}:1: a name that says nothing; name it after what it does")
            if path.suffix in (".h", ".cc"):
                lines = len(path.read_text(encoding="utf-8").splitlines())
                if lines > LINES_MAX:
                    findings.append(f"{name}:{LINES_MAX}: {lines} lines; a file has at most {LINES_MAX}")
    return findings


def top_level_names(root):
    """What is under version control; of a tree that is not, everything. Who commits has git, so without it nothing."""
    if not (root / ".git").exists():
        return {path.name for path in root.iterdir() if not path.name.startswith("build")}
    if shutil.which("git") is None:
        return set()
    listed = subprocess.run(["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"],
                            capture_output=True, text=True, check=True)
    return {name.split("/")[0] for name in listed.stdout.split("\0") if name}


def check_top_level(root):
    return [f"{name}:1: the top level holds {', '.join(sorted(TOP_LEVEL))} and nothing else"
            for name in sorted(top_level_names(root) - TOP_LEVEL)]


def check_cmake(root):
    """The linker's table may not allow more than this one."""
    cmake = root / "CMakeLists.txt"
    if not cmake.exists():
        return ["CMakeLists.txt:1: is missing"]
    findings = []
    text = cmake.read_text(encoding="utf-8")
    for match in re.finditer(r"^medimirror_room\((\w+)([^)]*)\)", text, re.M):
        number = text.count("\n", 0, match.start()) + 1
        words = match[2].split()
        uses = []
        if "USES" in words:
            for word in words[words.index("USES") + 1:]:
                if word == "LINKS":
                    break
                uses.append(word)
        if match[1] not in MAY_INCLUDE:
            findings.append(f"CMakeLists.txt:{number}: room {match[1]} is not in the table of this test")
            continue
        for other in uses:
            if other not in MAY_INCLUDE[match[1]]:
                findings.append(f"CMakeLists.txt:{number}: {match[1]} may not use {other}")
    return findings


def check_tree(root):
    PRIVATE_HEADERS.clear()
    PRIVATE_HEADERS.update(find_private_headers(root / "src"))
    findings = []
    for path in sorted((root / "src").rglob("*")):
        if path.suffix in (".h", ".cc"):
            findings += check_source(root, path)
    return findings + check_reveal(root) + check_type_names(root) + check_files(root) + check_top_level(root) + check_cmake(root)


# ------------------------------------------------------------------------------------------------ the test of the test

GOOD = {
    "CMakeLists.txt": "medimirror_room(base LINKS x)\nmedimirror_room(http USES base LINKS PkgConfig::CURL)\n",
    "README.md": "",
    "src/base/clock.h": "// Role: time.\n#pragma once\n#include <fmt/format.h>\nclass Clock {\n",
    "src/http/url.h": '// Role: addresses.\n#pragma once\n#include "base/clock.h"\n',
    "src/http/url.cc": '#include "http/url.h"\n#include <curl/curl.h>\nuse(secret.reveal());\n',
    "src/config/config_file.cc": "#include <toml++/toml.h>\n",
    "src/main.cc": '#include "base/clock.h"\n',
    "src/api/item_parser.h": "// Role: JSON.\n#pragma once\n",
}

# What is added to the good tree, and a piece of the finding that must come of it.
BAD = [
    ("src/base/up.cc", '#include "http/url.h"\n', "base may not include http"),
    ("src/sandbox/app.cc", '#include "http/url.h"\n', "sandbox may not include http"),
    ("src/store/side.cc", '#include "http/url.h"\n', "store may not include http"),
    ("src/loose.cc", "", "src/ holds main.cc and rooms"),
    ("src/run/walk.cc", '#include "api/item_parser.h"\n', "api/item_parser.h is for api/ alone"),
    ("src/attic/x.cc", '#include "base/clock.h"\n', "room attic is not in the table"),
    ("src/http/up.cc", '#include "../base/clock.h"\n', "is not a path from src/"),
    ("src/fetch/net.cc", "#include <curl/curl.h>\n", "<curl/curl.h> is for http/ alone"),
    ("src/fetch/json.cc", "#include <simdjson.h>\n", "<simdjson.h> is for api/ alone"),
    ("src/store/index.cc", "#include <lmdb.h>\n", "<lmdb.h> is for store/lmdb. alone"),
    ("src/tree/x.cc", "#include <vips/vips8>\n", "<vips/vips8> is for image/, sandbox/ alone"),
    ("src/sandbox/label.cc", "auto image = vips::VImage::text(words);\n", "no text by libvips"),
    ("src/api/x.cc", "#include <CLI/CLI.hpp>\n", "<CLI/CLI.hpp> is for cli/, sandbox/ alone"),
    ("src/cli/other.cc", "#include <toml++/toml.h>\n", "is for config/config_file.cc alone"),
    ("src/http/url.h", "// Role: addresses.\n#pragma once\n#include <curl/curl.h>\n", "keep libraries in .cc files"),
    ("src/base/bare.h", "// Role: none.\n", "no #pragma once"),
    ("src/base/mute.h", "#pragma once\n", "opens with prose"),
    ("src/base/long.cc", "\n" * 501, "501 lines"),
    ("src/base/string_utils.cc", "", "a name that says nothing"),
    ("src/common/x.cc", "", "a name that says nothing"),
    ("src/report/leak.cc", "print(key->reveal());\n", "report reveals a secret"),
    ("src/http/many.cc", "a.reveal();\nb.reveal();\n", "3 callers of Secret::reveal()"),
    ("src/store/clock.h", "// Role: x.\n#pragma once\nclass Clock final : public X {\n", "Clock is a type of base/clock.h"),
    ("NOTES.md", "", "NOTES.md:1: the top level holds"),
    ("CMakeLists.txt", "medimirror_room(base USES http)\n", "base may not use http"),
]


def make_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def findings_of(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        make_tree(root, files)
        # a header counts as public when another room includes it
        make_tree(root, {"src/run/sync.cc": '#include "http/url.h"\n'})
        return check_tree(root)


def test_the_test():
    failures = [f"the good tree is refused: {finding}" for finding in findings_of(GOOD)]
    for name, text, expected in BAD:
        findings = findings_of({**GOOD, name: text})
        if not any(expected in finding for finding in findings):
            failures.append(f"{name} is accepted, but should give: {expected} (got {findings})")
    return failures


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    failures = test_the_test()
    for failure in failures:
        print(f"self-test: {failure}")
    findings = check_tree(root)
    for finding in findings:
        print(finding)
    if failures or findings:
        return 1
    print(f"include table: {len(list((root / 'src').rglob('*.*')))} files are as they should be")
    return 0


if __name__ == "__main__":
    sys.exit(main())
