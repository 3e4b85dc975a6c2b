"""deploy.sh and deploy.ps1 know the same flags and settings: those of env.example and of the template.

PowerShell is not needed: deploy.ps1 hands its flags to deploy.sh, which does the work.
"""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHELL, POWERSHELL = (ROOT / "deploy.sh").read_text(), (ROOT / "deploy.ps1").read_text()
# Of the account, not of the template.
ACCOUNT = {"AWS_PROFILE", "AWS_REGION"}


class Scripts(unittest.TestCase):
    def flags(self):
        """The flags by deploy.sh's help, and whether each takes a value."""
        told = subprocess.run([ROOT / "deploy.sh", "--help"], capture_output=True, text=True, check=True).stdout
        return {flag: bool(value) for flag, value in re.findall(r"(?m)^  --([a-z0-9-]+)( [A-Z]+)?", told)}

    def test_both_scripts_take_the_same_flags(self):
        parameters = {name: kind == "string" for kind, name in re.findall(r"\[(switch|string)\] \$(\w+)", POWERSHELL)}
        spelled = {"".join(word.capitalize() for word in flag.split("-")): takes for flag, takes in self.flags().items()}
        self.assertEqual(parameters, spelled)
        for name, takes in parameters.items():
            flag = next(flag for flag in self.flags() if flag.replace("-", "") == name.lower())
            handed = f"'--{flag}', ${name}" if takes else f"'--{flag}'"
            self.assertIn(f"if (${name}) {{ $arguments += {handed} }}", POWERSHELL)

    def test_every_flag_of_the_help_is_understood(self):
        understood = set(re.findall(r"(?m)^        --([a-z0-9-]+)(?:\)| \|)", SHELL))
        self.assertEqual(understood, set(self.flags()))

    def test_every_setting_reaches_the_template_from_everywhere(self):
        listed = SHELL.split("done <<'TEXT'\n")[1].split("\nTEXT")[0]
        handed = dict(line.split() for line in listed.splitlines())
        template = (ROOT / "template.yaml").read_text().split("\nParameters:\n")[1].split("\nConditions:\n")[0]
        parameters = set(re.findall(r"(?m)^  (\w+):$", template))
        self.assertEqual(set(handed), parameters - {"Architecture"}, "which is the flag --x86")
        example = (ROOT / "env.example").read_text().split("# --- deploy.sh")[1].split("# --- ")[0]
        self.assertEqual(set(re.findall(r"(?m)^#?([A-Z_]+)=", example)), set(handed.values()) | ACCOUNT)
        through = set(re.findall(r"'([A-Z_]+)'", POWERSHELL.split("$names =")[1].split("$env:WSLENV")[0]))
        self.assertEqual(through, set(handed.values()) | ACCOUNT | {"AWS_DEFAULT_REGION"})


if __name__ == "__main__":
    unittest.main()
