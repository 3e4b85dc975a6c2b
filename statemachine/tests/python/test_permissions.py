"""Least privilege in both directions: the role of each function allows exactly the AWS calls that the function's code
can make.

The calls are found in the sources. From every function's own code the calls are followed through the
domain and the edge into those modules of shared/adapters whose types its `main` composes. Each call of an SDK that is
reached is an action that the role must name. Methods are distinguished by their names only, so the result may contain
too many actions, but never too few. If it contains too many, the comparison fails and one of two methods needs another
name.
"""

import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]

# Calls and parts of transactions as they are written in shared/adapters, with the action that each needs.
# TransactWriteItems itself is not an action, but its parts are.
ACTIONS = {
    r"\.get_item\(\)": "dynamodb:GetItem",
    r"\.batch_get_item\(\)": "dynamodb:BatchGetItem",
    r"\.put_item\(\)": "dynamodb:PutItem",
    r"\.update_item\(\)": "dynamodb:UpdateItem",
    r"\.delete_item\(\)": "dynamodb:DeleteItem",
    r"\.query\(\)": "dynamodb:Query",
    r"\.scan\(\)": "dynamodb:Scan",
    r"\bPut::builder\(\)": "dynamodb:PutItem",
    r"\bUpdate::builder\(\)": "dynamodb:UpdateItem",
    r"\bDelete::builder\(\)": "dynamodb:DeleteItem",
    r"\bConditionCheck::builder\(\)": "dynamodb:ConditionCheckItem",
    r"\.start_execution\(\)": "states:StartExecution",
    r"\.describe_execution\(\)": "states:DescribeExecution",
    r"\.stop_execution\(\)": "states:StopExecution",
    r"\.list_executions\(\)": "states:ListExecutions",
    r"\.get_secret_value\(\)": "secretsmanager:GetSecretValue",
    r"\.put_secret_value\(\)": "secretsmanager:PutSecretValue",
    r"\.get_parameter\(\)": "ssm:GetParameter",
    r"\.put_parameter\(\)": "ssm:PutParameter",
    r"\.send_text_message\(\)": "sms-voice:SendTextMessage",
    r"\.publish\(\)": "sns:Publish",
    r"\.send_whats_app_message\(\)": "social-messaging:SendWhatsAppMessage",
}
# The table writes by one builder, which names its parts by free functions: `put(key)`, `update(key)`, ... The file that
# turns them into calls can make all of them and says nothing about who does.
PARTS = {
    r"(?<![.\w:])put\(": "dynamodb:PutItem",
    r"(?<![.\w:])(?:update|upsert)\(": "dynamodb:UpdateItem",
    r"(?<![.\w:])delete\(": "dynamodb:DeleteItem",
    r"(?<![.\w:])check\(": "dynamodb:ConditionCheckItem",
}
ADAPTERS = ROOT / "shared" / "adapters" / "src"
EXECUTES = ADAPTERS / "table" / "execute.rs"
# Every fluent call of an SDK client: `client.operation()` without arguments, then `.send()`.
SDK_CALL = re.compile(r"(?:client|dynamodb|sfn|sns|sms|ssm)\s*(?:\(\))?\s*\.(\w+)\(\)")
CALL = re.compile(r"(\.|\b[A-Za-z]\w*::)?\b([a-z_][a-z0-9_]*)\s*(?:::<[^()]*>)?\(")
OWNER = re.compile(r"\b(?:impl(?:<[^{};]*?>)?\s+|trait\s+)(?:[\w:]+::)?(\w+)(?:<[^{};]*?>)?(?:\s+for\s+&?(?:[\w:]+::)?(\w+)[^{};]*?)?[^{};]*?\{")
FUNCTION = re.compile(r"\bfn\s+([a-z_][a-z0-9_]*)")
NOT_SHIPPED = {"memory", "contract", "fakes", "testing", "tests"}


def shipped(path):
    """Returns a source file without comments, string literals and tests."""
    text = path.read_text()
    text = re.sub(r'//[^\n]*|r#".*?"#|"(?:\\.|[^"\\])*"', '""', text, flags=re.S)
    text = re.sub(r"'(?:[^'\\\n]|\\.)'", "' '", text)
    while (at := text.find("#[cfg(test)]")) >= 0:
        brace, end = text.find("{", at), text.find(";", at)
        text = text[:at] + (text[end + 1 :] if 0 <= end < brace or brace < 0 else text[block_end(text, brace) :])
    return text


def block_end(text, brace):
    depth = 0
    for index in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    return len(text)


def sources(folder):
    files = (path for path in folder.rglob("*.rs") if not NOT_SHIPPED & {*path.with_suffix("").parts})
    return {path: shipped(path) for path in sorted(files)}


def bodies(text):
    """Yields owner (the type of its `impl`, its trait, or None), name and body of every function in a source."""
    blocks = []
    for found in OWNER.finditer(text):
        brace = text.find("{", found.end() - 1)
        blocks.append((brace, block_end(text, brace), found.group(2) or found.group(1)))
    for found in FUNCTION.finditer(text):
        brace, end = text.find("{", found.end()), text.find(";", found.end())
        if brace >= 0 and not 0 <= end < brace:
            owner = next((name for start, stop, name in reversed(blocks) if start < found.start() < stop), None)
            yield owner, found.group(1), text[brace : block_end(text, brace)]


def calls(owner, body, owners, here):
    """Yields the calls of a body as (owner, name, file): `x.name()` is a method of any type, `Type::name()` of that type,
    and `name()` a function of the same file (`here` has their names and the file) if it has one, otherwise of any."""
    names, file = here
    closures = set(re.findall(r"\blet\s+(?:mut\s+)?(\w+)", body))
    for found in CALL.finditer(body):
        before, name = found.group(1), found.group(2)
        if before == ".":
            yield "any", name, None
        elif before and before[0].isupper():
            kind = owner if before == "Self::" else before[:-2]
            if kind in owners:
                yield kind, name, None
        elif before or name not in closures:
            yield None, name, file if not before and name in names else None


def actions_of(body, file):
    """Returns the actions that a body needs."""
    joined = re.sub(r"\s+(?=\.)", "", body)
    actions = {action for pattern, action in ACTIONS.items() if re.search(pattern, joined)}
    if file == EXECUTES:
        actions -= set(PARTS.values())
    elif file.is_relative_to(ADAPTERS / "table") or file == ADAPTERS / "journeys.rs":
        actions |= {action for pattern, action in PARTS.items() if re.search(pattern, joined)}
    return actions


def module_of(path):
    """Returns the module of a file of shared/adapters: each provider is one."""
    parts = path.relative_to(ADAPTERS).with_suffix("").parts
    return "::".join(parts[:2]) if parts[0] == "providers" else parts[0]


def adapter_modules(main, adapters):
    """Returns the modules of shared/adapters that a `main` names, and those that they name."""
    name_of_module = r"(providers::\w+|\w+)"
    wanted = set(re.findall("adapters::" + name_of_module, main))
    for group in re.findall(r"adapters::\{([^}]*)\}", main):
        wanted |= set(re.findall(r"(\w+)", group))
    taken = {}
    while wanted:
        name = wanted.pop()
        for path, text in adapters.items():
            if module_of(path) == name and path not in taken:
                taken[path] = text
                wanted |= set(re.findall("crate::" + name_of_module, text))
    return taken


def reached(function, domain, adapters):
    """Returns the actions that a function's code reaches."""
    own = sources(ROOT / "functions" / function / "src")
    main = own[ROOT / "functions" / function / "src" / "main.rs"]
    everything = domain | adapter_modules(main, adapters) | own
    known = {}
    for file, text in everything.items():
        for owner, name, body in bodies(text):
            known.setdefault(name, []).append((owner, body, file))
    owners = {owner for found in known.values() for owner, _, _ in found}
    free = {file: {name for owner, name, _ in bodies(text) if owner is None} for file, text in everything.items()}

    def called(owner, body, file):
        return set(calls(owner, body, owners, (free[file], file)))

    # All code of the function's own crate counts, and the rest as far as it is called from there.
    open_ = {call for file, text in own.items() for owner, _, body in bodies(text) for call in called(owner, body, file)}
    seen, actions = set(), set()
    while open_:
        whose, name, where = call = open_.pop()
        seen.add(call)
        for owner, body, file in known.get(name, []):
            if (owner == whose and where in (None, file)) or (whose == "any" and owner is not None):
                actions |= actions_of(body, file)
                open_ |= called(owner, body, file) - seen
    return actions


class Loader(yaml.SafeLoader):
    """Loads YAML with CloudFormation's short forms."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: {suffix: loader.construct_object(node, deep=True)
    if isinstance(node, yaml.ScalarNode) is False and not isinstance(node, (yaml.SequenceNode, yaml.MappingNode))
    else loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode)
    else loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode)
    else loader.construct_mapping(node, deep=True)})


def allowed(template, function):
    """Returns the actions that a function's role names."""
    logical = "".join(word.capitalize() for word in function.split("-")) + "Function"
    properties = template["Resources"][logical]["Properties"]
    actions = set()
    for policy in properties.get("Policies", []):
        policies = policy["If"][1:] if "If" in policy else [policy]
        for statement in (s for p in policies if "Statement" in p for s in p["Statement"]):
            statement = statement["If"][1] if "If" in statement else statement
            names = statement["Action"]
            actions |= set(names if isinstance(names, list) else [names])
    return actions


class Permissions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.template = yaml.load((ROOT / "template.yaml").read_text(), Loader)
        cls.domain = sources(ROOT / "shared" / "messaging" / "src") | sources(ROOT / "shared" / "http" / "src")
        cls.adapters = sources(ROOT / "shared" / "adapters" / "src")
        cls.functions = sorted(path.parents[1].name for path in ROOT.glob("functions/*/src/main.rs"))

    def test_each_role_allows_what_its_code_calls_and_nothing_else(self):
        for function in self.functions:
            calls, role = reached(function, self.domain, self.adapters), allowed(self.template, function)
            print(f"\n{function}")
            for action in sorted(calls | role):
                print(f"  {action:<36}{'called' if action in calls else 'NOT CALLED':<12}{'allowed' if action in role else 'NOT ALLOWED'}")
            with self.subTest(function):
                self.assertEqual(calls - role, set(), "called and not allowed")
                self.assertEqual(role - calls, set(), "allowed and not called")

    def test_every_call_of_an_sdk_is_known(self):
        known = {re.sub(r"\W|b(?=[A-Z])", "", call.replace(r"\(", "").replace(r"\)", "")) for call in ACTIONS}
        calls = set()
        operators = {"accounts", "installation"}  # called by the command line only, with the credentials of its user
        for path, text in self.adapters.items():
            if operators & {*path.with_suffix("").parts}:
                continue
            calls |= set(SDK_CALL.findall(re.sub(r"\s+", "", text)))
        self.assertIn("get_item", calls)
        self.assertEqual(calls - known - {"transact_write_items", "clone", "as_ref", "send"}, set())


if __name__ == "__main__":
    unittest.main()
