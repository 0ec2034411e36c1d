"""Pictures that become others: few are an update, many at once or many by one and the same are held."""

from harness import DONE, SAFETY_LIMIT, EndToEnd, item, main, pictures_in, png

MEDIA = 150


class Replaced(EndToEnd):
    def setUp(self):
        super().setUp()
        self.urls = {id: f"/m/{id}.png" for id in range(1, MEDIA + 1)}
        self.service = self.scripted(lambda _: [item(id, url) for id, url in self.urls.items()],
                                     {url: png(id) for id, url in self.urls.items()})
        self.mirror_ = self.mirror(self.service)
        self.sync(self.mirror_)
        self.before = pictures_in(self.mirror_.media)

    def change(self, ids, picture, where="new"):
        for id in ids:
            self.urls[id] = f"/{where}/{id}.png"
            self.service.files[self.urls[id]] = picture(id)

    def test_a_placeholder_replaces_nobody_until_it_is_let_through(self):
        self.change(range(1, 31), lambda id: png(0))
        self.change(range(31, 34), lambda id: png(1000 + id))
        for _ in range(2):  # nor does it in the next night
            run = self.sync(self.mirror_, exits=SAFETY_LIMIT)
            self.assertIn("--max-replace", run.report["error"])
            self.assertEqual(run.report["published"]["held"], 30)
            now = pictures_in(self.mirror_.media)
            changed = {path for path in now if now[path] != self.before[path]}
            self.assertEqual(len(changed), 3, "an update of others goes through")
        self.assertIn("safety limit", (self.mirror_.root / "reports/last-run.txt").read_text())
        self.assertEqual(self.mirror_.run("gc").exit_code, DONE)
        self.assertEqual(self.mirror_.run("verify", "--depth", "content").exit_code, DONE)

        self.change([1], lambda id: png(2001), "mended")  # mended at the service: it is no part of it any more
        self.sync(self.mirror_, exits=SAFETY_LIMIT)
        self.assertNotEqual(pictures_in(self.mirror_.media)["huge/0/1.png"], self.before["huge/0/1.png"])
        self.sync(self.mirror_, "--max-replace", "29")
        self.assertEqual(len(set(pictures_in(self.mirror_.media).values())), MEDIA - 28)
        self.assertEqual(self.sync(self.mirror_).report["published"]["replaced"], 0)

    def test_many_others_at_once_are_held(self):
        self.change(range(1, 101), lambda id: png(1000 + id))
        self.sync(self.mirror_, exits=SAFETY_LIMIT)
        self.assertEqual(pictures_in(self.mirror_.media), self.before)
        self.sync(self.mirror_, "--max-replace", "100%")
        now = pictures_in(self.mirror_.media)
        self.assertEqual(sum(now[path] != self.before[path] for path in now), 100)


if __name__ == "__main__":
    main()
