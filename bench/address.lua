-- The lab's addresses as string bindings; unix sockets with their directory.
return function(address)
  local dir, name = address:match "^unix:(.*)/([^/]*)$"
  if dir then return ("ncalrpc:[%s]"):format(name), dir end
  return ("ncacn_ip_tcp:127.0.0.1[%s]"):format(address:match "^tcp:(%d+)$")
end
