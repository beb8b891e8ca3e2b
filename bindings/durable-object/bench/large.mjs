// Large documents with a long history, and what is large besides: made by `benches/src/bin/documents.rs`.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const REPOSITORY = join(import.meta.dirname, '../../..')

/**
 * Makes documents of these sizes, in millions of bytes of updates, in a folder that goes with this process: where it is, its
 * files, and updates of 1,000 clients who each insert a letter at one place.
 */
export function largeDocuments (sizes, isQuick) {
  const folder = mkdtempSync(join(tmpdir(), 'merganser-documents-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  // Small ones are there sooner without waiting for the compiler to do its best.
  const profile = isQuick ? 'dev' : 'release'
  const { status } = spawnSync('cargo', ['run', '--profile', profile, '--quiet', '--package', 'merganser-benches', '--bin', 'documents', '--',
    folder, `--megabytes=${sizes}`], { cwd: REPOSITORY, stdio: 'inherit' })
  if (status !== 0) throw new Error('documents could not be made')
  const read = file => readFileSync(join(folder, file))
  const letters = []
  for (let rest = read('one-place.updates'); rest.length > 0; rest = rest.subarray(4 + letters.at(-1).length)) {
    letters.push(rest.subarray(4, 4 + rest.readUInt32LE()))
  }
  return { folder, read, letters }
}
