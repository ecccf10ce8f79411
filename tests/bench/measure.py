#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of run.sh that are not shell: text to embed, the run itself, and what it took.

measure.py text --chunks N --seed N
measure.py job --worker FILE --pid N --ready URL --perf FILE TRANSFORM...
measure.py report --job FILE --embedder FILE --qdrant FILE --sqlite FILE NAME=VALUE...
"""

import argparse
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.request

CHUNKS_PER_ITEM = 10
SENTENCES_PER_CHUNK = 14
MIB = 1 << 20


def print_text(args):
    """Items as `import` takes them. A chunk has about 900 bytes, which are 200 tokens of English."""
    choice = random.Random(args.seed)
    syllables = "an be co der el fi gra ho in ka lo men ni or pre qui ra ste tu ver".split()
    words = ["".join(choice.choices(syllables, k=choice.randint(1, 4))) for _ in range(2000)]
    sentences = [" ".join(choice.choices(words, k=12)).capitalize() + "." for _ in range(1000)]
    for first in range(0, args.chunks, CHUNKS_PER_ITEM):
        chunks = [
            f"{i}. " + " ".join(choice.choices(sentences, k=SENTENCES_PER_CHUNK))[:900]
            for i in range(first, min(first + CHUNKS_PER_ITEM, args.chunks))
        ]
        print(json.dumps({"title": f"Item {first // CHUNKS_PER_ITEM}", "chunks": chunks}))


def await_ready(url, pid):
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            os.kill(pid, 0)
            time.sleep(0.1)
    sys.exit("the worker did not become ready")


def cpu_seconds(pid):
    """User and system, of all threads."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in fields[11:13]]


def memory_bytes(pid, name):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return 1024 * int(re.search(rf"^{name}:\s+(\d+) kB$", file.read(), re.MULTILINE)[1])


@contextlib.contextmanager
def profile(pid, file):
    if not file:
        yield
        return
    recorder = subprocess.Popen(
        ["perf", "record", "--quiet", "-F", "499", "-g", "-p", str(pid), "-o", file]
    )
    try:
        yield
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait()


def run_jobs(args):
    await_ready(args.ready, args.pid)
    start_rss = memory_bytes(args.pid, "VmRSS")
    with profile(args.pid, args.perf):
        cpu_before = cpu_seconds(args.pid)
        began = time.monotonic()
        watchers = [
            subprocess.Popen(
                [args.worker, "submit", "--transform", transform, "--watch", "--json"],
                stdout=subprocess.PIPE,
            )
            for transform in args.transforms
        ]
        finals = [json.loads(watcher.communicate()[0].splitlines()[-1]) for watcher in watchers]
        wall = time.monotonic() - began
        cpu = [after - before for before, after in zip(cpu_before, cpu_seconds(args.pid))]
    if any(watcher.returncode != 0 for watcher in watchers):
        sys.exit(f"not all jobs succeeded: {finals}")
    json.dump(
        {
            "chunks": sum(final["chunk_count"] for final in finals),
            "failed_chunks": sum(final["failed_chunks"] for final in finals),
            "wall_seconds": wall,
            "cpu_user_seconds": cpu[0],
            "cpu_system_seconds": cpu[1],
            "start_rss_mib": start_rss / MIB,
            "peak_rss_mib": memory_bytes(args.pid, "VmHWM") / MIB,
        },
        sys.stdout,
    )


def last_line(file):
    with open(file, encoding="utf-8") as lines:
        return json.loads(lines.read().splitlines()[-1])


def embedder_traffic(counters):
    return {
        "requests": counters["requests"],
        "answers": counters["by_status"],
        "bytes_sent": counters["request_bytes"],
        "bytes_received": counters["response_bytes"],
        "most_at_a_time": counters["max_concurrency"],
    }


def qdrant_traffic(counters):
    return {
        "grpc_requests": counters["grpc_upserts"] + counters["grpc_health_checks"],
        "grpc_bytes_sent": counters["grpc_upsert_bytes"],
        "rest_requests": counters["rest_requests"],
        "rest_bytes_sent": counters["rest_bytes_received"],
        "rest_bytes_received": counters["rest_bytes_sent"],
        "points": counters["points"],
    }


def report(args):
    settings = dict(setting.split("=", 1) for setting in args.settings)
    with open(args.job, encoding="utf-8") as file:
        job = json.load(file)
    result = {name: int(value) if value.isdigit() else value for name, value in settings.items()}
    if settings["sink"] != "qdrant":
        del result["transport"]
    result |= {name: round(value, 3) for name, value in job.items()}
    cpu = job["cpu_user_seconds"] + job["cpu_system_seconds"]
    result["chunks_per_second"] = round(job["chunks"] / job["wall_seconds"], 1)
    result["cpu_seconds_per_100k_chunks"] = round(cpu * 100_000 / max(1, job["chunks"]), 3)
    result["embedder_traffic"] = embedder_traffic(last_line(args.embedder))
    if settings["sink"] == "qdrant":
        result["sink_traffic"] = qdrant_traffic(last_line(args.qdrant))
    else:
        result["sink_traffic"] = {"file_bytes": os.path.getsize(args.sqlite)}
    json.dump(result, sys.stdout, indent=2)
    print()


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    text = commands.add_parser("text")
    text.add_argument("--chunks", type=int, required=True)
    text.add_argument("--seed", type=int, required=True)
    text.set_defaults(command=print_text)
    job = commands.add_parser("job")
    job.add_argument("--worker", required=True)
    job.add_argument("--pid", type=int, required=True)
    job.add_argument("--ready", required=True)
    job.add_argument("--perf", required=True)
    job.add_argument("transforms", nargs="+")
    job.set_defaults(command=run_jobs)
    end = commands.add_parser("report")
    for name in ("--job", "--embedder", "--qdrant", "--sqlite"):
        end.add_argument(name, required=True)
    end.add_argument("settings", nargs="+")
    end.set_defaults(command=report)
    args = parser.parse_args()
    args.command(args)


if __name__ == "__main__":
    main()
