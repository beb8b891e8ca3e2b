//! Values between the engine and JavaScript.

use crate::doc::Shared;
use crate::{SharedArray, SharedMap, SharedText};
use js_sys::{Array, BigInt, Object, Reflect, Uint8Array};
use merganser::{Any, Value};
use wasm_bindgen::prelude::*;

/// How deeply plain values may lie in each other; a value that contains itself ends here too.
const MAX_DEPTH: usize = 128;

/// A value read from a shared type. Shared texts, arrays and maps become their classes, XML its text.
pub(crate) fn value_to_js(doc: &Shared, value: Value) -> JsValue {
    let doc = doc.clone();
    match value {
        Value::Text(text) => SharedText { doc, text }.into(),
        Value::Array(array) => SharedArray { doc, array }.into(),
        Value::Map(map) => SharedMap { doc, map }.into(),
        other => any_to_js(&other.to_json(&doc.read())),
    }
}

fn any_to_js(any: &Any) -> JsValue {
    match any {
        Any::Undefined => JsValue::UNDEFINED,
        Any::Null => JsValue::NULL,
        Any::Bool(value) => (*value).into(),
        Any::Number(value) => (*value).into(),
        Any::BigInt(value) => (*value).into(),
        Any::String(value) => (**value).into(),
        Any::Bytes(value) => Uint8Array::from(&**value).into(),
        Any::Array(values) => values.iter().map(any_to_js).collect::<Array>().into(),
        Any::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| Array::of2(&(**key).into(), &any_to_js(value)));
            // `fromEntries` fails on what is no list of pairs only.
            Object::from_entries(&entries.collect::<Array>()).map_or(JsValue::UNDEFINED, JsValue::from)
        }
    }
}

/// A plain value of JavaScript.
///
/// # Errors
/// A function, a symbol, a BigInt of more than 64 bits, or values nested more than 128 deep.
pub(crate) fn any_from_js(value: &JsValue) -> Result<Any, JsError> {
    from_js(value, MAX_DEPTH)
}

fn from_js(value: &JsValue, depth: usize) -> Result<Any, JsError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(JsError::new("values are nested too deeply"));
    };
    if value.is_undefined() {
        Ok(Any::Undefined)
    } else if value.is_null() {
        Ok(Any::Null)
    } else if let Some(value) = value.as_bool() {
        Ok(Any::Bool(value))
    } else if let Some(value) = value.as_f64() {
        Ok(Any::Number(value))
    } else if let Some(value) = value.as_string() {
        Ok(Any::String(value.into()))
    } else if let Some(value) = value.dyn_ref::<BigInt>() {
        let value = i64::try_from(value.clone()).map_err(|_| JsError::new("a BigInt has more than 64 bits"))?;
        Ok(Any::BigInt(value))
    } else if let Some(value) = value.dyn_ref::<Uint8Array>() {
        Ok(Any::Bytes(value.to_vec().into()))
    } else if let Some(values) = value.dyn_ref::<Array>() {
        Ok(Any::Array(values.iter().map(|value| from_js(&value, depth)).collect::<Result<_, _>>()?))
    } else if value.is_object() {
        object_from_js(value, depth)
    } else {
        Err(JsError::new("functions and symbols can't be shared"))
    }
}

fn object_from_js(object: &JsValue, depth: usize) -> Result<Any, JsError> {
    let unreadable = |_| JsError::new("an object can't be read");
    let keys = Reflect::own_keys(object).map_err(unreadable)?;
    let mut entries = Vec::new();
    for key in keys.iter() {
        if let Some(name) = key.as_string() {
            let value = Reflect::get(object, &key).map_err(unreadable)?;
            entries.push((name.into(), from_js(&value, depth)?));
        }
    }
    Ok(Any::Object(entries))
}
