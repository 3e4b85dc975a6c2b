"""A running `afterword serve`, for tests that come from outside: other languages, real clients."""

import base64
import hmac
import json
import os
import re
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
AFTERWORD = Path(os.environ.get("AFTERWORD", ROOT / "target" / "debug" / "afterword")).absolute()
API_KEY = "a-key-of-the-tests"
SIGNING_KEY = "a-signing-key-of-the-tests"
PUBLIC_URL = "https://afterword.test"
# A source as docs/add-a-source.md declares it.
DECLARED = '\n[sources.shop]\nregion = "US"\n'


class Machine:
    """One machine on free ports that keeps nothing and whose clock stands still."""

    def __init__(self, journeys=None, **environment):
        """With other journeys than the shipped ones, and further environment variables."""
        self.journeys = journeys or (ROOT / "journeys.toml").read_text()
        self.environment = environment

    def __enter__(self):
        command = [AFTERWORD, "serve", "--in-memory", "--clock", "virtual"]
        ports = ["--port", "0", "--admin-port", "0", "--aws-port", "0"]
        signing = {f"AFTERWORD_{name}_SIGNING_KEY": SIGNING_KEY for name in ("CALENDLY", "CALCOM", "SHOP")}
        keys = {"AFTERWORD_API_KEY": API_KEY, "TWILIO_AUTH_TOKEN": SIGNING_KEY, **signing}
        environment = {**os.environ, **keys, "AFTERWORD_PUBLIC_URL": PUBLIC_URL, **self.environment}
        self.log = tempfile.TemporaryFile("w+")
        self.folder = tempfile.TemporaryDirectory()
        (Path(self.folder.name) / "journeys.toml").write_text(self.journeys + DECLARED)
        self.process = subprocess.Popen(
            [*command, *ports], cwd=self.folder.name, env=environment, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        self.gateway = self._address("post events to")
        self.aws = self._address("AWS endpoint")
        self.admin = self._address("curl", "/_local/clock")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()
        self.log.close()
        self.folder.cleanup()

    def _address(self, label, path=""):
        for line in self.process.stdout:
            if found := re.search(rf"^\s*{label}\s+(http://[^\s/]+){path}", line):
                return found.group(1)
        self.log.seek(0)
        raise RuntimeError(f"the machine did not start: {self.log.read()}")

    def call(self, method, url, body=None, headers=None):
        """Returns status, headers and body; the body parsed if it is JSON."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return _read(response)
        except urllib.error.HTTPError as error:
            with error:
                return _read(error)

    def post(self, body, **headers):
        """Reports an event with a valid key."""
        headers = {"x-api-key": API_KEY, "content-type": "application/json", **headers}
        return self.call("POST", f"{self.gateway}/sms", body, headers)

    def signed(self, path, body, header, timestamped=True, **headers):
        """Posts a body to a webhook, signed over its raw bytes."""
        now = datetime.fromisoformat(self.control("clock")["now"])
        at = int(now.timestamp())
        prefix = f"{at}.".encode() if timestamped else b""
        tag = hmac.new(SIGNING_KEY.encode(), prefix + body, "sha256").hexdigest()
        signature = f"t={at},v1={tag}" if timestamped else tag
        headers = {header: signature, "content-type": "application/json", **headers}
        return self.call("POST", self.gateway + path, body, headers)

    def text(self, path, fields):
        """Posts a form as Twilio does: signed over the public URL and the sorted fields."""
        signed = PUBLIC_URL + path + "".join(name + fields[name] for name in sorted(fields))
        tag = base64.b64encode(hmac.new(SIGNING_KEY.encode(), signed.encode(), "sha1").digest()).decode()
        headers = {"x-twilio-signature": tag, "content-type": "application/x-www-form-urlencoded"}
        return self.call("POST", self.gateway + path, urllib.parse.urlencode(fields).encode(), headers)

    def control(self, path, body=None):
        """Calls the admin port."""
        method = "GET" if body is None else "POST"
        return self.call(method, f"{self.admin}/_local/{path}", body)[2]


def _read(response):
    body = response.read()
    is_json = "json" in response.headers.get("content-type", "")
    return response.status, response.headers, json.loads(body) if is_json else body.decode()


def payload(name, function="ingest"):
    """A file of test-payloads."""
    return json.loads((ROOT / "test-payloads" / function / f"{name}.json").read_text())
