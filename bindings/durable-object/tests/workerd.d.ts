// What `--experimental` workerd offers to tests.
declare module 'workerd:unsafe' {
  const unsafe: { evictAllDurableObjects (options: { webSockets: 'hibernate' | 'close' }): Promise<void> }
  export default unsafe
}
