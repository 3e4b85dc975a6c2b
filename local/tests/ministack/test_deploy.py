"""deploy.sh from its first check to the last goodbye, with an installation of its own beside the other tests'."""

import json
import unittest

from botocore.exceptions import ClientError
from emulator import FROM, FUNCTIONS, OTHER_STACK, OTHER_URL, both

STAGE = ("--stage", OTHER_STACK.removeprefix("afterword-"), "--x86")
NO_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
SETTINGS = {"TWILIO_FROM": FROM, "AFTERWORD_PUBLIC_URL": OTHER_URL}


class Deploy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        _, cls.aws = both()
        cls.checkout = cls.aws.checkout
        cls.stacks, cls.lambdas = cls.aws.client("cloudformation"), cls.aws.client("lambda")

    def deploy(self, *flags, ends=0, **more):
        code, told = self.checkout.deploy(*STAGE, *flags, **more)
        self.assertEqual(code, ends, told[-3000:])
        return told

    def exists(self):
        try:
            (stack,) = self.stacks.describe_stacks(StackName=OTHER_STACK)["Stacks"]
        except ClientError:
            return False
        return not stack["StackStatus"].startswith(("DELETE_", "REVIEW_"))

    def live(self):
        """The version of each function that callers meet."""
        return {
            function.removesuffix("Function"): self.lambdas.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
            for function, name in self.aws.functions(OTHER_STACK).items()
        }

    def change(self, function):
        """Another binary that does the same: what follows an ELF file's contents is not read."""
        with self.checkout.bootstrap(function).open("ab") as file:
            file.write(b"changed")

    def test_1_check_needs_no_account_and_says_what_it_did_not_check(self):
        told = self.deploy("--check", "--no-build", **NO_KEYS)
        for what in ("the build: --no-build", "the AWS account", "the deployment itself"):
            self.assertIn(f"NOT CHECKED: {what}", told)
        self.assertIn(f"there is no stack {OTHER_STACK}", self.deploy("--check", "--no-build"))
        self.assertFalse(self.exists())

    def test_1_check_names_a_compiler_that_cannot_build_for_lambda(self):
        lame = self.checkout.place / "lame"
        lame.mkdir()
        # An installed build environment, a compiler without the target, and a rustup that cannot fetch it.
        (self.checkout.place / ".tools" / "build").mkdir()
        (self.checkout.place / ".tools" / "build" / ".stamp").touch()
        for name, says in {"rustc": f"echo {lame}", "rustup": "echo 'error: no network' >&2; exit 1"}.items():
            (lame / name).write_text(f"#!/bin/sh\n{says}\n")
            (lame / name).chmod(0o755)
        path = {"PATH": f"{lame}:{self.checkout.environment['PATH']}"}
        lacking = "the Rust target x86_64-unknown-linux-gnu is missing, and 'rustup target add x86_64-unknown-linux-gnu' fails"
        self.assertIn(f"NOT CHECKED: the build for x86_64: {lacking}", self.deploy("--check", **path))
        self.assertIn(lacking, self.deploy(ends=1, **path, **SETTINGS))
        self.assertFalse(self.exists())

    def test_2_nothing_is_deployed_without_what_is_needed(self):
        self.assertIn("needs TWILIO_FROM", self.deploy("--no-build", ends=1))
        self.assertIn("no AWS credentials", self.deploy("--no-build", ends=1, **NO_KEYS, **SETTINGS))
        code, told = self.checkout.deploy(*STAGE[:2], "--no-build", **SETTINGS)
        self.assertEqual((code, "is not for arm64" in told), (1, True), told)
        self.assertFalse(self.exists())

    def test_3_it_deploys_and_may_be_repeated(self):
        told = self.deploy("--no-build", **SETTINGS)
        for tried in ("GET /healthz: 200", "GET /version: 200", "POST /sms without a key: 401", f"ApiUrl: {OTHER_URL}"):
            self.assertIn(tried, told)
        first = self.live()
        self.assertEqual(first, dict.fromkeys(first, "1"))
        self.assertEqual(len(first), len(FUNCTIONS))
        secret = {"SecretId": self.outputs()["SecretArn"]}
        secrets = self.aws.client("secretsmanager")
        key = json.loads(secrets.get_secret_value(**secret)["SecretString"])["api_key"]
        self.assertEqual(len(key), 40)
        # The parameter TwilioFrom stays as it is.
        told = self.deploy("--no-build", AFTERWORD_PUBLIC_URL=OTHER_URL)
        self.assertIn("POST /sms without a key: 401", told)
        self.assertEqual(self.live(), first)
        self.assertEqual(json.loads(secrets.get_secret_value(**secret)["SecretString"])["api_key"], key)

    def test_4_a_rollback_undoes_the_last_deployment_and_the_next_one_moves_forward(self):
        for function in ("health", "ingest"):
            self.change(function)
            self.deploy("--no-build", **SETTINGS)
        before = {name: "2" if name in ("Health", "Ingest") else "1" for name in self.live()}
        self.assertEqual(self.live(), before)
        self.assertIn("2 -> 1", self.deploy("--rollback"))
        self.assertEqual(self.live(), {**before, "Ingest": "1"}, "only what the last deployment changed")
        self.assertIn("there is no version to go back to", self.deploy("--rollback", ends=1))
        self.change("send")
        self.assertIn("1 -> 2", self.deploy("--no-build", **SETTINGS))
        self.assertEqual(self.live(), {**before, "Send": "2"}, "nothing is left behind")

    def test_5_the_table_and_the_secret_outlive_the_stack(self):
        outputs = self.outputs()
        self.assertIn("nothing was deleted", self.deploy("--uninstall", ends=1, say="afterword\n"))
        self.assertTrue(self.exists())
        self.deploy("--uninstall", say=f"{OTHER_STACK}\n")
        self.assertFalse(self.exists())
        table = self.aws.client("dynamodb").describe_table(TableName=outputs["TableName"])["Table"]
        self.assertEqual(table["TableStatus"], "ACTIVE")
        self.aws.client("secretsmanager").get_secret_value(SecretId=outputs["SecretArn"])
        with self.assertRaises(ClientError):
            self.aws.client("stepfunctions").describe_state_machine(stateMachineArn=outputs["StateMachineArn"])

    def outputs(self):
        (stack,) = self.stacks.describe_stacks(StackName=OTHER_STACK)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


if __name__ == "__main__":
    unittest.main()
