--- What a command prints: data to standard output, progress and messages to standard error.
local core = require "luamig.core"

local output = {}
output.__index = output

local colors = {
  red = "31", green = "32", yellow = "33", blue = "34", magenta = "35", cyan = "36", bold = "1", dim = "2",
}

local function wants_color(mode, fd)
  if mode == "always" then return true end
  if mode == "never" then return false end
  local plain = os.getenv("NO_COLOR")
  if plain and plain ~= "" then return false end
  return os.getenv("TERM") ~= "dumb" and core.isatty(fd)
end

--- options: json, quiet, verbose, color ("auto", "always", "never").
function output.new(options)
  return setmetatable({
    json = options.json or false,
    quiet = options.quiet or false,
    verbose = options.verbose or false,
    color_out = not options.json and wants_color(options.color, 1),
    color_err = wants_color(options.color, 2),
  }, output)
end

local function paint(on, color, text)
  return on and ("\27[" .. colors[color] .. "m" .. text .. "\27[0m") or text
end

--- Coloured text for standard output.
function output:paint(color, text) return paint(self.color_out, color, text) end

-- What is larger than the buffer is written at once, and lost when that fails; what stays in the buffer is looked
-- after when the process ends.
local function write(self, ...)
  local ok, why, errno = io.stdout:write(...)
  if not ok and not self.unwritten then self.unwritten = { why = why, errno = errno } end
end

--- A line of data. Nothing with --json, where the document is the only output.
function output:line(text)
  if not self.json then write(self, text, "\n") end
end

--- Text as it stands (a script).
function output:text(text)
  if not self.json then write(self, text) end
end

--- A document of --json that is text already.
function output:json_text(text)
  write(self, text, text:sub(-1) == "\n" and "" or "\n")
end

--- The one document of --json; nothing without it.
function output:document(shape, value)
  if self.json then self:json_text(require("luamig.json").document(shape, value)) end
end

local EPIPE = 32

--- Whether all that was printed has been taken, as far as it is known; says what was not. A reader who has seen enough
--- is no failure to talk of.
function output:is_written()
  if not self.unwritten then return true end
  if self.unwritten.errno ~= EPIPE then
    io.stderr:write("luamig: cannot write the output: ", self.unwritten.why, "\n")
  end
  return false
end

-- What stands on the terminal only for the moment goes before anything else is printed.
local function clear(self)
  io.stdout:flush()
  if self.passing then
    self.passing = false
    io.stderr:write("\r\27[K")
  end
end

--- Progress, for people: silent with -q.
function output:note(text)
  if not self.quiet then
    clear(self)
    io.stderr:write(text, "\n")
  end
end

--- Progress that the next one replaces: on a terminal in its place, else lines, ever more seldom.
function output:progress(text)
  if self.quiet then return end
  if core.isatty(2) and os.getenv("TERM") ~= "dumb" then
    io.stdout:flush()
    io.stderr:write("\r\27[?7l", text, "\27[?7h\27[K") -- cut at the edge instead of wrapped
    io.stderr:flush()
    self.passing = true
    return
  end
  local now = os.time()
  if now >= (self.next_line or 0) then
    self.pause = math.min((self.pause or 0.5) * 2, 60)
    self.next_line = now + self.pause
    self:note(text)
  end
end

function output:warning(text)
  clear(self)
  io.stderr:write(paint(self.color_err, "yellow", "warning: "), text, "\n")
end

-- A statement on as many lines as it has, indented under its label.
local function block(label, text)
  local first = true
  local lines = {}
  for line in (text .. "\n"):gmatch("(.-)\n") do
    if line:find("%S") or first then
      lines[#lines + 1] = (first and ("  %-10s"):format(label) or (" "):rep(12)) .. line
      first = false
    end
  end
  return table.concat(lines, "\n")
end

local STATEMENT_BYTES = 2000

-- Rows of a bulk insert say nothing that helps, and push what does off the screen; --json and -v have all of it.
local function shortened(sql)
  if #sql <= STATEMENT_BYTES then return sql end
  local cut = utf8.offset(sql, 0, STATEMENT_BYTES + 1) or STATEMENT_BYTES + 1
  return ("%s … (%d bytes)"):format(sql:sub(1, cut - 1), #sql)
end

--- An error as API section 11 says: what failed, where, the operation, the statement, the state.
function output:failure(err)
  local lines = { paint(self.color_err, "red", "error: ") .. tostring(err.message) }
  local where = err.file
  if where and err.line and err.line > 0 then where = where .. ":" .. err.line end
  if err.operation then where = where and (where .. " in " .. err.operation) or ("in " .. err.operation) end
  if where then lines[#lines + 1] = "  " .. where end
  if err.revision and not (err.file and err.file:find(err.revision, 1, true)) then
    lines[#lines + 1] = block("revision", err.revision)
  end
  if err.sql then lines[#lines + 1] = block("statement", self.verbose and err.sql or shortened(err.sql)) end
  local native_code = err.kind ~= "interrupted" and err.native_code or nil -- there it is the signal's number
  if err.sqlstate or native_code then
    local codes = {}
    if err.sqlstate then codes[#codes + 1] = "SQLSTATE " .. err.sqlstate end
    if native_code then codes[#codes + 1] = "native code " .. native_code end
    lines[#lines + 1] = block("server", table.concat(codes, ", "))
  end
  if err.detail then lines[#lines + 1] = block("detail", err.detail) end
  if err.state then lines[#lines + 1] = block("state", err.state.text) end
  if err.hint then lines[#lines + 1] = block("hint", err.hint) end
  if self.verbose and err.traceback then lines[#lines + 1] = err.traceback end
  clear(self)
  io.stderr:write(table.concat(lines, "\n"), "\n")
end

--- Rows as aligned columns: a list of lists of strings.
function output:columns(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for i, cell in ipairs(row) do
      widths[i] = math.max(widths[i] or 0, utf8.len(cell) or #cell)
    end
  end
  for _, row in ipairs(rows) do
    local cells = {}
    for i, cell in ipairs(row) do
      local pad = i < #row and (" "):rep(widths[i] - (utf8.len(cell) or #cell)) or ""
      cells[i] = cell .. pad
    end
    self:line(table.concat(cells, "  "))
  end
end

return output
