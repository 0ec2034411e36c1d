"""The README's "Daily use", line by line: whoever follows it ends with pictures.

Changed are: folders and users (a test may not make any), sudo, the address of the service, and the other machine that
the pictures are pushed to. Building, installing and making the user are left out.
"""

import os
import re
import shutil
import subprocess

from harness import BIN, DONE, PROGRAM, SECRET, SOURCE, USAGE, EndToEnd, main, pictures_in


def block_behind(heading, language=""):
    """The first block of code of that language behind a heading of the README."""
    text = (SOURCE / "README.md").read_text().split(f"\n{heading}\n", 1)[1]
    return re.search(rf"^```{language}\n(.*?)^```$", text, re.M | re.S).group(1)


class DailyUse(EndToEnd):
    def setUp(self):
        super().setUp()
        self.service = self.sandbox(media=40)
        self.etc, self.srv, self.home = self.folder / "etc", self.folder / "srv", self.folder / "home"
        self.copy = self.folder / "copy"
        self.home.mkdir()
        self.environment = {"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.home),
                            "MEDIMIRROR_CONFIG": str(self.etc / "medimirror.toml"),
                            "MEDIMIRROR_API_BASE_URL": self.service.url + "/v4",
                            "MEDIMIRROR_MEDIA_BASE_URL": self.service.url,
                            "MEDIMIRROR_MEDIA_ALLOW_PRIVATE_ADDRESSES": "true",
                            "MEDIMIRROR_PUBLISH_RESERVE": "0"}

    def here(self, line):
        for there, mine in (("sudo -u medimirror ", ""), ("sudo ", ""), (" -o medimirror", ""), (" -g medimirror", ""),
                            ("/etc/medimirror", str(self.etc)), ("/srv/medimirror", str(self.srv)),
                            ("/usr/local/bin/medimirror", str(PROGRAM)), ("web1:/var/www/media", str(self.copy))):
            line = line.replace(there, mine)
        return line

    def run_line(self, line, **environment):
        return subprocess.run(["bash", "-c", self.here(line)], env=self.environment | environment, cwd=self.home,
                              input=SECRET + "\n", capture_output=True, text=True, timeout=120)

    def test_line_by_line(self):
        lines = [line for line in block_behind("## Daily use").splitlines()
                 if not line.startswith(("scripts/", "sudo useradd"))]
        self.assertEqual(len(lines), 5, "the README has other lines: think of what this test leaves out")
        key = next(line for line in lines if "/dev/stdin" in line)
        for line in lines:
            if line == key:  # who forgets it is told
                check = self.run_line("medimirror config check")
                self.assertEqual(check.returncode, USAGE, check.stdout)
                self.assertIn(str(self.etc / "key"), check.stderr)
            run = self.run_line(line)
            self.assertEqual(run.returncode, DONE, f"{self.here(line)}\n{run.stdout}{run.stderr}")
        self.assertGreater(len(pictures_in(self.srv / "media")), 30)
        self.assertFalse((self.etc / "key").stat().st_mode & 0o007)

        # the unit: systemd copies the credential into a folder of its own, which only the service can read
        unit = block_behind("### Every night: a systemd timer", "ini")
        name, source = re.search(r"^LoadCredential=([^:]+):(.*)$", unit, re.M).groups()
        credentials = self.folder / "credentials"
        credentials.mkdir()
        shutil.copy(self.here(source), credentials / name)
        (self.etc / "key").write_text("whatever else\n")
        (self.etc / "key").chmod(0o600)
        night = self.run_line(re.search(r"^ExecStart=(.*)$", unit, re.M).group(1), CREDENTIALS_DIRECTORY=str(credentials))
        self.assertEqual(night.returncode, DONE, night.stderr)

        if not shutil.which("rsync"):
            return
        push = block_behind("### Push it: rsync").strip()
        later = (SOURCE / "README.md").read_text().split("push only what changed since the last push:")[1].split("```")[1]
        for lines in (push, later):
            self.assertEqual(self.run_line(lines).returncode, DONE)
            self.assertEqual(pictures_in(self.copy), pictures_in(self.srv / "media"))
        self.service.evolve(new=5, removed=3)
        self.run_line("medimirror sync --retire-now", CREDENTIALS_DIRECTORY=str(credentials))
        run = self.run_line(later)
        self.assertEqual(run.returncode, DONE, run.stderr)
        self.assertEqual(pictures_in(self.copy), pictures_in(self.srv / "media"))
        self.assertIn("nothing changed", self.run_line("medimirror changes").stderr)


if __name__ == "__main__":
    main()
