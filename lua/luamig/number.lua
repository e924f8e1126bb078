--- A number as Lua and JSON read it back: all of it, in as few digits as that takes, with a point in every locale.
return function(value)
  if math.type(value) == "integer" then return ("%d"):format(value) end
  local text
  for digits = 15, 17 do
    text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then break end
  end
  text = text:gsub("[^%w+-]+", ".")
  return text:find "[.en]" and text or text .. ".0" -- n: inf and nan
end
