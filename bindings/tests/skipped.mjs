// What a scenario throws that this machine can't run.
export class Skipped extends Error {
  constructor (message) {
    super(message)
    this.name = 'Skipped'
  }
}
