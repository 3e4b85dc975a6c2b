"""docs/openapi.yaml is valid, its examples fit its schemas, and the machine answers as it says."""

import json
import unittest
from datetime import datetime, timedelta

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from machine import API_KEY, ROOT, Machine, payload

DOCUMENT = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
REGISTRY = Registry().with_resource("urn:openapi", Resource(DOCUMENT, DRAFT202012))
KEY = {"x-api-key": API_KEY}
JSON = {"content-type": "application/json"}
METHODS = ("get", "post", "put", "patch", "delete")


def resolved(node):
    """What a $ref of this document leads to."""
    while "$ref" in node:
        place = node["$ref"].removeprefix("#/").split("/")
        node = DOCUMENT
        for part in place:
            node = node[part]
    return node


def violations(schema, value):
    """What is wrong with a value, in the words of the validator."""
    # References inside the schema are to the whole document.
    absolute = yaml.safe_load(yaml.safe_dump(schema).replace("'#/", "'urn:openapi#/"))
    validator = Draft202012Validator(absolute, registry=REGISTRY, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def examples(content):
    """The examples of a media type, by name."""
    named = {name: example["value"] for name, example in content.get("examples", {}).items()}
    return {**named, **({"example": content["example"]} if "example" in content else {})}


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


class Document(unittest.TestCase):
    def test_is_valid(self):
        validate(DOCUMENT)

    def test_examples_fit_their_schemas(self):
        checked = 0
        for path, method, operation in operations():
            bodies = [operation["requestBody"]] if "requestBody" in operation else []
            bodies += [resolved(response) for response in operation["responses"].values()]
            for body in bodies:
                for media, content in body.get("content", {}).items():
                    self.assertTrue(examples(content), f"{method} {path} {media}: no example")
                    for name, value in examples(content).items():
                        with self.subTest(path=path, method=method, example=name):
                            self.assertEqual(violations(content["schema"], value), [])
                            checked += 1
        self.assertGreater(checked, 15)

    def test_the_approved_example_is_the_file_to_try_it_with(self):
        content = DOCUMENT["paths"]["/sms"]["post"]["requestBody"]["content"]["application/json"]
        self.assertEqual(content["examples"]["approved"]["value"], payload("sms-advance-approved"))


class Drift(unittest.TestCase):
    """Every response of every operation, provoked on a machine."""

    @classmethod
    def setUpClass(cls):
        cls.machine = cls.enterClassContext(Machine())
        cls.seen = set()

    def check(self, expected, path, method, answer):
        status, headers, body = answer
        self.assertEqual(status, expected, body)
        response = resolved(DOCUMENT["paths"][path][method]["responses"][str(expected)])
        if "content" in response:
            content = response["content"][headers["content-type"]]
            self.assertEqual(violations(content["schema"], body), [])
        else:
            self.assertFalse(body)
        for name, header in response["headers"].items():
            self.assertTrue(headers[name], name)
            value = int(headers[name]) if resolved(header)["schema"]["type"] == "integer" else headers[name]
            self.assertEqual(violations(resolved(header)["schema"], value), [])
        if "json" in headers.get("content-type", "") and expected >= 400:
            self.assertEqual(body["status"], expected)
            if expected != 400:
                self.assertEqual(body, content["example"], "the example is what is really answered")
        self.seen.add((path, method, str(expected)))

    def test_each_documented_response_is_answered_and_fits(self):
        machine = self.machine
        event = payload("sms-advance-approved")
        other = payload("sms-advance-in-transit")
        sms = ("/sms", "post")
        self.check(202, *sms, machine.post(event))
        self.check(200, *sms, machine.post(event))
        self.check(422, *sms, machine.post({**event, "amount": 186}))
        self.check(400, *sms, machine.post({"event": "advance_approved", "event_id": "1", "user": []}))
        self.check(401, *sms, machine.post(event, **{"x-api-key": "wrong"}))
        self.check(413, *sms, machine.post(b" " * 65_537))
        self.check(415, *sms, machine.post(b"{}", **{"content-type": "text/plain"}))

        place = "/conversations/{id}"
        url = f"{machine.gateway}/conversations/sms-{event['event_id']}"
        self.check(200, place, "get", machine.call("GET", url, headers=KEY))
        for method in ("get", "delete"):
            self.check(401, place, method, machine.call(method.upper(), url))
            self.check(404, place, method, machine.call(method.upper(), url + "0", headers=KEY))
        self.check(202, place, "delete", machine.call("DELETE", url, headers=KEY))
        machine.control("clock/advance", {"seconds": 120})
        status, headers, body = machine.call("GET", url, headers=KEY)
        self.check(200, place, "get", (status, headers, body))
        self.assertEqual(body["steps"][0]["verdict"], "SkippedCancelled")

        for path in ("/healthz", "/version"):
            self.check(200, path, "get", machine.call("GET", machine.gateway + path))

        for operation, method, call in [
            ("dynamodb:TransactWriteItems", sms, lambda: machine.post(other)),
            ("dynamodb:GetItem", (place, "get"), lambda: machine.call("GET", url, headers=KEY)),
            ("dynamodb:UpdateItem", (place, "delete"), lambda: machine.call("DELETE", url, headers=KEY)),
        ]:
            machine.control("faults", {"operation": operation, "effect": "fail_before", "count": 50})
            self.check(503, *method, call())
            machine.call("DELETE", f"{machine.admin}/_local/faults")
        self.check(202, *sms, machine.post(other))

        self.messages()
        self.consent()
        self.trigger()
        self.bulk()
        self.declared_source()
        self.booking_systems()
        self.replies()
        self.codes()

        documented = {(path, method, status) for path, method, o in operations() for status in o["responses"]}
        self.assertEqual(documented - self.seen, set())

    def messages(self):
        def post(body, **headers):
            headers = {**KEY, **JSON, **headers}
            return self.machine.call("POST", f"{self.machine.gateway}/messages", body, headers)

        self.event_route("/messages", post, {"x-api-key": "wrong"})

    def trigger(self):
        path = "/trigger"

        def post(body, **headers):
            body = json.dumps(body).encode() if isinstance(body, dict) else body
            return self.machine.call("POST", self.machine.gateway + path, body, {**KEY, **JSON, **headers})

        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        complete, fallbacks = (content["examples"][name]["value"] for name in ("complete", "fallbacks"))
        self.check(202, path, "post", post(complete))
        self.check(200, path, "post", post(complete))
        self.check(202, path, "post", post(complete, **{"idempotency-key": "another"}))
        self.check(422, path, "post", post(fallbacks, **{"idempotency-key": "another"}))
        answer = post({**complete, "manager_tel": "1"})
        self.check(400, path, "post", answer)
        self.assertEqual([(e["pointer"], e["code"]) for e in answer[2]["errors"]], [("/manager_tel", "renamed_field")])
        self.check(401, path, "post", post(fallbacks, **{"x-api-key": "wrong"}))
        self.check(413, path, "post", post(b" " * 65_537))
        self.check(415, path, "post", post(b"{}", **{"content-type": "text/plain"}))
        self.without("dynamodb:TransactWriteItems", path, lambda: post(fallbacks))
        self.check(202, path, "post", post(fallbacks))

    def bulk(self):
        path = "/messages/bulk"

        def post(body, **headers):
            return self.machine.call("POST", self.machine.gateway + path, body, {**KEY, **JSON, **headers})

        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        two = content["examples"]["two"]["value"]
        for expected in (["accepted", "accepted"], ["duplicate", "duplicate"]):
            answer = post(two)
            self.check(200, path, "post", answer)
            self.assertEqual([result["status"] for result in answer[2]["results"]], expected)
        answer = post([*two["messages"], {"event_id": "x y"}, None])
        self.check(200, path, "post", answer)
        self.assertEqual([result["event_id"] for result in answer[2]["results"]], ["order-2001", "order-2002", None, None])
        self.check(200, path, "post", post(b" " * 65_537 + json.dumps(two).encode()))
        self.check(200, path, "post", post({"messages": []}))
        self.check(400, path, "post", post({"messages": {}}))
        self.check(401, path, "post", post(two, **{"x-api-key": "wrong"}))
        self.check(413, path, "post", post(b" " * 1_048_577))
        self.check(415, path, "post", post(b"{}", **{"content-type": "text/plain"}))
        self.without("dynamodb:GetItem", path, lambda: post(two))

    def declared_source(self):
        def post(body, name="shop", **headers):
            return self.machine.signed(f"/webhooks/{name}", body, "x-afterword-signature", **headers)

        place = "/webhooks/{source}"
        self.event_route(place, post, {"x-afterword-signature": "t=1,v1=00"})
        self.check(404, place, "post", post(b"{}", name="nobody"))

    def event_route(self, path, post, wrong):
        """Provokes what a route answers whose body is that of /messages."""
        examples = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
        event = {**examples["atOnce"]["value"]}
        later = {**examples["later"]["value"], "to": "+447400123456"}
        now = datetime.fromisoformat(self.machine.control("clock")["now"])
        later["send_at"] = (now + timedelta(hours=1)).isoformat()
        later["not_after"] = (now + timedelta(hours=2)).isoformat()
        self.check(202, path, "post", post(json.dumps(event).encode()))
        self.check(200, path, "post", post(json.dumps(event).encode()))
        self.check(422, path, "post", post(json.dumps({**event, "locale": "en"}).encode()))
        status, headers, body = post(b'{"event_id":" ","journey":"none","to":"+18005550143","region":"us"}')
        self.check(400, path, "post", (status, headers, body))
        self.assertEqual(
            [(e["pointer"], e["code"]) for e in body["errors"]],
            [
                ("/event_id", "format"),
                ("/journey", "unknown_journey"),
                ("/region", "format"),
                ("/to", "phone_not_textable"),
            ],
        )
        untextable = {**event, "event_id": "another", "to": "+18004633339"}
        status, headers, body = post(json.dumps(untextable).encode())
        self.check(400, path, "post", (status, headers, body))
        self.assertEqual([e["code"] for e in body["errors"]], ["phone_not_textable"])
        self.check(401, path, "post", post(b"{}", **wrong))
        self.check(413, path, "post", post(b" " * 65_537))
        self.check(415, path, "post", post(b"{}", **{"content-type": "text/plain"}))
        self.without("dynamodb:TransactWriteItems", path, lambda: post(json.dumps(later).encode()))
        self.check(202, path, "post", post(json.dumps(later).encode()))

    def booking_systems(self):
        machine = self.machine
        for system, header, timestamped, events in [
            ("calendly", "calendly-webhook-signature", True, ["invitee-created", "invitee-canceled"]),
            ("calcom", "x-cal-signature-256", False, ["booking-created", "booking-cancelled"]),
        ]:
            path = f"/webhooks/{system}"
            post = lambda body: machine.signed(path, body, header, timestamped)
            bodies = [json.dumps(payload(f"{system}-{event}", "booking-webhook")).encode() for event in events]
            self.without("dynamodb:TransactWriteItems", path, lambda: post(bodies[0]))
            statuses = []
            for body in [bodies[0], bodies[0], bodies[1], b"{}", b" " * 65_537]:
                answer = post(body)
                self.check(200, path, "post", answer)
                statuses.append(answer[2]["status"])
            expected = ["accepted", "duplicate", "cancelled", "quarantined", "quarantined"]
            self.assertEqual(statuses, expected, system)
            url = machine.gateway + path
            self.check(401, path, "post", machine.call("POST", url, bodies[0], {**JSON, header: "t=1,v1=00"}))

    def replies(self):
        machine = self.machine
        event = {"event_id": "asked", "journey": "advance_in_transit", "to": "+12025550199"}
        conversation = machine.call("POST", f"{machine.gateway}/messages", event, {**KEY, **JSON})[2]
        machine.control("clock/advance", {"seconds": 1})
        for count, path in enumerate(("/twilio/inbound", "/webhook")):
            content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]
            example = content["application/x-www-form-urlencoded"]["example"]
            fields = {**example, "From": event["to"], "MessageSid": f"SM{count:032}"}
            self.without("dynamodb:TransactWriteItems", path, lambda: machine.text(path, fields))
            self.check(200, path, "post", machine.text(path, fields))
            self.check(401, path, "post", machine.call("POST", machine.gateway + path, b"Body=hello"))
        status = f"/twilio/status?conversation={conversation['conversation_id']}&step=text&attempt=1"
        content = DOCUMENT["paths"]["/twilio/status"]["post"]["requestBody"]["content"]
        example = content["application/x-www-form-urlencoded"]["example"]
        self.without("dynamodb:GetItem", "/twilio/status", lambda: machine.text(status, example))
        self.check(204, "/twilio/status", "post", machine.text(status, example))
        self.check(200, "/twilio/status", "post", machine.text(status, {"To": event["to"]}))
        self.check(401, "/twilio/status", "post", machine.call("POST", machine.gateway + status, b"Body=hello"))
        url = f"{machine.gateway}/conversations/{conversation['conversation_id']}"
        answer = machine.call("GET", url, headers=KEY)
        self.check(200, "/conversations/{id}", "get", answer)
        self.assertEqual([reply["meaning"] for reply in answer[2]["replies"]], ["reply", "reply"])

    def codes(self):
        def post(path, body, **headers):
            return self.machine.call("POST", self.machine.gateway + path, body, {**KEY, **JSON, **headers})

        content = DOCUMENT["paths"]["/otp"]["post"]["requestBody"]["content"]["application/json"]
        request = {**content["examples"]["login"]["value"], "phone": "+447700900123"}
        guess = {**request, "code": "0000"}
        for path, body in (("/otp", request), ("/otp/verify", guess)):
            self.check(400, path, "post", post(path, {"phone": "1"}))
            self.check(401, path, "post", post(path, body, **{"x-api-key": "wrong"}))
            self.check(413, path, "post", post(path, b" " * 65_537))
            self.check(415, path, "post", post(path, b"{}", **{"content-type": "text/plain"}))
            self.without("dynamodb:UpdateItem", path, lambda: post(path, body))
        self.check(202, "/otp", "post", post("/otp", request))
        self.check(429, "/otp", "post", post("/otp", request))
        self.check(422, "/otp", "post", post("/otp", {**request, "phone": "+15005550004"}))
        outbox = self.machine.control("outbox")["messages"]
        code = outbox[-1]["body"].split()[0]
        for valid in (True, False):
            answer = post("/otp/verify", {**request, "code": code})
            self.check(200, "/otp/verify", "post", answer)
            self.assertEqual(answer[2], {"valid": valid})

    def consent(self):
        path = "/consent"

        def post(body, **headers):
            return self.machine.call("POST", self.machine.gateway + path, body, {**KEY, **JSON, **headers})

        content = DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        for name in ("advertising", "withdrawal"):
            body = content["examples"][name]["value"]
            for expected in ("stored", "duplicate"):
                answer = post(body)
                self.check(200, path, "post", answer)
                self.assertEqual(answer[2]["status"], expected, name)
        self.check(400, path, "post", post({"phone": "1"}))
        self.check(401, path, "post", post(body, **{"x-api-key": "wrong"}))
        self.check(413, path, "post", post(b" " * 65_537))
        self.check(415, path, "post", post(b"{}", **{"content-type": "text/plain"}))
        again = content["examples"]["advertising"]["value"]
        self.without("dynamodb:TransactWriteItems", path, lambda: post(again))

    def without(self, operation, path, call):
        """Provokes the answer when a dependency is down."""
        fault = {"operation": operation, "effect": "fail_before", "count": 50}
        self.machine.control("faults", fault)
        self.check(503, path, "post", call())
        self.machine.call("DELETE", f"{self.machine.admin}/_local/faults")

    def test_the_schema_refuses_what_the_machine_refuses(self):
        schema = DOCUMENT["components"]["schemas"]["Advance"]
        good = payload("sms-advance-approved")
        for change in [
            {"event": "advance_denied"},
            {"user": {}},
            {"user": {"phone": "2025550143"}},
            {"amount": -1},
            {"amount": "185.00"},
            {"extra": 1},
            {"metadata": []},
        ]:
            with self.subTest(change=change):
                self.assertTrue(violations(schema, {**good, **change}))
                self.assertEqual(self.machine.post({**good, **change})[0], 400)
        without_amount = {key: value for key, value in good.items() if key != "amount"}
        self.assertTrue(violations(schema, without_amount))
        self.assertEqual(self.machine.post(without_amount)[0], 400)

    def test_a_route_that_does_not_exist_answers_the_problem_document(self):
        status, headers, body = self.machine.call("GET", f"{self.machine.gateway}/sms")
        self.assertEqual((status, headers["content-type"]), (404, "application/problem+json"))
        self.assertEqual(violations(DOCUMENT["components"]["schemas"]["Problem"], body), [])


if __name__ == "__main__":
    unittest.main()
