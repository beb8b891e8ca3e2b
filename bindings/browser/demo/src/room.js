// Which document this page shows: the `room` of its address.

const QUALITIES = ['amber', 'brisk', 'calm', 'clear', 'early', 'gentle', 'lively', 'mellow', 'quiet', 'silver', 'sunny', 'swift']
const PLACES = ['bay', 'brook', 'cove', 'creek', 'delta', 'harbour', 'lagoon', 'lake', 'marsh', 'pond', 'reed', 'river']

const pick = list => list[crypto.getRandomValues(new Uint32Array(1))[0] % list.length]

/** A name that nobody guesses by accident. */
export function freshRoom () {
  const digits = crypto.getRandomValues(new Uint32Array(1))[0].toString(36).slice(0, 5)
  return `${pick(QUALITIES)}-${pick(PLACES)}-${digits}`
}

/** The room of the address; where there is none, a fresh one is put there. */
export function currentRoom () {
  const address = new URL(location.href)
  const room = address.searchParams.get('room')?.trim()
  if (room) return room
  const fresh = freshRoom()
  address.searchParams.set('room', fresh)
  history.replaceState(null, '', address)
  return fresh
}

/** A link that leads others here. */
export function shareLink (room) {
  const address = new URL('/', location.href)
  address.searchParams.set('room', room)
  return address.href
}

/** Where the server's documents are. */
export function socketAddress () {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`
}
