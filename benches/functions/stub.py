"""AWS and Twilio as far as the two jobs call them, in a process of its own: canned answers at once, so that what is
measured is the functions. It keeps what is put, refuses nothing, and counts every call.

    stub.py ITEMS    ITEMS: a JSON list of DynamoDB items that are there from the beginning
"""

import asyncio
import json
import sys
from collections import Counter

SECRET = {
    "api_key": "benchmark-key",
    "calendly_signing_key": "benchmark-key",
    "twilio_account_sid": "ACcccccccccccccccccccccccccccccccc",
    "twilio_auth_token": "benchmark-token",
}


class World:
    def __init__(self, items):
        self.items = {}
        self.calls = Counter()
        for item in items:
            self.put(item)

    @staticmethod
    def key(item):
        return item["pk"]["S"], item["sk"]["S"]

    def put(self, item):
        self.items[self.key(item)] = item

    def answer(self, path, target, body):
        """The status and the JSON of an answer."""
        if path == "/calls":
            calls, self.calls = self.calls, Counter()
            return 200, dict(calls)
        if target is None:
            self.calls["twilio:CreateMessage"] += 1
            return 201, {"sid": f"SM{self.calls.total():032x}", "status": "queued", "from": "+12025550100"}
        operation = target.rpartition(".")[2]
        self.calls[operation] += 1
        return 200, getattr(self, operation)(json.loads(body))

    def GetItem(self, call):
        item = self.items.get(self.key(call["Key"]))
        return {"Item": item} if item else {}

    def PutItem(self, call):
        self.put(call["Item"])
        return {}

    def UpdateItem(self, call):
        return {}

    def TransactWriteItems(self, call):
        for write in call["TransactItems"]:
            if "Put" in write:
                self.put(write["Put"]["Item"])
        return {}

    def StartExecution(self, call):
        return {"executionArn": call["stateMachineArn"].replace("stateMachine", "execution"), "startDate": 1.0}

    def GetSecretValue(self, call):
        return {"Name": call["SecretId"], "SecretString": json.dumps(SECRET)}

    def GetParameter(self, call):
        return {"Parameter": {"Name": call["Name"], "Type": "String", "Value": "on"}}


async def serve(world, reader, writer):
    while True:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            break
        first, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        _, path, _ = first.split(" ")
        status, answer = world.answer(path, headers.get("x-amz-target"), body)
        answer = json.dumps(answer).encode()
        writer.write(
            b"HTTP/1.1 %d OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n%s"
            % (status, len(answer), answer)
        )
    writer.close()


async def main():
    with open(sys.argv[1], encoding="utf-8") as items:
        world = World(json.load(items))
    server = await asyncio.start_server(lambda reader, writer: serve(world, reader, writer), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
