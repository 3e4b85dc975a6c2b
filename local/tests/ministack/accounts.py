"""Calendly's and Twilio's management APIs, as far as `afterword connect` and `doctor` use them, and a way
to the deployed functions over HTTP. On 127.0.0.1."""

import json
import re
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from emulator import ACCOUNT, FROM
from front import ROUTES

OWNER = {"uri": "https://calendly.test/users/U1", "current_organization": "https://calendly.test/organizations/O1"}


class Accounts:
    """What the providers know. `writes` counts what was changed."""

    def __init__(self, aws):
        self.aws = aws
        self.subscriptions = []
        self.number = {"sid": "PN" + "0" * 32, "phone_number": FROM, "sms_url": "", "sms_fallback_url": ""}
        self.writes = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = outer.answer(self.command, self.path, headers, body)
                data = json.dumps(answer).encode() if not isinstance(answer, str) else answer.encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = handle_any

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, method, target, headers, body):
        path = urllib.parse.urlsplit(target).path
        if path in ROUTES:
            function, route = ROUTES[path]
            headers.pop("host", None)
            return self.aws.invoke(function, route, body, headers)
        if path.startswith("/2010-04-01/"):
            return self.twilio(method, path, target, headers, body)
        if headers.get("authorization") != "Bearer the-token-of-the-tests":
            return 401, {"title": "Unauthenticated"}
        return self.calendly(method, path, body)

    def calendly(self, method, path, body):
        if (method, path) == ("GET", "/users/me"):
            return 200, {"resource": OWNER}
        if (method, path) == ("GET", "/webhook_subscriptions"):
            shown = [{k: v for k, v in one.items() if k != "signing_key"} for one in self.subscriptions]
            return 200, {"collection": shown, "pagination": {}}
        self.writes += 1
        if method == "POST":
            wanted = json.loads(body)
            if any(one["callback_url"] == wanted["url"] for one in self.subscriptions):
                return 409, {"title": "Already Exists"}
            number = len(self.subscriptions) + self.writes
            made = {
                "uri": f"https://calendly.test/webhook_subscriptions/S{number}",
                "callback_url": wanted["url"],
                "state": "active",
                "events": wanted["events"],
                "retry_started_at": None,
                "signing_key": wanted["signing_key"],
            }
            self.subscriptions.append(made)
            return 201, {"resource": made}
        id = path.rsplit("/", 1)[1]
        self.subscriptions = [one for one in self.subscriptions if not one["uri"].endswith("/" + id)]
        return 204, ""

    def twilio(self, method, path, target, headers, body):
        if not headers.get("authorization", "").startswith("Basic "):
            return 401, {"code": 20003, "status": 401}
        place = f"/2010-04-01/Accounts/{ACCOUNT}"
        if path == f"{place}.json":
            return 200, {"sid": ACCOUNT, "status": "active", "type": "Full"}
        if path == f"{place}/IncomingPhoneNumbers.json":
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(target).query)["PhoneNumber"][0]
            found = [self.number] if asked == self.number["phone_number"] else []
            return 200, {"incoming_phone_numbers": found}
        if re.fullmatch(rf"{place}/IncomingPhoneNumbers/{self.number['sid']}\.json", path) and method == "POST":
            self.writes += 1
            fields = dict(urllib.parse.parse_qsl(body.decode()))
            self.number |= {"sms_url": fields["SmsUrl"], "sms_fallback_url": fields["SmsFallbackUrl"]}
            return 200, self.number
        return 404, {"code": 20404, "status": 404}
