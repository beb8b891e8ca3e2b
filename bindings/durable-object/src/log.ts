// Log lines: one JSON object each, which Workers Logs takes apart.

/** Writes a line about a document. */
export function log (level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void {
  console[level](JSON.stringify({ level, message, ...fields }))
}
