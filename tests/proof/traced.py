"""A recorded trace of system calls, and a file system that is replayed from it.

Role: parse() gives the calls of `strace -f -y -xx` in the order in which they ended; Disk replays those that change
files and knows at every moment what a power cut would leave.
The model: the data of a file is safe from the end of an fsync or fdatasync of it, as it was when that began; a name is
safe from the fsync of its folder; a write through a descriptor opened with O_DSYNC is safe when it returns; syncfs makes
all safe. Whatever else was done may be there after a cut or not: each unsynced write and each unsynced change of a name
by itself. LMDB's data.mdb is a file like any other here: its pages are written and synced, and its meta page is written
through an O_DSYNC descriptor.
Not in the model: sectors torn inside one write, a disk that lies about a sync, metadata (mode, times) that survives or
not apart from the data, writes through a shared mapping (LMDB's lock file has those, and is made anew at each open).
"""

import os
import re

CALLS = ("openat,write,pwrite64,writev,lseek,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,"
         "fsync,fdatasync,syncfs,ftruncate,fallocate,copy_file_range,pwritev,fchmod,utimensat,close")

HEX = re.compile(r"\\x([0-9a-f]{2})")
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
WHOLE = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?(.*)$")
UNFINISHED = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)(?:<([^>]*)>)?(.*)$")
DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")


def plain(text):
    """The bytes that strace printed as \\x41\\x42 …"""
    return bytes.fromhex(text.replace("\\x", ""))


def path_of(text):
    return HEX.sub(lambda match: chr(int(match[1], 16)), text)


class Call:
    def __init__(self, name, arguments, result, opened, rest, begin, end):
        self.name, self.arguments, self.result = name, arguments, int(result)
        self.opened = path_of(opened) if opened else None
        self.injected, self.begin, self.end = "INJECTED" in rest, begin, end

    @property
    def failed(self):
        return self.result < 0

    def strings(self):
        return [plain(text) for text in STRING.findall(self.arguments)]

    def descriptor(self):
        """(number, path) of the first argument; nothing when it is none."""
        match = DESCRIPTOR.match(self.arguments)
        return (int(match[1]), path_of(match[2])) if match else (None, None)

    def last_number(self):
        return int(self.arguments.rsplit(",", 1)[1])


def parse(lines):
    """Yields ("begin", call) and ("end", call) in the order of the trace."""
    open_calls = {}
    for number, line in enumerate(lines):
        line = line.rstrip("\n")
        if match := UNFINISHED.match(line):
            call = Call(match[2], match[3], 0, None, "", number, None)
            open_calls[match[1]] = call
            yield "begin", call
        elif match := RESUMED.match(line):
            call = open_calls.pop(match[1], None)
            if call is None or call.name != match[2]:
                continue
            call.arguments += match[3]
            call.result, call.end = int(match[4]), number
            call.opened = path_of(match[5]) if match[5] else None
            call.injected = "INJECTED" in match[6]
            yield "end", call
        elif match := WHOLE.match(line):
            call = Call(match[2], match[3], match[4], match[5], match[6], number, number)
            yield "begin", call
            yield "end", call


class File:
    is_folder = False

    def __init__(self):
        self.data, self.safe, self.pending, self.version, self.safe_version = bytearray(), bytearray(), [], 0, 0
        self.mode, self.times = 0o644, None

    def write(self, offset, bytes_, at_once=False):
        self.version += 1
        apply_write(self.data, offset, bytes_)
        if at_once:
            apply_write(self.safe, offset, bytes_)
        else:
            self.pending.append((offset, bytes_))

    def truncate(self, size):
        self.version += 1
        resize(self.data, size)
        self.pending.append((None, size))

    def snapshot(self):
        return self.version, bytes(self.data), len(self.pending)

    def make_safe(self, snapshot):
        version, data, done = snapshot
        if version < self.safe_version:
            return
        self.safe, self.safe_version = bytearray(data), version
        self.pending = self.pending[done - len(self.pending):] if done < len(self.pending) else []


class Folder:
    is_folder = True

    def __init__(self):
        self.names, self.safe, self.pending, self.version, self.safe_version = {}, {}, [], 0, 0

    def change(self, number, name, inode):
        """`inode` None: the name goes."""
        self.version += 1
        apply_change(self.names, name, inode)
        self.pending.append((number, name, inode))

    def snapshot(self):
        return self.version, dict(self.names), len(self.pending)

    def make_safe(self, snapshot):
        version, names, done = snapshot
        if version < self.safe_version:
            return
        self.safe, self.safe_version = dict(names), version
        self.pending = self.pending[done - len(self.pending):] if done < len(self.pending) else []


def apply_write(data, offset, bytes_):
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset:offset + len(bytes_)] = bytes_


def resize(data, size):
    if size < len(data):
        del data[size:]
    else:
        data.extend(bytes(size - len(data)))


def apply_change(names, name, inode):
    if inode is None:
        names.pop(name, None)
    else:
        names[name] = inode


class Disk:
    """Everything below `root`, which was empty and safe at the start."""

    def __init__(self, root):
        self.root_path, self.root = str(root), Folder()
        self.offsets, self.flags, self.snapshots, self.inodes, self.number = {}, {}, {}, [self.root], 0

    def holds_safely(self, path):
        """Whether each folder on the way to `path` is named durably in the one above."""
        here = self.root
        for part in path[len(self.root_path):].strip("/").split("/"):
            if part not in here.safe or here.safe[part] is not here.names.get(part):
                return False
            here = here.names[part]
        return True

    def make_root_folder(self, name):
        """A folder that was there before, as a user's is."""
        folder = Folder()
        self.inodes.append(folder)
        self.root.names[name] = self.root.safe[name] = folder

    def inside(self, path):
        return path is not None and (path == self.root_path or path.startswith(self.root_path + "/"))

    def find(self, path):
        """The inode at an absolute path; nothing when there is none, or it is not ours."""
        if not self.inside(path):
            return None
        here = self.root
        for part in path[len(self.root_path):].strip("/").split("/"):
            if part and (not here.is_folder or part not in here.names):
                return None
            here = here.names[part] if part else here
        return here

    def parent(self, path):
        return self.find(os.path.dirname(path))

    def change(self, path, inode, number=None):
        if number is None:
            self.number += 1
        folder = self.parent(path)
        if folder is not None:
            folder.change(self.number if number is None else number, os.path.basename(path), inode)

    def begin(self, call):
        if call.name in ("fsync", "fdatasync"):
            inode = self.find(call.descriptor()[1])
            if inode is not None:
                self.snapshots[call] = [(inode, inode.snapshot())]
        elif call.name == "syncfs":
            self.snapshots[call] = [(inode, inode.snapshot()) for inode in self.inodes]

    def end(self, call):
        if call.failed:
            return
        act = getattr(self, "do_" + call.name, None)
        if act is not None:
            act(call)

    def do_sync(self, call):
        for inode, snapshot in self.snapshots.pop(call, ()):
            inode.make_safe(snapshot)

    do_fsync = do_fdatasync = do_syncfs = do_sync

    def do_openat(self, call):
        # by number and path, since the decoder processes in the trace have numbers of their own
        path = call.opened
        self.offsets[call.result, path], self.flags[call.result, path] = 0, call.arguments
        if not self.inside(path) or "O_TMPFILE" in call.arguments:
            return
        inode = self.find(path)
        if inode is None and "O_CREAT" in call.arguments:
            inode = File()
            mode = re.search(r", 0([0-7]+)$", call.arguments)
            inode.mode = int(mode[1], 8) if mode else 0o644
            self.inodes.append(inode)
            self.change(path, inode)
        elif inode is not None and "O_TRUNC" in call.arguments:
            inode.truncate(0)

    def file(self, call):
        key = call.descriptor()
        inode = self.find(key[1])
        return key, (inode if inode is not None and not inode.is_folder else None)

    def do_lseek(self, call):
        self.offsets[call.descriptor()] = call.result

    def do_write(self, call):
        key, file = self.file(call)
        if file is None:
            return
        offset = self.offsets.get(key, 0)
        file.write(offset, b"".join(call.strings())[:call.result], self.at_once(key))
        self.offsets[key] = offset + call.result

    do_writev = do_write

    def do_pwrite64(self, call):
        key, file = self.file(call)
        if file is not None:
            file.write(call.last_number(), b"".join(call.strings())[:call.result], self.at_once(key))

    do_pwritev = do_pwrite64

    def at_once(self, key):
        return "O_DSYNC" in self.flags.get(key, "") or "O_SYNC" in self.flags.get(key, "")

    def do_ftruncate(self, call):
        _, file = self.file(call)
        if file is not None:
            file.truncate(call.last_number())

    def do_fchmod(self, call):
        _, file = self.file(call)
        if file is not None:
            file.mode = int(call.arguments.rsplit(",", 1)[1], 8)

    def do_utimensat(self, call):
        _, file = self.file(call)
        seconds = re.findall(r"tv_sec=(-?\d+)", call.arguments)
        if file is not None and len(seconds) == 2:
            file.times = int(seconds[1])

    def paths(self, call):
        return [os.fsdecode(text) for text in call.strings()]

    def do_mkdir(self, call):
        path = self.paths(call)[0]
        if self.inside(path):
            folder = Folder()
            self.inodes.append(folder)
            self.change(path, folder)

    def do_rename(self, call):
        old, new = self.paths(call)
        inode = self.find(old)
        if inode is None:
            return
        self.number += 1
        self.change(new, inode, self.number)
        self.change(old, None, self.number)

    def do_link(self, call):
        old, new = self.paths(call)
        inode = self.find(old)
        if inode is not None:
            self.change(new, inode)

    def do_unlink(self, call):
        path = self.paths(call)[0]
        if self.find(path) is not None:
            self.change(path, None)

    do_rmdir = do_unlink

    def cut(self, target, random=None):
        """Writes what a power cut would leave now below the folder `target`. Without `random`: no more than what is
        safe. With it: also any of what is not safe yet."""
        chosen, places = {}, {}

        def keeps(number):
            if random is None:
                return False
            return chosen.setdefault(number, random.random() < 0.5)

        def write_folder(folder, path):
            names = dict(folder.safe)
            for number, name, inode in folder.pending:
                if keeps(number):
                    apply_change(names, name, inode)
            os.makedirs(path, exist_ok=True)
            for name, inode in names.items():
                place = os.path.join(path, name)
                if inode.is_folder:
                    if inode not in places:
                        places[inode] = place
                        write_folder(inode, place)
                elif inode in places:
                    os.link(places[inode], place)
                else:
                    places[inode] = place
                    write_file(inode, place)

        def write_file(inode, path):
            data = bytearray(inode.safe)
            for offset, what in inode.pending:
                if random is None or random.random() < 0.5:
                    continue
                if offset is None:
                    resize(data, what)
                else:
                    apply_write(data, offset, what)
            with open(path, "wb") as file:
                file.write(data)
            os.chmod(path, inode.mode)
            if inode.times is not None:
                os.utime(path, (inode.times, inode.times))

        write_folder(self.root, str(target))


def below(folder, prefix=""):
    """(path, folder) of every folder below, by the names as they are now."""
    yield prefix, folder
    for name, inode in folder.names.items():
        if inode.is_folder:
            yield from below(inode, f"{prefix}/{name}")
