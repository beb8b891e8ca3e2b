// The clients: a stock y-websocket, and one that gathers edits. Imported after the clock is installed.
import WebSocket from 'ws'
import * as Y from 'yjs'
import { WebsocketProvider } from 'y-websocket'
import * as awarenessProtocol from 'y-protocols/awareness'

const SYNC = 0
const UPDATE = 2

/** The socket class of a meter, which is told of each message. */
export function socketClass (meter) {
  return class extends WebSocket {
    constructor (url, protocols) {
      super(url, protocols, { perMessageDeflate: false })
      meter.socket = this
    }

    send (message) {
      meter.sends(this)
      super.send(message)
    }

    /** What is said to the meter, and what it answers, no client hears. */
    say (text) { super.send(text) }

    emit (event, message, isBinary) {
      return event === 'message' && !isBinary ? meter.hears() : super.emit(event, message, isBinary)
    }
  }
}

/** A provider that sends the edits of `gatherMs` as one update. */
class GatheringProvider extends WebsocketProvider {
  #gathered = []

  constructor (url, room, doc, { gatherMs, ...options }) {
    super(url, room, doc, options)
    doc.off('update', this._updateHandler)
    this._updateHandler = (update, origin) => {
      if (origin === this) return
      if (this.#gathered.push(update) === 1) setTimeout(() => this.flush(), gatherMs)
    }
    doc.on('update', this._updateHandler)
  }

  flush () {
    if (this.#gathered.length === 0) return
    const update = Y.mergeUpdates(this.#gathered)
    this.#gathered = []
    // Who is not connected sends what the server lacks when it is.
    if (this.wsconnected) this.ws.send(Uint8Array.from([SYNC, UPDATE, ...varUint(update.length), ...update]))
    this.onFlush()
  }

  onFlush () {}
}

function varUint (value) {
  const bytes = []
  for (; value > 127; value >>>= 7) bytes.push(value & 127 | 128)
  return [...bytes, value]
}

/**
 * Somebody with a document open. `showsEach`: the cursor is sent with each edit; otherwise as y-codemirror.next and
 * y-prosemirror do, when it stands at another letter than before, which typing does not change.
 */
export class Editor {
  #shown

  constructor (meter, url, room, { gatherMs, showsEach }) {
    this.doc = new Y.Doc()
    this.showsEach = showsEach
    const options = { WebSocketPolyfill: socketClass(meter), disableBc: true }
    this.provider = gatherMs
      ? new GatheringProvider(url, room, this.doc, { ...options, gatherMs })
      : new WebsocketProvider(url, room, this.doc, options)
    this.provider.onFlush = () => this.#show()
    this.gathers = gatherMs > 0
    this.provider.awareness.setLocalStateField('user', { name: 'Somebody', color: '#30bced', colorLight: '#30bced33' })
  }

  get text () { return this.doc.getText('text') }
  get isSynced () { return this.provider.synced }

  type (typist) {
    this.caret = typist.edit(this.text)
    if (!this.gathers) this.#show()
  }

  #show () {
    const position = Y.createRelativePositionFromTypeIndex(this.text, this.caret)
    if (!this.showsEach && this.#shown && Y.compareRelativePositions(this.#shown, position)) return
    this.#shown = position
    this.provider.awareness.setLocalStateField('cursor', { anchor: position, head: position })
  }

  /** Closes the page: the cursor is taken away, then the socket is closed. */
  leave () {
    this.provider.flush?.()
    awarenessProtocol.removeAwarenessStates(this.provider.awareness, [this.doc.clientID], 'window unload')
    this.provider.destroy()
    this.doc.destroy()
  }
}
