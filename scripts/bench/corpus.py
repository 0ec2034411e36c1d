"""What is mirrored: pictures, and listings of them as the service sends them. Made once, kept in the work folder."""

import hashlib
import os
import shutil
import subprocess
import time

# A grey JPEG of 16 x 16 without its pixels: what a check of the header reads. None of its bytes means anything to
# nginx, which serves it from its configuration.
_HEAD = (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
         b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00")
_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
_END = b"\xff\xd9"
NAME_DIGITS = 10


def tiny_picture(variable):
    """A JPEG whose comment is the nginx variable, which must be NAME_DIGITS + 4 bytes long (".jpg")."""
    comment = b"\xff\xfe" + (2 + NAME_DIGITS + 4).to_bytes(2, "big") + variable
    return _HEAD + comment + _SCAN + b"\x55" * 64 + _END


def _picture(seed, size):
    body = b""
    block = hashlib.shake_256(str(seed).encode()).digest(size).replace(b"\xff", b"\xfe")
    body = _HEAD + _SCAN + block
    return body[:size - 2] + _END


def name(number):
    return f"{number:0{NAME_DIGITS}}.jpg"


def make_files(folder, count, size):
    """`count` different JPEGs of `size` bytes; 10 000 of 45 KB take a few seconds."""
    if (folder / ".complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for i in range(count):
        (folder / name(i)).write_bytes(_picture(i, size))
    (folder / ".complete").touch()


def draw_photos(folder, count, sandbox, fetch):
    """Product-like photos of 1500 x 1500, 150 to 300 KB, drawn by the stand-in service."""
    if (folder / ".complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetch(sandbox, folder, count)
    (folder / ".complete").touch()


def make_listing(file, count, first=0, first_picture=None):
    """Lines as the service writes them; `huge` is the picture that is asked for, the others only take their room."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    scratch = file.with_suffix(".part")
    pictures = first if first_picture is None else first_picture
    with open(scratch, "w", buffering=1 << 20) as out:
        for i in range(first, first + count):
            key = f"{i * 2654435761 % (1 << 64):032x}"
            other = "https:\\/\\/assets.medipim.be\\/media\\/"
            out.write(
                f'{{"meta":{{"total":{count},"index":{i - first}}},"result":{{"id":{i + 1},"type":"photo",'
                f'"locales":["nl","en"],"targetGroups":["public","pharmacist","webshop"],"photoType":"packshot",'
                f'"formats":{{"thumbnail":"{other}thumbnail\\/{key}.jpeg","medium":"{other}medium\\/{key}.png",'
                f'"mediumJpeg":"{other}medium\\/{key}.jpeg","largePng":"{other}large\\/{key}.png",'
                f'"large":"{other}large\\/{key}.jpeg","hugePng":"{other}huge\\/{key}.png",'
                f'"huge":"{name(i - first + pictures)}"}},"displayOrder":1,'
                f'"meta":{{"createdAt":1785941124,"updatedAt":1786089673}}}}}}\n')
    os.rename(scratch, file)
