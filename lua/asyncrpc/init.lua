-- asyncrpc: asynchronous Microsoft RPC. What `require "asyncrpc"` returns; the logic is elsewhere.
local core = require "asyncrpc.core"
local err = require "asyncrpc.error"
local task = require "asyncrpc.task"
local together = require "asyncrpc.together"
local loop = require "asyncrpc.loop"

core.on_stream(require "asyncrpc.pipe")

---@class asyncrpc
return {
  _VERSION = "asyncrpc " .. core.version,

  idl = require "asyncrpc.idl",

  client = core.client,
  server = core.server,
  async = core.async,
  event = require "asyncrpc.event",
  completion_port = core.completion_port,
  message_queue = core.message_queue,
  context_handle = core.context_handle,
  null = core.null,

  spawn = task.spawn,
  all = together.all,
  race = together.race,
  any = together.any,
  scope = require "asyncrpc.scope",
  sleep = core.sleep,
  run = loop.run,
  now = core.now,
  stats = core.stats,

  status = err.status,
  fault = err.fault,
  raise = err.raise,
  is_error = err.is,
  on_error = err.on_error,

  CALL_COMPLETE = 0,
  SEND_COMPLETE = 1,
  RECEIVE_COMPLETE = 2,
  CLIENT_DISCONNECT = 3,
  CLIENT_CANCEL = 4,
}
