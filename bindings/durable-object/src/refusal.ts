// What this host itself refuses of a request over HTTP, before a room hears of it.

/** Why a request is refused. */
export class Refusal extends Error {
  override name = 'Refusal'

  constructor (readonly status: number, readonly code: string, readonly reason: string) { super(reason) }

  toResponse (): Response {
    const { code, reason } = this
    const response = answer(this.status, JSON.stringify({ error: { code, reason } }))
    if (this.status === 405) response.headers.set('Allow', 'GET, POST')
    return response
  }
}

/** Something can't be read. */
export const MALFORMED = (reason: string, status = 400) => new Refusal(status, 'malformed', reason)
/** The body is larger than what a room would look at. */
export const TOO_LARGE = new Refusal(413, 'too-large', 'the body is too large')
/** A method that means nothing here. */
export const NOT_ALLOWED = MALFORMED('the methods are GET and POST', 405)
/** The document can't be had now. */
export const UNAVAILABLE = new Refusal(503, 'unavailable', 'the document cannot be read or changed now: try again')

/** The answer to a request. */
export function answer (status: number, json: string): Response {
  return new Response(json, { status, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' } })
}
