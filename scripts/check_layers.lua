-- check_layers.lua: who may include what, and the functions that nobody may call. Run from the project's top folder.
--
-- A file includes only from its own layer's folder or from layers below; a database's folder never from another one's;
-- <lua.h> only in luabind/ and in main.c; a vendor's header only in that database's driver.c; libluamig's header only
-- in luabind/ and main.c.
local rank = {
  util = 0, model = 1, dialect = 2, driver = 3, db = 4, config = 5, script = 6, runtime = 7, luabind = 8,
}
local vendor = {
  ["sqlite3.h"] = true, ["libpq-fe.h"] = true, ["mysql.h"] = true, ["mysql/mysql.h"] = true, ["mysqld_error.h"] = true,
  ["errmsg.h"] = true,
}
local lua_headers = { ["lua.h"] = true, ["lauxlib.h"] = true, ["lualib.h"] = true, ["lfs.h"] = true }
-- Names and what to call instead.
local banned = {
  strcpy = "a strbuf", strcat = "a strbuf", strncpy = "a strbuf or memcpy", strncat = "a strbuf",
  sprintf = "snprintf or a strbuf", vsprintf = "vsnprintf or a strbuf", strtok = "a loop over the text",
  gmtime = "gmtime_r", localtime = "localtime_r", ctime = "strftime", asctime = "strftime", gets = "fgets",
  system = "nothing: no shell", popen = "nothing: no shell", atoi = "strtol", atof = "strtod", atol = "strtol",
  setlocale = "nothing: the host's locale is its own", setjmp = "a status", longjmp = "a status", exit = "a status",
  abort = "a status", strcasecmp = "mig_ascii_compare", strncasecmp = "mig_ascii_compare_n",
  strcasestr = "mig_ascii_find", tolower = "mig_ascii_lower", toupper = "mig_ascii_upper", -- the locale's letters
  isalnum = "mig_ascii_is_alnum", isspace = "mig_ascii_is_space",
}
-- The executable may end itself; the library may not.
local may_exit = { ["src/main.c"] = true }

local problems = 0
local function problem(path, line, text)
  problems = problems + 1
  io.stdout:write(("%s:%d: %s\n"):format(path, line, text))
end

local function check_include(path, number, layer, database, target)
  if lua_headers[target] and layer ~= "luabind" and path ~= "src/main.c" then
    problem(path, number, ("<%s> belongs to luabind/"):format(target))
  elseif vendor[target] and not path:match("^src/db/%w+/driver[%w_]*%.[ch]$") then
    problem(path, number, ("<%s> belongs to db/<name>/driver.c"):format(target))
  elseif target == "luamig.h" and layer and layer ~= "luabind" then
    problem(path, number, "luamig.h belongs to luabind/: it is what others include")
  end
  local folder = target:match("^(%w+)/")
  if not layer or not rank[folder] then return end
  if folder == layer then
    local other = target:match("^db/(%w+)/")
    if other and other ~= database then
      problem(path, number, ("%s includes from another database, %s"):format(database, other))
    end
  elseif rank[folder] > rank[layer] then
    problem(path, number, ("%s/ must not include from %s/ (%s)"):format(layer, folder, target))
  end
end

-- Strings and comments blanked, so that only code is looked at; line numbers stay.
local function code_of(text)
  local function blank(s) return (s:gsub("[^\n]", " ")) end
  text = text:gsub("/%*.-%*/", blank):gsub("//[^\n]*", blank)
  return (text:gsub('\\"', "  "):gsub('"[^"\n]*"', blank))
end

local function check_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  local layer, database = path:match("^src/(%w+)/"), path:match("^src/db/(%w+)/")
  local number = 0
  for line in text:gmatch("([^\n]*)\n?") do
    number = number + 1
    local target = line:match('^%s*#%s*include%s*[<"]([^>"]+)[>"]')
    if target then check_include(path, number, layer, database, target) end
  end
  number = 0
  for line in code_of(text):gmatch("([^\n]*)\n?") do
    number = number + 1
    for name in line:gmatch("([%a_][%w_]*)%s*%(") do
      local before = line:match("([%w_>.]*)%f[%w_]" .. name .. "%s*%(")
      local is_member = before and before:match("[>.]$")
      if banned[name] and not is_member and not (name == "exit" and may_exit[path]) then
        problem(path, number, ("%s() is banned: use %s"):format(name, banned[name]))
      end
    end
  end
end

for _, path in ipairs(arg) do check_file(path) end
if problems > 0 then
  io.stdout:write(("%d violations of the layer rules\n"):format(problems))
  os.exit(1)
end
