"""template.yaml for real: `sam deploy` to ministack, an emulator of AWS, with the functions' binaries; and
the same events on our own machine. Both must give the same states in the same order.

Calls go through the APIs of Lambda and Step Functions: ministack gives SAM's HTTP API no routes. The texts
leave, from both, by a simulated Twilio. Everything listens on 127.0.0.1. Both histories are printed.
"""

import json
import unittest
import uuid
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

from emulator import ACCOUNT, FROM, PUBLIC_URL, STACK, both, payload


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


class Deployed(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.ours, cls.aws = both()
        cls.machine = cls.ours.machine

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

    def test_2_what_the_provider_reports_reaches_the_conversation(self):
        event = payload("sms-advance-approved")
        id = f"sms-{event['event_id']}"
        self.assertEqual(self.both(f"{id}.text"), "Sent")
        sent = self.aws.conversation(id)["steps"][0]["because"]["provider_message_id"]
        query = f"?conversation={id}&step=text&attempt=1"
        fields = {"MessageSid": sent, "MessageStatus": "delivered", "To": event["user"]["phone"], "AccountSid": ACCOUNT}
        answer = self.aws.form("DeliveryStatusFunction", "/twilio/status", fields, query)
        self.assertEqual(answer[0], 204)
        self.assertEqual(self.aws.conversation(id)["steps"][0]["delivery"], "delivered")
        late = {**fields, "MessageStatus": "sent"}
        self.assertEqual(self.aws.form("DeliveryStatusFunction", "/twilio/status", late, query)[0], 204)
        self.assertEqual(self.aws.conversation(id)["steps"][0]["delivery"], "delivered", "never back")

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

    def test_7_the_logs_count_what_alarms_watch_and_show_nobody(self):
        logs = self.aws.client("logs")
        lines = []
        for group in logs.describe_log_groups()["logGroups"]:
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"]):
                lines += [line for event in page["events"] for line in event["message"].splitlines()]
        counted = [json.loads(line) for line in lines if line.startswith("{") and '"_aws"' in line]
        told = {(one.get("Verdict"), one["Installation"]) for one in counted if "Verdicts" in one}
        for verdict in ("Sent", "SkippedCustomerReplied", "SkippedOptedOut", "RejectedByProvider"):
            self.assertIn((verdict, STACK), told)
        sources = {one["Source"] for one in counted if "Events" in one}
        self.assertLessEqual({"sms", "calendly"}, sources)
        self.assertTrue([one for one in counted if "AuthenticationFailures" in one])
        everything = "\n".join(lines)
        for canary in ("2025550143", "5005550009", "See you then", "Alex", "185.00"):
            self.assertNotIn(canary, everything)
        print(f"\n{len(lines)} log lines of the functions, {len(counted)} of them metrics: {len(sources)} sources, {len(told)} verdicts")


def ids(execution):
    """The output without what differs from run to run: times and the provider's message id."""
    output = json.loads(execution.get("output") or "{}")
    because = output.get("because", {})
    return {key: output.get(key) for key in ("conversation_id", "step", "verdict")}, sorted(because)


if __name__ == "__main__":
    unittest.main()
