// Relative positions: made at a place of a type, and found again from their bytes.

import * as Y from 'yjs'
import { reachable, typeAt } from './paths.js'

export const makePositions = ({ roots }, places) => places.map(({ path, index, assoc }) => {
  const position = Y.createRelativePositionFromTypeIndex(typeAt(roots, path), index, assoc)
  const bytes = Buffer.from(Y.encodeRelativePosition(position)).toString('base64')
  return { bytes, json: Y.relativePositionToJSON(position) }
})

export const findPositions = ({ doc, roots }, positions, follows) => {
  const paths = new Map(reachable(roots).map(([path, type]) => [type, path]))
  return positions.map(bytes => {
    const position = Y.decodeRelativePosition(new Uint8Array(Buffer.from(bytes, 'base64')))
    const found = Y.createAbsolutePositionFromRelativePosition(position, doc, follows)
    return found && { index: found.index, assoc: found.assoc, path: paths.get(found.type) ?? null }
  })
}
