"""What comes without HTTP: AWS's topics, EventBridge and log groups, through the subscriptions of the template."""

import json
import time
import unittest
import uuid
from datetime import UTC, datetime

from emulator import STACK, both, payload

PHONE = "+12025550166"
# Where SNS writes what became of texts: the same for every installation of an account and region.
LOG = "sns/us-east-1/000000000000/DirectPublishToPhoneNumber"


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ours, cls.aws = both()
        cls.machine = ours.machine
        cls.topics = cls.aws.client("sns")
        event = {**payload("sms-advance-in-transit"), "event_id": str(uuid.UUID(int=3, version=4)), "user": {"phone": PHONE}}
        cls.id = f"sms-{event['event_id']}"
        assert cls.aws.post(event)[0] == 202
        execution, _ = cls.aws.execution(f"{cls.id}.text")
        assert json.loads(execution["output"])["verdict"] == "Sent", execution

    def until(self, wanted, what):
        """Asks again until the answer is there: publishing waits for nobody."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if wanted():
                return
            time.sleep(0.2)
        self.fail(f"{what}\n{self.aws.tail()}")

    def notice(self, kind, **more):
        """The inner event of a payload, about this text."""
        (record,) = payload("end-user-messaging-delivered", "delivery-status")["Records"]
        message = json.loads(record["Sns"]["Message"])
        context = {"conversation": self.id, "step": "text", "attempt": "1"}
        return {**message, "eventType": kind, "context": context, "messageId": str(uuid.uuid4()), **more}

    def delivery(self):
        return self.aws.conversation(self.id)["steps"][0]["delivery"]

    def told(self, function, *words):
        """Whether a function has logged a line with all of these words."""
        logs = self.aws.client("logs")
        groups = [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"] if function in g["logGroupName"]]
        pages = (logs.get_paginator("filter_log_events").paginate(logGroupName=group) for group in groups)
        events = (event["message"] for each in pages for page in each for event in page["events"])
        return any(all(word in message for word in words) for message in events)

    def test_1_a_delivery_event_comes_by_the_topic(self):
        self.topics.publish(TopicArn=self.aws.outputs["DeliveryTopicArn"], Message=json.dumps(self.notice("TEXT_SENT")))
        self.until(lambda: self.delivery() == "sent", "TEXT_SENT did not reach the conversation")
        self.topics.publish(TopicArn=self.aws.outputs["DeliveryTopicArn"], Message=json.dumps(self.notice("TEXT_DELIVERED")))
        self.until(lambda: self.delivery() == "delivered", "TEXT_DELIVERED did not reach the conversation")

    def test_2_a_reply_comes_by_the_topic(self):
        (record,) = payload("two-way-reply", "inbound")["Records"]
        message = {**json.loads(record["Sns"]["Message"]), "originationNumber": PHONE, "inboundMessageId": str(uuid.uuid4())}
        message.pop("previousPublishedMessageId")
        self.topics.publish(TopicArn=self.aws.outputs["InboundTopicArn"], Message=json.dumps(message))
        meanings = lambda: [reply["meaning"] for reply in self.aws.conversation(self.id)["replies"]]  # noqa: E731
        self.until(lambda: meanings() == ["reply"], "the reply did not reach the conversation")

    def test_3_an_event_comes_by_the_rule(self):
        """Nobody but AWS may put such an event, so its way is gone step by step: pattern, target, function."""
        event = payload("end-user-messaging-by-eventbridge", "delivery-status")
        id = event["detail"]["messageId"] = str(uuid.uuid4())
        bus = self.aws.client("events")
        (rule,) = bus.list_rules(NamePrefix=STACK)["Rules"]
        matches = lambda event: bus.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]  # noqa: E731
        self.assertTrue(matches(event))
        self.assertFalse(matches({**event, "detail-type": "Voice Message Delivery Status Updated"}))
        (target,) = bus.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        self.assertIn("DeliveryDeadLetters", target["DeadLetterConfig"]["Arn"])
        self.aws.client("lambda").invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=json.dumps(event).encode())
        self.until(lambda: self.told("DeliveryStatus", id, "unknown_message"), "the event did not come by the rule")

    def test_4_a_line_of_the_delivery_log_comes_by_the_subscription(self):
        line = {
            "notification": {"messageId": str(uuid.uuid4()), "timestamp": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}.000"},
            "delivery": {"destination": PHONE, "providerResponse": "Message has been accepted by phone carrier"},
            "status": "SUCCESS",
        }
        logs = self.aws.client("logs")
        logs.create_log_stream(logGroupName=LOG, logStreamName="test")
        events = [{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}]
        logs.put_log_events(logGroupName=LOG, logStreamName="test", logEvents=events)
        id = line["notification"]["messageId"]
        self.until(lambda: self.told("DeliveryStatus", id, "unknown_message"), "the line did not come")


if __name__ == "__main__":
    unittest.main()
