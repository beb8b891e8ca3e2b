//! The house stays tidy: layers point one way, files have one concept and a head that names it, nothing lies dead.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MOST_LINES: usize = 600;

struct Source {
    /// Relative to the engine's folder.
    path: String,
    text: String,
}

impl Source {
    /// The lines with their numbers, up to the unit tests at the file's end.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        lines.take_while(|(_, line)| *line != "#[cfg(test)]")
    }

    /// The top-level module that the file belongs to.
    fn module(&self) -> Option<&str> {
        let inner = self.path.strip_prefix("src/")?;
        let module = inner.split('/').next()?.trim_end_matches(".rs");
        (module != "lib").then_some(module)
    }
}

fn engine() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = vec![engine().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(engine()).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "no sources in {folder}");
    found
}

fn assert_none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// The modules in the order of the table in ARCHITECTURE.md.
fn layers() -> BTreeMap<String, usize> {
    let page = fs::read_to_string(engine().join("ARCHITECTURE.md")).unwrap();
    let table = page.split("## Layers").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section Layers");
    let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    names.enumerate().map(|(level, name)| (name.to_string(), level)).collect()
}

/// The modules that code names by `crate::`, lists over several lines among them, each with its line.
fn imported(code: &[(usize, &str)]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, (number, line)) in code.iter().enumerate() {
        for part in line.split("crate::").skip(1) {
            let listed = match part.strip_prefix('{') {
                Some(first) => {
                    let more = code[at + 1..].iter().map(|(_, line)| *line).collect::<Vec<_>>().join(" ");
                    let list = format!("{first} {more}");
                    list.split(';').next().unwrap_or("").to_string()
                }
                None => part.to_string(),
            };
            let names = if part.starts_with('{') { listed.split(',').collect() } else { vec![listed.as_str()] };
            let modules = names
                .into_iter()
                .map(|name| name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>());
            found.extend(modules.filter(|m| m.starts_with(char::is_lowercase)).map(|module| (*number, module)));
        }
    }
    found
}

#[test]
fn imports_run_downward_only() {
    let layers = layers();
    let mut complaints = Vec::new();
    for source in sources("src") {
        let Some(module) = source.module() else { continue };
        let Some(level) = layers.get(module) else {
            complaints.push(format!("{}: module {module} is not in the table of ARCHITECTURE.md", source.path));
            continue;
        };
        let code: Vec<_> = source.code().filter(|(_, line)| !line.starts_with("//")).collect();
        for (number, name) in imported(&code) {
            match layers.get(&name) {
                Some(imported) if imported <= level => {}
                Some(_) => complaints.push(format!("{}:{number}: {module} imports {name}", source.path)),
                None => complaints.push(format!("{}:{number}: {name} is no layer", source.path)),
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn every_layer_of_the_table_exists() {
    for name in layers().keys() {
        let src = engine().join("src");
        assert!(src.join(name).is_dir() || src.join(format!("{name}.rs")).is_file(), "{name} is no module");
    }
}

#[test]
fn a_room_knows_no_document() {
    let documents = ["crate::doc", "crate::store", "crate::integrate", "crate::types"];
    let in_sync = sources("src").into_iter().filter(|source| source.module() == Some("sync"));
    let others = in_sync.filter(|source| source.path != "src/sync/protocol.rs");
    assert_none(
        others
            .filter(|source| source.code().any(|(_, line)| documents.iter().any(|name| line.contains(name))))
            .map(|source| format!("{}: a Room knows no document", source.path))
            .collect(),
    );
}

#[test]
fn bincode_stays_in_one_module() {
    let users = sources("src").into_iter().filter(|source| source.text.contains("bincode::"));
    assert_eq!(users.map(|source| source.path).collect::<Vec<_>>(), ["src/archive/records.rs"]);
}

#[test]
fn every_file_says_what_it_is_and_is_short() {
    let mut complaints = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")) {
        if !source.text.starts_with("//! ") {
            complaints.push(format!("{}: its first line is no `//! ` that says what it is", source.path));
        }
        let lines = source.text.lines().count();
        if lines > MOST_LINES {
            complaints.push(format!("{}: {lines} lines, more than {MOST_LINES}", source.path));
        }
    }
    assert_none(complaints);
}

#[test]
fn no_code_is_commented_out() {
    let is_code = |line: &str| {
        let Some(comment) = line.strip_prefix("// ") else { return false };
        let ends_like_code = comment.ends_with(';') || comment.ends_with('{') || comment == "}";
        ends_like_code || comment.starts_with("let ") || comment.starts_with("fn ") || comment.starts_with("use ")
    };
    let mut complaints = Vec::new();
    for source in sources("src").iter().chain(&sources("tests")) {
        for (at, line) in source.text.lines().enumerate().filter(|(_, line)| is_code(line.trim())) {
            complaints.push(format!("{}:{}: commented-out code? {}", source.path, at + 1, line.trim()));
        }
    }
    assert_none(complaints);
}

/// Layers that meet bytes from outside say what is wrong with them; they never unwrap.
#[test]
fn no_unwrap_on_outside_bytes() {
    let mut complaints = Vec::new();
    for source in sources("src") {
        for (number, line) in source.code().filter(|(_, line)| !line.starts_with("//")) {
            if line.contains(".unwrap()") || line.contains("todo!") || line.contains("unimplemented!") {
                complaints.push(format!("{}:{number}: {line}", source.path));
            }
        }
    }
    assert_none(complaints);
}

#[test]
fn no_file_is_named_after_nothing() {
    let nothing = ["utils", "util", "helpers", "helper", "common", "misc", "new", "old"];
    let stem = |path: &str| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let named = sources("src").into_iter().filter(|s| stem(&s.path).is_some_and(|stem| nothing.contains(&&*stem)));
    assert_none(named.map(|source| source.path).collect());
}
