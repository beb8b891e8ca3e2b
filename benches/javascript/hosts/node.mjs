// Peers in Node, each in a process of its own.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { HostProcess, said } from './process.mjs'

/** A process with a peer; `folder` has the package, if it is this engine. */
export function inNode (peer, folder = '') {
  return new HostProcess(`${peer} in Node`, () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'node-server.mjs'), peer, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    return { child, listening: said(child, child.stdout, /port (\d+)/) }
  })
}
