import { Argument, type Command } from 'commander'

/** A command, and what may stand behind it. */
interface Node {
  /** `/dlq/list`; empty for the program. */
  readonly path: string
  readonly words: ReadonlyArray<{ readonly word: string; readonly description: string }>
}

const SCRIPTS = { bash, zsh, fish }
type Shell = keyof typeof SCRIPTS

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)))
    .addHelpText(
      'after',
      `
  bash: source <(narad completion bash), in ~/.bashrc
  zsh:  narad completion zsh > "\${fpath[1]}/_narad"
  fish: narad completion fish > ~/.config/fish/completions/narad.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(SCRIPTS[shell](nodesOf(program, '')))
    })
}

function nodesOf(command: Command, path: string): Node[] {
  const commands = command.commands.map((one) => ({ word: one.name(), description: one.description() }))
  const options = [...command.options, { long: '--help', description: 'what there is' }]
    .filter(({ long }) => long !== undefined && long !== null)
    .map(({ long, description }) => ({ word: String(long), description }))
  const arguments_ = command.registeredArguments
    .flatMap(({ argChoices = [] }) => argChoices)
    .map((word) => ({ word, description: '' }))
  return [
    { path, words: [...commands, ...arguments_, ...options] },
    ...command.commands.flatMap((one) => nodesOf(one, `${path}/${one.name()}`)),
  ]
}

function pathsOf(nodes: readonly Node[]): string[] {
  return nodes.map(({ path }) => path).filter((path) => path !== '')
}

/** Follows the words until the cursor to the command that they name. */
function walk(nodes: readonly Node[], words: string): string {
  return `  local at= word
  for word in ${words}; do
    case "$at/$word" in
      ${pathsOf(nodes).join('|')}) at="$at/$word" ;;
    esac
  done`
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`)
  return `_narad() {
${walk(nodes, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  local words=
  case "$at" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _narad narad
`
}

function zsh(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words }) => {
    const items = words.map(({ word, description }) => quoted(`${word}:${description}`))
    return `    '${path}') items=(${items.join(' ')}) ;;`
  })
  return `#compdef narad
_narad() {
${walk(nodes, `"\${(@)words[2,CURRENT-1]}"`)}
  local -a items
  case "$at" in
${cases.join('\n')}
  esac
  _describe narad items || _files
}
# as a file of fpath it is the function itself when it is first called
if [[ $funcstack[1] == _narad ]]; then _narad; else compdef _narad narad; fi
`
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words }) =>
    words.map(({ word, description }) => {
      const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-a ${word}`
      return `complete -c narad -n '__narad_at "${path}"' ${what} -d ${quoted(description)}`
    }),
  )
  return `function __narad_at
  set -l at
  for word in (commandline -opc)
    switch "$at/$word"
      case ${pathsOf(nodes).join(' ')}
        set at "$at/$word"
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join('\n')}
`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
