// Each asks `cachegate complete`, which prints `files` or `-`, and then a candidate in each line, a tab before what it is.
// What is typed is passed on as it is, and never run.

const BASH = `# Completion of cachegate for bash.
_cachegate() {
  local line=\${COMP_LINE:0:COMP_POINT} files='' candidate word prefix=''
  word=\${line##*[[:space:]]}
  # Where bash cuts words at =, it wants what stands behind it.
  if [[ $COMP_WORDBREAKS == *=* && $word == --*=* ]]; then prefix=\${word%%=*}=; fi
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    if [[ -z $files ]]; then files=$candidate; else COMPREPLY+=("\${candidate#"$prefix"}"); fi
  done < <("$1" complete --line "$line" 2>/dev/null)
  if [[ $files != files ]]; then compopt +o default 2>/dev/null; fi
}
complete -o default -F _cachegate cachegate
`;

const ZSH = `#compdef cachegate
# Completion of cachegate for zsh.
_cachegate() {
  local -a lines candidates
  local line
  lines=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#candidates )) && _describe cachegate candidates
  [[ \${lines[1]} == files ]] && _files
  return 0
}
if [[ \${funcstack[1]} == _cachegate ]]; then _cachegate "$@"; else compdef _cachegate cachegate; fi
`;

const FISH = `# Completion of cachegate for fish.
function __cachegate_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    cachegate complete -- $words[2..-1] "$current" 2>/dev/null
end
complete -c cachegate -f
complete -c cachegate -n 'test (__cachegate_complete)[1] = files' -F
complete -c cachegate -a '(__cachegate_complete)[2..-1]'
`;

export const COMPLETION_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
