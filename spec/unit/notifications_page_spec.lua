-- doc/notifications.md: every program on the page runs and prints what the page says (a tab is four blanks there).
local h = require "spec.support.harness"
local child = require "spec.support.child"

local file = assert(io.open "doc/notifications.md")
local page = file:read "a"
file:close()

-- The first block is what stands before each program; then each ```lua is followed by what it prints.
local prelude = page:match "```lua\n(.-)```"
local kinds = { "Await", "A trailing function", "Event", "Polling", "APC", "Completion port", "Across threads",
  "Message queue", "Callback", "Several at once", "In a manager" }

describe("doc/notifications.md", function()
  for _, title in ipairs(kinds) do
    local _, at = page:find("\n## " .. title .. "\n", 1, true)
    local section = at and page:sub(at, (page:find("\n## ", at, true))) or ""
    local program, prints = section:match "```lua\n(.-)```\n\n```text\n(.-)```"

    it(("'%s' has a program that prints what the page says, of about ten lines"):format(title), h.main(function()
      assert.truthy(program, "no program, or not what it prints")
      local _, lines = program:gsub("\n", "")
      assert.is_true(lines <= 14, lines)
      local code, words = child.run(prelude .. program)
      assert.equal(0, code, words)
      assert.equal(prints, (words:gsub("\t", "    ")))
    end))
  end

  it("has no other chapters than these", function()
    local _, chapters = page:gsub("\n## ", "")
    assert.equal(#kinds, chapters)
  end)
end)
