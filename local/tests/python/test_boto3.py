"""The AWS endpoint of one machine, as the ordinary AWS SDK for Python sees it."""

import json
import time
import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from machine import Machine, payload

STATE_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:afterword"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:afterword"
FAR = "2030-01-01T00:00:00Z"


class OneMachine(unittest.TestCase):
    def setUp(self):
        self.machine = self.enterContext(Machine())
        self.states = self.client("stepfunctions")

    def client(self, service):
        return boto3.client(
            service,
            endpoint_url=self.machine.aws,
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def start(self, name, due=FAR):
        document = json.dumps({"conversation_id": "sms-none", "step": "text", "due": due})
        return self.states.start_execution(stateMachineArn=STATE_MACHINE, name=name, input=document)

    def refused(self, code, call, **arguments):
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)

    def test_the_whole_life_of_an_execution(self):
        event = payload("sms-advance-approved")
        self.assertEqual(self.machine.post(event)[0], 202)
        arn = f"{EXECUTION}:sms-{event['event_id']}.text"

        waiting = self.states.describe_execution(executionArn=arn)
        self.assertEqual(waiting["status"], "RUNNING")
        self.assertEqual(set(json.loads(waiting["input"])), {"conversation_id", "step", "due"})

        self.machine.control("clock/advance", {"seconds": 120})
        done = self.states.describe_execution(executionArn=arn)
        self.assertEqual(done["status"], "SUCCEEDED")
        output = json.loads(done["output"])
        self.assertEqual(output["verdict"], "Sent")
        self.assertEqual((done["stopDate"] - done["startDate"]).total_seconds() // 1, 120)

        history = self.states.get_execution_history(executionArn=arn)["events"]
        entered = [e["stateEnteredEventDetails"]["name"] for e in history if "stateEnteredEventDetails" in e]
        self.assertEqual(entered, ["WaitUntilDue", "Send", "Verdict", "Sent"])
        self.assertEqual([event["id"] for event in history], list(range(1, len(history) + 1)))
        self.assertEqual(history[-1]["type"], "ExecutionSucceeded")

        messages = self.machine.control("outbox")["messages"]
        self.assertEqual([message["to"] for message in messages], [event["user"]["phone"]])
        self.assertEqual(messages[0]["provider_message_id"], output["because"]["provider_message_id"])

    def test_nothing_of_an_execution_is_personal(self):
        event = payload("sms-advance-approved")
        self.machine.post(event)
        self.machine.control("clock/advance", {"seconds": 120})
        arn = f"{EXECUTION}:sms-{event['event_id']}.text"
        shown = json.dumps(
            [
                self.states.describe_execution(executionArn=arn),
                self.states.get_execution_history(executionArn=arn),
            ],
            default=str,
        )
        for personal in (event["user"]["phone"], event["user"]["phone"][1:], "185.00", "approved"):
            self.assertNotIn(personal, shown)

    def test_a_name_belongs_to_one_execution(self):
        first = self.start("one")
        self.assertEqual(self.start("one")["executionArn"], first["executionArn"])
        self.refused("ExecutionAlreadyExists", self.start, name="one", due="2031-01-01T00:00:00Z")
        self.states.stop_execution(executionArn=first["executionArn"])
        self.refused("ExecutionAlreadyExists", self.start, name="one")

    def test_a_step_that_is_started_once_more_repeats_its_verdict(self):
        event = payload("sms-advance-approved")
        self.machine.post(event)
        self.machine.control("clock/advance", {"seconds": 120})
        first = self.states.describe_execution(executionArn=f"{EXECUTION}:sms-{event['event_id']}.text")
        again = self.states.start_execution(
            stateMachineArn=STATE_MACHINE, name=first["name"] + ".again", input=first["input"]
        )
        self.machine.control("clock/advance", {"seconds": 0})
        again = self.states.describe_execution(executionArn=again["executionArn"])
        self.assertEqual(json.loads(again["output"]), json.loads(first["output"]))
        self.assertEqual(len(self.machine.control("outbox")["messages"]), 1)

    def test_names_have_an_alphabet_and_a_length(self):
        self.start("a" * 80)
        for bad in ("with space", "slash/", "colon:", "a*", "a" * 81, "<x>"):
            with self.subTest(name=bad):
                self.refused("InvalidName", self.start, name=bad)

    def test_an_input_is_json(self):
        with self.assertRaises(self.states.exceptions.InvalidExecutionInput):
            self.states.start_execution(stateMachineArn=STATE_MACHINE, name="no-json", input="{")

    def test_executions_are_listed_by_status_and_page(self):
        for n in range(7):
            self.start(f"listed-{n}")
        self.states.stop_execution(executionArn=f"{EXECUTION}:listed-3", error="Asked", cause="by a test")
        pages = self.states.get_paginator("list_executions").paginate(
            stateMachineArn=STATE_MACHINE, statusFilter="RUNNING", PaginationConfig={"PageSize": 2}
        )
        pages = [[execution["name"] for execution in page["executions"]] for page in pages]
        self.assertTrue(all(len(page) <= 2 for page in pages), pages)
        names = [name for page in pages for name in page]
        self.assertEqual(sorted(names), [f"listed-{n}" for n in (0, 1, 2, 4, 5, 6)])
        aborted = self.states.list_executions(stateMachineArn=STATE_MACHINE, statusFilter="ABORTED")
        self.assertEqual([execution["name"] for execution in aborted["executions"]], ["listed-3"])
        self.refused(
            "InvalidToken", self.states.list_executions, stateMachineArn=STATE_MACHINE, nextToken="made up"
        )

    def test_the_state_machine_is_described(self):
        described = self.states.describe_state_machine(stateMachineArn=STATE_MACHINE)
        self.assertEqual((described["name"], described["type"]), ("afterword", "STANDARD"))
        self.assertEqual(json.loads(described["definition"])["StartAt"], "WaitUntilDue")
        machines = self.states.list_state_machines()["stateMachines"]
        self.assertEqual([machine["stateMachineArn"] for machine in machines], [STATE_MACHINE])

    def test_what_does_not_exist_is_named_as_aws_names_it(self):
        self.refused("ExecutionDoesNotExist", self.states.describe_execution, executionArn=f"{EXECUTION}:none")
        self.refused(
            "StateMachineDoesNotExist", self.states.list_executions, stateMachineArn=STATE_MACHINE + "-none"
        )
        self.refused("InvalidArn", self.states.describe_execution, executionArn="arn:nonsense")

    def test_the_other_services_answer(self):
        secret = self.client("secretsmanager").get_secret_value(SecretId="afterword")
        self.assertIn("api_key", json.loads(secret["SecretString"]))
        parameters = self.client("ssm")
        self.assertEqual(parameters.get_parameter(Name="/afterword/sending")["Parameter"]["Value"], "on")
        table = self.client("dynamodb").describe_table(TableName="afterword")["Table"]
        self.assertEqual([key["AttributeName"] for key in table["KeySchema"]], ["pk", "sk"])

    def test_the_switch_holds_texts_back(self):
        event = payload("sms-advance-approved")
        self.machine.post(event)
        parameters = self.client("ssm")
        parameters.put_parameter(Name="/afterword/sending", Value="paused", Overwrite=True)
        self.machine.control("clock/advance", {"seconds": 130})
        self.assertEqual(self.machine.control("outbox")["messages"], [])
        parameters.put_parameter(Name="/afterword/sending", Value="on", Overwrite=True)
        self.machine.control("clock/advance", {"seconds": 120})
        self.assertEqual(len(self.machine.control("outbox")["messages"]), 1)

    def test_it_starts_at_once(self):
        begin = time.monotonic()
        with Machine() as other:
            self.assertEqual(other.call("GET", f"{other.gateway}/healthz")[0], 200)
        self.assertLess(time.monotonic() - begin, 10, "even a debug build on a busy machine")


if __name__ == "__main__":
    unittest.main()
