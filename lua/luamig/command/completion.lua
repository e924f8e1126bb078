--- luamig completion SHELL: the script that makes a shell ask luamig what the last word of a command line may be, and the
--- answer: one candidate a line, as the shell wants it.
local candidates = require "luamig.candidates"

local completion = {}

local scripts = {
  -- bash takes what stands behind one of : = @ for the word
  bash = [==[
_luamig() {
    local line=${COMP_LINE:0:COMP_POINT} words
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local word=${words[${#words[@]}-1]}
    mapfile -t COMPREPLY < <("${words[0]}" completion bash -- "${words[@]:1}" 2>/dev/null)
    COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*[:=@]}"}"}")
}
complete -F _luamig -o bashdefault -o default luamig
]==],
  zsh = [==[
#compdef luamig
_luamig() {
    local -a found
    found=("${(@f)$("$words[1]" completion zsh -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then
        _describe luamig found
    else
        _files
    fi
}
if [[ "$funcstack[1]" == _luamig ]]; then
    _luamig "$@"
else
    compdef _luamig luamig
fi
]==],
  fish = [==[
function __luamig_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($words[1] completion fish -- $words[2..-1] "$word" 2>/dev/null)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path "$word"
    end
end
complete -c luamig -f -a '(__luamig_complete)'
]==],
}

local lines = {
  bash = function(candidate) return candidate.value end,
  zsh = function(candidate)
    local value = candidate.value:gsub("[\\:]", "\\%0")
    return candidate.description and value .. ":" .. candidate.description or value
  end,
  fish = function(candidate) return candidate.description and candidate.value .. "\t" .. candidate.description or candidate.value end,
}

function completion.run(session)
  local shell, words = session.args.shell, session.args.word
  if #words == 0 then
    session.out:text(scripts[shell])
    session.out:document("completion", { shell = shell, script = scripts[shell] })
    return
  end
  local list = candidates.list(session, words)
  for _, candidate in ipairs(list) do session.out:line(lines[shell](candidate)) end
  session.out:document("candidates", { shell = shell, candidates = list })
end

return completion
