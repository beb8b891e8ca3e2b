// The host of yrs, whose module `yrs/` is. All documents share one instance of it; V8 does not know how large they are, so
// the replica of one that was put out of memory is freed when it is loaded again.
import worker, { RivalObject } from './host'
import { create } from './yrs/pkg/yrs.js'
import module from './yrs/pkg/yrs_bg.wasm'

const { Replica } = create(module)
const replicas = new Map()

export class DocumentObject extends RivalObject {
  load (updates) {
    const id = this.ctx.id.toString()
    replicas.get(id)?.free()
    const replica = new Replica()
    replicas.set(id, replica)
    replica.load(updates)
    return replica
  }
}
export default worker
