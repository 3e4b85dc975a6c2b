"""The ingest job with boto3: `POST /sms` verified, validated, stored once, started."""

import hashlib
import hmac
import json
import os
import re
import uuid
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config

from loop import run

CONFIG = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5)
dynamodb = boto3.client("dynamodb", config=CONFIG)
states = boto3.client("stepfunctions", config=CONFIG)
secrets = boto3.client("secretsmanager", config=CONFIG)
TABLE, MACHINE = os.environ["TABLE_NAME"], os.environ["STATE_MACHINE_ARN"]
DELAYS = {"advance_in_transit": timedelta(), "advance_approved": timedelta(seconds=120)}
TEXTS = {"advance_in_transit": "Your advance is in transit.", "advance_approved": "Your advance of ${:,.2f} is approved."}
E164 = re.compile(r"\+[1-9]\d{6,14}")
api_key = None


def keys():
    global api_key
    if api_key is None:
        answer = secrets.get_secret_value(SecretId=os.environ["SECRET_ID"])
        api_key = json.loads(answer["SecretString"])["api_key"]
    return api_key


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}


def violations(body):
    found = [f"/{name}" for name in body if name not in ("event_id", "event", "user", "amount", "metadata")]
    try:
        if uuid.UUID(body.get("event_id", "")).version != 4:
            found.append("/event_id")
    except ValueError:
        found.append("/event_id")
    if body.get("event") not in DELAYS:
        found.append("/event")
    if not E164.fullmatch(body.get("user", {}).get("phone", "")):
        found.append("/user/phone")
    amount = body.get("amount")
    if body.get("event") == "advance_approved" and (not isinstance(amount, (int, float)) or amount < 0):
        found.append("/amount")
    return found


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def handler(event, request_id):
    if not hmac.compare_digest(event["headers"].get("x-api-key", ""), keys()):
        return answer(401, {"type": "urn:afterword:unauthorized"})
    body = json.loads(event["body"])
    wrong = violations(body)
    if wrong:
        return answer(400, {"errors": [{"pointer": pointer} for pointer in wrong]})
    now = datetime.now(timezone.utc)
    conversation = f"sms-{body['event_id'].lower()}"
    due = stamp(now + DELAYS[body["event"]] + timedelta(seconds=1))
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    phone, expires = body["user"]["phone"], str(int(now.timestamp()) + 91 * 86_400)
    step = {
        "due": {"S": due},
        "deadline": {"S": stamp(now + timedelta(days=1))},
        "text": {"S": TEXTS[body["event"]].format(body.get("amount", 0))},
        "state": {"S": "planned"},
    }
    item = {
        "pk": {"S": f"V#{conversation}"},
        "sk": {"S": "V"},
        "expires_at": {"N": expires},
        "contact": {"S": phone},
        "content_hash": {"S": hashlib.sha256(canonical).hexdigest()},
        "accepted_at": {"S": stamp(now)},
        "steps": {"M": {"text": {"M": step}}},
    }
    pointer = {"pk": {"S": f"P#{phone}"}, "sk": {"S": f"V#{conversation}"}, "expires_at": {"N": expires}}
    absent = "attribute_not_exists(pk)"
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": TABLE, "Item": item, "ConditionExpression": absent}},
            {"Put": {"TableName": TABLE, "Item": pointer}},
        ]
    )
    execution = {"conversation_id": conversation, "step": "text", "due": due}
    states.start_execution(stateMachineArn=MACHINE, name=f"{conversation}.text", input=json.dumps(execution))
    dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET started_at = if_not_exists(started_at, :at)",
        ExpressionAttributeValues={":at": {"S": stamp(now)}},
    )
    said = {"status": "accepted", "event_id": body["event_id"], "conversation_id": conversation, "due": due}
    print(json.dumps({"conversation_id": conversation, "decision": "accepted", "request_id": request_id}))
    return answer(202, said)


run(handler)
