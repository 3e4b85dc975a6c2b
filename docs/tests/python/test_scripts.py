"""Tests that deploy.sh, deploy.ps1, env.example and the template have the same flags and settings.

PowerShell is not needed: deploy.ps1 passes its flags to deploy.sh, which does the work.
"""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SHELL, POWERSHELL = (ROOT / "deploy.sh").read_text(), (ROOT / "deploy.ps1").read_text()
# Settings of the AWS account, which the template does not have.
ACCOUNT = {"AWS_PROFILE", "AWS_REGION"}


class Scripts(unittest.TestCase):
    def flags(self):
        """Returns the flags in the help of deploy.sh, and whether each takes a value."""
        help_text = subprocess.run([ROOT / "deploy.sh", "--help"], capture_output=True, text=True, check=True).stdout
        return {flag: bool(value) for flag, value in re.findall(r"(?m)^  --([a-z0-9-]+)( [A-Z]+)?", help_text)}

    def test_both_scripts_take_the_same_flags(self):
        parameters = {name: kind == "string" for kind, name in re.findall(r"\[(switch|string)\] \$(\w+)", POWERSHELL)}
        spelled = {"".join(word.capitalize() for word in flag.split("-")): takes for flag, takes in self.flags().items()}
        self.assertEqual(parameters, spelled)
        for name, takes in parameters.items():
            flag = next(flag for flag in self.flags() if flag.replace("-", "") == name.lower())
            handed = f"'--{flag}', ${name}" if takes else f"'--{flag}'"
            self.assertIn(f"if (${name}) {{ $arguments += {handed} }}", POWERSHELL)

    def test_deploy_sh_understands_exactly_the_flags_of_its_help(self):
        understood = set(re.findall(r"(?m)^        --([a-z0-9-]+)(?:\)| \|)", SHELL))
        self.assertEqual(understood, set(self.flags()))

    def test_every_setting_reaches_the_template_from_both_scripts(self):
        listed = SHELL.split("done <<'TEXT'\n")[1].split("\nTEXT")[0]
        handed = dict(line.split() for line in listed.splitlines())
        template = (ROOT / "template.yaml").read_text().split("\nParameters:\n")[1].split("\nConditions:\n")[0]
        parameters = set(re.findall(r"(?m)^  (\w+):$", template))
        self.assertEqual(set(handed), parameters - {"Architecture"}, "Architecture is the flag --x86")
        example = (ROOT / "env.example").read_text().split("# --- deploy.sh")[1].split("# --- ")[0]
        self.assertEqual(set(re.findall(r"(?m)^#?([A-Z_]+)=", example)), set(handed.values()) | ACCOUNT)
        through = set(re.findall(r"'([A-Z_]+)'", POWERSHELL.split("$names =")[1].split("$env:WSLENV")[0]))
        self.assertEqual(through, set(handed.values()) | ACCOUNT | {"AWS_DEFAULT_REGION"})


if __name__ == "__main__":
    unittest.main()
