#!/usr/bin/env python3
"""Removes one safeguard after the other from the shipped code and shows which test fails.

Each mutant changes a line of the source in a copy of the working tree. The copy has its own build directory, because in
a shared one cargo would take the binaries of the last mutant for those of the tree. The tests that the mutant names must
fail there. A mutant that survives, or whose line is no longer found, fails the run. `make mutants` runs this script. An
argument selects mutants by a part of their name.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PLACE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "mutants"
COPY, TARGET = PLACE / "tree", PLACE / "target"

WRITE = "shared/adapters/src/table/write.rs"
BOOKINGS = "shared/adapters/src/table/write/bookings.rs"
STEP = "shared/messaging/src/conversation/step.rs"
OBSTACLE = "shared/messaging/src/conversation/blocker.rs"

# Name, file, the code, the mutant, the package, and the tests in that package that must fail.
MUTANTS = [
    (
        "the claim's condition",
        WRITE,
        "let conversation = conversation.require(is_where_read(request.step));",
        'let conversation = conversation.require(exists("pk"));',
        "adapters",
        "test(a_step_is_claimed_by_one_invocation)",
    ),
    (
        "the duplicate check",
        WRITE,
        '.require(any([absent("pk"), at_most("expires_at", now.timestamp())]));',
        '.require(any([absent("pk"), exists("pk"), at_most("expires_at", now.timestamp())]));',
        "adapters",
        "test(load_returns_exactly_what_accept_stored) + test(accept_keeps_the_first_content_of_an_event)",
    ),
    (
        "the reply check in the claim",
        WRITE,
        "if request.step.unless_replied {",
        "if false {",
        "adapters",
        "test(a_claim_is_rejected_after_an_end_a_reply_or_an_opt_out)",
    ),
    (
        "the opt-out check in the claim",
        WRITE,
        'let not_opted_out = absent("opted_out_at");',
        'let not_opted_out = any([absent("opted_out_at"), exists("opted_out_at")]);',
        "adapters",
        "test(a_claim_is_rejected_after_an_end_a_reply_or_an_opt_out)",
    ),
    (
        "the tombstone",
        BOOKINGS,
        "let update = facts::change_or_bury(id).set_once(",
        'let update = facts::change_or_bury(id).require(exists("pk")).set_once(',
        "adapters",
        "test(cancelling_an_unknown_booking_stores_a_tombstone)",
    ),
    (
        "the evidence wait",
        STEP,
        "let wait = evidence_wait(&lost, now, because);\n"
        "                (Self { state: StepState::Unknown(lost), ..self.clone() }, wait)",
        "let _ = lost;\n                self.deferred(because, deadline, now)",
        "simulation",
        "test(seeded_schedules_keep_every_invariant)",
    ),
    (
        "one message, one attempt",
        "shared/messaging/src/take_step/evidence.rs",
        "if near.iter().any(",
        "if false && near.iter().any(",
        "messaging",
        "test(one_message_settles_neither_of_two_that_say_the_same)",
    ),
    (
        "the retries-off setting",
        "shared/adapters/src/connection.rs",
        "aws_smithy_types::retry::RetryConfig::disabled(),",
        "$crate::connection::store_retries(),",
        "adapters",
        "test(a_hostile_aws_is_asked_once)",
    ),
    (
        "what is taken off is not repeated",
        "shared/adapters/src/table/budgets.rs",
        "if by_micro_usd < 0 {",
        "if false {",
        "adapters",
        "test(money_is_subtracted_by_one_call)",
    ),
    (
        "the last event's price alone",
        "functions/delivery-status/src/end_user_messaging.rs",
        ".filter(|_| self.is_final)",
        ".filter(|_| true)",
        "delivery-status",
        "test(the_price_is_what_the_last_event_says)",
    ),
    (
        "a price settled once",
        "shared/messaging/src/record_receipt/price.rs",
        "if about.attempt == 0 || known.is_some_and(|known| known >= price) {",
        "if about.attempt == 0 {",
        "messaging",
        "test(a_reported_price_is_settled_once)",
    ),
    (
        "money limits for codes",
        "shared/messaging/src/one_time_code/issue.rs",
        "if journeys.limits.is_none() {",
        "if true {",
        "messaging",
        "test(codes_are_paid_for_under_the_limits_of_all_texts)",
    ),
    (
        "the pace of codes",
        "shared/adapters/src/table/rate_limiters.rs",
        'less("taken", rate.per_second.get())',
        'less("taken", rate.per_second.get() + 1)',
        "adapters",
        "test(each_slot_of_the_current_second_is_acquired_once)",
    ),
    (
        "codes of who is forgotten",
        "shared/adapters/src/table/erasure.rs",
        "for partition in Partition::all_codes(phone) {",
        "for partition in Partition::all_codes(phone).take(0) {",
        "adapters",
        "test(erasing_a_contact_deletes_its_one_time_codes)",
    ),
]


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    mutants = [mutant for mutant in MUTANTS if wanted in mutant[0]]
    survivors = 0
    print("| removed | noticed by |\n|---|---|", flush=True)
    for name, file, code, mutant, package, tests in mutants:
        copy_tree()
        path = COPY / file
        source = path.read_text()
        if code not in source:
            print(f"| {name} | the line is not found in {file} |", flush=True)
            survivors += 1
            continue
        path.write_text(source.replace(code, mutant))
        failed = failing(package, tests)
        survivors += not failed
        noticed = ", ".join(f"`{test}`" for test in failed) or "nothing"
        print(f"| {name} | {noticed} |", flush=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    return 1 if survivors else 0


def copy_tree():
    """Copies the files that git would commit, with changed and new ones. Unchanged files keep their times."""
    COPY.mkdir(parents=True, exist_ok=True)
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        source, copy = ROOT / name, COPY / name
        if not source.is_file():
            continue
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, copy)


def failing(package, tests):
    """Returns the tests that fail, an empty list if all pass. A mutant that does not compile proves nothing and exits."""
    command = ["cargo", "nextest", "run", "--workspace", "--no-fail-fast", "--color", "never"]
    command += ["-E", f"package({package}) & ({tests})"]
    small = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
    environment = dict(os.environ, CARGO_TARGET_DIR=str(TARGET), **small)
    run = subprocess.run(command, cwd=COPY, env=environment, capture_output=True, text=True)
    output = run.stdout + run.stderr
    if "Summary [" not in output:
        sys.exit(output)
    return sorted(set(re.findall(r"FAIL \[.*?\] \(.*?\) \S+ (\S+)", output)))


if __name__ == "__main__":
    sys.exit(main())
