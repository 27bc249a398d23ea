-- What W5 sends to and fro: a thousand records, new ones at each asking.
return function()
  local list = {}
  for i = 0, 999 do list[i + 1] = { id = i, x = i * .5, name = ("record-%08d"):format(i) } end
  return list
end
