// A compiled module is what workerd gives for a `.wasm` file.
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
