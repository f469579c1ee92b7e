export interface JavaToolOptions {
  /** Written to the tool's standard input, which is then closed. */
  stdin?: string | Uint8Array
  /** Default 60,000; then the tool is killed and the promise rejects. */
  timeoutMs?: number
}

export interface JavaToolOutput {
  stdout: string
  stderr: string
}

/**
 * Runs one of the Java tools in Kafka's jars, for example
 * `javaTool('org.apache.kafka.tools.TopicCommand', ['--bootstrap-server', brokers, '--list'])`.
 * Rejects with an error that has `code`, `stdout` and `stderr` unless the exit code is 0.
 */
export function javaTool(mainClass: string, args: readonly string[], options?: JavaToolOptions): Promise<JavaToolOutput>

/** JVM arguments that make short runs start fast, and keep logs off stdout. */
export const TOOL_JVM_ARGS: readonly string[]
