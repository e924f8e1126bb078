-- luamig test, or busted --lua=lua5.4: each revision goes up, down and up again on a scratch database.
local luamig = require "luamig"

describe("migrations", function()
  luamig.testing.stairway()
end)
