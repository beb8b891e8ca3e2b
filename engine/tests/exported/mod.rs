//! A document as an export file, read row by row out of a store in memory.

use merganser::Error;
use merganser::archive::{Exporter, MemoryStore, RowKind, Store, all_keys};

/// The whole file.
pub fn exported(store: &mut MemoryStore) -> Result<Vec<u8>, Error> {
    let rows = store.read(all_keys()).expect("reading works");
    let others = rows.into_iter().filter(|(key, _)| key.kind != RowKind::BasePage).collect();
    let mut exporter = Exporter::new(others)?.expect("there is a manifest");
    let mut file = Vec::new();
    loop {
        let page = exporter.wanted_page().and_then(|key| store.read(key..=key).expect("reading works").pop());
        match exporter.next_part(page.map(|(_, row)| row))? {
            Some(part) => file.extend(part),
            None => return Ok(file),
        }
    }
}
