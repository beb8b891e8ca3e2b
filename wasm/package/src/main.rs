//! Builds the engine as WebAssembly and prints how large it is.
//!
//! `cargo run -p merganser-wasm-package` builds the npm package `merganser` into `wasm/pkg`;
//! `cargo run -p merganser-wasm-package -- room FOLDER` the room alone into a folder, as a module whose `create` gives
//! a new instance at each call. Both need the target `wasm32-unknown-unknown`.

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";

fn main() -> Result<()> {
    let wasm_folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the folder wasm")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => build_package(wasm_folder),
        ["room", folder] => build_room(wasm_folder, Path::new(folder)),
        _ => bail!("usage: merganser-wasm-package [room FOLDER]"),
    }
}

/// The npm package: one instance, for browsers, Node and others.
fn build_package(wasm_folder: &Path) -> Result<()> {
    let folder = wasm_folder.join("pkg");
    let module = compile(wasm_folder, "doc,room")?;
    bindgen(&module).web(true)?.typescript(true).generate(&folder).context("writing the JavaScript")?;
    report(&folder.join("merganser_bg.wasm"))
}

/// The room for hosts that keep one instance for each document.
fn build_room(wasm_folder: &Path, folder: &Path) -> Result<()> {
    let module = compile(wasm_folder, "room")?;
    bindgen(&module).no_modules(true)?.typescript(true).generate(folder).context("writing the JavaScript")?;
    // This form of the glue is a script with one global, of which the module needs a fresh one for each instance.
    let script = folder.join("merganser.js");
    let glue = std::fs::read_to_string(&script)?;
    let factory = format!(
        "export function create(module) {{\n{glue}\nconst exports = wasm_bindgen.initSync({{ module }});\n\
         return {{ Room: wasm_bindgen.Room, memory: exports.memory }};\n}}\n"
    );
    std::fs::write(&script, factory)?;
    report(&folder.join("merganser_bg.wasm"))
}

/// Compiles the crate `merganser-wasm` and gives the module's path.
fn compile(wasm_folder: &Path, features: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target_folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => wasm_folder.join("../target"),
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "merganser-wasm", "--target", TARGET, "--profile", PROFILE]);
    command.args(["--no-default-features", "--features", features]);
    command.arg("--target-dir").arg(&target_folder).current_dir(wasm_folder);
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "cargo build: {status}");
    Ok(target_folder.join(TARGET).join(PROFILE).join("merganser_wasm.wasm"))
}

fn bindgen(module: &Path) -> Bindgen {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name("merganser").remove_name_section(true).remove_producers_section(true);
    bindgen
}

fn report(module: &Path) -> Result<()> {
    let bytes = std::fs::read(module)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    println!("{}: {} bytes, {} with gzip -9", module.display(), bytes.len(), encoder.finish()?.len());
    Ok(())
}
