"""How many states an approval text's execution enters: what Step Functions charges."""

import json
import re
import subprocess
import tempfile
import urllib.request
import uuid

KEY = "benchmark-key"


def transitions(afterword):
    with tempfile.TemporaryDirectory() as folder:
        command = f"{afterword} serve --in-memory --clock virtual --port 0 --admin-port 0 --aws-port 0"
        environment = {"AFTERWORD_API_KEY": KEY, "RUST_LOG": "off"}
        serve = subprocess.Popen(command.split(), cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            said = ""
            while "/_local/outbox" not in said:
                line = serve.stdout.readline()
                if not line:
                    raise RuntimeError(f"afterword serve ended: {said}")
                said += line
            gateway, aws, admin = (port(said, after) for after in ("post events to", "AWS endpoint", "console"))
            accepted = call(gateway, "/sms", approved(), {"x-api-key": KEY})
            call(admin, "/_local/clock/advance", {"seconds": 121}, {})
            name = f"arn:aws:states:us-east-1:000000000000:execution:afterword:{accepted['conversation_id']}.text"
            target = {"x-amz-target": "AWSStepFunctions.GetExecutionHistory"}
            history = call(aws, "/", {"executionArn": name}, target)
            return sum(event["type"].endswith("StateEntered") for event in history["events"])
        finally:
            serve.kill()
            serve.wait()
            serve.stdout.close()


def approved():
    event_id, user = str(uuid.uuid4()), {"phone": "+12025550143"}
    return {"event_id": event_id, "event": "advance_approved", "user": user, "amount": 185}


def port(said, after):
    """The port of the address that is announced after these words."""
    return re.search(r"http://127\.0\.0\.1:(\d+)", said.split(after, 1)[1])[1]


def call(port, path, body, headers):
    headers = {"content-type": "application/json"} | headers
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())
