// What Cloudflare charges on the Workers Paid plan, and the bill for what was used.

/** Where and when the prices were read. */
export const SOURCE = {
  read: '2026-11-27',
  pages: [
    'https://developers.cloudflare.com/workers/platform/pricing/',
    'https://developers.cloudflare.com/durable-objects/platform/pricing/'
  ]
}

/** Dollars a month that are paid anyway. */
export const BASE = 5

/** Dollars for each `per` beyond what is included each month. */
export const PRICES = {
  workerRequests: { name: 'requests to the Worker', included: 10e6, dollars: 0.30, per: 1e6 },
  workerCpuMs: { name: 'processor time of the Worker, ms', included: 30e6, dollars: 0.02, per: 1e6 },
  objectRequests: { name: 'requests to objects', included: 1e6, dollars: 0.15, per: 1e6 },
  objectGbSeconds: { name: 'time of objects, GB-s', included: 400e3, dollars: 12.50, per: 1e6 },
  rowsRead: { name: 'rows read', included: 25e9, dollars: 0.001, per: 1e6 },
  rowsWritten: { name: 'rows written', included: 50e6, dollars: 1.00, per: 1e6 },
  storedGb: { name: 'stored, GB-months', included: 5, dollars: 0.20, per: 1 }
}

/** So many WebSocket messages that come in are one request; those that go out are free. */
export const MESSAGES_A_REQUEST = 20
/** An object is billed for this memory whatever it uses, in GB. */
export const OBJECT_GB = 0.128

/** The bill of a month: dollars by row of the price table, the base, and the total. */
export function bill (used) {
  const dollars = { base: BASE }
  for (const [what, { included, dollars: price, per }] of Object.entries(PRICES)) {
    dollars[what] = Math.max(0, (used[what] ?? 0) - included) / per * price
  }
  return { dollars, total: Object.values(dollars).reduce((sum, part) => sum + part, 0) }
}
