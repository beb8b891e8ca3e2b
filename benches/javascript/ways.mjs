// What a peer does in a row. `run` is what is measured, so often in a row; it works on what `begin` has made, and what it
// gives is looked at by `outcome`, which tells in text what came of it. `has` asks whether a peer can do it at all.
const WRITER = 1
const READER = 1_000_000

function edit (replica, patches) {
  for (const [position, deleted, inserted] of patches) {
    if (deleted > 0) replica.delete(position, deleted)
    if (inserted !== '') replica.insert(position, inserted)
  }
  return replica
}

function loaded (Replica, updates, apply = 'apply') {
  const replica = new Replica(READER)
  for (const update of updates) replica[apply](update)
  return replica
}

/** The text of these updates together. */
function textOf (Replica, updates, apply) {
  const replica = loaded(Replica, updates, apply)
  const text = replica.toString()
  replica.free()
  return text
}

function read (replica) {
  replica.toString()
  return replica
}

const text = (Replica, replica) => replica.toString()
const size = ({ keys }, replica) => `${keys.filter((key, number) => replica.value(key) === number).length} keys`

const always = () => true
const textRow = run => ({ has: always, run, outcome: text })
const encodeRow = (encode, apply) => ({
  has: always,
  begin: (Replica, { update }) => loaded(Replica, [update]),
  run: (Replica, input, replica) => replica[encode](),
  outcome: (Replica, bytes) => textOf(Replica, [bytes], apply)
})

export const ways = {
  typed: textRow((Replica, { patches }) => edit(new Replica(WRITER), patches)),
  told: textRow((Replica, { patches }) => edit(new Replica(WRITER, true), patches)),
  received: textRow((Replica, { updates }) => loaded(Replica, updates)),
  loaded: textRow((Replica, { update }) => read(loaded(Replica, [update]))),
  loadedV2: textRow((Replica, { update }) => read(loaded(Replica, [update], 'applyV2'))),
  encoded: encodeRow('encode', 'apply'),
  encodedV2: encodeRow('encodeV2', 'applyV2'),
  merged: {
    has: Replica => Replica.merge,
    run: (Replica, { updates }) => Replica.merge(updates),
    outcome: (Replica, bytes) => textOf(Replica, [bytes])
  },
  difference: {
    has: Replica => Replica.difference,
    run: (Replica, { update, vector }) => Replica.difference(update, vector),
    outcome: (Replica, bytes, { half }) => textOf(Replica, [half, bytes])
  },
  stateVector: {
    has: Replica => Replica.stateVector,
    run: (Replica, { update }) => Replica.stateVector(update),
    outcome: (Replica, bytes) => [...bytes].join()
  },
  keysSet: {
    has: always,
    run: (Replica, { keys }) => {
      const replica = new Replica(WRITER)
      keys.forEach((key, number) => replica.set(key, number))
      return replica
    },
    outcome: (Replica, replica, input) => size(input, replica)
  },
  keysLoaded: {
    has: always,
    run: (Replica, { update }) => loaded(Replica, [update]),
    outcome: (Replica, replica, input) => size(input, replica)
  }
}
