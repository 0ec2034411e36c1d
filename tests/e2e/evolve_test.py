"""After each kind of change in the catalogue only what it should change changes, shown by counts of requests."""

from harness import DONE, SAFETY_LIMIT, TRY_LATER, EndToEnd, main, listing_of, pictures_in


class Evolution(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox(media=600)
        self.mirror_ = self.mirror(self.service)
        self.sync(self.mirror_)
        self.before = pictures_in(self.mirror_.media)

    def sync_again(self, *arguments, exits=DONE):
        self.service.reset_stats()
        self.listing_before = {row[0]: row[1:] for row in listing_of(self.mirror_.media)}
        run = self.sync(self.mirror_, *arguments, exits=exits)
        self.stats = self.service.stats()
        return run

    def first_without(self, count, **evolution):
        """The first listing that lacks `count` pictures: they stay, and the report says so. Gives what evolved."""
        what = self.service.evolve(**evolution)
        self.first = self.sync_again()
        self.assertEqual(self.first.items["retired"], 0)
        self.assertEqual(self.first.items["unconfirmed"], count)
        self.assertEqual(self.first.report["published"]["removed"], 0)
        self.assertLessEqual(set(self.before), set(pictures_in(self.mirror_.media)))
        self.assertIn("stay until 2 complete listings in a row lack them (`sync --retire-now`: at once)",
                      (self.mirror_.root / "reports/last-run.txt").read_text())
        self.assertEqual(self.mirror_.status()["unlisted"], count)
        return what

    def path_of(self, id, folder="huge"):
        found = list(self.mirror_.media.glob(f"{folder}/{id // 1000}/{id}.*"))
        self.assertEqual(len(found), 1, f"{id}: {found}")
        return str(found[0].relative_to(self.mirror_.media))

    def check_others_untouched(self, changed):
        """Files but for `changed` are the same inodes with the same times."""
        now = {row[0]: row[1:] for row in listing_of(self.mirror_.media)}
        for path in self.before:
            if path not in changed:
                was, is_ = self.listing_before[path], now[path]
                self.assertEqual(was[:4], is_[:4], path)

    def test_new(self):
        ids = self.service.evolve(new=7)["new"]
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 7)
        self.assertEqual(run.items["fetched"], 7)
        self.assertEqual(sorted(self.mirror_.changes()["added"]), sorted(map(self.path_of, ids)))
        self.check_against_truth(self.mirror_, self.service)
        self.check_others_untouched(set())

    def test_changed(self):
        ids = self.service.evolve(changed=7)["changed"]
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 7)
        self.assertEqual(run.items["fetched"], 7)
        self.assertEqual(run.report["published"]["replaced"], 7)
        changed = set(map(self.path_of, ids))
        self.assertEqual(set(self.mirror_.changes()["changed"]), changed)
        self.assertEqual(self.mirror_.changes()["added"], [])
        self.check_against_truth(self.mirror_, self.service)
        self.check_others_untouched(changed)

    def test_query_changed(self):
        self.service.evolve(query_changed=7)
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 7)
        self.assertEqual(self.stats["not_modified"], 7)  # asked conditionally
        self.assertEqual(run.items["not_modified"], 7)
        self.assertEqual(run.items["fetched"], 0)
        self.assertEqual(pictures_in(self.mirror_.media), self.before)
        self.check_others_untouched(set())
        self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)

    def test_touched(self):
        self.service.evolve(touched=200)
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)
        self.assertEqual(run.items["unchanged"], len(self.before))
        self.assertEqual({row[0]: row[1:] for row in listing_of(self.mirror_.media)}, self.listing_before)

    def test_unpublished(self):
        ids = self.first_without(7, unpublished=7)["unpublished"]
        self.check_others_untouched(set())
        gone = set(map(self.path_of, ids))
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)
        self.assertEqual(run.items["retired"], 7)
        self.assertEqual(set(self.mirror_.changes()["removed"]), gone)
        self.check_against_truth(self.mirror_, self.service)
        self.check_others_untouched(gone)

    def test_removed(self):
        ids = self.first_without(7, removed=7)["removed"]
        self.check_others_untouched(set())
        gone = {path: self.before[path] for path in map(self.path_of, ids)}
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)
        self.assertEqual(run.items["retired"], 7)
        self.assertEqual(run.report["published"]["removed"], 7)
        self.assertEqual(set(self.mirror_.changes()["removed"]), set(gone))
        self.check_against_truth(self.mirror_, self.service)
        self.check_others_untouched(set(gone))
        for digest in gone.values():  # the bytes stay for the grace period
            self.assertTrue(list((self.mirror_.store / "blobs").rglob(f"*{digest[4:]}*")), digest)

    def test_reuploaded(self):
        blobs = self.mirror_.status()["blobs"]["count"]
        pairs = self.first_without(7, reuploaded=7)["reuploaded"]
        gone = {self.path_of(pair["old"]) for pair in pairs}
        self.assertEqual(self.stats["requests"]["media_file"], 7)
        self.assertEqual(self.first.items["deduplicated"], 7)  # the same bytes under another id
        self.assertEqual(self.mirror_.status()["blobs"]["count"], blobs)
        self.assertEqual(set(self.mirror_.changes()["added"]), {self.path_of(pair["new"]) for pair in pairs})
        self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)
        self.assertEqual(set(self.mirror_.changes()["removed"]), gone)
        self.check_against_truth(self.mirror_, self.service)

    def test_everything_at_once_and_in_several_formats(self):
        self.mirror_.configure(select={"formats": ["huge", "large"]})
        self.sync(self.mirror_)
        self.before = pictures_in(self.mirror_.media)
        self.first_without(2 * (2 + 3 + 2), new=3, changed=4, query_changed=5, touched=6, unpublished=2, removed=3,
                           reuploaded=2)
        self.assertEqual(self.stats["requests"]["media_file"], 2 * (3 + 4 + 5 + 2))
        self.assertEqual(self.first.items["not_modified"], 2 * 5)
        run = self.sync_again()
        self.assertEqual(self.stats["requests"]["media_file"], 0)
        self.assertEqual(run.items["retired"], 2 * (2 + 3 + 2))
        self.check_against_truth(self.mirror_, self.service, ["huge", "large"])

    def test_more_than_a_tenth_removed_is_refused_until_allowed(self):
        too_many = len(self.before) // 10 + 10
        self.first_without(too_many, removed=too_many, new=3)
        run = self.sync_again(exits=SAFETY_LIMIT)
        self.assertEqual(run.report["outcome"], "safety_limit")
        self.assertIn("--max-delete", run.report["error"])
        self.assertEqual(run.items["retired"], 0)
        self.assertEqual(run.report["published"]["removed"], 0)
        after = pictures_in(self.mirror_.media)
        self.assertLessEqual(self.before.items(), after.items())
        self.assertEqual(len(after), len(self.before) + 3)  # what is new comes all the same
        self.check_sums(self.mirror_)

        self.sync_again(exits=SAFETY_LIMIT)  # and it stays refused
        self.assertEqual(pictures_in(self.mirror_.media), after)
        self.sync_again("--max-delete", too_many - 1, exits=SAFETY_LIMIT)
        self.assertEqual(pictures_in(self.mirror_.media), after)

        run = self.sync_again("--max-delete", too_many)
        self.assertEqual(run.items["retired"], too_many)
        self.check_against_truth(self.mirror_, self.service)

    def test_retire_now_waits_for_no_second_listing_but_keeps_the_limit(self):
        ids = self.service.evolve(removed=7)["removed"]
        gone = set(map(self.path_of, ids))
        self.sync_again("--retire-now", "--max-delete", 6, exits=SAFETY_LIMIT)
        self.assertEqual(pictures_in(self.mirror_.media), self.before)
        preview = self.sync_again("--dry-run", "--retire-now")
        self.assertEqual((preview.items["retired"], preview.items["unconfirmed"]), (7, 0))
        preview = self.sync_again("--dry-run")
        self.assertEqual((preview.items["retired"], preview.items["unconfirmed"]), (0, 7))
        run = self.sync_again("--retire-now")
        self.assertEqual((run.items["retired"], run.items["unconfirmed"]), (7, 0))
        self.assertEqual(set(self.mirror_.changes()["removed"]), gone)
        self.check_against_truth(self.mirror_, self.service)
        self.assertEqual(self.mirror_.status()["unlisted"], 0)

    def test_what_returns_after_one_listing_never_left(self):
        self.first_without(5, unpublished=5)
        listing = listing_of(self.mirror_.media)
        self.mirror_.configure(select={"published": "any"})
        run = self.sync_again("--dry-run")
        self.assertEqual((run.items["retired"], run.items["unconfirmed"]), (0, 0))
        self.sync_again()
        for row in listing:
            if row[0] in self.before:
                self.assertIn(row, listing_of(self.mirror_.media))
        self.mirror_.configure(select={"published": True})
        self.assertEqual(self.sync_again("--max-delete", "100%").items["retired"], 0)  # the count began anew

    def test_an_incremental_listing_confirms_nothing(self):
        self.first_without(5, removed=5)
        self.mirror_.configure(api={"full_listing_every": "7d"})
        for _ in range(2):
            run = self.sync_again()
            self.assertEqual(run.items["retired"], 0)
            self.assertLess(run.report["listing"]["total"], len(self.before))
        self.assertEqual(pictures_in(self.mirror_.media), self.before)
        self.mirror_.configure(api={"full_listing_every": 0})
        self.assertEqual(self.sync_again().items["retired"], 5)

    def test_a_cut_listing_confirms_nothing(self):
        self.first_without(5, removed=5)
        self.mirror_.configure(api={"listing": "stream"})  # else the pages would know better
        self.service.fault("listing_half_lying", "/v4/media/stream")
        self.sync_again(exits=TRY_LATER)
        self.assertEqual(pictures_in(self.mirror_.media), self.before)
        self.service.clear_faults()
        self.assertEqual(self.sync_again().items["retired"], 5)

    def test_what_was_removed_comes_back_from_the_store(self):
        ids = self.first_without(5, unpublished=5)["unpublished"]
        self.assertEqual(self.sync_again().items["retired"], 5)
        self.mirror_.configure(select={"published": "any"})
        run = self.sync_again()
        self.assertEqual(run.items["retired"], 0)
        # what never was listed before is fetched; what was held once is not
        listed_first = len(pictures_in(self.mirror_.media)) - len(self.before)
        self.assertEqual(self.stats["requests"]["media_file"], listed_first)
        for id in ids:
            self.assertEqual(pictures_in(self.mirror_.media)[self.path_of(id)], self.before[self.path_of(id)])


if __name__ == "__main__":
    main()
