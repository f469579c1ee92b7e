/**
 * For the `env` of a child process: takes away what the shell sets for narad, and what the test runner sets for its own
 * children.
 */
export function noSettings(env: NodeJS.ProcessEnv = process.env): Record<string, undefined> {
  const names = Object.keys(env).filter((name) => name.startsWith('KAFKA_'))
  return Object.fromEntries([...names, 'NODE_ENV', 'NODE_TEST_CONTEXT'].map((name) => [name, undefined]))
}
