//! Writing lib0's notation: plain functions that append to a `Vec<u8>` of the caller's.

/// Appends an unsigned var-int.
#[inline]
pub fn write_var_uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    let mut stack = [0; 10];
    let mut len = 0;
    let mut rest = value;
    while rest >= 0x80 {
        stack[len] = rest as u8 | 0x80;
        len += 1;
        rest >>= 7;
    }
    stack[len] = rest as u8;
    out.extend_from_slice(&stack[..=len]);
}

/// How many bytes [`write_var_uint`] appends for `value`.
pub const fn var_uint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends a signed var-int; `negative` says which zero a zero is.
pub fn write_var_int(out: &mut Vec<u8>, magnitude: u64, negative: bool) {
    let sign = u8::from(negative) << 6;
    if magnitude < 0x40 {
        out.push(magnitude as u8 | sign);
    } else {
        out.push((magnitude & 0x3f) as u8 | 0x80 | sign);
        write_var_uint(out, magnitude >> 6);
    }
}

/// Appends bytes behind their length.
#[inline]
pub fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_var_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a string behind its length in bytes.
#[inline]
pub fn write_string(out: &mut Vec<u8>, text: &str) {
    write_bytes(out, text.as_bytes());
}
