"""What an event costs in calls and transitions, held to what is promised; with the debug build, nothing is timed.

    BINARIES=target/debug python -m unittest discover --start-directory benches/functions
"""

import os
import unittest

from bench import measure, subjects
from transitions import transitions

BINARIES = os.environ["BINARIES"]


class Costs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.measured = list(subjects(BINARIES))
        measure(cls.measured, starts=1, rounds=1, events=20)

    def calls(self, job):
        return next(subject.calls for subject in self.measured if (subject.job, subject.language) == (job, "Rust"))

    def test_accepting_takes_two_writes_and_one_start(self):
        self.assertEqual(self.calls("ingest"), {"TransactWriteItems": 1, "UpdateItem": 1, "StartExecution": 1})

    def test_sending_takes_three_calls_and_the_providers(self):
        expected = {"GetItem": 1, "TransactWriteItems": 2, "twilio:CreateMessage": 1}
        self.assertEqual(self.calls("send"), expected)

    def test_python_does_the_same_job(self):
        for job in ("ingest", "send"):
            python = next(subject for subject in self.measured if (subject.job, subject.language) == (job, "Python"))
            self.assertEqual(python.calls, self.calls(job))

    def test_a_text_takes_four_transitions(self):
        self.assertEqual(transitions(f"{BINARIES}/afterword"), 4)


if __name__ == "__main__":
    unittest.main()
