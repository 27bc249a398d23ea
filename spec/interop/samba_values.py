#!/usr/bin/python3
"""Samba's marshalling as a service on stdin and stdout: samba_values.py

A request is a line, and so is its answer, which is a Lua table.
    call MODULE.NAME IN OUT   stubs in NDR20, little endian, as an x and hexadecimal ("-": none): what Samba reads
                              in each, and the bytes it makes of that in NDR20 of both orders and in NDR64
    type MODULE.NAME BYTES    the same for a type, which Samba has in NDR20 only
    opnum MODULE.NAME         the number of a procedure
Values are lists of attributes in Samba's order; null is nothing.
"""
import importlib
import sys

from samba import ndr
from samba.dcerpc import lsa, misc, security

FORMS = {"L": {}, "B": {"bigendian": True}, "6": {"ndr64": True}}


def quoted(data):
    return '"%s"' % "".join("\\%03d" % b for b in data)


def attributes(value, prefix=""):
    names = [k for k, v in vars(type(value)).items() if type(v).__name__ == "getset_descriptor"]
    return [getattr(value, n) for n in names if n.startswith(prefix)]


def sid(value):
    return [value.sid_rev_num, value.num_auths, bytes(value.id_auth), value.sub_auths[:value.num_auths]]


def lua(value):
    """A value as Lua text."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return "0x%x" % (value & 0xFFFFFFFFFFFFFFFF)
    if isinstance(value, str):
        return quoted(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, bytes):
        return quoted(value)
    if isinstance(value, misc.GUID):
        return quoted(str(value).encode())
    if isinstance(value, security.dom_sid):
        value = sid(value)
    elif isinstance(value, tuple):  # a status and its text
        return lua(value[0])
    elif isinstance(value, lsa.DATA_BUF_PTR):  # a pointer to a pointer
        return lua(value.buf)
    elif type(value).__name__ == "ndr_pointer":
        return lua(value.value)
    elif not isinstance(value, list):
        value = attributes(value)
    return "{%s}" % ",".join(lua(v) for v in value)


def table(**fields):
    return "{%s}" % ",".join('["%s"]=%s' % f for f in fields.items())


def parameters(call, direction):
    found = [lua(v) for v in attributes(call, direction + "_")]
    if direction == "out" and hasattr(type(call), "result"):
        found.append(lua(call.result))
    return "{%s}" % ",".join(found)


def one_way(call, direction, stub):
    unpack, pack = getattr(ndr, "ndr_unpack_" + direction), getattr(ndr, "ndr_pack_" + direction)
    unpack(call, stub)
    packed = {form: quoted(pack(call, **how)) for form, how in FORMS.items()}
    return table(values=parameters(call, direction), **packed)


def answer_call(cls, *stubs):
    call, answers = cls(), {}
    for direction, stub in zip(("in", "out"), stubs):
        if stub != "-":
            answers[direction] = one_way(call, direction, bytes.fromhex(stub))
    return table(**answers)


def answer_type(cls, data):
    value = ndr.ndr_unpack(cls, bytes.fromhex(data))
    return table(values=lua(value), L=quoted(ndr.ndr_pack(value)))


def answer(kind, name, *rest):
    module, name = name.split(".")
    cls = getattr(importlib.import_module("samba.dcerpc." + module), name)
    if kind == "opnum":
        return str(cls.opnum())
    return {"call": answer_call, "type": answer_type}[kind](cls, *[r[1:] if r != "-" else r for r in rest])


for line in sys.stdin:
    try:
        words = answer(*line.split())
    except Exception as failure:  # whatever it is, the spec wants to read it
        words = table(failed=quoted(("%s: %s" % (type(failure).__name__, failure)).encode()))
    print(words, flush=True)
