//! What a client without an engine asks for, read from a plain object.

use merganser::ot;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a client without an engine asks for: a root, how it sees it, and as whom it edits. */
export interface Subject {
  /** The root's name, at most 256 bytes of UTF-8. */
  root: string
  /** With formats and embeds; else as plain text. */
  isRich: boolean
  /** The session, at most 64 bytes of UTF-8; empty for who only reads. */
  session: string
}
"#;

#[wasm_bindgen]
extern "C" {
    /// See the TypeScript declaration.
    #[wasm_bindgen(typescript_type = "Subject")]
    pub type Subject;
    #[wasm_bindgen(method, getter, structural)]
    fn root(this: &Subject) -> String;
    #[wasm_bindgen(method, getter, structural, js_name = isRich)]
    fn is_rich(this: &Subject) -> bool;
    #[wasm_bindgen(method, getter, structural)]
    fn session(this: &Subject) -> String;
}

impl From<&Subject> for ot::Subject {
    fn from(subject: &Subject) -> ot::Subject {
        ot::Subject { root: subject.root().into(), is_rich: subject.is_rich(), session: subject.session().into() }
    }
}
