"""Memory does not grow with the catalogue: a listing of 200 000 media, all unchanged, in less than 150 MB."""

from harness import EndToEnd, main

MEDIA = 200_000


class Memory(EndToEnd):
    def test_200_000_unchanged(self):
        # The first run only has to be quick: a third of the media offer this format, and most of those pictures are
        # equal (not all: a file system takes 65 000 links to a file).
        service = self.sandbox("--same-picture", 170_000, "--oddities", "off", media=MEDIA)
        mirror = self.mirror(service, image={"validate": "header"},
                             select={"types": [], "published": "any", "formats": ["hugeWebp"], "fallback": False})
        first = self.sync(mirror, seconds=280)
        held = first.items["fetched"]
        self.assertEqual(first.items["listed"], MEDIA)
        self.assertGreater(held, 50_000)
        service.reset_stats()
        run = self.sync(mirror)
        self.assertEqual(run.items["unchanged"], held)
        self.assertEqual(service.media_requests(), 0)
        print(f"first run {first.seconds:.1f} s, {first.peak_bytes / 1e6:.0f} MB; "
              f"unchanged {run.seconds:.1f} s, {run.peak_bytes / 1e6:.0f} MB")
        self.assertLess(run.peak_bytes, 150_000_000)


if __name__ == "__main__":
    main()
