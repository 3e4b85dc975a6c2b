"""Prints the AWS account and region that the environment selects, or with --export its credentials for a shell.

The credentials go to the standard output of a command that a script evaluates, and nowhere else.
"""

import shlex
import sys

import boto3
from botocore.config import Config

session = boto3.Session()
region = session.region_name or "us-east-1"
if "--export" in sys.argv:
    keys = session.get_credentials().get_frozen_credentials()
    names = {"AWS_ACCESS_KEY_ID": keys.access_key, "AWS_SECRET_ACCESS_KEY": keys.secret_key, "AWS_REGION": region}
    if keys.token:
        names["AWS_SESSION_TOKEN"] = keys.token
    for name, value in names.items():
        print(f"export {name}={shlex.quote(value)}")
else:
    quick = Config(connect_timeout=5, read_timeout=5, retries={"max_attempts": 1})
    identity = session.client("sts", region_name=region, config=quick).get_caller_identity()
    print(identity["Account"], region)
