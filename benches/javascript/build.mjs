// What is told of the package that is measured, and of the machine.
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'

const root = join(import.meta.dirname, '../..')
const module = folder => readFileSync(join(folder, 'merganser_bg.wasm'))

/** Bytes of the module of replicas with `gzip -9`. */
export const gzipped = folder => gzipSync(module(folder), { level: 9 }).length

/** How the package in this folder was built, by the workspace's profile, and its size. */
export function buildOf (folder) {
  const [, level] = /\[profile\.wasm-replica\][^[]*?opt-level = (\S+)/.exec(readFileSync(join(root, 'Cargo.toml'), 'utf8'))
  return `built with opt-level ${level}, ${gzipped(folder).toLocaleString('en')} bytes with gzip -9`
}

/** One line about where and when this ran. */
export const machine = () => `Measured on ${cpus()[0].model}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}.`
