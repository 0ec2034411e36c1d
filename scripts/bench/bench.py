"""The core of scripts/bench.sh: runs the cases and prints the table. See bench.sh for the arguments."""

import argparse
import json
import math
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import measure
from cases import CASES
from servers import Nginx


class Bench:
    def __init__(self, arguments):
        self.quick = arguments.quick
        self.build = Path(arguments.build).resolve()
        self.work = Path(arguments.work or self.build / "bench").resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.rounds = arguments.rounds or (2 if self.quick else 5)
        self.trash = measure.Trash(self.work / "trash")
        self.nginx = Nginx(self.work)
        self.rows = []
        self.plots = []

    def size(self, full, quick):
        return quick if self.quick else full

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def limits(self, what, path):
        """The bare loops measure themselves, without the reading of their input."""
        cost = measure.run([self.build / "limits_bench", what, path], log=self.work / "limits.log")
        told = json.loads(cost.output.strip().splitlines()[-1])
        cost.wall, cost.cpu = told["seconds"], told["cpu_seconds"]
        return cost

    def medimirror_has(self, command):
        return subprocess.run([self.build / "medimirror", command, "--help"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0

    def draw(self, name, samples, title):
        """Memory over time as SVG; the figures beside it."""
        (self.work / f"{name}.json").write_text(json.dumps(samples))
        if not samples:
            return
        wide, high, left, bottom, head = 800, 300, 60, 30, 40
        end = samples[-1][0]
        top = math.ceil(max(mb for _, mb, _ in samples) / 50) * 50
        x = lambda seconds: left + seconds / end * (wide - left - 10)
        y = lambda mb: high - bottom - mb / top * (high - bottom - head)
        lines = "".join(f'<path d="M{left} {y(mb):.1f}H{wide - 10}" stroke="#ddd"/>'
                        f'<text x="{left - 6}" y="{y(mb) + 4:.1f}" text-anchor="end">{mb} MB</text>'
                        for mb in range(0, top + 1, 50))
        for column, colour in ((1, "#06c"), (2, "#c60")):
            points = " ".join(f"{x(sample[0]):.1f},{y(sample[column]):.1f}" for sample in samples)
            lines += f'<polyline points="{points}" fill="none" stroke="{colour}"/>'
        file = self.work / f"{name}.svg"
        file.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" '
            f'font-size="12"><rect width="{wide}" height="{high}" fill="#fff"/><text x="{left}" y="16">{title}: '
            f'<tspan fill="#06c">all</tspan>, <tspan fill="#c60">without mapped files</tspan></text>'
            f'{lines}<text x="{wide - 10}" y="{high - 10}" text-anchor="end">{end:.0f} s</text></svg>\n')
        self.plots.append(file)

    def run_group(self, group):
        self.say(f"{group.case}: {group.work}")
        costs = {contender.name: [] for contender in group.contenders}
        for contender in group.contenders:
            if not contender.available:
                self.say(f"  {contender.name}: not installed, left out")
        for turn in range(self.rounds):
            for contender in group.contenders:
                if not contender.available or turn >= (contender.rounds or self.rounds):
                    continue
                contender.before()
                measure.settle()
                cost = contender.run()
                costs[contender.name].append(cost)
                self.say(f"  {contender.name:22} {cost.wall:9.3f} s  {cost.cpu:8.3f} s CPU {cost.peak_mb:7.0f} MB")
        first = costs[group.contenders[0].name]
        for contender in group.contenders:
            if costs[contender.name]:
                self.rows.append(self.row(group, contender.name, costs[contender.name], first))
        if group.note(first):
            self.rows[-len([c for c in costs.values() if c])]["note"] = group.note(first)

    @staticmethod
    def row(group, name, costs, first):
        walls = [cost.wall for cost in costs]
        median = statistics.median(walls)
        row = {"case": group.case, "work": group.work, "who": name, "rounds": len(costs), "seconds": median,
               "from": min(walls), "to": max(walls), "rate": group.items / median if median else math.nan,
               "cpu": statistics.median(cost.cpu for cost in costs), "peak_mb": max(cost.peak_mb for cost in costs)}
        row["cpu_ms_per_item"] = row["cpu"] * 1000 / group.items
        if costs is not first:
            # round by round, because what else the machine does changes from round to round
            row["ratio"] = statistics.median(a.wall / b.wall for a, b in zip(first, costs))
            row["goal"] = group.goals.get(name)
        elif group.per_item_goal_ms:
            row["note"] = f"CPU goal {group.per_item_goal_ms} ms a file"
        return row

    def table(self):
        lines = ["| case | who | seconds: median (from–to) | a second | medimirror takes | goal | CPU s | CPU ms each "
                 "| peak MB | |", "|---|---|---|---|---|---|---|---|---|---|"]
        shown = None
        for row in self.rows:
            what = f"**{row['case']}**: {row['work']}" if shown != (row["case"], row["work"]) else ""
            shown = (row["case"], row["work"])
            ratio = f"{row['ratio']:.2f} ×" if "ratio" in row else ""
            goal = row.get("goal")
            verdict = "" if goal is None else f"≤ {goal:.2f} {'✓' if row['ratio'] <= goal else '✗'}"
            cpu = f"{row['cpu']:.2f} | {row['cpu_ms_per_item']:.3f}" if row["cpu"] else " | "
            memory = f"{row['peak_mb']:.0f}" if row["peak_mb"] else ""
            lines.append(f"| {what} | {row['who']} | {row['seconds']:.3f} ({row['from']:.3f}–{row['to']:.3f}) "
                         f"| {row['rate']:.0f} | {ratio} | {verdict} | {cpu} | {memory} | {row.get('note', '')} |")
        return "\n".join(lines)


def first_line(*command):
    try:
        output = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        return output.splitlines()[0] if output else ""
    except OSError:
        return ""


def machine(bench):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1)) / 1024 / 1024
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    disk = first_line("findmnt", "-n", "-o", "FSTYPE,SOURCE", "-T", str(bench.work))
    versions = [first_line(str(bench.build / "medimirror"), "--version"), first_line("vips", "--version"),
                " ".join(first_line("curl", "--version").split()[:2]),
                " ".join(first_line("wget2", "--version").split()[:3]), first_line("aria2c", "--version"),
                first_line("rclone", "version"), nginx_version()]
    return (f"{cpu.group(1) if cpu else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, {' '.join(disk.split())}, "
            f"{system.group(1) if system else ''}, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}"
            f"{', --quick' if bench.quick else ''}\n{'; '.join(v for v in versions if v)}")


def nginx_version():
    return subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().removeprefix("nginx version: ")


def main():
    parser = argparse.ArgumentParser(prog="bench.sh", add_help=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--work")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--case", action="append", choices=list(ORDER), default=[])
    arguments = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    for key in [key for key in os.environ if key.lower().endswith("_proxy")]:
        del os.environ[key]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    busy = os.getloadavg()[0]
    bench = Bench(arguments)
    failed = []
    try:
        for name in arguments.case or ORDER:
            try:
                for group in CASES[name](bench):
                    bench.run_group(group)
            except (RuntimeError, OSError) as error:
                failed.append(name)
                bench.say(f"{name} FAILED: {error}")
    finally:
        bench.nginx.stop()
    (bench.work / "results.json").write_text(json.dumps(bench.rows, indent=1))
    print(machine(bench))
    if busy > 0.3 * os.cpu_count():
        print(f"THE MACHINE WAS BUSY (load {busy:.1f} at the start): these figures are noise")
    print()
    print(bench.table())
    for plot in bench.plots:
        print(f"\n{plot.stem}: {plot}")
    if failed:
        print(f"\nfailed: {' '.join(failed)}")
    sys.stdout.flush()
    bench.say("deleting what the runs left")
    bench.trash.take(bench.work / "copy")
    bench.trash.empty()
    sys.exit(1 if failed else 0)


ORDER = ["fetch", "fetch-h2", "durable", "far", "limited", "full", "full-limit", "thumbs", "validate",
         "scale", "nochange", "verify", "publish", "restart"]

if __name__ == "__main__":
    main()
