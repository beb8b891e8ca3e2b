//! Builds the npm package `merganser` into `wasm/pkg` and prints how large its modules are.
//!
//! `cargo run -p merganser-wasm-package`. It needs the target `wasm32-unknown-unknown`, and Node with npm. With `replica FOLDER` it builds only
//! the module of replicas, into that folder; with `contract FOLDER` the test of the storage contract. `factory MODULE FOLDER
//! NAME CLASS` makes a package, as hosts use it, of another module that was compiled with wasm-bindgen.

mod short_strings;

use anyhow::{Context, Result, bail, ensure};
use flate2::{Compression, write::GzEncoder};
use short_strings::with_short_strings;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm";
const REPLICA_PROFILE: &str = "wasm-replica";
/// Classes of the modules for hosts.
const ROOM: &[&str] = &["Room", "Exporter", "Importer"];

fn main() -> Result<()> {
    let wasm_folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the folder wasm")?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => {
            let folder = wasm_folder.join("pkg");
            build_replica(wasm_folder, &folder)?;
            write_factory(&compile(wasm_folder, &["room", "followers"], PROFILE)?, &folder, "room", ROOM)?;
            write_factory(&compile(wasm_folder, &["room"], PROFILE)?, &folder, "room-core", ROOM)
        }
        ["replica", folder] => build_replica(wasm_folder, Path::new(folder)),
        ["contract", folder] => {
            write_factory(&compile(wasm_folder, &["contract"], PROFILE)?, Path::new(folder), "contract", &["Contract"])
        }
        ["factory", module, folder, name, class] => write_factory(Path::new(module), Path::new(folder), name, &[class]),
        _ => {
            bail!("usage: merganser-wasm-package [replica FOLDER | contract FOLDER | factory MODULE FOLDER NAME CLASS]")
        }
    }
}

/// Compiles the crate `merganser-wasm` and gives the module's path.
fn compile(wasm_folder: &Path, features: &[&str], profile: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target_folder = match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => std::path::absolute(folder)?,
        None => wasm_folder.join("../target"),
    };
    let mut command = Command::new(cargo);
    command.args(["build", "--package", "merganser-wasm", "--target", TARGET, "--profile", profile]);
    command.args(["--no-default-features", "--features", &features.join(",")]);
    command.arg("--target-dir").arg(&target_folder).current_dir(wasm_folder);
    run(&mut command)?;
    Ok(target_folder.join(TARGET).join(profile).join("merganser_wasm.wasm"))
}

fn bindgen(module: &Path, name: &str) -> Bindgen {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module).out_name(name).typescript(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen
}

/// Builds the module of replicas, for clients: they share one instance.
fn build_replica(wasm_folder: &Path, folder: &Path) -> Result<()> {
    let module = compile(wasm_folder, &["doc"], REPLICA_PROFILE)?;
    bindgen(&module, "merganser").web(true)?.generate(folder).context("writing the JavaScript")?;
    let script = folder.join("merganser.js");
    let glue = std::fs::read_to_string(&script)?;
    std::fs::write(&script, with_short_strings(&glue)?)?;
    finish(&folder.join("merganser_bg.wasm"))
}

/// Writes the package of a module of some classes. The script that is generated knows one instance; it becomes a module whose
/// `create` gives a new one at each call: a host that keeps one for each document loses one document where one of them fails.
fn write_factory(module: &Path, folder: &Path, name: &str, classes: &[&str]) -> Result<()> {
    bindgen(module, name).no_modules(true)?.generate(folder).context("writing the JavaScript")?;
    let script = folder.join(format!("{name}.js"));
    let glue = std::fs::read_to_string(&script)?;
    let members: Vec<String> = classes.iter().map(|class| format!("{class}: wasm_bindgen.{class}")).collect();
    let members = members.join(", ");
    let factory = format!(
        "export function create(module) {{\n{glue}\nconst {{ memory }} = wasm_bindgen.initSync({{ module }});\n\
         return {{ {members}, memory }};\n}}\n"
    );
    std::fs::write(&script, factory)?;

    let declarations = folder.join(format!("{name}.d.ts"));
    let script_types = std::fs::read_to_string(&declarations)?;
    let namespace = script_types.split_once("declare namespace wasm_bindgen {\n");
    let content = namespace.and_then(|(_, rest)| rest.split_once("\n}\n")).map(|(content, _)| content);
    let mut content = content.context("types in an unknown form")?.to_owned();
    for class in classes {
        let exported = format!("    export class {class} ");
        ensure!(content.contains(&exported), "types in an unknown form");
        content = content.replace(&exported, &format!("    declare class {class} "));
    }
    let dedented: String = content.lines().flat_map(|line| [line.strip_prefix("    ").unwrap_or(line), "\n"]).collect();
    let members: Vec<String> = classes.iter().map(|class| format!("{class}: typeof {class}")).collect();
    let (names, members) = (classes.join(", "), members.join(", "));
    let types = format!(
        "{dedented}\nexport type {{ {names} }}\n\n\
         /** One instance of the engine. */\n\
         export interface Engine {{ {members}, memory: WebAssembly.Memory }}\n\n\
         /** A new instance of the compiled `{name}_bg.wasm`, with a memory of its own. */\n\
         export function create(module: WebAssembly.Module): Engine\n"
    );
    std::fs::write(&declarations, types)?;
    finish(&folder.join(format!("{name}_bg.wasm")))
}

/// Makes a module smaller and says how large it is.
fn finish(module: &Path) -> Result<()> {
    optimise(module)?;
    let bytes = std::fs::read(module)?;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&bytes)?;
    println!("{}: {} bytes, {} with gzip -9", module.display(), bytes.len(), encoder.finish()?.len());
    Ok(())
}

/// Runs `wasm-opt` over a module: 6 % less, and 2.5 % with gzip. It comes with npm, in the version that `wasm/package-lock.json`
/// says, and is installed here if it isn't yet.
fn optimise(module: &Path) -> Result<()> {
    let wasm_folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("this crate lies in the folder wasm")?;
    let wasm_opt = wasm_folder.join("node_modules/binaryen/bin/wasm-opt");
    if !wasm_opt.exists() {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(wasm_folder))?;
    }
    // The stack lies below all else in memory and grows downwards: nothing but an overflow comes to the lowest kilobyte.
    // What the first turn does makes room for more. A function does not grow too large for V8 to compile it in passing.
    let turns = ["-Oz", "-Oz", "--low-memory-unused", "--one-caller-inline-max-function-size=400"];
    run(Command::new("node").arg(wasm_opt).args(turns).arg(module).arg("-o").arg(module))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {}", command.get_program().display()))?;
    ensure!(status.success(), "{}: {status}", command.get_program().display());
    Ok(())
}
