// Three editors of one text side by side: Quill and a textarea through OT, CodeMirror through Yjs.
import { EditorView } from '@codemirror/view'
import Quill from 'quill'
import 'quill/dist/quill.snow.css'
import { yCollab } from 'y-codemirror.next'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { OtClient, UndoManager, bindTextarea, connectSocket } from '../../browser/ot/dist/index.js'
import { bindQuill } from '../../browser/ot/dist/quill.js'

const ROOT = 'note'
const query = new URLSearchParams(location.search)
const server = query.get('server')
const room = query.get('room')
const problems = []
const clients = []

/** An OT client that is connected to the document. */
function connected (kind) {
  const client = new OtClient({ root: ROOT, kind, onError: error => problems.push(JSON.stringify(error)) })
  connectSocket(client, `${server}/${room}`, {
    onStatus: (status, ...why) => status !== 'open' && problems.push(`${kind}: ${status} ${why}`)
  })
  clients.push(client)
  return client
}

const quill = new Quill('#quill', {
  theme: 'snow',
  modules: { toolbar: [['bold', 'italic', 'underline'], [{ list: 'bullet' }]], history: { userOnly: true } }
})
const rich = connected('delta')
bindQuill(rich, quill)

const textarea = document.querySelector('#textarea')
const plain = connected('text')
bindTextarea(plain, textarea, new UndoManager(plain))

const doc = new Y.Doc()
const provider = new WebsocketProvider(server, room, doc, { disableBc: true })
const text = doc.getText(ROOT)
const view = new EditorView({
  doc: text.toString(),
  parent: document.querySelector('#codemirror'),
  extensions: [EditorView.lineWrapping, yCollab(text, provider.awareness)]
})

/** What each editor shows, and how the connections are. Quill's own last newline, if it is not shared, is left out. */
globalThis.shown = () => ({
  quill: rich.text.endsWith('\n') ? quill.getText() : quill.getText().replace(/\n$/, ''),
  textarea: textarea.value,
  codemirror: view.state.doc.toString(),
  formats: text.toDelta(),
  rich: quill.getContents().ops,
  isReady: provider.synced && clients.every(client => client.epoch !== undefined),
  isSynchronised: clients.every(client => client.isSynchronised),
  problems
})

/** Each writes at the end of the first line before it has heard of the others. */
globalThis.write = () => {
  const end = textarea.value.indexOf('\n')
  quill.insertText(end, ' (quill)', 'user')
  textarea.setRangeText(' (textarea)', end, end, 'end')
  textarea.dispatchEvent(new InputEvent('input'))
  view.dispatch({ changes: { from: end, insert: ' (codemirror)' } })
}
