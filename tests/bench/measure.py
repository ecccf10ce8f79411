#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parts of run.sh that are not shell: text to embed, the run itself, and what it took.

measure.py text --chunks N --seed N
measure.py job --worker FILE --pid N --postgres N --ready URL --perf FILE TRANSFORM...
measure.py settled --worker FILE --items N TRANSFORM
measure.py report --job FILE --embedder FILE --qdrant FILE --sqlite FILE --settled FILE NAME=VALUE...
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

# As if a job had embedded them. Their points are not in the sink, where nobody looks for them.
SETTLE = """
INSERT INTO dataset_items (dataset_id, title, chunks)
SELECT source_dataset_id, 'Settled ' || i, jsonb_build_array('Text ' || i || repeat(' and so on', 40))
FROM dataset_transforms, generate_series(1, {items}) i
WHERE dataset_transform_id = {transform};
INSERT INTO dataset_transform_items
  (embedded_dataset_id, item_id, content_hash, chunk_count, stored_count, done, job_id, generation)
SELECT embedded_dataset_id, item_id, content_hash, chunk_count, chunk_count,
       int4multirange(int4range(0, chunk_count)), 'settled', generation
FROM embedded_datasets e
JOIN dataset_transform_targets USING (embedded_dataset_id)
JOIN dataset_item_contents c ON c.dataset_id = e.source_dataset_id
WHERE dataset_transform_id = {transform}
ON CONFLICT DO NOTHING;
VACUUM ANALYZE;
"""


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
    """User and system, of all threads; the same of children that are gone."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return [int(ticks) / os.sysconf("SC_CLK_TCK") for ticks in fields[11:15]]


def server_cpu_seconds(pid):
    """Of PostgreSQL's first process and of all that it started."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        children = file.read().split()
    total = sum(cpu_seconds(pid))
    for child in children:
        with contextlib.suppress(FileNotFoundError):
            total += sum(cpu_seconds(child))
    return total


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
        server_before = server_cpu_seconds(args.postgres)
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
        server_cpu = server_cpu_seconds(args.postgres) - server_before
    if any(watcher.returncode != 0 for watcher in watchers):
        sys.exit(f"not all jobs succeeded: {finals}")
    json.dump(
        {
            "chunks": sum(final["chunk_count"] for final in finals),
            "failed_chunks": sum(final["failed_chunks"] for final in finals),
            "wall_seconds": wall,
            "cpu_user_seconds": cpu[0],
            "cpu_system_seconds": cpu[1],
            "postgres_cpu_seconds": server_cpu,
            "start_rss_mib": start_rss / MIB,
            "peak_rss_mib": memory_bytes(args.pid, "VmHWM") / MIB,
        },
        sys.stdout,
    )


def sql(text):
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
    command += ["--set", "ON_ERROR_STOP=1", "--dbname", os.environ["DATABASE_URL"]]
    return subprocess.run(command, input=text, stdout=subprocess.PIPE, check=True, text=True).stdout


def items_at(shares):
    """The ids of items that lie at these shares of the way through all of them."""
    return (
        f"SELECT unnest(percentile_disc(ARRAY{shares}) WITHIN GROUP (ORDER BY item_id)) "
        "FROM dataset_items WHERE title LIKE 'Settled %'"
    )


def change(shares):
    return f"UPDATE dataset_items SET chunks = '[\"new\"]' WHERE item_id IN ({items_at(shares)})"


def delete(shares):
    return f"DELETE FROM dataset_items WHERE item_id IN ({items_at(shares)})"


def run_settled(args):
    sql(SETTLE.format(items=args.items, transform=args.transform))
    cases = {
        "unchanged": ("", 0),
        "one_changed": (change([0.5]), 1),
        "six_changed": (change([0.05, 0.2, 0.4, 0.6, 0.8, 0.95]), 6),
        "three_deleted": (delete([0.1, 0.3, 0.7]), 0),
    }
    report = {"items": args.items}
    for name, (preparation, expected) in cases.items():
        sql(preparation)
        command = [args.worker, "submit", "--transform", args.transform, "--watch", "--json"]
        began = time.monotonic()
        watched = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        report[f"{name}_seconds"] = round(time.monotonic() - began, 3)
        job = json.loads(watched.stdout.splitlines()[-1])["job_id"]
        embedded = sql(
            "SELECT coalesce(sum(chunk_count), 0) FROM dataset_transform_batches "
            f"WHERE job_id = '{job}'"
        )
        if int(embedded) != expected:
            sys.exit(f"{name}: {embedded.strip()} chunks were embedded instead of {expected}")
    json.dump(report, sys.stdout)


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
    for name, seconds in (("", cpu), ("postgres_", job["postgres_cpu_seconds"])):
        result[f"{name}cpu_seconds_per_100k_chunks"] = round(
            seconds * 100_000 / max(1, job["chunks"]), 3
        )
    if os.path.exists(args.settled):
        with open(args.settled, encoding="utf-8") as file:
            result["settled"] = json.load(file)
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
    job.add_argument("--postgres", type=int, required=True)
    job.add_argument("--ready", required=True)
    job.add_argument("--perf", required=True)
    job.add_argument("transforms", nargs="+")
    job.set_defaults(command=run_jobs)
    settled = commands.add_parser("settled")
    settled.add_argument("--worker", required=True)
    settled.add_argument("--items", type=int, required=True)
    settled.add_argument("transform")
    settled.set_defaults(command=run_settled)
    end = commands.add_parser("report")
    for name in ("--job", "--embedder", "--qdrant", "--sqlite", "--settled"):
        end.add_argument(name, required=True)
    end.add_argument("settings", nargs="+")
    end.set_defaults(command=report)
    args = parser.parse_args()
    args.command(args)


if __name__ == "__main__":
    main()
