"""The window of requests a minute, with a real clock: across processes and restarts."""

from harness import DONE, EndToEnd, main


class Window(EndToEnd):
    def test_two_processes_and_a_restart_keep_one_window(self):
        service = self.sandbox(media=40, requests_per_minute=5)
        mirror = self.mirror(service, api={"requests_per_minute": 5, "listing": "query", "page_size": 10})
        first = mirror.run("list")  # four pages
        self.assertEqual(first.exit_code, DONE, str(first))
        both = [mirror.start("list"), mirror.start("list", environment={"MEDIMIRROR_API_PAGE_SIZE": "50"})]
        for process in both:  # one of the five is left, so four requests wait for the window to move on
            self.assertEqual(mirror.finish(process, 150).exit_code, DONE)
        stats = service.stats()
        self.assertEqual(stats["requests"]["media_query"], 9)
        self.assertLessEqual(stats["api_in_any_60_s_max"], 5)
        self.assertEqual(stats["refused_429"], 0)
        self.assertLess(stats["seconds"], 80)


if __name__ == "__main__":
    main()
