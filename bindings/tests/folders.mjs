// Where things are.
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')
export const target = join(root, 'target')
