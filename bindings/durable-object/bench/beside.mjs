// The tables of this host beside its rivals.
import { median } from './median.mjs'
import { digits, number } from './numbers.mjs'

export class Beside {
  #names
  #about
  #operations = []
  #memory = []

  constructor (names, about) {
    this.#names = names
    this.#about = about
  }

  /** A row: what each host did, ours first, and how many times ours a rival is to take at least. */
  add (title, document, all, least = {}) {
    const cpu = all.map(({ results }) => results.map(of => of.cpuMs))
    const longest = all.map(({ results }) => results.map(of => of.longest.ms))
    const failed = ({ reason, results }) => reason && results.length === 0
    const times = all.slice(1).map((of, at) => failed(of) ? undefined : median(cpu[at + 1]) / median(cpu[0]))
    const targets = all.slice(1).map(({ contender: { name } }, at) => ({ name, least: least[name], times: times[at] })).filter(({ least }) => least)
    const isMet = targets.every(({ least, times }) => times === undefined || times >= least)
    this.#operations.push([
      title, document, cpu.map(({ length }) => length).join(', '),
      ...all.map((of, at) => failed(of) ? of.reason : `${digits(median(cpu[at]))} (${digits(Math.min(...cpu[at]))} to ${digits(Math.max(...cpu[at]))})`),
      ...times.map(value => value === undefined ? '' : digits(value)),
      ...all.map((of, at) => failed(of) ? '' : number(Math.round(median(longest[at])))),
      targets.map(({ name, least }) => `${name} ${least}`).join(', '), targets.length === 0 ? '' : isMet ? 'met' : 'missed'
    ])
  }

  /** A row: megabytes, and what attempts of the rivals gave. */
  addMemory (document, ours, others) {
    this.#memory.push([document, ours.toFixed(0), ...others.map(({ done, reason }) => reason ?? number(Math.round(done.more)))])
  }

  get lines () {
    const [, ...rivals] = this.#names
    const operations = [
      'operation', 'document', 'n', ...this.#names.map(name => `${name}, CPU, ms`), ...rivals.map(name => `${name} ÷ this host`),
      ...this.#names.map(name => `${name}, longest, ms`), 'at least', ''
    ]
    return [
      '', `## Beside hosts of ${rivals.join(' and ')}`, '', this.#about, '',
      ...table(operations, this.#operations, cell => /operation|document|at least|^$/.test(cell)),
      '',
      ...table(['document, joined by a fresh client', ...this.#names.map(name => `${name}, more MB`)], this.#memory, cell => /document/.test(cell))
    ]
  }
}

function table (head, rows, isText) {
  if (rows.length === 0) return []
  const line = cells => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(cell => isText(cell) ? '---|' : '--:|').join('')}`, ...rows.map(line)]
}
