"""Selects the version of each function of a stack that runs: versions.py back|forward STACK. Callers use the alias `live`.

`back` undoes the last deployment that changed functions: the functions that it changed run their previous versions
again, and the others stay. CloudFormation's events contain the deployments. A failed one does not count. `forward` makes
every function run as the template specifies. A deployment does that by itself, but only for functions that differ from
the previous deployment, so a deployment after `back` would leave the others behind.

Only functions go back: the table, the template and the journeys stay. Executions that wait also call the alias.
"""

import sys

import boto3

stacks, lambdas = boto3.client("cloudformation"), boto3.client("lambda")
START = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def deployments(stack):
    """Returns the successful deployments that published versions, oldest first, as {function: version} each."""
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
    """Points the alias of a function at a version. Returns whether that changed anything."""
    current = lambdas.get_alias(FunctionName=function, Name="live")["FunctionVersion"]
    if current == version:
        return False
    lambdas.update_alias(FunctionName=function, Name="live", FunctionVersion=version)
    print(f"   {function}: {current} -> {version}")
    return True


def back(stack):
    """Undoes the last deployment if its versions run, so a second `back` does not go further."""
    *earlier, last = deployments(stack) or [{}]
    before = {function: version for one in earlier for function, version in one.items()}
    moved = [move(function, before[function]) for function in last if function in before]
    if not any(moved):
        sys.exit("there is no version to go back to; nothing was changed")


def forward(stack):
    """Points every alias at the version that the template specifies."""
    pages = stacks.get_paginator("list_stack_resources").paginate(StackName=stack)
    for resource in (one for page in pages for one in page["StackResourceSummaries"]):
        if resource["ResourceType"] == "AWS::Lambda::Version":
            move(*resource["PhysicalResourceId"].split(":")[-2:])


{"back": back, "forward": forward}[sys.argv[1]](sys.argv[2])
