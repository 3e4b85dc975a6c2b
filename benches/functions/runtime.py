"""Lambda's Runtime API for one function process: hands it events one by one and times its answers."""

import contextlib
import http.client
import json
import os
import queue
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TICK = os.sysconf("SC_CLK_TCK")


class Failed(Exception):
    """The function answered with an error, or died."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A function that is ended resets its connection."""


class Function:
    """A running function."""

    def __init__(self, command, environment, log):
        self.events, self.answers = queue.Queue(), queue.Queue()
        self.server = Server(("127.0.0.1", 0), self.handler())
        threading.Thread(target=self.server.serve_forever, args=[0.02], daemon=True).start()
        environment = environment | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "benchmark",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_LOG_GROUP_NAME": "benchmark",
            "AWS_LAMBDA_LOG_STREAM_NAME": "benchmark",
        }
        self.since = time.perf_counter()
        self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def handler(self):
        events, answers = self.events, self.answers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self):
                request_id, event = events.get()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(event)))
                self.send_header("lambda-runtime-aws-request-id", request_id)
                self.send_header("lambda-runtime-deadline-ms", str(int(time.time() * 1000) + 30_000))
                self.send_header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:benchmark")
                self.end_headers()
                self.wfile.write(event)
                self.wfile.flush()

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                answers.put((time.perf_counter(), self.path, body))
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler

    def call(self, request_id, event):
        """The answer and when it came."""
        self.events.put((request_id, event))
        while True:
            try:
                at, path, body = self.answers.get(timeout=1)
                break
            except queue.Empty:
                if self.process.poll() is not None:
                    raise Failed(f"exit status {self.process.returncode}") from None
        if not path.endswith("/response"):
            raise Failed(f"{path}: {body[:500]!r}")
        return at, json.loads(body)

    def cpu(self):
        """Processor seconds so far, of all threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def peak(self):
        """The most memory that it has had at a time, in MB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def end(self):
        """Ends it; gives the processor seconds of its whole life."""
        self.process.kill()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.server.shutdown()
        self.server.server_close()
        return usage.ru_utime + usage.ru_stime


def ask(port, path):
    """What the stub says."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
