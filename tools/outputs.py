"""Prints the outputs of a stack, one "name value" per line."""

import sys

import boto3

stack = boto3.client("cloudformation").describe_stacks(StackName=sys.argv[1])["Stacks"][0]
for output in sorted(stack.get("Outputs", []), key=lambda output: output["OutputKey"]):
    print(output["OutputKey"], output["OutputValue"])
