#!/usr/bin/python3
"""Samba's raw_protocol suite against the server on 127.0.0.1, port 135: raw_protocol.py FILE

FILE names one test a line. For each a line "VERDICT<tab>NAME": ok, failed or skipped; before it, what went
wrong. "ran N" at the end.
"""
import os
import sys
import unittest

conf = "%s/raw_protocol.conf" % os.environ["XDG_RUNTIME_DIR"]
open(conf, "w").close()
os.environ.update(SMB_CONF_PATH=conf, SERVER="127.0.0.1", TARGET_HOSTNAME="localhost", IGNORE_RANDOM_PAD="1")

from samba.tests.dcerpc.raw_protocol import TestDCERPC_BIND  # noqa: E402  reads the environment


class Result(unittest.TestResult):
    def say(self, verdict, test, why=None):
        if why:
            print(why)
        print("%s\t%s" % (verdict, test.id().rsplit(".", 1)[-1]), flush=True)

    def addSuccess(self, test):
        self.say("ok", test)

    def addFailure(self, test, err):
        self.say("failed", test, self._exc_info_to_string(err, test))

    addError = addFailure

    def addSkip(self, test, reason):
        self.say("skipped", test, reason)


def main():
    with open(sys.argv[1]) as names:
        tests = [TestDCERPC_BIND(name.strip()) for name in names]
    unittest.TestSuite(tests).run(Result())
    print("ran %d" % len(tests))


main()
