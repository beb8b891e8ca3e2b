// ywasm: yrs as WebAssembly. It knows no updates without a document.

/** A class for a replica with a text and a map; if it tells, each edit returns its update. */
export function load (engine) {
  return class Replica {
    constructor (client, tells = false) {
      this.doc = new engine.YDoc({ clientID: client })
      this.text = this.doc.getText('text')
      this.map = this.doc.getMap('map')
      if (tells) this.observer = this.doc.onUpdate(update => { this.update = update })
    }

    insert (at, text) { this.text.insert(at, text, undefined, undefined); return this.update }
    delete (at, length) { this.text.delete(at, length, undefined); return this.update }
    set (key, value) { this.map.set(key, value, undefined); return this.update }
    value (key) { return this.map.get(key, undefined) }
    apply (update) { engine.applyUpdate(this.doc, update, undefined) }
    applyV2 (update) { engine.applyUpdateV2(this.doc, update, undefined) }
    encode () { return engine.encodeStateAsUpdate(this.doc) }
    encodeV2 () { return engine.encodeStateAsUpdateV2(this.doc) }
    toString () { return this.text.toString(undefined) }

    free () {
      this.observer?.free()
      this.text.free()
      this.map.free()
      this.doc.free()
    }
  }
}
