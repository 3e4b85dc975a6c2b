"""Which version of each function of a stack runs: versions.py back|forward STACK. Callers know the alias `live`.

`back` undoes the last deployment that changed functions: those that it changed run again as they did before it, the
others stay. CloudFormation's events say which deployments there were; one that failed is none. `forward` lets every
function run as the template says. A deployment does that itself, but only to functions that differ from the deployment
before, so a deployment after `back` would leave the others behind.

Only functions go back: the table, the template and the journeys stay. Executions that wait call the alias, too.
"""

import sys

import boto3

stacks, lambdas = boto3.client("cloudformation"), boto3.client("lambda")
START = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def deployments(stack):
    """The successful deployments that published versions, oldest first: {function: version} each."""
    pages = stacks.get_paginator("describe_stack_events").paginate(StackName=stack)
    newest_first = [event for page in pages for event in page["StackEvents"]]
    found, published, known = [], {}, set()
    for event in reversed(newest_first):
        resource, status = event["PhysicalResourceId"], event["ResourceStatus"]
        if resource == event["StackId"]:
            if status in DONE and published:
                found.append(published)
            if status in (*START, *DONE):
                published = {}
        elif event["ResourceType"] == "AWS::Lambda::Version" and status in DONE and resource not in known:
            function, version = resource.split(":")[-2:]
            published[function] = version
            known.add(resource)
    return found


def move(function, version):
    current = lambdas.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
    if current == version:
        return False
    lambdas.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
    print(f"   {function}: {current} -> {version}")
    return True


def back(stack):
    """Undoes a deployment if its versions run; so a second `back` does not go further."""
    *earlier, last = deployments(stack) or [{}]
    before = {function: version for one in earlier for function, version in one.items()}
    moved = [move(function, before[function]) for function in last if function in before]
    if not any(moved):
        sys.exit("there is no version to go back to; nothing was changed")


def forward(stack):
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in (one for page in pages for one in page["StackResourceSummaries"]):
        if resource["ResourceType"] == "AWS::Lambda::Version":
            move(*resource["PhysicalResourceId"].split(":")[-2:])


{"back": back, "forward": forward}[sys.argv[1]](sys.argv[2])
