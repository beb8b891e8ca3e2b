// The demo: a shared text, its editor, who is here, and the connection.
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { showConnection } from './connection.js'
import { openEditor } from './editor.js'
import { rememberedPerson } from './person.js'
import { showPresence } from './presence.js'
import { currentRoom, freshRoom, shareLink, socketAddress } from './room.js'
import { prepareTheme } from './theme.js'

const find = id => document.getElementById(id)

const room = currentRoom()
document.title = `${room} · Merganser`
find('room').textContent = room
find('room').title = room
prepareTheme(find('theme'))

const doc = new Y.Doc()
// Tabs of one browser talk through the server, too: else going offline would not be what it says.
const provider = new WebsocketProvider(socketAddress(), encodeURIComponent(room), doc, { disableBc: true })

showPresence({
  provider,
  person: rememberedPerson(),
  list: find('people'),
  form: find('person'),
  summary: find('presence')
})
showConnection({ provider, doc, pill: find('state'), notice: find('notice'), button: find('offline') })
openEditor({ text: doc.getText('content'), awareness: provider.awareness, parent: find('editor'), changed: countWords })

find('share').addEventListener('click', async () => {
  const link = shareLink(room)
  const label = find('share').querySelector('.label')
  try {
    await navigator.clipboard.writeText(link)
    label.textContent = 'Link copied'
  } catch {
    prompt('Copy this link', link)
  }
  setTimeout(() => { label.textContent = 'Share' }, 2000)
})
find('fresh').addEventListener('click', () => location.assign(shareLink(freshRoom())))
addEventListener('popstate', () => location.reload())

function countWords (text) {
  const words = text.toString().match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu)?.length ?? 0
  find('words').textContent = words === 1 ? '1 word' : `${words.toLocaleString('en')} words`
}
