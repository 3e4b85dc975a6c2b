"""Compares two engines, ours and moto's, on the shipped definition with the same scripted task results: both must
pass the same states in the same order, with the same retries and the same end.

moto's engine runs in this process. Its sleeps are recorded instead of slept, and the script takes the place of its
function. The rest is moto's own code. Both histories are printed side by side.
"""

import json
import logging
import os
import subprocess
import time
import unittest
from datetime import UTC, datetime
from itertools import groupby, zip_longest
from pathlib import Path
from unittest import mock

import boto3
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction

ROOT = Path(__file__).resolve().parents[3]
ENGINE = Path(os.environ.get("ENGINE", ROOT / "target" / "debug" / "examples" / "scripted"))
FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:send"
SHIPPED = (ROOT / "statemachine" / "message.asl.json").read_text().replace("${SendFunctionArn}", FUNCTION)
RETRY = json.loads(SHIPPED)["States"]["Send"]["Retry"][0]

ID, STEP, DUE, LATER = "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f", "text", "2026-11-20T12:30:09Z", "2035-01-01T00:00:00Z"
INPUT = {"conversation_id": ID, "step": STEP, "due": DUE}


def says(verdict, due=DUE, **because):
    """Returns a result of the send function."""
    return {"return": {**INPUT, "due": due, "verdict": verdict, "because": because}}


def fails(error, cause="{}"):
    return {"error": error, "cause": cause}


FAILURES = ("RejectedByProvider", "HeldUnknownOutcome", "BlockedBudget")
VERDICTS = [choice["StringEquals"] for choice in json.loads(SHIPPED)["States"]["Verdict"]["Choices"]]
TRANSIENT = fails("Transient", '{"errorType":"Transient","errorMessage":"dynamodb:GetItem: timeout"}')

CASES = {verdict: [says(verdict, explanation="Why.")] for verdict in VERDICTS if verdict != "Wait"} | {
    "AVerdictOfTomorrow": [says("Novel")],
    "WaitsTwiceThenSends": [says("Wait", LATER), says("Wait", LATER), says("Sent")],
    "WaitsThreeTimesThenIsHeld": [says("Wait", LATER)] * 3 + [says("HeldUnknownOutcome", explanation="Why.")],
    "OurStoreIsDownTwice": [TRANSIENT, TRANSIENT, says("Sent")],
    "TheInvocationDies": [fails("Runtime.ExitError"), says("Sent")],
    "LambdaThrottles": [fails("Lambda.TooManyRequestsException"), fails("Lambda.ServiceException"), says("Sent")],
    "TheFunctionHangs": [{"hang": True}, says("Sent")],
    "EveryVisitHasItsOwnRetries": [TRANSIENT] * 10 + [says("Wait", LATER)] + [TRANSIENT] * 10 + [says("Sent")],
    "TheLastRetrySucceeds": [TRANSIENT] * RETRY["MaxAttempts"] + [says("Sent")],
    "RetriesExhausted": [TRANSIENT] * (RETRY["MaxAttempts"] + 1),
    "RetriesExhaustedByDifferentErrors": [TRANSIENT, fails("Runtime.ExitError")] * 8,
}


def definition(case):
    """Returns the shipped definition, in which a hanging task times out after a second instead of a minute."""
    return SHIPPED.replace('"TimeoutSeconds": 60', '"TimeoutSeconds": 1') if case == "TheFunctionHangs" else SHIPPED


def ours():
    """Runs every case on our engine and returns descriptions and histories."""
    cases = [
        {"name": name, "definition": definition(name), "input": json.dumps(INPUT), "results": results}
        for name, results in CASES.items()
    ]
    done = subprocess.run([ENGINE], input=json.dumps({"cases": cases}), capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{ENGINE}: {done.stderr}")
    return json.loads(done.stdout)


class Moto:
    """moto's engine with scripted results of the function. Records the sleeps."""

    def __init__(self, results):
        self.results = iter(results)
        self.retries, self.waits = [], []

    def call(self, parameters, region, state_credentials):
        result = next(self.results, fails("ScriptEnded"))
        if "hang" in result:
            # moto's own clock: it gives up after TimeoutSeconds and leaves this thread behind.
            time.sleep(1.5)
        if "return" in result:
            return {"StatusCode": 200, "ExecutedVersion": "1", "Payload": result["return"]}
        payload = {"errorType": result.get("error"), "errorMessage": result.get("cause")}
        return {"StatusCode": 200, "ExecutedVersion": "1", "FunctionError": "Unhandled", "Payload": payload}

    def run(self, name, text=None):
        clock = mock.Mock(wraps=time, sleep=self.retries.append)
        longest = mock.Mock(uniform=lambda _, most: most)
        waits = lambda _, env, wait_seconds: self.waits.append(wait_seconds)
        with (
            mock.patch.object(lambda_eval_utils, "_invoke_lambda_function", self.call),
            mock.patch.object(retrier_decl, "time", clock),
            mock.patch.object(jitter_strategy_decl, "random", longest),
            mock.patch.object(WaitFunction, "_wait_interval", waits),
            mock_aws(config={"stepfunctions": {"execute_state_machine": True}}),
        ):
            return self.execute(name, text)

    def execute(self, name, text=None):
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        states = boto3.client("stepfunctions", region_name="us-east-1", **keys)
        role = "arn:aws:iam::000000000000:role/none"
        machine = states.create_state_machine(name="afterword", definition=text or definition(name), roleArn=role)
        arn = states.start_execution(
            stateMachineArn=machine["stateMachineArn"], name=name, input=json.dumps(INPUT)
        )["executionArn"]
        deadline = time.monotonic() + 60
        while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name}: moto does not end")
            time.sleep(0.005)
        events = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return {"execution": execution, "events": events}


def lines_of(events):
    """Returns a history as lines of event type, state and error."""
    lines = []
    for event in events:
        kind = event["type"]
        details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
        line = f"{kind} {details['name']}" if "name" in details else kind
        if kind.endswith(("Failed", "TimedOut")):
            line += f" {details.get('error')}"
        lines.append(line)
    return lines


def data(execution):
    """Returns the status, output, error and cause of an execution."""
    output = execution.get("output")
    return {
        "status": execution["status"],
        "output": json.loads(output) if output else None,
        "error": execution.get("error"),
        "cause": execution.get("cause"),
    }


def delays(events):
    """Returns the seconds between each failed try and the next one."""
    seconds = []
    failed = None
    for event in events:
        at = event["timestamp"]
        at = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
        if event["type"] == "LambdaFunctionScheduled" and failed:
            seconds.append((at - failed).total_seconds())
        failed = at if event["type"] in ("LambdaFunctionFailed", "LambdaFunctionTimedOut") else None
    return seconds


def side_by_side(name, left, right):
    """Prints both histories side by side, with runs of equal lines as one line."""
    quiet = ("LambdaFunctionScheduled", "LambdaFunctionStarted", "StateExited")
    pairs = [pair for pair in zip_longest(left, right, fillvalue="-") if not (pair[0] == pair[1] and any(q in pair[0] for q in quiet))]
    print(f"\n{name}\n  {'ours':<52}moto")
    for (mine, theirs), run in groupby(pairs):
        count = len(list(run))
        times = f" x {count}" if count > 1 else ""
        print(f"  {mine + times:<52}{theirs + times}")


class Engines(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        # moto logs every failed state at length.
        logging.disable(logging.ERROR)
        cls.addClassCleanup(logging.disable, logging.NOTSET)
        cls.ours = ours()

    def test_every_verdict_of_the_definition_is_a_case(self):
        self.assertEqual(set(VERDICTS) - {"Wait"} - set(CASES), set())
        self.assertGreater(len(CASES), 20)

    def test_both_enter_the_same_states_in_the_same_order_and_end_alike(self):
        for name, results in CASES.items():
            with self.subTest(name):
                moto = Moto(results)
                theirs, mine = moto.run(name), self.ours[name]
                left, right = lines_of(mine["events"]), lines_of(theirs["events"])
                side_by_side(name, left, right)
                self.assertEqual(left, right)
                self.assertEqual(data(mine["execution"]), data(theirs["execution"]))
                self.same_pauses(name, delays(mine["events"]), moto)

    def same_pauses(self, name, mine, moto):
        """With full jitter, each of our pauses is at most moto's upper limit, and their number is equal."""
        self.assertEqual(len(mine), len(moto.retries), "the same number of retries")
        for pause, most in zip(mine, moto.retries):
            self.assertLessEqual(pause, most + 0.001)
        if len(mine) == RETRY["MaxAttempts"]:
            self.assertEqual(moto.retries, [min(2.0 * 2**n, 300.0) for n in range(15)])
        expected = sum(1 for result in CASES[name] if result.get("return", {}).get("verdict") == "Wait")
        self.assertEqual(sum(1 for seconds in moto.waits if seconds > 0), expected)

    def test_the_comparison_notices_one_retry_fewer(self):
        name = "TheLastRetrySucceeds"
        fewer = SHIPPED.replace('"MaxAttempts": 15', '"MaxAttempts": 14')
        self.assertNotEqual(fewer, SHIPPED)
        theirs = Moto(CASES[name]).run(name, fewer)
        self.assertNotEqual(lines_of(theirs["events"]), lines_of(self.ours[name]["events"]))
        self.assertEqual(theirs["execution"]["error"], "RetriesExhausted")


if __name__ == "__main__":
    unittest.main()
