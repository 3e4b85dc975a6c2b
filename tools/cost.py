"""The cost model of docs/cost.md: prints the tables of that page. `cost.py --check` compares them with the page, and
`cost.py --write` writes them to it (after a change of the template's alarms, for example).

Quantities are counted from the design (calls, items, transitions) and from the template (alarms, metrics). Prices are
list prices of us-east-1 in US dollars, without the free tiers, as of PRICES_OF.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRICES_OF = "2026-11-20"
BEGIN, END = "<!-- tools/cost.py -->\n", "<!-- end -->\n"

# USD. Texts are nearly the whole cost.
TEXT_US = 0.0083 + 0.0030  # one segment by Twilio to the US, and the carrier's fee
TRANSITION = 25.00 / 1e6
API_CALL = 1.00 / 1e6
LAMBDA_CALL = 0.20 / 1e6
LAMBDA_GB_SECOND = 0.0000133334  # arm64
LAMBDA_GB_SECOND_X86 = 0.0000166667
WRITE = 0.625 / 1e6  # a write unit of 1 KB; a transaction uses two
READ = 0.125 / 1e6  # a read unit of 4 KB, strongly consistent
LOG_GB = 0.50
TRACE = 5.00 / 1e6
SCHEDULE = 1.00 / 1e6
SECRET_MONTH = 0.40
ALARM_METRIC_MONTH = 0.10
METRIC_MONTH = 0.30
DASHBOARD_MONTH = 3.00


class Bill:
    """A cost by service, in US dollars."""

    def __init__(self):
        self.lines = {}

    def add(self, service, usd):
        self.lines[service] = self.lines.get(service, 0) + usd

    def function(self, milliseconds, megabytes=256, gb_second=LAMBDA_GB_SECOND, lines=1):
        self.add("Lambda", LAMBDA_CALL + milliseconds / 1000 * megabytes / 1024 * gb_second)
        # Log lines of about 600 bytes each (usually one log line and one metric line), and AWS's report.
        self.add("Logs, traces", (lines * 600 + 300) / 1e9 * LOG_GB + TRACE)

    def transaction(self, *kilobytes):
        self.add("DynamoDB", sum(2 * WRITE * kb for kb in kilobytes))

    def write(self, kilobytes=1):
        self.add("DynamoDB", WRITE * kilobytes)

    def read(self, kilobytes=4):
        self.add("DynamoDB", READ * max(1, kilobytes / 4))

    def text(self, parts=1):
        self.add("Texts", parts * TEXT_US)

    def accept(self, steps):
        """Adds the acceptance of an event: it is stored with its pointer, started and marked as started."""
        self.add("API Gateway", API_CALL)
        self.function(20, lines=2)
        self.transaction(2, 1)
        self.write(2)

    def step(self, sent=True, deferrals=0):
        """Adds one execution (wait, send, verdict, end), its visit (read, claim, call, record) and a receipt."""
        self.add("Step Functions", TRANSITION * (4 + 3 * deferrals))
        for _ in range(1 + deferrals):
            self.function(150, lines=2)
            self.read()
        if sent:
            self.transaction(2, 1)
            self.transaction(2, 1)
            self.text()
            self.add("API Gateway", API_CALL)
            self.function(15, lines=2)
            self.write(2)
        else:
            self.write(2)

    def reply(self):
        self.add("API Gateway", API_CALL)
        self.function(20)
        self.read()
        self.transaction(1, 1, 2)

    def times(self, count):
        bill = Bill()
        bill.lines = {service: usd * count for service, usd in self.lines.items()}
        return bill

    def plus(self, other):
        bill = Bill()
        for lines in (self.lines, other.lines):
            for service, usd in lines.items():
                bill.add(service, usd)
        return bill

    def total(self):
        return sum(self.lines.values())


def event():
    """Returns the cost of one event with one text."""
    bill = Bill()
    bill.accept(1)
    bill.step()
    return bill


def appointments(count=1000, replying=0.6):
    """Returns the cost of bookings: a confirmation, a question unless the customer answered, a reminder."""
    each, question, answered = Bill(), Bill(), Bill()
    each.accept(3)
    each.step()
    each.step()
    question.step()
    answered.step(sent=False)
    answered.reply()
    return each.times(count).plus(question.times(count * (1 - replying))).plus(answered.times(count * replying))


def usual_designs():
    """Returns the cost of 1,000 events of one text, without the texts, in this and in other usual designs."""
    ours = event()
    ours.lines.pop("Texts")
    python = Bill()
    python.add("API Gateway", 2 * API_CALL)
    python.add("Step Functions", TRANSITION * 4)
    for milliseconds in (250, 600, 100):
        python.function(milliseconds, 512, LAMBDA_GB_SECOND_X86, lines=5)
    python.transaction(2, 1)
    python.write(2)
    python.write(2)
    python.read()
    schedule = Bill()
    schedule.add("API Gateway", 2 * API_CALL)
    schedule.add("Scheduler", SCHEDULE)
    for milliseconds in (20, 150, 15):
        schedule.function(milliseconds, lines=2)
    schedule.transaction(2, 1)
    schedule.transaction(2, 1)
    schedule.transaction(2, 1)
    schedule.write(2)
    schedule.read()
    # A function that polls every minute, whether or not there is work, for a month with 1,000 events.
    poller = Bill()
    poller.add("API Gateway", 2 * API_CALL * 1000)
    for _ in range(60 * 24 * 30):
        poller.function(100, 512, LAMBDA_GB_SECOND_X86, lines=2)
        poller.read(8)
    for _ in range(1000):
        poller.function(600, 512, LAMBDA_GB_SECOND_X86, lines=5)
        poller.write(2)
        poller.write(2)
    return [
        ("this product", ours.times(1000).total()),
        ("the same in Python at 512 MB, x86", python.times(1000).total()),
        ("EventBridge Scheduler instead of an execution: no history, no verdict", schedule.times(1000).total()),
        ("a function that polls a table every minute, 1,000 events a month", poller.total()),
    ]


def fixed():
    """Returns the cost of a month without any event, from the template."""
    template = (ROOT / "template.yaml").read_text()
    blocks = re.split(r"(?m)^(?=  [A-Z]\w+:$)", template)
    alarms = [block for block in blocks if "Type: AWS::CloudWatch::Alarm\n" in block]
    optional = [block for block in alarms if "\n    Condition: " in block]
    always = [block for block in alarms if block not in optional]
    metrics = sum(max(1, block.count("MetricName:")) for block in always)
    more = sum(max(1, block.count("MetricName:")) for block in optional)
    return [
        ("the secret", SECRET_MONTH),
        (f"{len(always)} alarms over {metrics} metrics", metrics * ALARM_METRIC_MONTH),
        (f"{len(optional)} optional alarms over {more} metrics", more * ALARM_METRIC_MONTH),
        ("the dashboard (free for the first three of an account)", DASHBOARD_MONTH),
        ("our own metrics, each only while it has data: Sent, one source, receipts, one provider's texts", 6 * METRIC_MONTH),
    ]


def row(*cells):
    return "| " + " | ".join(cells) + " |"


def tables():
    out = [f"Prices of {PRICES_OF}.", ""]
    one, thousand = event().times(1000), appointments()
    services = sorted(one.lines | thousand.lines, key=lambda service: -one.lines.get(service, 0))
    out += [row("USD", "1,000 events of one text", "1,000 appointments"), row("---", "---:", "---:")]
    for service in services:
        out.append(row(service, f"{one.lines.get(service, 0):.3f}", f"{thousand.lines.get(service, 0):.3f}"))
    out.append(row("**all**", f"**{one.total():.2f}**", f"**{thousand.total():.2f}**"))
    without = [bill.total() - bill.lines["Texts"] for bill in (one, thousand)]
    out.append(row("all but the texts", *(f"{usd:.3f}" for usd in without)))
    out += ["", row("1,000 events of one text, without the texts", "USD"), row("---", "---:")]
    out += [row(name, f"{usd:.2f}") for name, usd in usual_designs()]
    out += ["", row("a month without an event", "USD"), row("---", "---:")]
    out += [row(name, f"{usd:.2f}") for name, usd in fixed()]
    out.append(row("**all**", f"**{sum(usd for _, usd in fixed()):.2f}**"))
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    page = (ROOT / "docs" / "cost.md").read_text()
    if "--write" in sys.argv:
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        (ROOT / "docs" / "cost.md").write_text(before + BEGIN + tables() + END + after)
        sys.exit()
    if "--check" in sys.argv:
        stands = page.split(BEGIN)[1].split(END)[0].strip("\n") + "\n"
        sys.exit(0 if stands == tables() else "docs/cost.md differs from the output of tools/cost.py: run python3 tools/cost.py --write")
    print(tables(), end="")
