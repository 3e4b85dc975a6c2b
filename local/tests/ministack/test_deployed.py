"""template.yaml for real: `sam deploy` to ministack, an emulator of AWS, with the functions' binaries; and
the same events on our own machine. Both must give the same states in the same order.

Calls go through the APIs of Lambda and Step Functions: ministack gives SAM's HTTP API no routes. The texts
leave, from both, by a simulated Twilio. Everything listens on 127.0.0.1. Both histories are printed.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import uuid
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from pathlib import Path

import boto3
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "local" / "tests" / "python"))

from machine import API_KEY, PUBLIC_URL, SIGNING_KEY, Machine, payload  # noqa: E402

BINARIES = Path(os.environ.get("BINARIES", ROOT / "target" / "release")).absolute()
MINISTACK = ROOT / ".tools" / "ministack" / "bin" / "ministack"
SAM = ROOT / ".tools" / "python" / "bin" / "sam"
STACK, REGION = "afterword-test", "us-east-1"
FROM = "+15005550006"
ACCOUNT = "AC" + "0" * 32
FUNCTIONS = sorted(path.parents[1].name for path in ROOT.glob("functions/*/src/main.rs"))
# What this version of ministack does not know, by words of the resource. Nothing that a message passes.
UNKNOWN = {
    "saved queries": ("Type: AWS::Logs::QueryDefinition\n",),
    "alarms by metric math": ("Type: AWS::CloudWatch::Alarm\n", "      Metrics:\n"),
}
# The shipped journeys with shorter waits: the emulator's clock cannot be moved.
SHORTER = {'"120s"': '"4s"', '"30m"': '"8s"'}


def journeys():
    text = (ROOT / "journeys.toml").read_text()
    for length, shorter in SHORTER.items():
        assert length in text, length
        text = text.replace(length, shorter)
    return text


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def known_template():
    """The template without the resources that the emulator does not know."""
    text = (ROOT / "template.yaml").read_text()
    head, resources = text.split("\nResources:\n")
    resources, outputs = resources.split("\nOutputs:\n")
    blocks = re.split(r"(?m)^(?=  [A-Z]\w+:$)", resources)
    for what, words in UNKNOWN.items():
        out = [block for block in blocks if all(word in block for word in words)]
        blocks = [block for block in blocks if block not in out]
        names = ", ".join(block.split(":")[0].strip() for block in out)
        print(f"left out because ministack does not know {what}: {names}")
    return f"{head}\nResources:\n{''.join(blocks)}\nOutputs:\n{outputs}"


class Emulator:
    """ministack on a free port, with the stack deployed."""

    def __init__(self, twilio_url):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory()
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
        place = Path(self.folder.name) / "deployment"
        for function in FUNCTIONS:
            target = place / "target" / "lambda" / function
            target.mkdir(parents=True)
            # Without symbols: a debug build has ten times the size with them.
            subprocess.run(["strip", "-o", target / "bootstrap", BINARIES / function], check=True)
        (place / "statemachine").mkdir()
        shutil.copy(ROOT / "statemachine" / "message.asl.json", place / "statemachine")
        (place / "template.yaml").write_text(known_template())
        self.client("s3").create_bucket(Bucket="deployment")
        parameters = [f"TwilioFrom={FROM}", f"PublicUrl={PUBLIC_URL}", "Architecture=x86_64"]
        command = [SAM, "deploy", "--template-file", "template.yaml", "--stack-name", STACK, "--s3-bucket", "deployment"]
        command += ["--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--parameter-overrides", *parameters]
        begin = time.monotonic()
        done = subprocess.run(command, cwd=place, env=self.environment, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise RuntimeError(f"sam deploy: {done.stderr[-3000:]}\n{self.reasons()}\n{self.tail()}")
        sizes = {f: (place / "target" / "lambda" / f / "bootstrap").stat().st_size for f in FUNCTIONS}
        print(f"sam deploy to ministack: {time.monotonic() - begin:.0f} s; bytes of {BINARIES.name} binaries: {sizes}")
        cloudformation = self.client("cloudformation")
        outputs = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        resources = cloudformation.list_stack_resources(StackName=STACK)["StackResourceSummaries"]
        self.functions = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in resources
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }
        self.fill_in()

    def reasons(self):
        """Why a deployment failed."""
        events = self.client("cloudformation").describe_stack_events(StackName=STACK)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return "\n".join(f"{e['LogicalResourceId']}: {e.get('ResourceStatusReason')}" for e in failed)

    def fill_in(self):
        """What an operator and deploy.sh do: the keys, and the journeys."""
        keys = {"api_key": API_KEY, "calendly_signing_key": SIGNING_KEY, "twilio_auth_token": SIGNING_KEY}
        secret = json.dumps({**keys, "twilio_account_sid": ACCOUNT})
        self.client("secretsmanager").put_secret_value(SecretId=self.outputs["SecretArn"], SecretString=secret)
        text, at = journeys(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        version = hashlib.sha256(text.encode()).hexdigest()[:12]
        table = boto3.resource(
            "dynamodb", endpoint_url=self.url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
        ).Table(self.outputs["TableName"])
        table.put_item(Item={"pk": f"J#{version}", "sk": "J", "v": 1, "toml": text, "at": at})
        table.put_item(Item={"pk": "J#current", "sk": "J", "v": 1, "version": version, "at": at})

    def invoke(self, function, route, body, headers, parameters=None):
        """Calls a function as API Gateway does, payload format 2.0; status and body."""
        method, path = route.split(" ")
        for name, value in (parameters or {}).items():
            path = path.replace("{" + name + "}", value)
        event = {
            "version": "2.0",
            "routeKey": route,
            "rawPath": path,
            "rawQueryString": "",
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
        name = self.functions[function]
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

    def form(self, function, path, fields):
        signed = PUBLIC_URL + path + "".join(name + fields[name] for name in sorted(fields))
        tag = base64.b64encode(hmac.new(SIGNING_KEY.encode(), signed.encode(), "sha1").digest()).decode()
        headers = {"x-twilio-signature": tag, "content-type": "application/x-www-form-urlencoded"}
        return self.invoke(function, f"POST {path}", urllib.parse.urlencode(fields).encode(), headers)

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


def entered(events):
    """The states in the order in which they were entered."""
    return [e["stateEnteredEventDetails"]["name"] for e in events if e["type"].endswith("StateEntered")]


def side_by_side(title, left, right):
    print(f"\n{title}\n  {'ours':<28}ministack")
    for mine, theirs in zip_longest(left, right, fillvalue="-"):
        print(f"  {mine:<28}{theirs}")


def text_from(phone, body, count):
    return {"From": phone, "To": FROM, "Body": body, "MessageSid": f"SM{count:032}", "AccountSid": ACCOUNT}


def booked(now):
    """A booking so near that no reminder is planned."""
    event = payload("calendly-invitee-created", "booking-webhook")
    start = (now + timedelta(hours=20)).strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    event["payload"]["scheduled_event"]["start_time"] = start
    return event


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


class Deployed(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        # Ministack inherits Twilio's address from here; both installations send by this machine's Twilio.
        settings = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_FROM": FROM}
        cls.machine = cls.enterClassContext(Machine(journeys(), **settings))
        cls.aws = cls.enterClassContext(Emulator(cls.machine.aws))
        cls.ours = Ours(cls.machine)

    def both(self, name):
        """An execution on both: the same states, the same end."""
        (mine, left), (theirs, right) = self.ours.execution(name), self.aws.execution(name)
        side_by_side(name, entered(left), entered(right))
        self.assertEqual(entered(left), entered(right))
        for field in ("status", "error", "cause"):
            self.assertEqual(mine.get(field), theirs.get(field), field)
        self.assertEqual(ids(mine), ids(theirs))
        return entered(right)[-1]

    def outbox(self):
        return self.machine.control("outbox")["messages"]

    def test_1_an_event_waits_and_is_sent_once_however_often_it_is_reported(self):
        event = payload("sms-advance-approved")
        for place in (self.ours, self.aws):
            status, body = place.post(event)
            self.assertEqual((status, body["status"]), (202, "accepted"))
            status, body = place.post(event)
            self.assertEqual((status, body["status"]), (200, "duplicate"))
            self.assertEqual(place.post({**event, "amount": 1})[0], 422)
        name = f"sms-{event['event_id']}.text"
        self.assertEqual(self.both(name), "Sent")
        mine = [message for message in self.outbox() if message["to"] == event["user"]["phone"]]
        self.assertEqual([message["body"] for message in mine], [mine[0]["body"]] * 2, "one from each")
        steps = self.aws.conversation(f"sms-{event['event_id']}")["steps"]
        self.assertEqual([step["verdict"] for step in steps], ["Sent"])

    def test_2_a_reply_stops_the_follow_up(self):
        phone, id = "+12025550143", "calendly-b8e2b0e013d921e8a740e74f1ff4d001"
        for count, place in enumerate((self.ours, self.aws)):
            event = booked(self.ours.now() if place is self.ours else datetime.now(UTC))
            self.assertEqual(place.booking(event), (200, {"status": "accepted"}))
            self.assertEqual(place.booking(event), (200, {"status": "duplicate"}))
            self.assertEqual(entered(place.execution(f"{id}.confirmation")[1])[-1], "Sent")
            answer = place.form("InboundFunction", "/twilio/inbound", text_from(phone, "See you then!", count))
            self.assertEqual(answer[0], 200)
        self.assertEqual(self.both(f"{id}.confirmation"), "Sent")
        self.assertEqual(self.both(f"{id}.follow_up"), "SkippedCustomerReplied")
        replies = self.aws.conversation(id)["replies"]
        self.assertEqual([reply["meaning"] for reply in replies], ["reply"])

    def test_3_a_refusal_by_the_provider_fails_and_says_why(self):
        event = {**payload("sms-advance-in-transit"), "event_id": str(uuid.UUID(int=1, version=4))}
        event["user"] = {"phone": "+15005550009"}
        for place in (self.ours, self.aws):
            self.assertEqual(place.post(event)[0], 202)
        self.assertEqual(self.both(f"sms-{event['event_id']}.text"), "RejectedByProvider")

    def test_4_who_said_stop_is_not_texted(self):
        phone = "+12025550143"
        event = {**payload("sms-advance-in-transit"), "event_id": str(uuid.UUID(int=2, version=4))}
        event["user"] = {"phone": phone}
        for count, place in enumerate((self.ours, self.aws), 100):
            answer = place.form("InboundFunction", "/twilio/inbound", text_from(phone, "STOP", count))
            self.assertEqual(answer[0], 200)
            self.assertEqual(place.post(event)[0], 202)
        self.assertEqual(self.both(f"sms-{event['event_id']}.text"), "SkippedOptedOut")

    def test_5_without_a_key_nothing_is_taken(self):
        body = json.dumps(payload("sms-advance-approved")).encode()
        status, answer = self.aws.invoke("IngestFunction", "POST /sms", body, {"content-type": "application/json"})
        self.assertEqual((status, answer["type"]), (401, "urn:afterword:unauthorized"))

    def test_6_the_stack_says_where_everything_is(self):
        self.assertEqual(self.aws.outputs["TwilioInboundUrl"], f"{PUBLIC_URL}/twilio/inbound#rc=5&rp=all")
        parameter = self.aws.client("ssm").get_parameter(Name=f"/{STACK}/installation")["Parameter"]["Value"]
        installation = json.loads(parameter)
        self.assertEqual(installation["table"], self.aws.outputs["TableName"])
        self.assertEqual(installation["public_url"], PUBLIC_URL)


def ids(execution):
    """The output without what differs from run to run: times and the provider's message id."""
    output = json.loads(execution.get("output") or "{}")
    because = output.get("because", {})
    return {key: output.get(key) for key in ("conversation_id", "step", "verdict")}, sorted(because)


if __name__ == "__main__":
    unittest.main()
