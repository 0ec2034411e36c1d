"""The stand-in lives: it draws many pictures for many connections at once, and each is whole.

MEDIMIRROR_DRAWINGS says how many (40); 2000 is the form for a quiet hour.
"""

import concurrent.futures
import hashlib
import os
import urllib.request

from harness import EndToEnd, main

CONNECTIONS = 16
DRAWINGS = int(os.environ.get("MEDIMIRROR_DRAWINGS", "40"))


def digest_of(url):
    asked = urllib.request.Request(url, headers={"User-Agent": "drawing-test/1 (test@example.com)"})
    with urllib.request.urlopen(asked, timeout=120) as reply:
        return hashlib.sha256(reply.read()).hexdigest()


class Drawing(EndToEnd):
    def test_many_at_once(self):
        service = self.sandbox(media=2 * DRAWINGS, pictures="real")
        paths = [format["path"] for item in service.truth(digests=False).values()
                 for size, format in item["formats"].items() if size == "huge"][:DRAWINGS]
        self.assertEqual(len(paths), DRAWINGS)
        # each twice and one behind the other, so that some are asked for while they are drawn
        urls = [service.url + path for path in paths for _ in range(2)]
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as connections:
            digests = list(connections.map(digest_of, urls))
        self.assertIsNone(service.process.poll(), "the stand-in has died")
        self.assertEqual(digests[::2], digests[1::2])
        self.assertGreater(len(set(digests)), DRAWINGS * 0.9, "a few are equal on purpose")


if __name__ == "__main__":
    main()
