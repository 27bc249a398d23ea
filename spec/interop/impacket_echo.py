#!/usr/bin/python3
"""impacket as a client of rpcecho, or as its server.

    impacket_echo.py client PORT [FRAGMENT]   AddOne, EchoData, AddOne with an object, a fault; "all answered"
    impacket_echo.py server                   AddOne, EchoData, SinkData, SourceData; "listening on PORT."
"""
import sys

from impacket.dcerpc.v5 import transport
from impacket.dcerpc.v5.dtypes import ULONG
from impacket.dcerpc.v5.ndr import NDRCALL, NDRUniConformantArray
from impacket.dcerpc.v5.rpcrt import DCERPCException, DCERPCServer
from impacket.uuid import string_to_bin, uuidtup_to_bin

RPCECHO = ("60a15ec5-4de8-11d7-a637-005056a20182", "1.0")
OBJECT = "11111111-2222-3333-4444-555555555555"


class DCERPCSessionError(DCERPCException):
    """What impacket raises for a procedure that returns an error; it looks for it here."""


class Bytes(NDRUniConformantArray):
    item = "c"


class AddOne(NDRCALL):
    opnum = 0
    structure = (("value", ULONG),)


class AddOneResponse(NDRCALL):
    structure = (("value", ULONG),)


class EchoData(NDRCALL):
    opnum = 1
    structure = (("len", ULONG), ("data", Bytes))


class EchoDataResponse(NDRCALL):
    structure = (("data", Bytes),)


class SinkData(NDRCALL):
    opnum = 2
    structure = (("len", ULONG), ("data", Bytes))


class SinkDataResponse(NDRCALL):
    structure = ()


class SourceData(NDRCALL):
    opnum = 3
    structure = (("len", ULONG),)


class SourceDataResponse(NDRCALL):
    structure = (("data", Bytes),)


def pattern(size):
    return bytes(i & 0xFF for i in range(size))


# ---- the client


def connect(port):
    dce = transport.DCERPCTransportFactory("ncacn_ip_tcp:127.0.0.1[%s]" % port).get_dce_rpc()
    dce.connect()
    dce.bind(uuidtup_to_bin(RPCECHO))
    return dce


def add_one(dce, value, **more):
    question = AddOne()
    question["value"] = value
    return dce.request(question, checkError=False, **more)["value"]


def echo(dce, size):
    question = EchoData()
    question["len"], question["data"] = size, pattern(size)
    return b"".join(dce.request(question, checkError=False)["data"])


def check(what, answer, want):
    if answer != want:
        raise SystemExit("%s: wrong answer" % what)
    print(what)


def check_fault(dce):
    dce.call(77, b"")
    try:
        dce.recv()
    except DCERPCException as fault:
        return check("fault: %s" % fault, "nca_s_op_rng_error" in str(fault), True)
    raise SystemExit("a procedure that is not there: answered")


def run_client(port, fragment=0):
    dce = connect(port)
    check("AddOne", add_one(dce, 41), 42)
    if fragment:
        dce.set_max_fragment_size(int(fragment))
    for size in (600, 20000):
        check("EchoData(%d)" % size, echo(dce, size), pattern(size))
    check("AddOne with an object", add_one(dce, 1, uuid=string_to_bin(OBJECT)), 2)
    dce.set_max_fragment_size(0)
    check_fault(dce)
    check("AddOne after the fault", add_one(dce, 2), 3)
    dce.disconnect()
    print("all answered")


# ---- the server


def answer_add_one(stub):
    answer = AddOneResponse()
    answer["value"] = (AddOne(stub)["value"] + 1) & 0xFFFFFFFF
    return answer


def answer_echo(stub):
    answer = EchoDataResponse()
    answer["data"] = b"".join(EchoData(stub)["data"])
    return answer


def answer_sink(stub):
    if b"".join(SinkData(stub)["data"]) != pattern(SinkData(stub)["len"]):
        raise ValueError("SinkData: not the pattern")
    return SinkDataResponse()


def answer_source(stub):
    answer = SourceDataResponse()
    answer["data"] = pattern(SourceData(stub)["len"])
    return answer


def run_server():
    server = DCERPCServer()
    server.daemon = True
    server.addCallbacks(RPCECHO, "echo", {0: answer_add_one, 1: answer_echo, 2: answer_sink, 3: answer_source})
    server.start()
    print("listening on %d." % server.getListenPort(), flush=True)
    server.join()


{"client": run_client, "server": run_server}[sys.argv[1]](*sys.argv[2:])
