"""The mutants of `tools/mutants.py` match the source, and the tests that they name exist."""

import importlib.util
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Mutants(unittest.TestCase):
    def test_every_mutant_changes_one_line_and_names_existing_tests(self):
        spec = importlib.util.spec_from_file_location("mutants", ROOT / "tools" / "mutants.py")
        mutants = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(mutants)
        self.assertEqual(mutants.problems(), [])


if __name__ == "__main__":
    unittest.main()
