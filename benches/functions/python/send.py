"""The send job with boto3 and urllib3: look, claim, call Twilio, record."""

import base64
import json
import os
from datetime import datetime, timezone
from urllib.parse import urlencode

import boto3
import urllib3
from botocore.config import Config

from loop import run

CONFIG = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5)
dynamodb = boto3.client("dynamodb", config=CONFIG)
secrets = boto3.client("secretsmanager", config=CONFIG)
parameters = boto3.client("ssm", config=CONFIG)
http = urllib3.PoolManager(retries=False, timeout=10)
TABLE = os.environ["TABLE_NAME"]
cached = {}


def once(name, read):
    if name not in cached:
        cached[name] = read()
    return cached[name]


def stamp():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(event, verdict, because):
    return {**{name: event[name] for name in ("conversation_id", "step", "due")}, "verdict": verdict, "because": because}


def handler(event, request_id):
    name, step = event["conversation_id"], event["step"]
    key = {"pk": {"S": f"V#{name}"}, "sk": {"S": "V"}}
    item = dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
    plan = item["steps"]["M"][step]["M"]
    if "cancelled_at" in item or "replied_at" in item:
        return said(event, "SkippedCancelled", {})
    if plan["state"]["S"] != "planned" or stamp() > plan["deadline"]["S"]:
        return said(event, "ExpiredTooLate", {})
    switch = once("switch", lambda: parameters.get_parameter(Name=os.environ["SENDING_PARAMETER"]))
    if switch["Parameter"]["Value"] != "on":
        return said(event, "Wait", {"switch": "paused"})
    phone = item["contact"]["S"]
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": key,
                    "UpdateExpression": "SET #steps.#step.#state = :claimed, #steps.#step.claim = :claim",
                    "ConditionExpression": "#steps.#step.#state = :planned AND attribute_not_exists(cancelled_at)"
                    " AND attribute_not_exists(superseded_at) AND attribute_not_exists(replied_at)",
                    "ExpressionAttributeNames": {"#steps": "steps", "#step": step, "#state": "state"},
                    "ExpressionAttributeValues": {
                        ":claimed": {"S": "claimed"},
                        ":planned": {"S": "planned"},
                        ":claim": {"S": request_id},
                    },
                }
            },
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": {"pk": {"S": f"P#{phone}"}, "sk": {"S": "C"}},
                    "UpdateExpression": "SET last_claim_at = :at",
                    "ConditionExpression": "attribute_not_exists(opted_out_at)",
                    "ExpressionAttributeValues": {":at": {"S": stamp()}},
                }
            },
        ]
    )
    secret = once("secret", lambda: json.loads(secrets.get_secret_value(SecretId=os.environ["SECRET_ID"])["SecretString"]))
    account = secret["twilio_account_sid"]
    credentials = base64.b64encode(f"{account}:{secret['twilio_auth_token']}".encode()).decode()
    form = {
        "To": phone,
        "From": os.environ["TWILIO_FROM"],
        "Body": plan["text"]["S"],
        "StatusCallback": f"{os.environ['PUBLIC_URL']}/twilio/status?conversation={name}&step={step}&attempt=1",
    }
    response = http.request(
        "POST",
        f"{os.environ['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json",
        body=urlencode(form),
        headers={"authorization": f"Basic {credentials}", "content-type": "application/x-www-form-urlencoded"},
    )
    if response.status != 201:
        return said(event, "RejectedByProvider", {"status": response.status})
    sid = json.loads(response.data)["sid"]
    because = {"provider": "twilio", "provider_message_id": sid, "attempt": 1}
    dynamodb.transact_write_items(
        TransactItems=[
            {
                "Update": {
                    "TableName": TABLE,
                    "Key": key,
                    "UpdateExpression": "SET #steps.#step.#state = :sent, #steps.#step.because = :because",
                    "ConditionExpression": "#steps.#step.claim = :claim",
                    "ExpressionAttributeNames": {"#steps": "steps", "#step": step, "#state": "state"},
                    "ExpressionAttributeValues": {
                        ":sent": {"S": "Sent"},
                        ":because": {"S": json.dumps(because)},
                        ":claim": {"S": request_id},
                    },
                }
            },
            {"Put": {"TableName": TABLE, "Item": {"pk": {"S": f"M#twilio#{sid}"}, "sk": {"S": "M"}, "conversation": {"S": name}}}},
        ]
    )
    print(json.dumps({"conversation_id": name, "step": step, "decision": "Sent", "request_id": request_id}))
    return said(event, "Sent", because)


run(handler)
