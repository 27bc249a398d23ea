#!/usr/bin/python3
"""Samba's Python bindings as a client of rpcecho and mgmt: samba_echo.py BINDING [SMB.CONF]

Calls AddOne, EchoData, SinkData and SourceData, small and fragmented both ways, asks mgmt what is served, and
wants two faults; prints a line for each, "all answered" at the end, and ends with the first answer that is wrong.
"""
import sys

from samba import NTSTATUSError
from samba.credentials import Credentials
from samba.dcerpc import echo, mgmt
from samba.param import LoadParm

SIZES = (0, 1, 9000, 70000)


def pattern(size):
    return [i & 0xFF for i in range(size)]


def connect(interface, binding, conf=None):
    lp, creds = LoadParm(), Credentials()
    if conf:
        lp.load(conf)
    creds.set_anonymous()
    return interface(binding, lp, creds)


def check(what, answer, want):
    if answer != want:
        raise SystemExit("%s: wrong answer" % what)
    print(what)


def check_fault(server, what, opnum, stub, want):
    try:
        server.request(opnum, stub)
    except NTSTATUSError as fault:
        return check("%s: 0x%08x" % (what, fault.args[0]), fault.args[0], want)
    raise SystemExit("%s: answered" % what)


def ask_mgmt(*where):
    server = connect(mgmt.mgmt, *where)
    served = server.inq_if_ids()
    check("inq_if_ids", served.count, 3)
    names = [str(p.id.uuid) for p in served.if_id]
    check("rpcecho is served", names[0], "60a15ec5-4de8-11d7-a637-005056a20182")
    check("inq_stats", server.inq_stats(4, 0).statistics, [1, 2, 3, 4])
    status, listening = server.is_server_listening()
    check("is_server_listening", (status, listening), (0, 1))


def main():
    server = connect(echo.rpcecho, *sys.argv[1:3])
    for n in (0, 41, 0x01020304, 0xFFFFFFFF):
        check("AddOne(%d)" % n, server.AddOne(n), (n + 1) & 0xFFFFFFFF)
    for size in SIZES:
        check("EchoData(%d)" % size, server.EchoData(pattern(size)), pattern(size))
        check("SinkData(%d)" % size, server.SinkData(pattern(size)), None)
        check("SourceData(%d)" % size, server.SourceData(size), pattern(size))
    check_fault(server, "a procedure that is not there", 77, b"", 0xC002002E)
    check_fault(server, "half a stub", 0, b"\1\0", 0xC003000C)
    ask_mgmt(*sys.argv[1:3])
    print("all answered")


main()
