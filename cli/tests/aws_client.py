"""The AWS endpoint of `afterword serve`, met by boto3 as operators and tools meet it.

Arguments: the URLs of the AWS endpoint, the gateway and the admin port, and the API key.
"""

import json
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

AWS, GATEWAY, ADMIN, KEY = sys.argv[1:]
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:afterword"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:afterword:"
LATER = '{"conversation_id":"sms-0","step":"text","due":"2100-01-01T00:00:00Z"}'
EVENT = "0d4f8a52-91c7-4e3b-8f60-5b7d2c1e9a34"


def client(service):
    return boto3.client(
        service,
        endpoint_url=AWS,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def call(url, body=None, headers=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, headers or {})) as answer:
        return answer.status, json.load(answer)


def refused(code, function, **arguments):
    try:
        function(**arguments)
    except ClientError as error:
        found = error.response["Error"]["Code"]
        assert found == code, f"{arguments}: {found}, not {code}"
        return
    raise AssertionError(f"{arguments}: accepted, not {code}")


states = client("stepfunctions")


def state_machine():
    [machine] = states.list_state_machines()["stateMachines"]
    assert (machine["name"], machine["stateMachineArn"], machine["type"]) == ("afterword", MACHINE, "STANDARD")
    described = states.describe_state_machine(stateMachineArn=MACHINE)
    assert json.loads(described["definition"])["StartAt"] == "WaitUntilDue"
    refused("StateMachineDoesNotExist", states.describe_state_machine, stateMachineArn=MACHINE + "2")
    refused("InvalidArn", states.describe_state_machine, stateMachineArn="arn:nonsense")


def names():
    start = states.start_execution
    good = ["a", "A-b_c.1", "x" * 80, "sms-6f1c2d9e-3b64-4f0a-9d2e-0a1b2c3d4e5f.text", "it's(not)odd!"]
    for name in good:
        started = start(stateMachineArn=MACHINE, name=name, input=LATER)
        assert started["executionArn"] == EXECUTION + name
        again = start(stateMachineArn=MACHINE, name=name, input=LATER)
        assert (again["executionArn"], again["startDate"]) == (started["executionArn"], started["startDate"])
        refused("ExecutionAlreadyExists", start, stateMachineArn=MACHINE, name=name, input='{"due":"2100-01-01T00:00:00Z"}')
        states.stop_execution(executionArn=EXECUTION + name)
        refused("ExecutionAlreadyExists", start, stateMachineArn=MACHINE, name=name, input=LATER)
    bad = ["x" * 81, "a b", "a\tb", "a<b", "a>b", "a{b", "a}b", "a[b", "a]b", "a?b", "a*b", 'a"b', "a#b", "a%b", "a\\b", "a^b", "a|b", "a~b", "a`b", "a$b", "a&b", "a,b", "a;b", "a:b", "a/b", "a\u0001b", "a\u0085b"]
    for name in bad:
        refused("InvalidName", start, stateMachineArn=MACHINE, name=name, input=LATER)
    unnamed = start(stateMachineArn=MACHINE, input=LATER)["executionArn"]
    assert unnamed.startswith(EXECUTION)
    states.stop_execution(executionArn=unnamed)
    refused("InvalidExecutionInput", start, stateMachineArn=MACHINE, name="bad-input", input="{")
    refused("StateMachineDoesNotExist", start, stateMachineArn=MACHINE + "2", name="n", input=LATER)
    refused("ExecutionDoesNotExist", states.describe_execution, executionArn=EXECUTION + "bad-input")


def paging():
    for n in range(25):
        states.start_execution(stateMachineArn=MACHINE, name=f"page-{n}", input=LATER)
    newest_first = [f"page-{n}" for n in reversed(range(25))]
    query = {"stateMachineArn": MACHINE, "statusFilter": "RUNNING"}
    pages, token = [], {}
    while True:
        page = states.list_executions(**query, maxResults=10, **token)
        pages.append([execution["name"] for execution in page["executions"]])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
        refused("InvalidToken", states.list_executions, stateMachineArn=MACHINE, statusFilter="FAILED", **token)
    assert [len(page) for page in pages] == [10, 10, 5], pages
    assert sum(pages, []) == newest_first
    paginator = states.get_paginator("list_executions").paginate(**query, PaginationConfig={"PageSize": 7})
    assert [execution["name"] for page in paginator for execution in page["executions"]] == newest_first
    refused("InvalidToken", states.list_executions, **query, nextToken="nonsense")
    for name in ("page-3", "page-4"):
        stopped = states.stop_execution(executionArn=EXECUTION + name, error="Operator", cause="on purpose")
        described = states.describe_execution(executionArn=EXECUTION + name)
        assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Operator", "on purpose")
        assert described["stopDate"] == stopped["stopDate"]
    running = states.list_executions(**query, maxResults=100)["executions"]
    assert len(running) == 23 and all(execution["status"] == "RUNNING" for execution in running)
    aborted = states.list_executions(stateMachineArn=MACHINE, statusFilter="ABORTED")["executions"]
    assert {"page-3", "page-4"} <= {execution["name"] for execution in aborted}
    assert all("stopDate" in execution for execution in aborted)
    assert states.list_executions(stateMachineArn=MACHINE, statusFilter="TIMED_OUT")["executions"] == []
    refused("ExecutionDoesNotExist", states.stop_execution, executionArn=EXECUTION + "nobody")
    refused("InvalidArn", states.stop_execution, executionArn="nonsense")


def one_message():
    event = {"event_id": EVENT, "event": "advance_approved", "user": {"phone": "+12025550143"}, "amount": 185}
    status, receipt = call(GATEWAY + "/sms", event, {"x-api-key": KEY, "content-type": "application/json"})
    assert status == 202, receipt
    arn = f"{EXECUTION}{receipt['conversation_id']}.text"
    waiting = states.describe_execution(executionArn=arn)
    assert waiting["status"] == "RUNNING"
    assert json.loads(waiting["input"]) == {"conversation_id": f"sms-{EVENT}", "step": "text", "due": receipt["due"]}
    types = [event["type"] for event in states.get_execution_history(executionArn=arn)["events"]]
    assert types == ["ExecutionStarted", "WaitStateEntered"], types
    call(ADMIN + "/_local/clock/advance", {"seconds": 120})
    ended = states.describe_execution(executionArn=arn)
    assert ended["status"] == "SUCCEEDED" and json.loads(ended["output"])["verdict"] == "Sent"
    events = states.get_execution_history(executionArn=arn)["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "WaitStateEntered",
        "WaitStateExited",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "ChoiceStateEntered",
        "ChoiceStateExited",
        "SucceedStateEntered",
        "SucceedStateExited",
        "ExecutionSucceeded",
    ], events
    assert [event["id"] for event in events] == list(range(1, 14))
    # As on AWS, the first state's entry has no predecessor either.
    assert [event["previousEventId"] for event in events] == [0, 0, *range(2, 13)]
    backwards = states.get_execution_history(executionArn=arn, reverseOrder=True)["events"]
    assert backwards == events[::-1]
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn, PaginationConfig={"PageSize": 5})
    assert [event for page in pages for event in page["events"]] == events
    bare = states.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]
    assert "conversation_id" not in json.dumps(bare, default=str)


def other_services():
    table = client("dynamodb").describe_table(TableName="afterword")["Table"]
    assert table["TableStatus"] == "ACTIVE"
    key = {"pk": {"S": f"V#sms-{EVENT}"}, "sk": {"S": "V"}}
    assert "Item" in client("dynamodb").get_item(TableName="afterword", Key=key, ConsistentRead=True)
    secret = client("secretsmanager").get_secret_value(SecretId="afterword")
    assert KEY in json.loads(secret["SecretString"])["api_key"]
    ssm = client("ssm")
    assert ssm.get_parameter(Name="/afterword/sending")["Parameter"]["Value"] == "on"
    ssm.put_parameter(Name="/afterword/sending", Value="paused", Overwrite=True)
    assert ssm.get_parameter(Name="/afterword/sending")["Parameter"]["Value"] == "paused"


for test in (state_machine, names, paging, one_message, other_services):
    test()
    print(f"ok {test.__name__}")
