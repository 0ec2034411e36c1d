"""Text of others through every printer: it steers no terminal, begins no line of its own, and shows no secret."""

import base64
import json
import re
import urllib.parse

from harness import SECRET, EndToEnd, main, png

# escape sequence, C1 as UTF-8, direction of writing, line ends of three kinds
HARM = "\x1b[31m\x9b31m\u202egpj\u2066\r\nFORGED line\u2028FORGED"
FORMS = [SECRET, base64.b64encode(f"42:{SECRET}".encode()).decode(), base64.b64encode(SECRET.encode()).decode(),
         urllib.parse.quote(SECRET, safe=""), "".join(f"%{byte:02X}" for byte in SECRET.encode())]
ECHO = " ".join(FORMS)
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class ForeignText(EndToEnd):
    def check(self, text, where):
        found = FORBIDDEN.search(text)
        self.assertIsNone(found, f"{where}: {found and text[max(0, found.start() - 60):found.end() + 20]!r}")
        self.assertNotRegex(text, "(?m)^FORGED", where)
        for form in FORMS:
            self.assertNotIn(form, text, where)

    def check_all(self, mirror, *commands):
        for command in commands:
            run = mirror.run(*command)
            self.check(run.stdout, f"{command}, stdout")
            self.check(run.stderr, f"{command}, stderr")
        for file in (mirror.root / "reports").glob("*"):
            if file.is_file() and file.suffix != ".xlsx":
                self.check(file.read_text(), file.name)

    def items(self):
        text = HARM + ECHO
        photo = {"id": 1, "type": "photo", "photoType": text, "locales": [text], "targetGroups": [text],
                 "formats": {"huge": "/m/1.png", text: "/m/2.png"}, "meta": {"updatedAt": 1600000000}}
        return [photo, {"id": 2, "type": "link", "linkType": text, "url": "https://elsewhere.example/" + text},
                {"id": 3, "type": "photo", "formats": {"huge": "/" + SECRET + "/" + HARM + ".png"}},
                {"id": 4, "type": "photo", "formats": {"huge": "/m/page.png"}}]

    def test_items_and_pages(self):
        page = f"<html><title>{HARM}{ECHO}</title></html>".encode()
        service = self.scripted(self.items(), {"/m/1.png": png(1), "/m/page.png": page})
        mirror = self.mirror(service)
        shows = [["show", id] for id in ("1", "2", "3", "4")]
        self.check_all(mirror, ["sync", "--progress", "plain"], ["sync", "--progress", "plain", "-v"], ["list"],
                       ["list", "--all-formats"], ["status"], ["report", "duplicates"], ["report", "gallery"], ["history"], ["verify"], ["gc"], ["doctor"], *shows)
        self.assertIn("html_page", json.dumps(mirror.run("sync", "--json").report))

    def test_answers_that_are_none(self):
        for status, body in ((400, json.dumps({"meta": {"error": HARM + ECHO}}).encode()), (200, (HARM + ECHO).encode()),
                             (503, f"<title>{HARM}{ECHO}</title>".encode())):
            with self.subTest(status=status):
                service = self.scripted(lambda _, body=body: body)
                mirror = self.mirror(service, f"m{status}", api={"base_url": service.url + "/v4"})
                self.check_all(mirror, ["sync", "--progress", "plain"], ["list"], ["doctor"], ["status"])


if __name__ == "__main__":
    main()
