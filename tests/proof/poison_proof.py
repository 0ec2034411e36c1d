"""Poison: a corpus of damaged and hostile pictures, served among good ones.

Bombs (a few kilobytes that would decode to gigabytes), absurd headers, animations without end, other formats under a
picture's name (SVG, PDF, PostScript, TIFF, scripts), huge colour profiles and comments, pictures cut at every place. Each must cost its own item
alone: it is either refused with a reason, or held because it is a valid picture after all (then it is named here); every
good picture is held; the run ends in time; the processes stay under the memory limit, which is sampled while they run; and
what is no JPEG, PNG, WebP, GIF or AVIF is refused by its first bytes, before any decoder sees it: no decoder process has
a library's loader for SVG, PDF or the like called, since the answer never says so (see also the seccomp filter in
src/image/confinement.cc, which has a test of its own).
"""

import os
import pathlib
import struct
import threading
import time
import urllib.request
import zlib

import proof
from harness import Mirror, Sandbox, ScriptedService, item, png

DECODER_MEMORY = 512 << 20
PICTURE_SECONDS = 10
PEAK_LIMIT = DECODER_MEMORY + (64 << 20)
# Reasons that say: by its first bytes this is no picture of ours.
BY_FIRST_BYTES = ("not_an_image", "unsupported", "html_page", "empty")


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, rows=b"", depth=8, colour=2, extra=b"", interlace=0):
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace))
            + extra + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def zeros(count):
    """So many zero bytes, deflated, without having them in memory."""
    packer, out = zlib.compressobj(9), []
    block = bytes(1 << 20)
    while count > 0:
        out.append(packer.compress(block[:min(count, len(block))]))
        count -= len(block)
    return b"".join(out) + packer.flush()


def gif(width, height, frames, data=b"\x02\x02\x44\x01\x00"):
    picture = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    picture += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    frame = b"\x21\xf9\x04\0\0\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + data
    return picture + frame * frames + b"\x3b"


def jpeg_head(width, height, components=3):
    return (b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + b"\xff\xc0" + struct.pack(
        ">HBHHB", 8 + 3 * components, 8, height, width, components) + bytes(3 * components))


def webp(payload, kind=b"VP8L"):
    body = b"WEBP" + kind + struct.pack("<I", len(payload)) + payload + b"\0" * (len(payload) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(width, height):
    return b"\0\0\0\0" + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]


def disguised():
    """Other formats under a picture's name; none of them may reach a decoder."""
    svg = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    yield "svg", svg + b'<image href="file:///etc/passwd" width="9" height="9"/></svg>'
    yield "svg without a declaration", svg[21:] + b"<rect width='1' height='1'/></svg>"
    yield "svg of a billion laughs", b'<!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + svg[21:] + b"&b;</svg>"
    yield "pdf", b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
    yield "postscript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\nshowpage\n"
    yield "tiff", b"II*\0\x08\0\0\0\x01\0\0\x01\x03\0\x01\0\0\0\x09\0\0\0\0\0\0\0"
    yield "bmp", b"BM" + struct.pack("<IHHIIiiHH", 60, 0, 0, 54, 40, 1, 1, 1, 24) + bytes(30)
    yield "ppm", b"P6\n100000 100000\n255\n" + bytes(100)
    yield "hdr", b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 99999 +X 99999\n" + bytes(64)
    yield "fits", b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800)
    yield "exr", b"\x76\x2f\x31\x01\x02\0\0\0" + bytes(64)
    yield "jpeg 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64)
    yield "matlab", b"MATLAB 5.0 MAT-file".ljust(128, b" ") + bytes(64)
    yield "imagemagick script", b"push graphic-context\nviewbox 0 0 9 9\nfill 'url(https://x/|ls)'\npop graphic-context"
    yield "csv", b"1,2,3\n4,5,6\n"
    yield "zip", b"PK\x03\x04" + bytes(60)
    yield "elf", b"\x7fELF\x02\x01\x01" + bytes(60)
    yield "web page", b"<!doctype html><html><body>no</body></html>"
    yield "json error", b'{"error":{"status":500}}'
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "zeros", bytes(5000)


def hostile():
    """Pictures by their first bytes that must not get far."""
    for width, height in [(0, 0), (1, 0), (2**31 - 1, 2**31 - 1), (2**32 - 1, 1), (65535, 65535), (30000, 30000)]:
        yield f"png {width}x{height}", png_of(width, height, zlib.compress(bytes(100)))
    yield "png bomb 20000x20000, all of it there", png_of(20000, 20000, zeros(20000 * 60001))
    yield "png bomb of 1 bit", png_of(60000, 60000, zeros(60000 * 7501), depth=1, colour=0)
    yield "png bomb, interlaced, 16 bit", png_of(16000, 16000, zeros(1 << 22), depth=16, colour=6, interlace=1)
    # whole, with data behind its last row, which libpng 1.6.39 complains of and 1.6.48 (Debian 13) does not
    yield "png of all its rows and 325 MB more", png_of(5000, 5000, zeros(400 << 20))
    yield "png with a profile of 300 MB", png_of(8, 8, zlib.compress(bytes(8 * 25)), extra=chunk(
        b"iCCP", b"p\0\0" + zeros(300 << 20)))
    yield "png with a text of 300 MB", png_of(8, 8, zlib.compress(bytes(8 * 25)), extra=chunk(
        b"zTXt", b"t\0\0" + zeros(300 << 20)))
    yield "png with 20000 texts", png_of(8, 8, zlib.compress(bytes(8 * 25)), extra=chunk(b"tEXt", b"k\0v") * 20000)
    yield "png with a chunk of 2 GB", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) \
        + struct.pack(">I", 0x7fffffff) + b"IDAT" + bytes(100)
    yield "png of depth 255", png_of(8, 8, zlib.compress(bytes(200)), depth=255, colour=255)
    yield "png, deflate of noise", png_of(64, 64, b"\x78\x9c" + bytes(range(256)) * 4)
    yield "png without data", png_of(64, 64, b"")
    yield "gif of 60000x60000", gif(60000, 60000, 1)
    yield "gif of 5000 frames", gif(1500, 1500, 5000)
    yield "gif of 100000 frames", gif(8, 8, 100000)
    yield "gif without an end", gif(8, 8, 1)[:-1] + b"\x21\xfe\xff" + bytes(5000)
    yield "gif of size zero", gif(0, 0, 1)
    yield "gif, bad codes", gif(100, 100, 3, b"\x0c\xff" + b"\xff" * 255 + b"\0")
    yield "jpeg 65535x65535", jpeg_head(65535, 65535) + b"\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0\x3f\0" + bytes(500) + b"\xff\xd9"
    yield "jpeg 0x0", jpeg_head(0, 0) + b"\xff\xd9"
    yield "jpeg of 255 components", jpeg_head(64, 64, 255) + b"\xff\xd9"
    yield "jpeg, only markers", b"\xff\xd8" + b"\xff\xd8" * 20000 + b"\xff\xd9"
    yield "jpeg, profile in pieces that lie", b"\xff\xd8" + b"".join(
        b"\xff\xe2" + struct.pack(">H", 65535) + b"ICC_PROFILE\0" + bytes([n % 255 + 1, 255]) + bytes(65519)
        for n in range(255)) + b"\xff\xd9"
    yield "jpeg, exif that points to itself", b"\xff\xd8\xff\xe1" + struct.pack(">H", 40) + b"Exif\0\0II*\0\x08\0\0\0\x01\0" \
        b"\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0" + bytes(6) + b"\xff\xd9"
    yield "webp lossless 16384x16384", webp(b"\x2f\xff\xff\xff\x0f" + bytes(200))
    yield "webp canvas 16777216x16777216", webp(vp8x(1 << 24, 1 << 24), b"VP8X")
    yield "webp that states 4 GB", b"RIFF\xf0\xff\xff\xffWEBPVP8 \xff\xff\xff\x7f" + bytes(200)
    yield "avif without boxes", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B" + bytes(200)
    yield "avif, boxes within themselves", b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miafMA1B" + (
        b"\0\0\x10\0meta\0\0\0\0" * 300) + bytes(200)
    yield "heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def damaged(random, good):
    """Good pictures, cut, with bytes changed, with blocks swapped."""
    for number, data in enumerate(good):
        cut = random.randrange(1, len(data) - 2)
        yield f"picture {number} cut at {cut}", data[:cut]
        spoilt = bytearray(data)
        for _ in range(30):
            spoilt[random.randrange(20, len(data))] = random.randrange(256)
        yield f"picture {number} with 30 bytes changed", bytes(spoilt)
        middle = len(data) // 2
        yield f"picture {number} with its halves swapped", data[:16] + data[middle:] + data[16:middle]
        block = bytearray(data)
        at = random.randrange(16, max(17, len(data) - 64))
        block[at:at + 64] = bytes(len(block[at:at + 64]))
        yield f"picture {number} with a block of zeros", bytes(block)


def drawn(folder):
    with Sandbox(folder, media=24, pictures="small") as service:
        found = []
        for facts in service.truth(digests=False).values():
            for known in facts["formats"].values():
                request = urllib.request.Request(service.url + known["path"],
                                                 headers={"User-Agent": "proof/1 (tests@example.com)"})
                with urllib.request.urlopen(request, timeout=60) as reply:
                    found.append(reply.read())
        return [data for data in found if len(data) > 200]


class Watch(threading.Thread):
    """Samples the memory of the run's processes and what their children are."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.done = pid, threading.Event()
        self.peak_of_a_decoder, self.peak_of_the_run, self.strangers, self.decoders = 0, 0, set(), set()

    def run(self):
        program = os.path.realpath(proof.harness.PROGRAM)
        while not self.done.wait(0.01):
            self.peak_of_the_run = max(self.peak_of_the_run, resident(self.pid))
            for task in pathlib.Path(f"/proc/{self.pid}/task").glob("*/children"):
                try:
                    children = task.read_text().split()
                except OSError:
                    continue
                for child in children:
                    self.decoders.add(child)
                    self.peak_of_a_decoder = max(self.peak_of_a_decoder, resident(child))
                    try:
                        if os.path.realpath(f"/proc/{child}/exe") != program and os.path.exists(f"/proc/{child}/exe"):
                            self.strangers.add(os.path.realpath(f"/proc/{child}/exe"))
                    except OSError:
                        pass


def resident(pid):
    try:
        return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def one_run(proof_, number, poison, good):
    """poison: {name: (bytes, must be refused by its first bytes)}."""
    files, items, names, good_ids = {}, [], {}, set()
    id = 0
    for name, (data, _) in poison.items():
        for is_poison in (True, False):
            id += 1
            path = f"/m/{id}.png"
            if is_poison:
                names[id], files[path] = name, data
            else:
                good_ids.add(id)
                files[path] = png(id, 16, 16) if id % 4 else good[id % len(good)]
            items.append(item(id, path))
    with ScriptedService(items, files) as service:
        mirror = Mirror(proof_.folder / f"run{number}", service.url, derivative=[
            {"name": "thumb", "width": 100, "height": 100, "format": "webp"}])
        mirror.configure(image={"decoder_memory": DECODER_MEMORY, "timeout": f"{PICTURE_SECONDS}s"},
                         media={"attempts": 1})
        process = mirror.start("sync", "--json")
        watch = Watch(process.pid)
        watch.start()
        run = mirror.finish(process, 300)
        watch.done.set()
        watch.join()
    judge(proof_, run, mirror, names, good_ids, poison, files)
    proof_.count("decoder processes seen", len(watch.decoders))
    proof_.most("peak memory of a decoder, MiB", watch.peak_of_a_decoder >> 20)
    proof_.most("peak memory of the run itself, MiB", watch.peak_of_the_run >> 20)
    if watch.peak_of_a_decoder > PEAK_LIMIT:
        proof_.wrong("processes over the memory limit", f"{watch.peak_of_a_decoder >> 20} MiB")
    for stranger in watch.strangers:
        proof_.wrong("programs started beside the decoders", stranger)


def judge(proof_, run, mirror, names, good_ids, poison, files):
    if run.exit_code != 3 or run.report is None:
        proof_.wrong("runs that did not end as they should", str(run))
        return
    held = {int(path.rsplit("/", 1)[1].split(".")[0]): digest
            for path, digest in proof.published_files(mirror).items() if path.startswith("huge/")}
    reasons = {failure["media_id"]: failure["reason"] for failure in run.report["failures"]}
    for id in good_ids:
        if id not in held:
            proof_.wrong("good pictures lost", f"item {id}: {reasons.get(id)}")
    proof_.count("good pictures among them", len(good_ids))
    for id, name in names.items():
        data, by_first_bytes = poison[name]
        proof_.count("poisonous pictures")
        if id in held:
            proof_.count("taken, being whole as far as any decoder can tell")
            if by_first_bytes is not None:
                proof_.wrong("hostile pictures held", name)
            continue
        if id not in reasons:
            proof_.wrong("poisonous pictures without a reason", name)
            continue
        proof_.count("refused: " + reasons[id])
        if by_first_bytes and reasons[id] not in BY_FIRST_BYTES:
            proof_.wrong("other formats that came past the first bytes", f"{name}: {reasons[id]}")


def prove(proof_):
    proof_.must_be_zero("good pictures lost", "hostile pictures held", "poisonous pictures without a reason",
                        "other formats that came past the first bytes", "processes over the memory limit",
                        "programs started beside the decoders", "runs that did not end as they should")
    proof_.counts["refused: decoder_crashed"] = 0  # shown also when there was none
    good = drawn(proof_.folder / "drawn")
    fixed = {name: (data, True) for name, data in disguised()}
    # Many small texts and frames are no harm: such a picture may be held.
    harmless = ("png with 20000 texts", "png of all its rows and 325 MB more", "png with a text of 300 MB",
                "png with a profile of 300 MB", "gif of 100000 frames")
    fixed |= {name: (data, None if name in harmless else False) for name, data in hostile()}
    number = 0
    while True:
        number += 1
        some = proof_.random.sample(good, min(len(good), 10 if not proof_.long else 40))
        changed = {name: (data, None) for name, data in damaged(proof_.random, some)}
        began = time.monotonic()
        one_run(proof_, number, (fixed if number == 1 else {}) | changed, good)
        proof_.most("seconds of the longest run", time.monotonic() - began)
        if proof_.seconds_left(0) <= 0:
            break


if __name__ == "__main__":
    proof.run("poison", prove)
