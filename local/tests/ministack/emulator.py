"""Our own machine, and ministack with the stack deployed to it: one of each for all tests of this folder."""

import atexit
import base64
import functools
import hmac
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from datetime import datetime
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "local" / "tests" / "python"))

from checkout import BINARIES, FUNCTIONS, Checkout, journeys  # noqa: E402
from front import Front  # noqa: E402
from machine import AFTERWORD, API_KEY, PUBLIC_URL, SIGNING_KEY, Machine, payload  # noqa: E402

MINISTACK = ROOT / ".tools" / "ministack" / "bin" / "ministack"
STACK, REGION = "afterword-test", "us-east-1"
# A second installation, which the tests of deploy.sh make and delete.
OTHER_STACK, OTHER_URL = "afterword-other", "https://other.afterword.test"
FROM = "+15005550006"
ACCOUNT = "AC" + "0" * 32


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Emulator:
    """ministack on a free port, with the stack deployed."""

    def __init__(self, twilio_url):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory()
        self.front = None
        # One set of variables for the emulator, for the functions, which inherit it, and for sam.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": self.folder.name,
            "TMPDIR": self.folder.name,
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
            "SAM_CLI_TELEMETRY": "0",
            "TWILIO_BASE_URL": twilio_url,
        }

    def __enter__(self):
        self.log = open(Path(self.folder.name) / "ministack.log", "w+")
        self.process = subprocess.Popen(
            [MINISTACK], cwd=self.folder.name, env=self.environment, stdout=self.log, stderr=self.log
        )
        try:
            self.wait_until_up()
            self.deploy()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        if self.front:
            self.front.close()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def wait_until_up(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError(f"ministack did not start: {self.tail()}")

    def tail(self):
        self.log.flush()
        return Path(self.log.name).read_text()[-4000:]

    def client(self, service):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries={"max_attempts": 1}, read_timeout=60)
        return boto3.client(service, endpoint_url=self.url, region_name=REGION, config=config, **keys)

    def deploy(self):
        self.checkout = Checkout(Path(self.folder.name) / "checkout", self.environment)
        urls = {PUBLIC_URL: STACK, OTHER_URL: OTHER_STACK}
        stacks = {urllib.parse.urlsplit(url).hostname: stack for url, stack in urls.items()}
        self.front = Front(self, stacks, self.folder.name)
        begin = time.monotonic()
        events = {"AFTERWORD_EVENTBRIDGE_EVENTS": "on", "AFTERWORD_SNS_DELIVERY_LOGS": "on"}
        settings = {"TWILIO_FROM": FROM, "AFTERWORD_PUBLIC_URL": PUBLIC_URL, **events}
        code, told = self.checkout.deploy("--stage", STACK.removeprefix("afterword-"), "--x86", "--no-build", **settings)
        if code:
            raise RuntimeError(f"deploy.sh: {told[-3000:]}\n{self.reasons()}\n{self.tail()}")
        print(f"deployed to ministack in {time.monotonic() - begin:.0f} s, with {BINARIES.name} binaries")
        outputs = self.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        self.fill_in()

    @functools.cache
    def functions(self, stack=STACK):
        """The names of a stack's functions by logical id."""
        resources = self.client("cloudformation").list_stack_resources(StackName=stack)["StackResourceSummaries"]
        functions = (one for one in resources if one["ResourceType"] == "AWS::Lambda::Function")
        return {function["LogicalResourceId"]: function["PhysicalResourceId"] for function in functions}

    def reasons(self):
        """Why a deployment failed."""
        events = self.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return "\n".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)

    def fill_in(self):
        """What an operator does: the keys."""
        keys = {"api_key": API_KEY, "calendly_signing_key": SIGNING_KEY, "twilio_auth_token": SIGNING_KEY}
        secret = json.dumps({**keys, "twilio_account_sid": ACCOUNT})
        self.client("secretsmanager").put_secret_value(SecretId=self.outputs["SecretArn"], SecretString=secret)

    def invoke(self, function, route, body, headers, parameters=None, query="", stack=STACK):
        """Calls a function as API Gateway does, payload format 2.0; status and body."""
        method, path = route.split(" ")
        for name, value in (parameters or {}).items():
            path = path.replace("{" + name + "}", value)
        event = {
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": query.removeprefix("?"),
            "headers": {"host": urllib.parse.urlsplit(PUBLIC_URL).hostname, **headers},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "test",
                "domainName": urllib.parse.urlsplit(PUBLIC_URL).hostname,
                "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test"},
                "requestId": str(uuid.uuid4()),
                "routeKey": route,
                "stage": "$default",
                "time": "21/Nov/2026:00:00:00 +0000",
                "timeEpoch": int(time.time() * 1000),
            },
            "isBase64Encoded": True,
            "body": base64.b64encode(body).decode(),
        }
        if parameters:
            event["pathParameters"] = parameters
        if query:
            event["queryStringParameters"] = dict(urllib.parse.parse_qsl(event["rawQueryString"]))
        name = self.functions(stack)[function]
        answer = self.client("lambda").invoke(FunctionName=f"{name}:live", Payload=json.dumps(event).encode())
        read = answer["Payload"].read().decode()
        if "FunctionError" in answer:
            raise RuntimeError(f"{function}: {read}\n{self.tail()}")
        response = json.loads(read)
        text = response.get("body") or ""
        return response["statusCode"], json.loads(text) if text.startswith("{") else text

    def post(self, event):
        headers = {"x-api-key": API_KEY, "content-type": "application/json"}
        return self.invoke("IngestFunction", "POST /sms", json.dumps(event).encode(), headers)

    def booking(self, event):
        body, at = json.dumps(event).encode(), int(time.time())
        tag = hmac.new(SIGNING_KEY.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
        headers = {"calendly-webhook-signature": f"t={at},v1={tag}", "content-type": "application/json"}
        return self.invoke("BookingWebhookFunction", "POST /webhooks/calendly", body, headers)

    def form(self, function, path, fields, query=""):
        signed = PUBLIC_URL + path + query + "".join(name + fields[name] for name in sorted(fields))
        tag = base64.b64encode(hmac.new(SIGNING_KEY.encode(), signed.encode(), "sha1").digest()).decode()
        headers = {"x-twilio-signature": tag, "content-type": "application/x-www-form-urlencoded"}
        return self.invoke(function, f"POST {path}", urllib.parse.urlencode(fields).encode(), headers, query=query)

    def conversation(self, id):
        headers = {"x-api-key": API_KEY}
        return self.invoke("IngestFunction", "GET /conversations/{id}", b"", headers, {"id": id})[1]

    def execution(self, name):
        """What became of an execution, once it has ended."""
        arn = self.outputs["StateMachineArn"].replace(":stateMachine:", ":execution:") + f":{name}"
        return ended(self.client("stepfunctions"), arn)


def ended(states, arn):
    deadline = time.monotonic() + 90
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        if time.monotonic() > deadline:
            raise TimeoutError(f"{arn} does not come to an end")
        time.sleep(0.2)
    events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    return execution, events


class Ours:
    """The same calls to our own machine, with a clock that is moved instead of waited for."""

    def __init__(self, machine):
        self.machine = machine
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        self.states = boto3.client("stepfunctions", endpoint_url=machine.aws, region_name=REGION, **keys)

    def now(self):
        return datetime.fromisoformat(self.machine.control("clock")["now"])

    def post(self, event):
        return self.machine.post(event)[::2]

    def booking(self, event):
        body = json.dumps(event).encode()
        return self.machine.signed("/webhooks/calendly", body, "calendly-webhook-signature")[::2]

    def form(self, _function, path, fields):
        return self.machine.text(path, fields)[::2]

    def execution(self, name):
        deadline = time.monotonic() + 60
        arn = f"arn:aws:states:us-east-1:000000000000:execution:afterword:{name}"
        while self.states.describe_execution(executionArn=arn)["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise TimeoutError(name)
            self.machine.control("clock/advance", {"seconds": 1})
        return ended(self.states, arn)


@functools.cache
def both():
    """Our machine and AWS's emulator, started once. Both installations send by the machine's Twilio."""
    machine = Machine(journeys(), TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_FROM=FROM)
    machine.__enter__()
    atexit.register(machine.__exit__)
    emulator = Emulator(machine.aws)
    emulator.__enter__()
    atexit.register(emulator.__exit__)
    return Ours(machine), emulator
