// What this host itself refuses of a request over HTTP, before a room hears of it.

/** Why a request is refused. */
export class Refusal extends Error {
  override name = 'Refusal'

  constructor (readonly status: number, readonly code: string, readonly reason: string, readonly headers: Record<string, string> = {}) {
    super(reason)
  }

  toResponse (): Response {
    const { code, reason } = this
    return answer(this.status, JSON.stringify({ error: { code, reason } }), this.headers)
  }
}

/** Something can't be read. */
export const MALFORMED = (reason: string, status = 400) => new Refusal(status, 'malformed', reason)
/** The body is larger than what a room would look at. */
export const TOO_LARGE = new Refusal(413, 'too-large', 'the body is too large')
/** A method that means nothing here. */
export const NOT_ALLOWED = (...methods: string[]) =>
  new Refusal(405, 'malformed', `the methods are ${methods.join(', ')}`, { Allow: methods.join(', ') })
/** The document can't be had now. */
export const UNAVAILABLE = new Refusal(503, 'unavailable', 'the document cannot be read or changed now: try again', { 'Retry-After': '1' })
/** No hook gives the right to administer. */
export const FORBIDDEN = new Refusal(403, 'forbidden', 'this may not be asked for')
/** There is no document to be exported. */
export const NO_DOCUMENT = new Refusal(404, 'no-document', 'there is no such document')
/** A document is imported only where there is none. */
export const NOT_EMPTY = new Refusal(409, 'not-empty', 'there is a document of this name: delete it first')
/** Something here is at fault; the log says what. */
export const FAILURE = new Refusal(500, 'failed', 'this failed here; the log says why')

/** The answer to a request. */
export function answer (status: number, json: string, headers: Record<string, string> = {}): Response {
  return new Response(json, { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers } })
}
