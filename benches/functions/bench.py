#!/usr/bin/env python3
"""The functions side by side with the same jobs in Python (boto3) and TypeScript (SDK v3): cold start, warm latency,
processor time, memory, size; and how many AWS calls and state transitions an event costs.

Every subject is a process that is fed through Lambda's Runtime API and calls AWS and Twilio on a stub, all on loopback
and without TLS. Subjects take turns, so that whatever else the machine does meets all of them. `make bench` builds what
is needed and runs this.
"""

import argparse
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from runtime import Function, ask
from transitions import transitions

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PHONE = "+12025550143"


def items():
    """What is in the table from the beginning: the journeys."""
    toml = (ROOT / "journeys.toml").read_text(encoding="utf-8")
    common = {"sk": {"S": "J"}, "v": {"N": "1"}, "at": {"S": "2026-01-01T00:00:00Z"}}
    return [
        {"pk": {"S": "J#current"}, "version": {"S": "benchmark"}, **common},
        {"pk": {"S": "J#benchmark"}, "toml": {"S": toml}, **common},
    ]


def sms():
    """`POST /sms` as API Gateway hands it over, each an event of its own."""
    body = {"event_id": str(uuid.uuid4()), "event": "advance_in_transit", "user": {"phone": PHONE}}
    http = {"method": "POST", "path": "/sms", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "benchmark"}
    event = {
        "version": "2.0",
        "routeKey": "POST /sms",
        "rawPath": "/sms",
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "x-api-key": "benchmark-key", "host": "127.0.0.1"},
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "benchmark",
            "domainName": "127.0.0.1",
            "domainPrefix": "benchmark",
            "http": http,
            "requestId": str(uuid.uuid4()),
            "routeKey": "POST /sms",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1767225600000,
        },
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()


def check(job, answer):
    """Every answer is looked at: what is measured is the job done."""
    done = answer.get("statusCode") == 202 if job == "ingest" else answer.get("verdict") == "Sent"
    if not done:
        sys.exit(f"{job} answered {json.dumps(answer)[:500]}")


class Subject:
    """One job in one language."""

    def __init__(self, language, job, command, package):
        self.language, self.job, self.command, self.package = language, job, command, package
        self.cold_wall, self.cold_cpu, self.warm, self.cpu, self.peak, self.calls = [], [], [], [], [], None
        self.event = None

    def start(self, environment, log):
        return Function(self.command, environment, log)

    def next_event(self):
        return self.event or sms()

    def measure_cold(self, environment, log):
        function = self.start(environment, log)
        at, answer = function.call("cold", self.next_event())
        check(self.job, answer)
        self.cold_wall.append((at - function.since) * 1000)
        self.cold_cpu.append(function.end() * 1000)

    def measure_warm(self, environment, log, events, stub):
        function = self.start(environment, log)
        for n in range(events // 10):
            function.call(f"warming-{n}", self.next_event())
        ask(stub, "/calls")
        before = function.cpu()
        for n in range(events):
            event = self.next_event()
            since = time.perf_counter()
            at, answer = function.call(f"warm-{n}", event)
            check(self.job, answer)
            self.warm.append((at - since) * 1000)
        self.cpu.append((function.cpu() - before) / events * 1000)
        self.calls = {name: calls / events for name, calls in ask(stub, "/calls").items()}
        self.peak.append(function.peak())
        function.end()


def zipped(path):
    """MB of a file in a Lambda package."""
    return len(gzip.compress(Path(path).read_bytes(), 9)) / 1e6


def subjects(binaries, bundle=None):
    python = str(ROOT / ".tools/python/bin/python3")
    for job in ("ingest", "send"):
        rust = f"{binaries}/{job}"
        yield Subject("Rust", job, [rust], rust)
        source = HERE / f"python/{job}.py"
        yield Subject("Python", job, [python, str(source)], source)
        if bundle:
            script = f"{bundle}/{job}.js"
            yield Subject("TypeScript", job, ["node", script], script)


def environment(stub):
    url = f"http://127.0.0.1:{stub}"
    return {
        "PATH": os.environ["PATH"],
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_ENDPOINT_URL": url,
        "TABLE_NAME": "afterword",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:afterword",
        "SECRET_ID": "afterword",
        "SENDING_PARAMETER": "sending",
        "TWILIO_BASE_URL": url,
        "TWILIO_FROM": "+12025550100",
        "PUBLIC_URL": "https://afterword.example",
    }


def prepare(measured, variables, log):
    """The stub refuses nothing, so a conversation can be sent again and again: each language sends its own."""
    for subject in measured:
        if subject.job == "ingest":
            function = subject.start(variables, log)
            _, answer = function.call("first", sms())
            function.end()
            check("ingest", answer)
            said = json.loads(answer["body"])
            event = {"conversation_id": said["conversation_id"], "step": "text", "due": said["due"]}
            for other in measured:
                if (other.job, other.language) == ("send", subject.language):
                    other.event = json.dumps(event).encode()
    # What is due at once is due with the next whole second.
    time.sleep(2)


def measure(measured, starts, rounds, events):
    """Every subject takes its turn."""
    with tempfile.TemporaryDirectory() as folder, open(Path(folder) / "log", "w", encoding="utf-8") as log:
        start = Path(folder) / "items.json"
        start.write_text(json.dumps(items()), encoding="utf-8")
        stub = subprocess.Popen([sys.executable, str(HERE / "stub.py"), str(start)], stdout=subprocess.PIPE, text=True)
        try:
            port = int(stub.stdout.readline())
            variables = environment(port)
            prepare(measured, variables, log)
            for _ in range(starts):
                for subject in measured:
                    subject.measure_cold(variables, log)
            for _ in range(rounds):
                for subject in measured:
                    subject.measure_warm(variables, log, events, port)
        finally:
            stub.kill()
            stub.wait()
            stub.stdout.close()


def median(values):
    return statistics.median(values)


def row(subject):
    percentile = statistics.quantiles(subject.warm, n=100)
    return [
        f"{subject.job}, {subject.language}",
        f"{median(subject.cold_wall):.1f}",
        f"{median(subject.cold_cpu):.1f}",
        f"{percentile[49]:.2f}",
        f"{percentile[98]:.2f}",
        f"{median(subject.cpu):.2f}",
        f"{max(subject.peak):.1f}",
        f"{zipped(subject.package):.2f}",
    ]


def ratios(measured):
    """Each against Rust's, the same job."""
    for job in ("ingest", "send"):
        by = {subject.language: subject for subject in measured if subject.job == job}
        rust = by.pop("Rust")
        for language, other in by.items():
            cold = median(other.cold_wall) / median(rust.cold_wall)
            cpu = median(other.cpu) / median(rust.cpu)
            peak = max(other.peak) / max(rust.peak)
            yield f"{job}: {language} takes {cold:.0f} times the cold start, {cpu:.1f} times the processor time per event, {peak:.1f} times the memory"


HEAD = [
    "",
    "cold start, ms",
    "its processor time, ms",
    "warm p50, ms",
    "warm p99, ms",
    "processor time per event, ms",
    "peak memory, MB",
    "package, MB",
]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--target", default="target", help="where cargo builds")
    arguments.add_argument("--bundle", help="where the TypeScript jobs are, bundled; without, they are left out")
    arguments.add_argument("--starts", type=int, default=20, help="cold starts of each")
    arguments.add_argument("--rounds", type=int, default=3, help="warm rounds of each")
    arguments.add_argument("--events", type=int, default=1000, help="events in a round")
    given = arguments.parse_args()
    measured = list(subjects(f"{given.target}/release", given.bundle))
    measure(measured, given.starts, given.rounds, given.events)
    for cells in (HEAD, ["---"] * len(HEAD), *map(row, measured)):
        print("| " + " | ".join(cells) + " |")
    print()
    print("\n".join(ratios(measured)))
    for subject in measured:
        if subject.language == "Rust":
            calls = ", ".join(f"{calls:g} {name}" for name, calls in sorted(subject.calls.items()))
            print(f"calls per event, {subject.job}: {calls}")
    print(f"state transitions of a text: {transitions(f'{given.target}/debug/afterword')}")


if __name__ == "__main__":
    main()
