-- Loaded by busted before any spec: the right Lua, and where what we built is.
assert(_VERSION == "Lua 5.4", "the specs run on Lua 5.4: busted --lua=lua5.4")

local build = os.getenv("LUAMIG_BUILD") or "build/dev"
if build:sub(1, 1) ~= "/" then
  build = require("lfs").currentdir() .. "/" .. build
end

-- `require "luamig"` is the module that we built, `require "luamig_internals"` the door into C.
package.cpath = build .. "/?.so;" .. package.cpath
package.path = "./?.lua;" .. package.path

-- spec.support.* ask here where the executable is.
package.loaded["spec.build"] = build

require "spec_process" -- keeps LD_PRELOAD to itself: before anything is run
local scratch = require "spec.support.scratch"
require("busted").subscribe({ "suite", "end" }, scratch.remove_all)
