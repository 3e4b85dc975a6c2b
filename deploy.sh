#!/usr/bin/env bash
# Deploys Afterword to AWS: checks tools, lints journeys.toml, validates, builds once, deploys, pushes the
# journeys, calls the API, and prints the remaining steps. Safe to repeat.
set -euo pipefail
cd "$(dirname "$0")"

usage() {
    cat <<'TEXT'
usage: ./deploy.sh [options]

  --guided           ask for every parameter, and store the answers in samconfig.toml
  --stage NAME       the installation: prod (the default) is the stack "afterword", any other NAME
                     is "afterword-NAME"
  --region REGION    the AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's)
  --profile NAME     the AWS profile
  --x86              build for x86_64 instead of arm64
  --no-build         deploy the functions in target/lambda/, which were built earlier or on another machine
  --check            check and validate everything that does not need a deployment. Changes nothing at
                     AWS, needs no credentials, and lists what it could not check
  --rollback         return to the versions of the functions that ran before the last deployment
  --uninstall        delete the stack, but keep the table and the secret
  --help             print this help

Settings are read from samconfig.toml and from the environment (see env.example).
TEXT
}

mode=deploy guided=no stage=prod region="${AWS_REGION:-${AWS_DEFAULT_REGION:-}}" profile="${AWS_PROFILE:-}"
architecture=arm64 building=yes
value() { [ "$#" -ge 2 ] && [ -n "$2" ] || { echo "$1 needs a value" >&2; exit 2; }; }
while [ "$#" -gt 0 ]; do
    case "$1" in
        --guided) guided=yes ;;
        --stage) value "$@"; stage=$2; shift ;;
        --region) value "$@"; region=$2; shift ;;
        --profile) value "$@"; profile=$2; shift ;;
        --x86) architecture=x86_64 ;;
        --no-build) building=no ;;
        --check) mode=check ;;
        --rollback) mode=rollback ;;
        --uninstall) mode=uninstall ;;
        --help | -h) usage; exit 0 ;;
        *) echo "unknown option: $1" >&2; usage >&2; exit 2 ;;
    esac
    shift
done
[[ "$stage" =~ ^[a-z][a-z0-9-]{0,30}$ ]] || { echo "--stage: use a-z, 0-9 and -, at most 31 characters, beginning with a letter" >&2; exit 2; }
[[ -z "$region" || "$region" =~ ^[a-z]{2}(-[a-z]+)+-[0-9]$ ]] || { echo "--region: not an AWS region: $region" >&2; exit 2; }

stack=afterword
[ "$stage" = prod ] || stack="afterword-$stage"
python=.tools/python/bin
not_checked=()

step() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }
skipped() { not_checked+=("$*"); say "NOT CHECKED: $*"; }
fail() { printf '\n%s\n' "deploy.sh: $*" >&2; exit 1; }

# --- Tools ---------------------------------------------------------------------------------------------

tools() {
    step "Tools"
    command -v cargo >/dev/null || fail "cargo is missing: install Rust from https://rustup.rs, then repeat"
    command -v curl >/dev/null || fail "curl is missing: install it, then repeat"
    command -v python3 >/dev/null || fail "python3 is missing: install Python 3.11 or later, then repeat"
    tools/compiler.sh
    # The SAM CLI, cfn-lint and the packages that the tests need.
    if [ ! -f .tools/python/.stamp ] || [ tools/requirements.txt -nt .tools/python/.stamp ]; then
        tools/python.sh
    fi
    say "$(cargo --version), $("$python/sam" --version)"
}

# Installs cargo-lambda, which compiles for Lambda on any machine, and ziglang, its linker. Both come from PyPI in pinned
# versions. If one is not available, sets `lacking` to the reason.
build_tools() {
    target=aarch64-unknown-linux-gnu
    [ "$architecture" = arm64 ] || target=x86_64-unknown-linux-gnu
    if [ ! -f .tools/build/.stamp ] || [ tools/build.txt -nt .tools/build/.stamp ]; then
        tools/python.sh build || { lacking="cargo-lambda and ziglang cannot be installed from PyPI (tools/build.txt)"; return 1; }
    fi
    if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then return 0; fi
    if ! command -v rustup >/dev/null; then
        lacking="the Rust target $target is missing, and there is no rustup to add it: https://rustup.rs"
        return 1
    fi
    rustup target add "$target" || { lacking="the Rust target $target is missing, and 'rustup target add $target' fails"; return 1; }
}

# --- Steps ---------------------------------------------------------------------------------------------

credentials() {
    step "AWS"
    if [ -n "$profile" ]; then export AWS_PROFILE="$profile"; fi
    if [ -n "$region" ]; then export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"; fi
    if account=$("$python/python" tools/whoami.py 2>/dev/null); then
        region="${region:-$(cut -d' ' -f2 <<<"$account")}"
        export AWS_REGION="$region" AWS_DEFAULT_REGION="$region"
        say "account ${account%% *}, region $region, stack $stack"
        return 0
    fi
    return 1
}

# Runs the command line: the binary that AFTERWORD names, or one that cargo builds.
afterword() {
    if [ -n "${AFTERWORD:-}" ]; then "$AFTERWORD" "$@"; else cargo run --quiet --package cli --bin afterword -- "$@"; fi
}

lint_journeys() {
    step "journeys.toml"
    afterword check journeys || fail "journeys.toml has errors. Nothing was deployed"
}

validate() {
    step "template.yaml"
    tools/check-template.sh
}

build() {
    local main
    if [ "$building" = no ]; then
        step "No build ($architecture): use the functions in target/lambda/"
        for main in functions/*/src/main.rs; do
            main=target/lambda/$(basename "$(dirname "$(dirname "$main")")")/bootstrap
            [ -f "$main" ] || fail "$main does not exist: deploy without --no-build"
            [ "$(processor "$main")" = "$architecture" ] || fail "$main is not for $architecture: add or remove --x86"
        done
        return
    fi
    step "Build ($architecture)"
    build_tools || fail "$lacking"
    AFTERWORD_COMMIT="$(git describe --always --dirty 2>/dev/null || echo unknown)"
    export AFTERWORD_COMMIT
    local flags=(--release --locked) functions=()
    if [ "$architecture" = arm64 ]; then flags+=(--arm64); else flags+=(--x86-64); fi
    for main in functions/*/src/main.rs; do
        functions+=(--package "$(basename "$(dirname "$(dirname "$main")")")")
    done
    PATH="$PWD/.tools/build/bin:$PATH" cargo lambda build "${flags[@]}" "${functions[@]}" --lambda-dir target/lambda
    for main in target/lambda/*/bootstrap; do
        say "$(basename "$(dirname "$main")"): $(gzip --best --stdout "$main" | wc -c) bytes zipped"
    done
}

# Prints the architecture of a binary, from its ELF header.
processor() {
    case "$(od -An -tx1 -j18 -N1 "$1" | tr -d ' ')" in
        3e) echo x86_64 ;;
        b7) echo arm64 ;;
    esac
}

deploy() {
    step "Deploy $stack"
    local flags=(--template-file template.yaml --stack-name "$stack" --capabilities CAPABILITY_IAM
        --resolve-s3 --no-fail-on-empty-changeset --tags "application=afterword stage=$stage")
    if [ -n "$region" ]; then flags+=(--region "$region"); fi
    if [ -n "$profile" ]; then flags+=(--profile "$profile"); fi
    [ -t 1 ] || flags+=(--no-progressbar)
    if [ "$guided" = yes ]; then
        "$python/sam" deploy --guided "${flags[@]}"
        return
    fi
    local parameters=("Architecture=$architecture") name setting
    while read -r name setting; do
        if [ -n "${!setting:-}" ]; then parameters+=("$name=${!setting}"); fi
    done <<'TEXT'
TwilioFrom TWILIO_FROM
TwilioWhatsappFrom TWILIO_WHATSAPP_FROM
TwilioOtpFrom TWILIO_OTP_FROM
PublicUrl AFTERWORD_PUBLIC_URL
AlarmEmail AFTERWORD_ALARM_EMAIL
EndUserMessaging AFTERWORD_END_USER_MESSAGING
OriginationIdentity AFTERWORD_ORIGINATION_IDENTITY
EventBridgeEvents AFTERWORD_EVENTBRIDGE_EVENTS
ConfigurationSetName AWS_SMS_CONFIGURATION_SET_NAME
PhonePoolId AWS_SMS_PHONE_POOL_ID
OriginationNumber AWS_SMS_ORIGINATION_NUMBER
NumberType AWS_SMS_NUMBER_TYPE
SnsDeliveryLogs AFTERWORD_SNS_DELIVERY_LOGS
SnsSenderId AWS_SNS_SENDER_ID
SnsOriginationNumber AWS_SNS_ORIGINATION_NUMBER
MaxPrice AWS_SMS_MAX_PRICE
IndiaEntityId AWS_SMS_INDIA_ENTITY_ID
IndiaTemplateId AWS_SMS_INDIA_TEMPLATE_ID
MonthlySpendLimit AFTERWORD_MONTHLY_SPEND_LIMIT
SilentSource AFTERWORD_SILENT_SOURCE
SilentBookingSource AFTERWORD_SILENT_BOOKING_SOURCE
SilentAfterHours AFTERWORD_SILENT_AFTER_HOURS
RetentionDays AFTERWORD_RETENTION_DAYS
LogRetentionDays AFTERWORD_LOG_RETENTION_DAYS
ReservedConcurrency AFTERWORD_RESERVED_CONCURRENCY
TEXT
    "$python/sam" deploy --no-confirm-changeset "${flags[@]}" --parameter-overrides "${parameters[@]}"
}

# Runs a command with the credentials in its environment, from which the command line reads them. Exports those of a
# profile for the duration of the command.
with_credentials() {
    local exported
    exported=$("$python/python" tools/whoami.py --export) || return 1
    (eval "$exported" && "$@")
}

push_journeys() {
    step "Journeys"
    with_credentials afterword journeys push --stack "$stack"
}

outputs() { "$python/python" tools/outputs.py "$stack"; }

smoke_test() {
    step "Smoke test"
    local url status
    url=$(outputs | sed -n 's/^ApiUrl //p')
    for path in /healthz /version; do
        status=$(curl --silent --show-error --max-time 20 --output /dev/null --write-out '%{http_code}' "$url$path") ||
            status=none
        [ "$status" = 200 ] || fail "GET $url$path answered $status. The stack is deployed: look at its logs"
        say "GET $path: 200"
    done
    status=$(curl --silent --max-time 20 --output /dev/null --write-out '%{http_code}' -X POST "$url/sms" -d '{}') || true
    [ "$status" = 401 ] || fail "POST $url/sms without a key answered $status instead of 401"
    say "POST /sms without a key: 401"
    say "The smoke test sends no text. To send one, you need a key and a phone (docs/quick-start.md)."
}

next_steps() {
    step "Outputs"
    outputs | while read -r name output; do say "$name: $output"; done
    cat <<TEXT

== Next

   1. Fill in the secret (twilio_account_sid, twilio_auth_token): docs/setup-guide.md
   2. afterword connect twilio --stack $stack        set the webhooks of the number
      afterword connect calendly --stack $stack      subscribe to bookings
   3. afterword doctor --stack $stack                list what is missing
TEXT
}

# --- Modes ---------------------------------------------------------------------------------------------

case "$mode" in
    check)
        tools
        lint_journeys
        validate
        step "Build tools"
        if [ "$building" = no ]; then
            skipped "the build: --no-build"
        elif build_tools; then
            say "$(PATH="$PWD/.tools/build/bin:$PATH" cargo lambda --version), target $target"
        else
            skipped "the build for $architecture: $lacking"
        fi
        if credentials; then
            if outputs >/dev/null 2>&1; then say "the stack $stack exists. A deployment updates it"
            else say "there is no stack $stack. A deployment creates it"; fi
        else
            skipped "the AWS account: no credentials (set AWS_PROFILE, or use --profile)"
        fi
        skipped "the deployment itself, the journeys at AWS and the smoke test: --check deploys nothing"
        step "Check finished. Not checked:"
        for what in "${not_checked[@]}"; do say "- $what"; done
        ;;
    deploy)
        tools
        credentials || fail "no AWS credentials: set AWS_PROFILE or use --profile (--check works without them)"
        if [ "$guided" = no ] && [ -z "${TWILIO_FROM:-}" ] && ! outputs >/dev/null 2>&1; then
            fail "the first deployment needs TWILIO_FROM (see env.example), or --guided"
        fi
        lint_journeys
        validate
        build
        deploy
        # After a --rollback, this also moves the functions forward that this deployment does not change.
        "$python/python" tools/versions.py forward "$stack"
        push_journeys
        smoke_test
        next_steps
        ;;
    rollback)
        tools
        credentials || fail "no AWS credentials: set AWS_PROFILE or use --profile"
        step "Roll back $stack"
        "$python/python" tools/versions.py back "$stack"
        ;;
    uninstall)
        tools
        credentials || fail "no AWS credentials: set AWS_PROFILE or use --profile"
        step "Uninstall $stack"
        say "Executions that wait are deleted with the state machine, and their texts are never sent."
        say "The table (with all opt-outs) and the secret are kept. Delete them by hand if necessary."
        read -r -p "   Type the name of the stack to continue: " answer
        [ "$answer" = "$stack" ] || fail "nothing was deleted"
        "$python/sam" delete --stack-name "$stack" --no-prompts ${region:+--region "$region"} ${profile:+--profile "$profile"}
        ;;
esac
