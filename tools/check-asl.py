"""Checks statemachine/message.asl.json against the rules of the Amazon States Language that cfn-lint implements.

cfn-lint checks definitions inside a template, not the file that the template names for SAM. So this script gives it a
template that contains the definition, and others with a mistake in it, which cfn-lint must find.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ARN = "arn:aws:lambda:us-east-1:000000000000:function:send"
TEXT = (ROOT / "statemachine" / "message.asl.json").read_text().replace("${SendFunctionArn}", ARN)


def findings(definition):
    """Returns the findings of cfn-lint about a definition. The template around it is valid and adds none."""
    role = "arn:aws:iam::000000000000:role/states"
    machine = {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"RoleArn": role, "Definition": definition}}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Machine": machine}}, file)
        file.flush()
        lint = Path(sys.executable).with_name("cfn-lint")
        done = subprocess.run([lint, "--format", "parseable", file.name], capture_output=True, text=True)
        return done.stdout.splitlines()


for mistake in ({"Type": "Wiat"}, {"Type": "Task", "Next": "Nowhere"}):
    wrong = json.loads(TEXT)
    wrong["States"]["WaitUntilDue"] |= mistake
    if not findings(wrong):
        sys.exit(f"cfn-lint does not find the mistake {mistake} in a definition")
found = findings(json.loads(TEXT))
print("\n".join(found) or "statemachine/message.asl.json is valid")
sys.exit(1 if found else 0)
