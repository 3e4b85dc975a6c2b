#!/usr/bin/env python3
"""Removes one safeguard after the other from the shipped code and shows which test fails.

Each mutant changes a line of the source in a copy of the working tree. The copy has its own build directory, because in
a shared one cargo would take the binaries of the last mutant for those of the tree. The tests that the mutant names must
fail there. A mutant that survives fails the run. Nothing runs if the code of a mutant does not occur exactly once, or if
a test that it names does not exist; `make test` checks the same. `make mutants` runs this script. An argument selects
mutants by a part of their name.
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
BLOCKER = "shared/messaging/src/conversation/blocker.rs"
ACCEPT = "shared/messaging/src/accept.rs"
ROUND = "shared/messaging/src/take_step/round.rs"

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
        "the life of a claim",
        STEP,
        "if now - claim.at < CLAIM_LIFETIME {",
        "if false {",
        "messaging",
        "test(the_claim_of_another_invocation_is_awaited_and_then_unknown)",
    ),
    (
        "the wait until the due time",
        STEP,
        "(StepState::Planned, StepEvent::Visited { due, .. }) if now < due => {",
        "(StepState::Planned, StepEvent::Visited { due, .. }) if false && now < due => {",
        "messaging",
        "test(nothing_is_claimed_before_it_is_due)",
    ),
    (
        "the reply check before the claim",
        BLOCKER,
        "if let (true, Some(at)) = (step.unless_replied, life.replied_at) {",
        "if let (true, Some(at)) = (false && step.unless_replied, life.replied_at) {",
        "messaging",
        "test(of_several_reasons_the_first_names_the_verdict)",
    ),
    (
        "the opt-out check before the claim",
        BLOCKER,
        "if let Some(at) = contact.opted_out_at {",
        "if let Some(at) = contact.opted_out_at.filter(|_| false) {",
        "messaging",
        "test(of_several_reasons_the_first_names_the_verdict)",
    ),
    (
        "the start of what is not started",
        ACCEPT,
        "if stored.life.started_at.is_none() {",
        "if false {",
        "messaging",
        "test(after_any_fault_a_repeat_finishes_the_acceptance)",
    ),
    (
        "the comparison of a duplicate's content",
        ACCEPT,
        "if !stored.is_erased() && plan.content_hash != content_hash {",
        "if false {",
        "messaging",
        "test(other_content_under_the_same_id_is_rejected_and_changes_nothing)",
    ),
    (
        "the conditional write of a claim",
        ROUND,
        "if self.step.progress.state != StepState::Planned || !needs_claim(next) {",
        "if true {",
        "messaging",
        "test(no_step_is_claimed_after_a_stop_is_stored)",
    ),
    (
        "one message, one attempt",
        "shared/messaging/src/take_step/evidence.rs",
        "&& may_have_the_same_words(text, other)",
        "&& false && may_have_the_same_words(text, other)",
        "messaging",
        "test(one_message_settles_neither_of_two_texts_with_the_same_words)",
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
        "test(the_price_of_the_last_event_counts)",
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
        "if config.limits.is_none() {",
        "if true {",
        "messaging",
        "test(codes_count_against_the_spending_limits_of_all_texts)",
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
    if found := problems():
        return "\n".join(found)
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    mutants = [mutant for mutant in MUTANTS if wanted in mutant[0]]
    survivors = 0
    print("| removed | noticed by |\n|---|---|", flush=True)
    for name, file, code, mutant, package, tests in mutants:
        copy_tree()
        path = COPY / file
        path.write_text(path.read_text().replace(code, mutant))
        failed = failing(package, tests)
        survivors += not failed
        noticed = ", ".join(f"`{test}`" for test in failed) or "nothing"
        print(f"| {name} | {noticed} |", flush=True)
    shutil.rmtree(PLACE, ignore_errors=True)
    return 1 if survivors else 0


def problems():
    """Returns a line for each mutant whose code does not occur exactly once, and for each named test that is missing."""
    listed = subprocess.run(["git", "ls-files", "*.rs"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sources = "\n".join(path.read_text() for name in listed.split() if (path := ROOT / name).is_file())
    found = []
    for name, file, code, _, _, tests in MUTANTS:
        count = (ROOT / file).read_text().count(code) if (ROOT / file).is_file() else 0
        if count != 1:
            found.append(f"{name}: the code occurs {count} times in {file}, not once: {code}")
        for test in re.findall(r"test\((\w+)\)", tests):
            # A function, or a case of the port contract, which a macro makes a test.
            if not re.search(rf"\bfn \w*{test}", sources):
                found.append(f"{name}: there is no test {test}")
    return found


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
