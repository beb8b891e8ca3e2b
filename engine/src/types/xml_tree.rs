//! Going through the nodes inside an XML fragment or element, and finding elements by name.

use super::{Value, XmlElement, XmlFragment};
use crate::doc::Doc;
use crate::store::TypeHandle;

/// The nodes inside a fragment or element, each before those inside it. (Yjs: `YXmlTreeWalker`; pick with `filter`)
///
/// It goes into elements and fragments, not into what else they may hold. O(nodes), with the siblings on the way down
/// in memory.
pub struct XmlTreeWalker<'d> {
    doc: &'d Doc,
    /// For each level the nodes that are still to come.
    levels: Vec<std::vec::IntoIter<Value>>,
}

impl core::fmt::Debug for XmlTreeWalker<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("XmlTreeWalker").field("levels", &self.levels).finish_non_exhaustive()
    }
}

impl Iterator for XmlTreeWalker<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            let Some(node) = self.levels.last_mut()?.next() else {
                self.levels.pop();
                continue;
            };
            match node {
                Value::Any(_) | Value::Subdoc(_) => continue,
                Value::XmlElement(XmlElement(handle)) | Value::XmlFragment(XmlFragment(handle)) => {
                    self.levels.push(self.doc.list_values(handle).into_iter());
                }
                _ => {}
            }
            return Some(node);
        }
    }
}

impl Doc {
    fn tree_walker(&self, handle: TypeHandle) -> XmlTreeWalker<'_> {
        XmlTreeWalker { doc: self, levels: vec![self.list_values(handle).into_iter()] }
    }

    fn elements_named(&self, handle: TypeHandle, name: &str) -> impl Iterator<Item = XmlElement> + '_ {
        let wanted = name.to_uppercase();
        self.tree_walker(handle).filter_map(move |node| match node {
            // An element without a name is never found.
            Value::XmlElement(element) => {
                let name = element.name(self);
                (!name.is_empty() && name.to_uppercase() == wanted).then_some(element)
            }
            _ => None,
        })
    }
}

macro_rules! trees {
    ($name:ident) => {
        impl $name {
            /// All nodes inside it, each before those inside it. (Yjs: `YXmlFragment#createTreeWalker`)
            ///
            /// ```
            /// use merganser::{ClientId, Doc, Options, Prelim, Value};
            ///
            /// let mut doc = Doc::new(Options::new(ClientId::from(1)));
            /// let page = doc.xml_fragment("page");
            /// let element = |name: &str, children| Prelim::XmlElement {
            ///     name: name.into(),
            ///     attributes: Vec::new(),
            ///     children,
            /// };
            /// let list = element("ul", vec![element("li", Vec::new()), element("LI", Vec::new())]);
            /// page.push(&mut doc.transact(), vec![list, Prelim::XmlText("end".into())])?;
            ///
            /// assert_eq!(page.tree_walker(&doc).count(), 4);
            /// let items = page.query_selector_all(&doc, "li");
            /// assert_eq!(items.len(), 2);
            /// assert_eq!(items[0].next_sibling(&doc), Some(Value::XmlElement(items[1])));
            /// page.insert_after(&mut doc.transact(), None, vec![element("h1", Vec::new())])?;
            /// assert_eq!(page.to_string(&doc), "<h1></h1><ul><li></li><li></li></ul>end");
            /// # Ok::<(), merganser::Error>(())
            /// ```
            pub fn tree_walker(self, doc: &Doc) -> XmlTreeWalker<'_> {
                doc.tree_walker(self.0)
            }

            /// The first element inside it that has this node name, in whatever case. O(nodes before it).
            /// (Yjs: `YXmlFragment#querySelector`, which knows no other selectors either)
            pub fn query_selector(self, doc: &Doc, name: &str) -> Option<XmlElement> {
                doc.elements_named(self.0, name).next()
            }

            /// All elements inside it that have this node name, in whatever case. O(nodes).
            /// (Yjs: `YXmlFragment#querySelectorAll`)
            pub fn query_selector_all(self, doc: &Doc, name: &str) -> Vec<XmlElement> {
                doc.elements_named(self.0, name).collect()
            }
        }
    };
}

trees!(XmlFragment);
trees!(XmlElement);
