//! The calls of the shared types: what they refuse, and the ends of their ranges.

use merganser::{Any, Array, ClientId, Doc, Error, ErrorKind, Options, Prelim, Value, XmlElement, XmlFragment};

fn doc() -> Doc {
    Doc::new(Options::new(ClientId::from(1)))
}

fn element(name: &str) -> Prelim {
    Prelim::XmlElement { name: name.into(), attributes: Vec::new(), children: Vec::new() }
}

/// A fragment with this many elements named by their numbers, every other one inserted later.
fn fragment(doc: &mut Doc, count: u32) -> XmlFragment {
    let fragment = doc.xml_fragment("x");
    for at in (0..count).step_by(2).chain((1..count).step_by(2)) {
        let index = if at % 2 == 0 { at / 2 } else { at };
        fragment.insert(&mut doc.transact(), index, vec![element(&format!("n{at}"))]).unwrap();
    }
    fragment
}

fn names(doc: &Doc, nodes: impl IntoIterator<Item = Value>) -> Vec<String> {
    let name = |node| match node {
        Value::XmlElement(element) => XmlElement::name(element, doc).to_string(),
        other => panic!("no element: {other:?}"),
    };
    nodes.into_iter().map(name).collect()
}

#[test]
fn slices_end_where_the_list_ends() {
    let mut doc = doc();
    let list: Array = doc.array("l");
    for at in 0..20_u32 {
        list.insert(&mut doc.transact(), at / 2, vec![at.into()]).unwrap();
    }
    list.delete(&mut doc.transact(), 5, 7).unwrap();
    let all = list.values(&doc);
    assert_eq!(all.len(), 13);
    for start in 0..16_u32 {
        for end in 0..16_u32 {
            let cut = |end: u32| all[start.min(13) as usize..end.clamp(start.min(13), 13) as usize].to_vec();
            assert_eq!(list.slice(&doc, start..end), cut(end), "{start}..{end}");
            assert_eq!(list.slice(&doc, start..=end), cut(end + 1), "{start}..={end}");
        }
        assert_eq!(list.slice(&doc, start..), all[start.min(13) as usize..]);
    }
    assert_eq!(list.slice(&doc, ..), all);
    assert_eq!(list.slice(&doc, ..=u32::MAX), all);
    assert_eq!(list.iter(&doc).collect::<Vec<_>>(), all);
}

#[test]
fn siblings_are_found_across_deleted_nodes() {
    let mut doc = doc();
    let fragment = fragment(&mut doc, 40);
    assert_eq!(names(&doc, fragment.iter(&doc)), (0..40).map(|at| format!("n{at}")).collect::<Vec<_>>());
    fragment.delete(&mut doc.transact(), 3, 30).unwrap();
    let left = fragment.children(&doc);
    assert_eq!(fragment.first_child(&doc).as_ref(), left.first());
    for (at, node) in left.iter().enumerate() {
        let Value::XmlElement(node) = node else { panic!("only elements were inserted") };
        assert_eq!(node.next_sibling(&doc).as_ref(), left.get(at + 1));
        assert_eq!(node.prev_sibling(&doc).as_ref(), at.checked_sub(1).map(|before| &left[before]));
        assert_eq!(node.parent(&doc), Some(fragment.into()));
    }
    assert_eq!(fragment.parent(&doc), None);
}

#[test]
fn nodes_go_directly_after_a_child_even_a_deleted_one() -> Result<(), Error> {
    let mut doc = doc();
    let fragment = fragment(&mut doc, 5);
    let children = fragment.children(&doc);
    fragment.delete(&mut doc.transact(), 2, 2)?;
    fragment.insert_after(&mut doc.transact(), Some(&children[2]), vec![element("a"), element("b")])?;
    fragment.insert_after(&mut doc.transact(), Some(&children[4]), vec![element("c")])?;
    fragment.insert_after(&mut doc.transact(), None, vec![element("d")])?;
    fragment.push(&mut doc.transact(), vec![element("e")])?;
    fragment.unshift(&mut doc.transact(), vec![element("f")])?;
    assert_eq!(names(&doc, fragment.iter(&doc)), ["f", "d", "n0", "n1", "a", "b", "n4", "c", "e"]);

    let text = doc.text("t");
    let Value::XmlElement(first) = children[0] else { panic!("only elements were inserted") };
    for wrong in [Value::Any(Any::Null), text.into(), fragment.into()] {
        let refused = fragment.insert_after(&mut doc.transact(), Some(&wrong), vec![element("g")]);
        assert_eq!(refused.map_err(|error| error.kind), Err(ErrorKind::WrongType));
    }
    let refused = first.insert_after(&mut doc.transact(), Some(&children[1]), vec![element("g")]);
    assert_eq!(refused.map_err(|error| error.kind), Err(ErrorKind::WrongType), "a child of another one");
    doc.assert_invariants();
    Ok(())
}

#[test]
fn undefined_is_a_value() -> Result<(), Error> {
    let mut doc = doc();
    let map = doc.map("m");
    map.set(&mut doc.transact(), "k", Any::Undefined)?;
    assert!(map.has(&doc, "k") && !map.has(&doc, "other"));
    assert_eq!(map.get(&doc, "k"), Some(Value::Any(Any::Undefined)));
    map.delete(&mut doc.transact(), "k")?;
    assert!(!map.has(&doc, "k"));
    Ok(())
}

#[test]
fn hooks_and_attributes_hold_all_kinds_of_values() -> Result<(), Error> {
    let mut doc = doc();
    let fragment = doc.xml_fragment("x");
    let entries = vec![("big".into(), Any::BigInt(i64::MIN).into()), ("list".into(), Prelim::Array(vec![1.into()]))];
    let attributes = vec![("text".into(), Prelim::Text("reeds".into()))];
    let nodes = vec![
        Prelim::XmlHook { name: "hook".into(), entries },
        Prelim::XmlElement { name: "P".into(), attributes, children: vec![Prelim::XmlFragment(vec![element("i")])] },
    ];
    fragment.push(&mut doc.transact(), nodes)?;
    let Some(Value::XmlHook(hook)) = fragment.get(&doc, 0) else { panic!("a hook was inserted") };
    assert_eq!((hook.name(&doc), hook.len(&doc)), ("hook", 2));
    hook.set(&mut doc.transact(), "big", 1)?;
    assert_eq!(hook.to_json(&doc).to_json(), r#"{"big":1,"list":[1]}"#);
    hook.clear(&mut doc.transact())?;
    assert!(hook.is_empty(&doc));
    assert_eq!(fragment.to_string(&doc), r#"[object Object]<p text="reeds"><i></i></p>"#);
    assert_eq!(fragment.tree_walker(&doc).count(), 4);

    let text = doc.text("t");
    text.set_attribute(&mut doc.transact(), "lang", "de")?;
    assert!(text.has_attribute(&doc, "lang"));
    assert_eq!(doc.to_json().to_json(), r#"{"t":"","x":"[object Object]<p text=\"reeds\"><i></i></p>"}"#);
    Ok(())
}
