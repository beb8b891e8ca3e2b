// Who wrote and who deleted what, as Yjs' PermanentUserData keeps it in the root map `m`.

import * as Y from 'yjs'

export const users = async (of, { add, clients, ids }) => {
  of.users ??= new Y.PermanentUserData(of.doc, of.roots.m)
  if (add) of.users.setUserMapping(of.doc, add[1], add[0])
  // It writes deletes down in timers.
  await new Promise(resolve => setTimeout(resolve, 2))
  return {
    clients: clients.map(client => of.users.getUserByClientId(client)),
    ids: ids.map(([client, clock]) => of.users.getUserByDeletedId(Y.createID(client, clock))),
    authored: of.authored.splice(0)
  }
}
