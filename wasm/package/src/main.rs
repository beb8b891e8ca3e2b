//! Builds the npm package `merganser` into `wasm/pkg` and prints how large the engine is.
//!
//! `cargo run -p merganser-wasm-package`. It needs the target `wasm32-unknown-unknown`; `wasm-opt` (Binaryen) makes the
//! result smaller where it is installed.

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";

fn main() -> Result<()> {
    let wasm_folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the folder wasm")?;
    let package = wasm_folder.join("pkg");
    let engine = build(wasm_folder)?;
    Bindgen::new()
        .input_path(&engine)
        .out_name("merganser")
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&package)
        .context("writing the JavaScript")?;
    let engine = package.join("merganser_bg.wasm");
    let optimised = optimise(&engine)?;
    let bytes = std::fs::read(&engine)?;
    println!("built in {}", package.display());
    println!(
        "merganser_bg.wasm: {} bytes, {} with gzip -9 (opt-level z, fat LTO, panic abort, {})",
        bytes.len(),
        gzip(&bytes)?,
        if optimised { "wasm-opt -Oz" } else { "no wasm-opt found" }
    );
    Ok(())
}

/// Compiles the crate `merganser-wasm` and gives the module's path.
fn build(wasm_folder: &Path) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target_folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => wasm_folder.join("../target"),
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "merganser-wasm", "--target", TARGET, "--profile", PROFILE]);
    command.arg("--target-dir").arg(&target_folder).current_dir(wasm_folder);
    let status = command.status().context("starting cargo")?;
    ensure!(status.success(), "cargo build: {status}");
    Ok(target_folder.join(TARGET).join(PROFILE).join("merganser_wasm.wasm"))
}

/// Runs `wasm-opt` over the module; `false` if it is not installed.
fn optimise(engine: &Path) -> Result<bool> {
    if Command::new("wasm-opt").arg("--version").output().is_err() {
        return Ok(false);
    }
    let status = Command::new("wasm-opt").args(["-Oz", "--all-features", "-o"]).args([engine, engine]).status()?;
    ensure!(status.success(), "wasm-opt: {status}");
    Ok(true)
}

fn gzip(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}
