"""The report of duplicates: what is there more than once, whether it was decoded or not, and the same each time."""

import csv
import io
import json
import struct
import zlib

from harness import EndToEnd, item, main


def drawn(edge, colours, scale=1):
    """A png of coloured squares on white, `scale` pixels wide each: another scale shows the same picture."""
    def row(y):
        cells = [b"\xff\xff\xff"] * edge
        for x in range(2, edge - 2):
            if 2 <= y < edge - 2:
                cells[x] = bytes(colours[(y * 7 + x * 3 + x * y) % len(colours)])
        return b"\0" + b"".join(cell * scale for cell in cells)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(row(y) * scale for y in range(edge))
    header = struct.pack(">IIBBBBB", edge * scale, edge * scale, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


RED, BLUE = [(200, 30, 40), (240, 220, 90), (60, 10, 10)], [(20, 60, 190), (130, 200, 220), (10, 20, 70)]


class Duplicates(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.scripted([item(id) for id in (1, 2, 3, 4)], {
            "/m/1.png": drawn(20, RED, 20), "/m/2.png": drawn(20, RED, 40), "/m/3.png": drawn(20, RED, 20),
            "/m/4.png": drawn(20, BLUE, 20)})

    def report(self, mirror):
        run = mirror.run("report", "duplicates")
        self.assertEqual(run.exit_code, 0, str(run))
        files = [(mirror.root / "reports" / name).read_bytes() for name in ("duplicates.csv", "duplicates.json")]
        return run, *files

    def test_same_bytes_and_other_sizes(self):
        mirror = self.mirror(self.service)
        self.sync(mirror)
        run, table, text = self.report(mirror)
        rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
        self.assertEqual([(row["look"], row["media_id"], row["likeness"], row["width"]) for row in rows],
                         [("1", "2", "best", "800"), ("1", "1", "near", "400"), ("1", "3", "near", "400")])
        report = json.loads(text)
        self.assertEqual((report["compared"], report["without_print"]), (3, 0))
        self.assertEqual([picture["assets"] for picture in report["looks"][0]["pictures"]], [1, 2, 2])
        self.assertNotIn("never decoded", run.stdout)
        self.assertEqual(self.report(mirror)[1:], (table, text))

    def test_without_decoding_only_the_bytes_are_compared(self):
        mirror = self.mirror(self.service, image={"validate": "header"})
        self.sync(mirror)
        run, _, text = self.report(mirror)
        report = json.loads(text)
        self.assertEqual((report["compared"], report["without_print"]), (3, 3))
        self.assertEqual([[picture["media_id"] for picture in look["pictures"]] for look in report["looks"]], [[1, 3]])
        self.assertIn("3 files were never decoded", run.stdout)


if __name__ == "__main__":
    main()
