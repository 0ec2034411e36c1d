"""Derivatives, and settings that change: what is made again, what moves, and what is never downloaded twice."""

import shutil

from harness import SAFETY_LIMIT, EndToEnd, extension_of, main, listing_of, pictures_in

THUMB = {"name": "thumb", "width": 450, "height": 450, "format": "webp"}


class Derivatives(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox("--oddities", "off", media=150)
        self.mirror_ = self.mirror(self.service)

    def sync_again(self, *arguments, **options):
        self.service.reset_stats()
        return self.sync(self.mirror_, *arguments, **options)

    def by_folder(self):
        folders = {}
        for path, digest in self.check_sums(self.mirror_).items():
            folders.setdefault(path.split("/")[0], {})[path] = digest
        return folders

    def test_made_published_and_kept(self):
        self.mirror_.configure(derivative=[THUMB, {"name": "small", "width": 20, "height": 10, "format": "jpeg",
                                                   "fit": "pad", "background": "#ffffff"}])
        self.sync(self.mirror_)
        folders = self.by_folder()
        self.assertEqual({name: len(files) for name, files in folders.items()},
                         {"huge": len(self.service.truth()), "thumb": len(self.service.truth()),
                          "small": len(self.service.truth())})
        for path in folders["thumb"]:
            self.assertEqual(extension_of((self.mirror_.media / path).read_bytes()), "webp")
            self.assertTrue(path.endswith(".webp"))
        for path in folders["small"]:
            self.assertEqual(jpeg_size((self.mirror_.media / path).read_bytes()), (20, 10))

        before = listing_of(self.mirror_.media)
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 0)
        self.assertEqual(listing_of(self.mirror_.media), before)

        # a changed picture gets new derivatives, the others keep theirs
        ids = self.service.evolve(changed=3)["changed"]
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 3)
        now = self.by_folder()
        for name in ("huge", "thumb", "small"):
            changed = {path for path in folders[name] if folders[name][path] != now[name][path]}
            self.assertEqual({int(path.split("/")[-1].split(".")[0]) for path in changed}, set(ids), name)

        # and a removed one takes its derivatives along
        gone = self.service.evolve(removed=2)["removed"]
        self.assertEqual(self.sync_again().report["published"]["removed"], 0)
        run = self.sync_again()
        self.assertEqual(run.report["published"]["removed"], 6)
        for id in gone:
            self.assertEqual(list(self.mirror_.media.rglob(f"{id}.*")), [])

    def test_a_changed_recipe_is_made_without_downloading(self):
        self.mirror_.configure(derivative=[THUMB])
        self.sync(self.mirror_)
        before = self.by_folder()
        self.mirror_.configure(derivative=[THUMB | {"width": 12, "height": 12, "quality": 50}])
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 0)
        after = self.by_folder()
        self.assertEqual(after["huge"], before["huge"])
        self.assertEqual(after["thumb"].keys(), before["thumb"].keys())
        self.assertTrue(all(after["thumb"][path] != before["thumb"][path] for path in after["thumb"]))

        # and back: they are still there
        self.mirror_.configure(derivative=[THUMB])
        self.sync_again()
        self.assertEqual(self.by_folder(), before)

    def test_a_recipe_that_is_added_and_taken_away(self):
        self.sync(self.mirror_)
        self.mirror_.configure(derivative=[THUMB])
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 0)
        self.assertEqual(len(self.by_folder()["thumb"]), len(self.service.truth()))
        self.mirror_.configure(derivative=[])
        self.sync_again(exits=SAFETY_LIMIT)  # half of the tree
        self.assertEqual(len(self.by_folder()["thumb"]), len(self.service.truth()))
        self.sync_again("--max-delete", "60%")
        self.assertEqual(self.by_folder().keys(), {"huge"})

    def test_a_new_template_moves_files_without_downloading(self):
        self.sync(self.mirror_)
        before = {path.split("/")[-1]: digest for path, digest in self.check_sums(self.mirror_).items()}
        inodes = {path.name: path.stat().st_ino for path in self.mirror_.media.rglob("*.*") if path.suffix != ".jsonl"}
        self.mirror_.configure(publish={"path": "{kind}/{id}.{ext}"})
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 0)
        after = self.check_sums(self.mirror_)
        self.assertEqual({path.split("/")[-1]: digest for path, digest in after.items()}, before)
        self.assertEqual({path.split("/")[0] for path in after}, {"photo", "frontal"})
        self.assertFalse((self.mirror_.media / "huge").exists())
        for path in after:
            self.assertEqual((self.mirror_.media / path).stat().st_ino, inodes[path.split("/")[-1]])

    def test_a_format_that_is_added_is_fetched_alone(self):
        self.sync(self.mirror_)
        self.mirror_.configure(select={"formats": ["huge", "large"]})
        self.sync_again()
        self.assertEqual(self.service.media_requests(), len(self.service.truth()))
        self.check_against_truth(self.mirror_, self.service, ["huge", "large"])

    def test_a_lost_tree_is_made_again_without_downloading(self):
        self.sync(self.mirror_)
        before = pictures_in(self.mirror_.media)
        shutil.rmtree(self.mirror_.media)
        self.sync_again()
        self.assertEqual(self.service.media_requests(), 0)
        self.assertEqual(self.check_sums(self.mirror_), before)


def jpeg_size(data):
    at = 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2:at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return int.from_bytes(data[at + 7:at + 9], "big"), int.from_bytes(data[at + 5:at + 7], "big")
        at += 2 + length


if __name__ == "__main__":
    main()
