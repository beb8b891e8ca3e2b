// What this host, and no room, closes connections for. All codes are in `engine/src/sync/CLOSE_CODES.md`.

/** Why a connection is closed. */
export interface Close { code: number, reason: string }

export const TEXT: Close = { code: 1003, reason: 'messages are binary' }
export const FAILED: Close = { code: 1011, reason: 'the document failed; connect again' }
export const DELETED: Close = { code: 4404, reason: 'the document was deleted' }
export const REPLACED: Close = { code: 4505, reason: 'the document is being replaced; connect again' }
