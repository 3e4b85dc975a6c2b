"""The command line against the deployed stack: doctor, connect, send-event, quarantine, show, opt-outs, resolve, retry."""

import json
import os
import subprocess
import tempfile
import time
import unittest
import uuid
from datetime import UTC, datetime

from accounts import Accounts
from emulator import AFTERWORD, PUBLIC_URL, ROOT, SIGNING_KEY, STACK, both, payload


class Operators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ours, cls.aws = both()
        cls.accounts = cls.enterClassContext(Accounts(cls.aws))
        cls.secrets = cls.aws.client("secretsmanager")
        # The stack's own address is nowhere: what is signed and called goes by a way of the tests.
        parameters, name = cls.aws.client("ssm"), f"/{STACK}/installation"
        before = parameters.get_parameter(Name=name)["Parameter"]["Value"]
        here = before.replace(PUBLIC_URL, cls.accounts.url)
        parameters.put_parameter(Name=name, Value=here, Overwrite=True)
        cls.addClassCleanup(lambda: parameters.put_parameter(Name=name, Value=before, Overwrite=True))

    def run_it(self, *arguments, token="the-token-of-the-tests"):
        """Exit code and output."""
        environment = {**self.aws.environment, "CALENDLY_BASE_URL": self.accounts.url, "CALENDLY_TOKEN": token}
        environment["TWILIO_BASE_URL"] = self.accounts.url
        done = subprocess.run(
            [AFTERWORD, *arguments, "--stack", STACK], env=environment, capture_output=True, text=True, timeout=60
        )
        print(f"\n$ afterword {' '.join(arguments)} --stack {STACK}\n{done.stdout}{done.stderr}", end="")
        self.assertNotIn(SIGNING_KEY, done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def keys(self):
        secret = json.loads(self.secrets.get_secret_value(SecretId=self.aws.outputs["SecretArn"])["SecretString"])
        keys = secret["calendly_signing_key"]
        return keys if isinstance(keys, list) else [keys]

    def health(self, report, what):
        return next((line.split()[0] for line in report.splitlines() if line[9:].startswith(what)), None)

    def test_1_doctor_finds_what_is_missing_and_changes_nothing(self):
        writes, keys = self.accounts.writes, self.keys()
        code, report = self.run_it("doctor")
        self.assertEqual(code, 1)
        for what, health in [
            ("api_key", "FAIL"),  # the tests' key, which everybody knows
            ("api ", "pass"),
            ("api keys", "pass"),
            ("calendly signature", "pass"),
            # Signed for the way of the tests, checked against PublicUrl: as with a wrong PublicUrl.
            ("twilio signature", "FAIL"),
            ("journeys", "pass"),
            ("sending", "pass"),
            ("twilio account", "pass"),
            ("twilio webhooks", "FAIL"),
            ("calendly webhook", "FAIL"),
            ("money limits", "unknown"),
            ("pacing", "unknown"),
            ("alarms", "FAIL"),  # AlarmEmail is not set
        ]:
            self.assertEqual(self.health(report, what), health, what)
        self.assertEqual((self.accounts.writes, self.keys()), (writes, keys))

    def test_1_events_are_sent_signed_with_the_stacks_secret(self):
        event = {**payload("sms-advance-in-transit"), "event_id": str(uuid.UUID(int=73, version=4))}
        event["user"] = {"phone": "+12025550173"}
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(json.dumps(event))
            file.flush()
            code, told = self.run_it("send-event", file.name)
        self.assertEqual(code, 0)
        self.assertIn(f"afterword show sms-{event['event_id']} --stack {STACK}", told)
        self.aws.execution(f"sms-{event['event_id']}.text")
        self.assertEqual(len(self.texts("+12025550173")), 1)

    def test_1_what_is_in_quarantine_is_replayed_through_the_stacks_own_address(self):
        unusable = ROOT / "test-payloads" / "booking-webhook" / "calendly-no-phone.json"
        code, told = self.run_it("send-event", str(unusable))
        self.assertEqual((code, '"quarantined"' in told), (0, True))
        listed = self.run_it("quarantine", "list")[1]
        (id,) = [line.split()[0] for line in listed.splitlines() if line.startswith("calendly-") and "no_phone" in line]
        self.assertIn("sam@example.com", self.run_it("quarantine", "show", id)[1])
        # The signature is right; there is still no number.
        code, told = self.run_it("quarantine", "replay", id)
        self.assertEqual(code, 1)
        self.assertIn("POST /webhooks/calendly -> 200", told)
        self.assertIn("it stays in quarantine", told)
        self.assertEqual(self.run_it("quarantine", "discard", id)[0], 0)
        self.assertIn("there is no", self.run_it("quarantine", "replay", id)[1])

    def test_2_connect_calendly(self):
        before, writes = self.keys(), self.accounts.writes
        code, report = self.run_it("connect", "calendly", "--check")
        self.assertEqual((code, self.accounts.writes, self.keys()), (1, writes, before), report)
        self.assertEqual(self.run_it("connect", "calendly")[0], 0)
        (made,) = self.accounts.subscriptions
        self.assertEqual(made["callback_url"], f"{self.accounts.url}/webhooks/calendly")
        self.assertEqual(self.keys(), [made["signing_key"], *before], "the new key first, the old one kept")
        writes = self.accounts.writes
        self.assertEqual(self.run_it("connect", "calendly")[0], 0)
        self.assertEqual(self.accounts.writes, writes, "what is right is left alone")
        made["state"] = "disabled"
        self.assertEqual(self.run_it("connect", "calendly", "--check")[0], 1)
        self.assertEqual(self.run_it("connect", "calendly")[0], 0)
        (anew,) = self.accounts.subscriptions
        self.assertNotEqual(anew["uri"], made["uri"])
        self.assertEqual((anew["state"], anew["signing_key"]), ("active", self.keys()[0]))
        self.assertNotIn(anew["signing_key"], report)

    def test_3_connect_twilio(self):
        writes = self.accounts.writes
        self.assertEqual(self.run_it("connect", "twilio", "--check")[0], 1)
        self.assertEqual(self.accounts.writes, writes)
        self.assertEqual(self.run_it("connect", "twilio")[0], 0)
        number = self.accounts.number
        self.assertEqual(number["sms_url"], f"{self.accounts.url}/twilio/inbound#rc=5&rp=all")
        self.assertEqual(number["sms_fallback_url"], f"{self.accounts.url}/webhook#rc=5&rp=all")
        writes = self.accounts.writes
        self.assertEqual(self.run_it("connect", "twilio")[0], 0)
        self.assertEqual(self.accounts.writes, writes)

    def test_4_doctor_sees_that_it_is_mended(self):
        _, report = self.run_it("doctor")
        # (The functions may know the new signing key up to 30 s late, so that signature is not asked for.)
        for what in ("calendly webhook", "twilio webhooks", "calendly_signing_key"):
            self.assertEqual(self.health(report, what), "pass", what)

    def test_5_wrong_tokens_and_stacks_are_named(self):
        code, report = self.run_it("connect", "calendly", token="another")
        self.assertEqual((code, "401" in report), (1, True))
        done = subprocess.run(
            [AFTERWORD, "doctor", "--stack", "nowhere"], env=self.aws.environment, capture_output=True, text=True
        )
        self.assertIn("there is no stack nowhere", done.stderr)
        done = subprocess.run([AFTERWORD, "doctor", "--stack", STACK], env={}, capture_output=True, text=True)
        self.assertIn("AWS_ACCESS_KEY_ID", done.stderr)

    def test_6_the_table_is_reached_by_the_same_commands_as_on_one_machine(self):
        self.assertEqual(self.run_it("opt-outs", "add", "+12025550177")[0], 0)
        code, report = self.run_it("opt-outs", "check", "+12025550177")
        self.assertEqual((code, "opted out" in report), (0, True))
        self.assertEqual(self.run_it("opt-outs", "remove", "+12025550177")[0], 0)

    def posted(self, number, phone=None):
        """An event that is due at once: its conversation and its phone."""
        event = {**payload("sms-advance-in-transit"), "event_id": str(uuid.UUID(int=number, version=4))}
        event["user"] = {"phone": phone or f"+120255501{number}"}
        self.assertEqual(self.aws.post(event)[0], 202)
        return f"sms-{event['event_id']}", event["user"]["phone"]

    def lost(self, number):
        """A text that the provider has taken, and whose answer was lost: its conversation and its phone."""
        fault = {"operation": "twilio:CreateMessage", "effect": "timeout_after_accept", "count": 1}
        self.ours.machine.control("faults", fault)
        id, phone = self.posted(number)
        deadline = time.monotonic() + 30
        while not self.texts(phone):
            self.assertLess(time.monotonic(), deadline, self.aws.tail())
            time.sleep(0.2)
        return id, phone

    def texts(self, phone):
        return [text for text in self.ours.machine.control("outbox")["messages"] if text["to"] == phone]

    def settled(self, id, found):
        """Says what was found out, as soon as the function has noted that it does not know."""
        deadline = time.monotonic() + 30
        while (done := self.run_it("resolve", id, "text", found))[0] and time.monotonic() < deadline:
            self.assertIn("being sent at this moment", done[1])
            time.sleep(1)
        self.assertEqual(done[0], 0)
        return done[1]

    def test_7_what_was_found_out_settles_a_text_of_which_nobody_knows(self):
        id, phone = self.lost(70)
        self.assertIn("counts as sent", self.settled(id, "sent"))
        self.assertEqual(self.aws.conversation(id)["steps"][0]["verdict"], "Sent")
        self.assertEqual(len(self.texts(phone)), 1)
        self.assertIn("Sent", self.run_it("show", id)[1])

    def test_8_what_did_not_leave_is_sent_again(self):
        id, phone = self.lost(71)
        self.assertIn(f"execution {id}.text.r1", self.settled(id, "not-sent"))
        execution, _ = self.aws.execution(f"{id}.text.r1")
        self.assertEqual(json.loads(execution["output"])["verdict"], "Sent")
        self.assertEqual(len(self.texts(phone)), 2, "the operator said so")

    def test_8_what_was_refused_is_tried_again(self):
        since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # The simulated Twilio refuses this number, each time.
        id, _ = self.posted(72, "+15005550009")
        execution, _ = self.aws.execution(f"{id}.text")
        self.assertEqual(execution.get("error"), "RejectedByProvider", execution)
        arguments = ("retry", "--verdict", "RejectedByProvider", "--since", since)
        self.assertIn(f"{id}.text would run again", self.run_it(*arguments, "--dry-run")[1])
        self.assertIn(f"execution {id}.text.r1", self.run_it(*arguments)[1])
        execution, _ = self.aws.execution(f"{id}.text.r1")
        self.assertEqual(execution.get("error"), "RejectedByProvider", execution)


if __name__ == "__main__":
    unittest.main()
