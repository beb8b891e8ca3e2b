//! Writing lib0's notation: plain functions that append to a `Vec<u8>` of the caller's.

use super::varint::encode_word;

/// Appends an unsigned var-int.
#[inline]
pub fn write_var_uint(out: &mut Vec<u8>, value: u64) {
    if value < 0x80 {
        return out.push(value as u8);
    }
    if value >= 1 << 56 {
        return write_large(out, value);
    }
    let (word, len) = encode_word(value);
    out.extend_from_slice(&word);
    out.truncate(out.len() - (word.len() - len));
}

#[cold]
fn write_large(out: &mut Vec<u8>, mut rest: u64) {
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// How many bytes [`write_var_uint`] appends for `value`.
pub const fn var_uint_len(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

/// Appends a signed var-int; `negative` says which zero a zero is.
#[inline]
pub fn write_var_int(out: &mut Vec<u8>, magnitude: u64, negative: bool) {
    match magnitude >> 62 {
        0 => write_var_uint(out, signed_number(magnitude, negative)),
        _ => {
            out.push(signed_number(magnitude & 0x3f, negative) as u8 | 0x80);
            write_large(out, magnitude >> 6);
        }
    }
}

/// The number that has, as an unsigned var-int, the bytes of a signed one of a magnitude below 2^62: its lowest seven bits are sign
/// and six bits.
#[inline(always)]
pub(crate) const fn signed_number(magnitude: u64, negative: bool) -> u64 {
    magnitude >> 6 << 7 | (negative as u64) << 6 | magnitude & 0x3f
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

#[cfg(test)]
mod tests {
    use super::{var_uint_len, write_var_int, write_var_uint};

    #[test]
    fn seven_bits_a_byte_lowest_first() {
        for bits in 0..64 {
            for value in [1_u64 << bits, (1 << bits) - 1, u64::MAX >> (63 - bits), (1 << bits) / 5] {
                let mut expected = Vec::new();
                let mut rest = value;
                while rest >= 0x80 {
                    expected.push(rest as u8 | 0x80);
                    rest >>= 7;
                }
                expected.push(rest as u8);
                let mut out = vec![9];
                write_var_uint(&mut out, value);
                assert_eq!(out[1..], expected);
                assert_eq!(var_uint_len(value), expected.len());
            }
        }
    }

    #[test]
    fn a_sign_and_six_bits_then_seven_bits_a_byte() {
        for bits in 0..64 {
            for magnitude in [1_u64 << bits, (1 << bits) - 1, u64::MAX >> (63 - bits), (1 << bits) / 5] {
                for negative in [false, true] {
                    let first = (magnitude & 0x3f) as u8 | u8::from(negative) << 6;
                    let mut expected = vec![first];
                    if magnitude > 0x3f {
                        expected[0] |= 0x80;
                        write_var_uint(&mut expected, magnitude >> 6);
                    }
                    let mut out = Vec::new();
                    write_var_int(&mut out, magnitude, negative);
                    assert_eq!(out, expected);
                }
            }
        }
    }
}
