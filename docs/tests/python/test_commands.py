"""Tests the commands in the documents. Those that can run on this machine are run. For all others, the program,
its subcommand and its flags must exist.

A command is a line of an indented block. The documents use the default ports of a running machine, such as
`curl http://127.0.0.1:3000`, so the ports are replaced.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import botocore.session
from botocore import xform_name

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "local" / "tests" / "python"))

from machine import AFTERWORD, API_KEY, Machine  # noqa: E402

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = ("afterword", "./deploy.sh", "make", "aws", "cargo", "curl", "tools/", "python3")
# The heading of the README under which all commands are run, in this order.
TRY_IT = "## Try it"
# A shell function of the README, which is not a command to test.
FUNCTION = 'afterword() { cargo run --quiet --package cli -- "$@"; }'


def blocks(text):
    """The indented blocks, continued lines joined; each with the heading it stands under."""
    heading, lines = "", []
    for line in [*text.splitlines(), "end"]:
        if re.match(r"( {4}|\t)\S|^ {4,}\S", line):
            lines.append(line.strip())
            continue
        if line.strip() == "" and lines:
            lines.append("")
            continue
        if lines:
            yield heading, "\n".join(lines).replace("\\\n", " ").splitlines()
            lines = []
        if line.startswith("#"):
            heading = line


def commands(document):
    """Every command of a document: heading and words."""
    found = []
    for heading, lines in blocks(document.read_text()):
        for line in lines:
            line = re.sub(r"\s+#.*$", "", line)
            line = re.sub(r"^(?:[A-Z_]+=\S*\s+)+", "", line)
            if line.startswith(PROGRAMS) and not line.startswith("afterword()"):
                found.append((heading, line))
    return found


def help_of(*words):
    """The help of a subcommand; nothing if there is none."""
    done = subprocess.run([AFTERWORD, *words, "--help"], capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


class Commands(unittest.TestCase):
    maxDiff = None

    def test_every_command_exists(self):
        checked = {}
        for document in DOCUMENTS:
            for _, line in commands(document):
                with self.subTest(document=document.name, command=line):
                    words = shlex.split(line.replace("<", "'<").replace(">", ">'") if "<" in line else line)
                    program = words[0].split("/")[0] if words[0].startswith("tools/") else words[0]
                    getattr(self, "check_" + re.sub(r"\W", "", program))(words)
                    checked[program] = checked.get(program, 0) + 1
        print(f"\ncommands of the documents: {checked}")
        for program in ("afterword", "./deploy.sh", "make", "aws", "curl"):
            self.assertGreater(checked.get(program, 0), 2, program)

    def check_afterword(self, words):
        self.afterword(words[1:])

    def afterword(self, words):
        names = []
        while len(names) < len(words) and re.fullmatch(r"[a-z][a-z-]*", words[len(names)]):
            if help_of(*names, words[len(names)]) is None:
                break
            names.append(words[len(names)])
        self.assertTrue(names, f"afterword has no {words[:1]}")
        text = help_of(*names)
        # Where a subcommand is expected, the next word must be one.
        self.assertFalse("Commands:" in text and len(words) > len(names), f"{words} is not a command")
        for flag in (word.split("=")[0] for word in words if word.startswith("--")):
            self.assertIn(flag, text, f"afterword {' '.join(names)}")

    def check_deploysh(self, words):
        text = subprocess.run([ROOT / "deploy.sh", "--help"], capture_output=True, text=True, check=True).stdout
        for flag in (word for word in words if word.startswith("--")):
            self.assertIn(f"  {flag} ", text + " ")

    def check_make(self, words):
        targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text())
        for word in words[1:]:
            self.assertTrue(word in targets or "=" in word, f"make {word}")

    def check_aws(self, words):
        words = words[words.index("aws") + 1 :]
        while words[0].startswith("--"):
            words = words[2:]
        session = botocore.session.get_session()
        if words[0] == "configure":
            return
        model = session.get_service_model(words[0] if words[0] != "stepfunctions" else "stepfunctions")
        names = {xform_name(name, "-"): name for name in model.operation_names}
        self.assertIn(words[1], names)
        shape = model.operation_model(names[words[1]]).input_shape
        members = {xform_name(member, "-") for member in shape.members}
        for flag in (word[2:].removeprefix("no-") for word in words[2:] if word.startswith("--")):
            self.assertIn(flag, members | {"endpoint-url", "query", "output", "max-items"}, words[1])

    def check_cargo(self, words):
        if "--" in words and "cli" in words:
            self.afterword(words[words.index("--") + 1 :]) if words[words.index("--") + 1 :] != ["$@"] else None
        else:
            self.assertIn(words[1], {"run", "fmt", "clippy", "nextest", "test", "build", "doc", "insta", "machete", "deny"})

    def check_curl(self, words):
        for file in (word[1:] for word in words if word.startswith("@")):
            self.assertTrue((ROOT / file).exists() or file.startswith("my-"), file)

    def check_tools(self, words):
        self.assertTrue(os.access(ROOT / words[0], os.X_OK), words[0])

    def check_python3(self, words):
        self.assertTrue((ROOT / words[1]).exists(), words[1])

    def test_the_commands_of_the_readme_run(self):
        ran = 0
        with Machine() as machine, tempfile.TemporaryDirectory() as folder:
            ports = {"3000": machine.gateway, "3001": machine.admin, "4566": machine.aws}
            ports = {port: url.rsplit(":", 1)[1] for port, url in ports.items()}
            keys = {"KEY": API_KEY, "AFTERWORD_API_KEY": API_KEY, "AFTERWORD_CALENDLY_SIGNING_KEY": "a-signing-key-of-the-tests"}
            place = ["--port", ports["3000"], "--admin-port", ports["3001"], "--aws-port", ports["4566"], "--data-dir", folder]
            for heading, line in commands(ROOT / "README.md"):
                if heading != TRY_IT or line.startswith(("make ", "aws ")):
                    continue
                for port, real in ports.items():
                    line = line.replace(f"127.0.0.1:{port}", f"127.0.0.1:{real}")
                words = [os.path.expandvars(word) for word in shlex.split(line.replace("$KEY", API_KEY))]
                if words[0] == "cargo":
                    words = ["afterword", *words[words.index("--") + 1 :]]
                if words[0] == "afterword":
                    words = [str(AFTERWORD), *words[1:], *place]
                else:
                    words[1:1] = ["--silent", "--show-error", "--fail"]
                done = subprocess.run(words, cwd=ROOT, env={**os.environ, **keys}, capture_output=True, text=True, timeout=60)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
                if "outbox" in line:
                    self.assertIn('"body"', done.stdout, line)
                ran += 1
            story = subprocess.run(
                [AFTERWORD, "show", "calendly-b8e2b0e013d921e8a740e74f1ff4d001", *place],
                env={**os.environ, **keys}, capture_output=True, text=True,
            ).stdout
            for verdict in ("Sent", "SkippedCustomerReplied", "SkippedOptedOut"):
                self.assertIn(verdict, story)
        print(f"\n{ran} commands of the README ran")
        self.assertGreater(ran, 10)

    def test_the_cost_page_agrees_with_the_model(self):
        done = subprocess.run([sys.executable, ROOT / "tools" / "cost.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
