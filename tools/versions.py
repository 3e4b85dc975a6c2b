"""Lets the alias `live` of every function of a stack point at the version before.

Only functions go back: the table, the template and the journeys stay. Executions that wait call the
alias, so they meet the version before, too. The next deployment moves forward again.
"""

import sys

import boto3

stack = sys.argv[1]
functions, lambdas = boto3.client("cloudformation"), boto3.client("lambda")
pages = functions.get_paginator("list_stack_resources").paginate(StackName=stack)
names = [
    resource["PhysicalResourceId"]
    for page in pages
    for resource in page["StackResourceSummaries"]
    if resource["ResourceType"] == "AWS::Lambda::Function"
]
moves = []
for name in names:
    current = lambdas.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    published = [
        int(version["Version"])
        for page in lambdas.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        for version in page["Versions"]
        if version["Version"] != "$LATEST"
    ]
    earlier = [version for version in published if version < int(current)]
    if not earlier:
        print(f"   {name}: {current} is the first version; it stays")
        continue
    moves.append((name, current, str(max(earlier))))
if not moves:
    sys.exit("there is no version to go back to; nothing was changed")
for name, current, target in moves:
    lambdas.update_alias(FunctionName=name, Name="live", FunctionVersion=target)
    print(f"   {name}: {current} -> {target}")
