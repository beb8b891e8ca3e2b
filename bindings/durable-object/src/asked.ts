// What a client without an engine asks for over HTTP, read from its request.
import type { Subject } from 'merganser/room'
import { MALFORMED, NOT_ALLOWED, Refusal, TOO_LARGE } from './refusal'

/** Where documents are, before their names. */
export const OT_PATH = '/api/ot/'
/** Longest name of a root and longest session, in bytes, and longest time to wait for a change, in seconds. */
const ROOT_BYTES = 256
const SESSION_BYTES = 64
const MOST_WAIT = 60

/** What a request asks for. */
export type Asked =
  | { kind: 'content', subject: Subject }
  | { kind: 'changes', subject: Subject, from: Position, waitMs: number }
  | { kind: 'stream', subject: Subject, from: Position | undefined }
  | { kind: 'edit', subject: Subject, body: Uint8Array }

/** A state of the document. */
export interface Position { epoch: string, revision: number }

/** What is asked; the body of an edit may have so many bytes. What can't be read is thrown, as a `Refusal`. */
export async function readAsked (request: Request, mostBytes: number): Promise<Asked> {
  if (request.method !== 'GET' && request.method !== 'POST') throw NOT_ALLOWED('GET', 'POST')
  const { subject, from, waitMs } = readQuery(new URL(request.url).search.slice(1))
  if (request.method === 'POST') return { kind: 'edit', subject, body: await readBody(request, mostBytes) }
  if (wantsEvents(request)) return { kind: 'stream', subject, from: lastEvent(request) ?? from }
  return from ? { kind: 'changes', subject, from, waitMs } : { kind: 'content', subject }
}

/** Reads a query as forms encode it. Parameters of other names are left alone. */
function readQuery (query: string): { subject: Subject, from: Position | undefined, waitMs: number } {
  const given: Record<string, string | undefined> = {}
  for (const part of query.split('&')) {
    const [name = '', ...value] = part.split('=')
    given[name] = decode(value.join('='))
  }
  const { root = '', session = '', kind = 'text', epoch, since, wait = '0' } = given
  if (bytesOf(root) > ROOT_BYTES) throw MALFORMED("the root's name is too long")
  if (bytesOf(session) > SESSION_BYTES) throw MALFORMED('the session is too long')
  if (kind !== 'text' && kind !== 'delta') throw MALFORMED('kind is text or delta')
  if ((epoch === undefined) !== (since === undefined)) throw MALFORMED('epoch and since go together')
  const [revision, seconds] = [wholeNumber(since ?? '0'), wholeNumber(wait)]
  if (revision === undefined || seconds === undefined) throw MALFORMED('since and wait are whole numbers')
  return {
    subject: { root, isRich: kind === 'delta', session },
    from: epoch === undefined ? undefined : { epoch, revision },
    waitMs: Math.min(seconds, MOST_WAIT) * 1_000
  }
}

function decode (value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '))
  } catch {
    throw MALFORMED('the query is not encoded UTF-8')
  }
}

function wantsEvents (request: Request): boolean {
  const accepted = request.headers.get('Accept')?.split(',') ?? []
  return accepted.some(kind => kind.split(';')[0]!.trim().toLowerCase() === 'text/event-stream')
}

/** Where a stream of events was cut off: what a browser says when it connects again by itself. */
function lastEvent (request: Request): Position | undefined {
  const id = request.headers.get('Last-Event-ID')
  if (!id) return undefined
  const colon = id.lastIndexOf(':')
  const revision = wholeNumber(id.slice(colon + 1))
  if (colon < 0 || revision === undefined) throw MALFORMED('Last-Event-ID is an epoch, a colon and a revision')
  return { epoch: id.slice(0, colon), revision }
}

/** Does not take more into memory than is looked at. */
async function readBody (request: Request, mostBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const part of request.body ?? []) {
      bytes += part.byteLength
      if (bytes > mostBytes) throw TOO_LARGE
      parts.push(part)
    }
  } catch (error) {
    throw error instanceof Refusal ? error : MALFORMED('the body could not be read')
  }
  const body = new Uint8Array(bytes)
  let at = 0
  for (const part of parts) {
    body.set(part, at)
    at += part.byteLength
  }
  return body
}

/** A number of digits alone: no sign, no space. */
function wholeNumber (text: string): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(number) ? number : undefined
}

function bytesOf (text: string): number {
  return new TextEncoder().encode(text).byteLength
}
