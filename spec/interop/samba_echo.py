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


def fields(value):
    return {n: fields(getattr(value, n)) for n in ("v", "v1", "v2", "info1", "info4", "e1", "e2")
            if hasattr(value, n)} if not isinstance(value, int) else value


INFOS = ({"v": 10}, {"v": 20}, {"v": 30}, {"v": 40}, {"v1": 50, "v2": 60}, {"v1": 70, "info1": {"v": 80}},
         {"v1": 80, "info4": {"v": 90}})


def test_enum(server):
    foo2 = echo.Enum2()
    foo2.e1, foo2.e2 = echo.ECHO_ENUM1, echo.ECHO_ENUM2_32
    answer = server.TestEnum(echo.ECHO_ENUM1, foo2, echo.ECHO_ENUM2)
    check("TestEnum, an enumeration", (answer[0], fields(answer[1]), answer[2]), (1, {"e1": 2, "e2": 2}, 2))
    answer = server.TestEnum(echo.ECHO_ENUM2, foo2, foo2)
    check("TestEnum, a struct", (answer[0], fields(answer[1])["e1"]), (2, 2))


def test_values(server):
    """The procedures that try out types; TestDoublePointer's wrapper is broken."""
    check("TestCall", server.TestCall("d\u00e9j\u00e0 vu \U0001d11e"), "d\u00e9j\u00e0 vu \U0001d11e")
    for level, info in enumerate(INFOS, 1):
        check("TestCall2(%d)" % level, fields(server.TestCall2(level)), info)
    check("TestSleep", server.TestSleep(0), 0)
    test_enum(server)
    for n in (0, 3, 1000):
        data = echo.Surrounding()
        data.x, data.surrounding = n, list(range(n))
        answer = server.TestSurrounding(data)
        check("TestSurrounding(%d)" % n, (answer.x, answer.surrounding), (2 * n, [0] * (2 * n)))


def main():
    server = connect(echo.rpcecho, *sys.argv[1:3])
    for n in (0, 41, 0x01020304, 0xFFFFFFFF):
        check("AddOne(%d)" % n, server.AddOne(n), (n + 1) & 0xFFFFFFFF)
    for size in SIZES:
        check("EchoData(%d)" % size, server.EchoData(pattern(size)), pattern(size))
        check("SinkData(%d)" % size, server.SinkData(pattern(size)), None)
        check("SourceData(%d)" % size, server.SourceData(size), pattern(size))
    test_values(server)
    check_fault(server, "a procedure that is not there", 77, b"", 0xC002002E)
    check_fault(server, "half a stub", 0, b"\1\0", 0xC003000C)
    ask_mgmt(*sys.argv[1:3])
    print("all answered")


main()
