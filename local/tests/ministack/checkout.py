"""A copy of this checkout, in which deploy.sh runs as on somebody's machine: with functions that are built
already, shorter waits, and the template as far as the emulator knows it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from machine import AFTERWORD, ROOT

BINARIES = Path(os.environ.get("BINARIES", ROOT / "target" / "release")).absolute()
FUNCTIONS = sorted(path.parents[1].name for path in ROOT.glob("functions/*/src/main.rs"))
# What this version of ministack does not know, by words of the resource. Nothing that a message passes.
UNKNOWN = {
    "saved queries": ("Type: AWS::Logs::QueryDefinition\n",),
    "alarms by metric math": ("Type: AWS::CloudWatch::Alarm\n", "      Metrics:\n"),
}
# The shipped journeys with shorter waits: the emulator's clock cannot be moved.
SHORTER = {'"120s"': '"4s"', '"30m"': '"20s"'}
# What is made by building and running, and what would be large to copy.
LEFT_OUT = ("target", ".tools", ".git", ".afterword", ".aws-sam")


def journeys():
    text = (ROOT / "journeys.toml").read_text()
    for length, shorter in SHORTER.items():
        assert length in text, length
        text = text.replace(length, shorter)
    return text


def known_template():
    """The template, with a resource that is nothing in place of each that the emulator does not know."""
    text = (ROOT / "template.yaml").read_text()
    head, resources = text.split("\nResources:\n")
    resources, outputs = resources.split("\nOutputs:\n")
    blocks = re.split(r"(?m)^(?=  [A-Z]\w+:$)", resources)
    for what, words in UNKNOWN.items():
        out = [block for block in blocks if all(word in block for word in words)]
        blocks = [nothing(block) if block in out else block for block in blocks]
        names = ", ".join(block.split(":")[0].strip() for block in out)
        print(f"left out because ministack does not know {what}: {names}")
    return f"{head}\nResources:\n{''.join(blocks)}\nOutputs:\n{outputs}"


def nothing(block):
    """Of the same name and under the same condition, so that the linter sees both used."""
    kept = [line for line in block.splitlines() if re.match(r"  \w+:$|    Condition: ", line)]
    return "\n".join([kept[0], "    Type: AWS::CloudFormation::WaitConditionHandle", *kept[1:], "", ""])


class Checkout:
    def __init__(self, place, environment):
        self.place = place
        home = Path.home()
        # rustup finds its toolchain from the user's own home.
        rust = {"CARGO_HOME": home / ".cargo", "RUSTUP_HOME": home / ".rustup"}
        rust = {name: os.environ.get(name, str(place)) for name, place in rust.items()}
        self.environment = {**environment, **rust, "AFTERWORD": str(AFTERWORD)}
        shutil.copytree(ROOT, place, ignore=lambda folder, _: LEFT_OUT if Path(folder) == ROOT else ())
        (place / ".tools").mkdir()
        (place / ".tools" / "python").symlink_to(ROOT / ".tools" / "python")
        (place / "template.yaml").write_text(known_template())
        (place / "journeys.toml").write_text(journeys())
        for function in FUNCTIONS:
            self.bootstrap(function).parent.mkdir(parents=True)
            # Without symbols: a debug build has ten times the size with them.
            subprocess.run(["strip", "-o", self.bootstrap(function), BINARIES / function], check=True)

    def bootstrap(self, function):
        return self.place / "target" / "lambda" / function / "bootstrap"

    def deploy(self, *arguments, say="", **environment):
        """Runs deploy.sh, which reads `say`; exit code and output. A variable that is None is not set."""
        environment = {**self.environment, **environment}
        done = subprocess.run(
            ["./deploy.sh", *arguments],
            cwd=self.place,
            env={name: value for name, value in environment.items() if value is not None},
            input=say,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
        )
        # Its own lines, without CloudFormation's tables.
        told = [line for line in done.stdout.splitlines() if re.match(r"== \w|   \w|deploy\.sh:", line)]
        print(f"\n$ ./deploy.sh {' '.join(arguments)}\n" + "\n".join(told))
        return done.returncode, done.stdout
