// Messages and frames that have broken other servers.
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'

const bytes = write => {
  const encoder = encoding.createEncoder()
  write(encoder)
  return encoding.toUint8Array(encoder)
}
const numbers = (encoder, ...values) => values.forEach(value => encoding.writeVarUint(encoder, value))
const hex = text => Uint8Array.from(Buffer.from(text, 'hex'))

/** Protocol messages around an update, a state vector, awareness. */
export const update = content => bytes(encoder => { numbers(encoder, 0, 2); encoding.writeVarUint8Array(encoder, content) })
const step1 = vector => bytes(encoder => { numbers(encoder, 0, 0); encoding.writeVarUint8Array(encoder, vector) })
const step2 = content => bytes(encoder => { numbers(encoder, 0, 1); encoding.writeVarUint8Array(encoder, content) })
const awareness = content => bytes(encoder => { numbers(encoder, 1); encoding.writeVarUint8Array(encoder, content) })

/** An update with one struct of client 7 in the text "text"; `write` writes its content. */
const struct = (info, write) => bytes(encoder => {
  numbers(encoder, 1, 1, 7, 0)
  encoding.writeUint8(encoder, info)
  numbers(encoder, 1)
  encoding.writeVarString(encoder, 'text')
  write(encoder)
  numbers(encoder, 0)
})
const nestedAny = levels => struct(8, encoder => {
  numbers(encoder, 1)
  for (let level = 0; level < levels; level++) encoding.writeUint8Array(encoder, Uint8Array.of(117, 1))
  encoding.writeUint8(encoder, 126)
})
const nestedJson = levels => struct(5, encoder => encoding.writeVarString(encoder, '['.repeat(levels) + ']'.repeat(levels)))
const manyDeletes = clients => bytes(encoder => {
  numbers(encoder, 0, clients)
  for (let client = 1; client <= clients; client++) numbers(encoder, client, 1, 0, 1)
})
/** One character of a client at a clock before which much is missing. */
const pending = client => bytes(encoder => {
  numbers(encoder, 1, 1, client, 5)
  encoding.writeUint8(encoder, 0x84)
  numbers(encoder, client, 4)
  encoding.writeVarString(encoder, 'x')
  numbers(encoder, 0)
})

function tombstones () {
  const doc = new Y.Doc()
  const map = doc.getMap('map')
  doc.transact(() => { for (let set = 0; set < 20_000; set++) map.set('key', set) })
  return Y.encodeStateAsUpdate(doc)
}

/** Name, and the messages that one attacker sends on one connection. */
export function messages (random) {
  const garbage = () => Uint8Array.from({ length: 1 + random.below(200) }, () => random.below(256))
  const valid = Y.encodeStateAsUpdate((() => { const doc = new Y.Doc(); doc.getText('text').insert(0, 'some text'); return doc })())
  const mutated = () => valid.map(byte => random.below(6) === 0 ? random.below(256) : byte)
  return [
    ['an update in format v2', [update(hex('00010000000001000100010200001602000001fdffffffff7f0000'))]],
    ['a state vector that never ends', [step1(hex('ffffff7a'))]],
    ['a state vector that declares 2^53 clients', [step1(hex('ffffffffffffff0f01'))]],
    ['an update that declares 215 TB', [update(hex('01ffffffffffff30ffffffffffff0f00ffffffff0f00'))]],
    ['a string that declares 2^40 bytes', [update(struct(4, encoder => numbers(encoder, 2 ** 40)))]],
    ['nothing', [new Uint8Array(0)]],
    ['unknown messages', [hex('05'), hex('64ff'), hex('0009')]],
    ['bytes behind a message', [Uint8Array.of(...step1(Uint8Array.of(0)), 1, 2, 3)]],
    ['a GC struct of 10,000,000', [update(bytes(encoder => numbers(encoder, 1, 1, 9, 0, 0, 10_000_000, 0)))]],
    ['a skip', [update(bytes(encoder => numbers(encoder, 1, 1, 9, 0, 10, 1000, 0)))]],
    ...[100, 3_000, 100_000, 1_000_000].flatMap(levels => [
      [`any nested ${levels} deep`, [update(nestedAny(levels))]],
      [`JSON nested ${levels} deep`, [update(nestedJson(levels))]]
    ]),
    ['a delete set of 100,000 clients', [update(manyDeletes(100_000))]],
    ['3,000 updates that wait', Array.from({ length: 3_000 }, (_, n) => update(pending(1000 + n)))],
    ['a map key set 20,000 times', [update(tombstones())]],
    ['awareness that is no JSON', [awareness(bytes(encoder => { numbers(encoder, 1, 5, 1); encoding.writeVarString(encoder, '{]') }))]],
    ['awareness nested 100,000 deep', [awareness(bytes(encoder => { numbers(encoder, 1, 5, 1); encoding.writeVarString(encoder, '['.repeat(100_000)) }))]],
    ['awareness of 2,000 clients', [awareness(bytes(encoder => {
      numbers(encoder, 2_000)
      for (let client = 1; client <= 2_000; client++) { numbers(encoder, client, 1); encoding.writeVarString(encoder, '{}') }
    }))]],
    ['17 MB', [new Uint8Array(17 << 20)]],
    ['16 MiB and a little', [new Uint8Array((16 << 20) + 1)]],
    ['garbage', Array.from({ length: 50 }, garbage)],
    ...Array.from({ length: 40 }, (_, n) => [`garbage ${n}`, [garbage()]]),
    ...Array.from({ length: 100 }, (_, n) => [`mutated update ${n}`, [random.below(2) ? update(mutated()) : step2(mutated())]])
  ]
}

/** Name, and the bytes that are sent raw after the upgrade. */
export function frames (random) {
  return [
    ['a frame without a mask', hex('820401020304')],
    ['a reserved opcode', hex('838000000000')],
    ['reserved bits', hex('f28000000000')],
    ['a control frame in parts', hex('098000000000')],
    ['a ping of 126 bytes', Buffer.concat([hex('89fe007e00000000'), Buffer.alloc(126)])],
    ['a frame of 2^63 bytes', hex('82ffffffffffffffffff00000000')],
    ['a frame of 1 TB', hex('82ff000001000000000000000000')],
    ['a part without a beginning', hex('808000000000')],
    ['a close frame with one byte', hex('88810000000041')],
    ['a close frame with a bad code', hex('8882000000000001')],
    ['text that is no UTF-8', hex('818200000000c328')],
    ['half a frame, then the end', hex('82')],
    ...Array.from({ length: 30 }, (_, n) => [`garbage ${n}`, Buffer.from(Array.from({ length: 64 }, () => random.below(256)))])
  ]
}
