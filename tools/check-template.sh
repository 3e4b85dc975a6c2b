#!/usr/bin/env bash
# Validates template.yaml as a deployment does. Needs no AWS account.
set -euo pipefail
cd "$(dirname "$0")/.."

export SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1
.tools/python/bin/sam validate --lint --template-file template.yaml
