// The package's main entry: what a plain text in a textarea needs, over a WebSocket.
export { OtClient } from './client.js'
export { connectSocket } from './socket.js'
export { bindTextarea } from './textarea.js'
export { UndoManager } from './undo.js'
export type { ClientMessage, ClientOptions, ErrorMessage, Kind, Listener, ServerMessage } from './client.js'
export type { Attributes, Op, Step } from './delta.js'
export type { SocketOptions, Status } from './socket.js'
export type { UndoOptions } from './undo.js'
