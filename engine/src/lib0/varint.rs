//! Unsigned var-ints, a word at a time where that is possible.

use crate::values::ClientId;

/// The unsigned var-int at byte `at` of `bytes` and its length in bytes; `None` if it does not end within `bytes`, or
/// has more than 53 bits or eight bytes. O(1).
#[inline(always)]
pub(crate) fn decode_var_uint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let first = *bytes.get(at)?;
    if first < 0x80 {
        return Some((first.into(), 1));
    }
    match bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        Some(word) => decode_word(u64::from_le_bytes(*word)),
        None => decode_near_end(bytes, at),
    }
}

#[inline(always)]
fn decode_word(word: u64) -> Option<(u64, usize)> {
    let ends = !word & 0x8080_8080_8080_8080;
    if ends == 0 {
        return None;
    }
    // The bytes up to the first one without a continuation bit, seven bits of each; then the groups of seven are
    // pushed together: in pairs, in fours, in eights.
    let bits = word & (ends ^ (ends - 1)) & 0x7f7f_7f7f_7f7f_7f7f;
    let pairs = (bits & 0x007f_007f_007f_007f) | ((bits & 0x7f00_7f00_7f00_7f00) >> 1);
    let fours = (pairs & 0x0000_3fff_0000_3fff) | ((pairs & 0x3fff_0000_3fff_0000) >> 2);
    let value = (fours & 0x0fff_ffff) | ((fours & 0x0fff_ffff_0000_0000) >> 4);
    (value <= ClientId::MAX.value()).then_some((value, ends.trailing_zeros() as usize / 8 + 1))
}

/// The same where fewer than eight bytes follow: the last word is moved down, and zeros follow it.
#[inline(always)]
fn decode_near_end(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let left = bytes.len() - at;
    let word = match bytes.last_chunk() {
        Some(word) => u64::from_le_bytes(*word) >> (8 * (8 - left)),
        None => bytes[at..].iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    decode_word(word).filter(|(_, len)| *len <= left)
}

/// A var-int: its bytes, and how many of the eight they are.
pub(crate) type Word = ([u8; 8], usize);

/// The var-int of a value below 2^56. O(1).
#[inline(always)]
pub(crate) fn encode_word(value: u64) -> Word {
    debug_assert!(value < 1 << 56);
    let fours = (value & 0x0fff_ffff) | ((value << 4) & 0x0fff_ffff_0000_0000);
    let pairs = (fours & 0x0000_3fff_0000_3fff) | ((fours << 2) & 0x3fff_0000_3fff_0000);
    let bits = (pairs & 0x007f_007f_007f_007f) | ((pairs << 1) & 0x7f00_7f00_7f00_7f00);
    let len = 8 - (bits | 1).leading_zeros() as usize / 8;
    let continued = 0x8080_8080_8080_8080 & !(!0 << (8 * (len - 1)));
    ((bits | continued).to_le_bytes(), len)
}

#[cfg(test)]
mod tests {
    use super::decode_var_uint;
    use crate::lib0::write_var_uint;

    #[test]
    fn every_length_at_every_distance_from_the_end() {
        for bits in 0..=53_u32 {
            for value in [(1_u64 << bits) - 1, 1_u64 << bits.min(52), (1_u64 << bits) / 3] {
                let mut bytes = Vec::new();
                write_var_uint(&mut bytes, value);
                let len = bytes.len();
                for before in 0..10 {
                    let mut longer = vec![0xff; before];
                    longer.extend_from_slice(&bytes);
                    for cut in 0..len {
                        assert_eq!(decode_var_uint(&longer[..before + cut], before), None);
                    }
                    for _ in 0..10 {
                        assert_eq!(decode_var_uint(&longer, before), Some((value, len)));
                        longer.push(0xff);
                    }
                }
            }
        }
    }

    #[test]
    fn too_large() {
        assert_eq!(decode_var_uint(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10], 0), None);
        assert_eq!(decode_var_uint(&[0x80; 12], 0), None);
        assert_eq!(decode_var_uint(&[0x80, 0x80, 0x00], 0), Some((0, 3)), "longer than needed");
    }
}
