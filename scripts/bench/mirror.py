"""medimirror as it is measured: a configuration, a root folder, and the commands."""

import json
import os

import measure


class Mirror:
    def __init__(self, bench, name, *, api, media, connections=64, extra="", sections=""):
        self.bench = bench
        self.root = bench.work / "mirrors" / name
        self.config = bench.work / "mirrors" / f"{name}.toml"
        self.config.parent.mkdir(parents=True, exist_ok=True)
        self.settings = dict(api=api, media=media, connections=connections, extra=extra, sections=sections)
        self.write_config()

    def write_config(self, **changed):
        self.settings.update(changed)
        s = self.settings
        self.config.write_text(f"""root = "{self.root}"
contact = "bench@example.com"
[api]
base_url = "{s['api']}"
key_id = "42"
requests_per_minute = 1000000
{s['extra']}
[media]
base_url = "{s['media']}"
allow_private_addresses = true
connections = {s['connections']}
[select]
formats = ["huge"]
{s['sections']}
""")

    def remove(self):
        self.bench.trash.take(self.root)

    def environment(self, **more):
        env = {key: value for key, value in os.environ.items()
               if not key.startswith(("MEDIMIRROR_", "CURL_CA", "SSL_CERT")) and not key.lower().endswith("_proxy")}
        env.update(MEDIMIRROR_API_SECRET="sandbox-secret", XDG_STATE_HOME=str(self.bench.work / "state"), **more)
        return env

    def command(self, *arguments):
        return [self.bench.build / "medimirror", "--config", self.config, *arguments]

    def run(self, *arguments, accept=(0,), kill_after=None, **env):
        return measure.run(self.command(*arguments), env=self.environment(**env), accept=accept,
                           kill_after=kill_after, log=self.bench.work / "medimirror.log")

    def sync(self, *flags, fetched=None, unchanged=None, files=None, **more):
        cost = self.run("sync", "--progress", "none", *flags, **more)
        report = self.report()
        for what, wanted, got in (("fetched", fetched, report["items"]["fetched"]),
                                  ("unchanged", unchanged, report["items"]["unchanged"]),
                                  ("files", files, report["published"]["files"])):
            if wanted is not None and wanted != got:
                raise RuntimeError(f"{what}: {got} instead of {wanted}\n{cost.output}")
        return cost

    def report(self):
        return json.loads((self.root / "reports" / "last-run.json").read_text())

    def manifest(self):
        return [json.loads(line) for line in (self.root / "media" / "manifest.jsonl").read_text().splitlines()]

    def index_bytes(self):
        return sum(file.stat().st_blocks * 512 for file in (self.root / "store" / "index").iterdir())
