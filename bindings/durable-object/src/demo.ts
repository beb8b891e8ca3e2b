// The demo page, built from `bindings/browser/demo`: the same files as those in the native server.

const FILES: Record<string, [file: string, kind: string]> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/assets/demo.js': ['demo.js', 'text/javascript; charset=utf-8'],
  '/assets/demo.css': ['demo.css', 'text/css; charset=utf-8'],
  '/assets/licences.txt': ['licences.txt', 'text/plain; charset=utf-8'],
  '/assets/icon.svg': ['icon.svg', 'image/svg+xml']
}

/** The page needs nothing but this host; the editor makes its style sheets itself. */
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
  "connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The file at this path, if it is one of the demo's. */
export async function serveDemo (pathname: string, assets: Fetcher | undefined): Promise<Response | undefined> {
  const found = FILES[pathname]
  if (!found || !assets) return undefined
  const [file, kind] = found
  const { ok, body } = await assets.fetch(`http://assets/${file}`)
  if (!ok) return undefined
  return new Response(body, {
    headers: {
      'Content-Type': kind,
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': POLICY,
      'X-Content-Type-Options': 'nosniff'
    }
  })
}
