/**
 * Lua: `parse_rules` of a text of rules, as `limit/windowMs` with commas between. The width of a slot is that of
 * sliding-window.ts.
 */
export const PARSE_RULES = `local function parse_rules(text)
  local rules = {}
  for limit, window in string.gmatch(text, '(%d+)/(%d+)') do
    limit, window = tonumber(limit), tonumber(window)
    rules[#rules + 1] = {limit = limit, window = window, width = limit <= 32 and 1 or math.ceil(window / 32)}
  end
  return rules
end
`;
