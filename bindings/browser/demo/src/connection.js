// The connection's state in words, the button that goes offline and back, and what was written meanwhile.

const FINAL = code => code >= 4400 && code < 4500
const STATES = {
  connecting: 'Connecting',
  synced: 'Connected',
  lost: 'Reconnecting',
  offline: 'Offline',
  refused: 'Disconnected'
}

/** Shows the state of `provider` in `pill` and `notice`; `button` goes offline and back. */
export function showConnection ({ provider, doc, pill, notice, button }) {
  let isOffline = false
  let wasConnected = false
  let refusal
  let kept = 0

  const state = () => {
    if (refusal) return 'refused'
    if (isOffline) return 'offline'
    if (provider.wsconnected && provider.synced) return 'synced'
    return wasConnected ? 'lost' : 'connecting'
  }
  const draw = () => {
    const now = state()
    pill.dataset.state = now
    pill.lastElementChild.textContent = STATES[now]
    button.setAttribute('aria-pressed', String(isOffline))
    button.querySelector('.label').textContent = isOffline ? 'Go online' : 'Go offline'
    button.disabled = Boolean(refusal)
    notice.textContent = noticeOf(now, kept, refusal)
    notice.hidden = notice.textContent === ''
  }

  doc.on('update', (update, origin) => {
    if (origin !== provider && state() !== 'synced') {
      kept++
      draw()
    }
  })
  provider.on('status', draw)
  provider.on('sync', isSynced => {
    if (isSynced) {
      wasConnected = true
      kept = 0
    }
    draw()
  })
  provider.on('connection-close', event => {
    if (event && FINAL(event.code)) {
      refusal = event.reason || `code ${event.code}`
      provider.disconnect()
    }
    draw()
  })
  button.addEventListener('click', () => {
    isOffline = !isOffline
    if (isOffline) provider.disconnect()
    else provider.connect()
    draw()
  })
  addEventListener('beforeunload', event => {
    if (kept > 0) event.preventDefault()
  })
  draw()
}

function noticeOf (state, kept, refusal) {
  const changes = kept === 1 ? '1 change waits' : `${kept} changes wait`
  if (state === 'refused') return `The server has ended this connection: ${refusal}. Your text is still here; copy it before you close the page.`
  if (state === 'offline') return kept > 0 ? `You are offline. ${changes} on this page until you go online.` : 'You are offline. Keep writing: it will be merged when you are back.'
  if (state === 'lost') return kept > 0 ? `The connection is lost. ${changes} on this page and will be sent.` : 'The connection is lost; trying again.'
  return ''
}
