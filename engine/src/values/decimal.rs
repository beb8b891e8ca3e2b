//! Numbers as decimal digits, both ways and exact: the number nearest to some digits, and the fewest digits of a number.
//!
//! The standard library and `serde_json` do it with tables, which are a twentieth of a replica as a download. Here what occurs
//! in documents is decided by a few operations on numbers, and the rest by long division.

use core::iter::repeat_n;

/// Powers of ten up to this one are exact as `f64`.
const MAX_EXACT_POWER: u64 = 22;

/// Powers of five up to this one lie below 2⁶³.
const MAX_SHORT_POWER: i64 = 27;

/// A number has as many bits.
const MANTISSA_BITS: i32 = f64::MANTISSA_DIGITS as i32;

/// The number nearest to `digits`, of which one may be a decimal point, times ten to the power of `exponent`; of two that
/// are as near the even one. Infinite beyond the range.
pub(super) fn nearest(digits: &str, exponent: i64) -> f64 {
    const SHORT: usize = 19;
    // That many decide between any two numbers; of more it matters only whether they are zeros.
    const DECISIVE: usize = 800;

    let fraction_len = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let exponent = exponent.saturating_sub(fraction_len as i64);
    let digits = digits.bytes().filter(|byte| *byte != b'.').map(|byte| byte - b'0').skip_while(|digit| *digit == 0);
    let len = digits.clone().count();
    if len <= SHORT {
        return nearest_short(digits.fold(0, |number, digit| number * 10 + u64::from(digit)), exponent);
    }
    let mut number = Long::of(0);
    // Nine at a time, as many as a digit of 32 bits takes.
    let (mut power, mut part) = (1, 0);
    for digit in digits.clone().take(DECISIVE) {
        (power, part) = (power * 10, part * 10 + u32::from(digit));
        if power == 1_000_000_000 {
            number.multiply_add(power, part);
            (power, part) = (1, 0);
        }
    }
    number.multiply_add(power, part);
    let left_out = len.saturating_sub(DECISIVE);
    let mut exponent = exponent.saturating_add(left_out as i64);
    if digits.skip(DECISIVE).any(|digit| digit != 0) {
        number.multiply_add(10, 1);
        exponent = exponent.saturating_sub(1);
    }
    nearest_long(number, len - left_out, exponent)
}

/// The number nearest to `digits` times ten to the power of `exponent`.
fn nearest_short(digits: u64, exponent: i64) -> f64 {
    if digits == 0 {
        return 0.0;
    }
    if digits < 1 << MANTISSA_BITS && exponent.unsigned_abs() <= MAX_EXACT_POWER {
        let power = repeat_n(10.0, exponent.unsigned_abs() as usize).product::<f64>();
        return if exponent < 0 { digits as f64 / power } else { digits as f64 * power };
    }
    if (-MAX_SHORT_POWER..=0).contains(&exponent) {
        let power = repeat_n(5, exponent.unsigned_abs() as usize).product::<u64>();
        let (mut quotient, mut rest, mut shift) = (digits / power, digits % power, exponent as i32);
        while quotient >> 63 == 0 {
            rest <<= 1;
            let bit = rest >= power;
            rest -= if bit { power } else { 0 };
            quotient = quotient << 1 | u64::from(bit);
            shift -= 1;
        }
        return number_of(quotient | u64::from(rest > 0), shift);
    }
    nearest_long(Long::of(digits), 20, exponent)
}

/// The number nearest to `digits`, of which there are no more than `len`, times ten to the power of `exponent`.
fn nearest_long(digits: Long, len: usize, exponent: i64) -> f64 {
    let magnitude = exponent.saturating_add(len as i64);
    if magnitude < -330 {
        return 0.0;
    }
    if exponent > 310 {
        return f64::INFINITY;
    }
    let (quotient, shift) = divided(digits, exponent as i32, 0);
    number_of(quotient, shift)
}

/// `quotient`, whose top bit is set, times two to the power of `shift`, as the nearest number.
fn number_of(quotient: u64, shift: i32) -> f64 {
    let exponent = shift + 63;
    if exponent >= f64::MAX_EXP {
        return f64::INFINITY;
    }
    let least = f64::MIN_EXP - 1;
    let lost = (64 - MANTISSA_BITS + (least - exponent).max(0)).min(100);
    // The mantissa's top bit adds one to the exponent; what is too small for it, none.
    let bits = ((exponent - least).max(0) as u64) << (MANTISSA_BITS - 1);
    f64::from_bits(bits + rounded(quotient.into(), lost as u32))
}

/// `bits` without the `lost` last ones, rounded to the nearest, and to the even one if two are as near.
fn rounded(bits: u128, lost: u32) -> u64 {
    let (kept, rest, half) = (bits >> lost, bits & ((1 << lost) - 1), (1 << lost) >> 1);
    (kept + u128::from(rest > half || rest == half && lost > 0 && kept & 1 == 1)) as u64
}

/// The fewest digits that read back as `value`, which is finite and above zero, and after how many of them the decimal
/// point stands. Of as many digits they are the nearest.
pub(super) fn shortest(value: f64) -> (String, i32) {
    // Up to 15 digits that read back are the only ones; divided by an exact power they are read.
    let mut power = 1.0;
    for places in 0..=MAX_EXACT_POWER as i32 {
        let digits = (value * power).round_ties_even();
        if digits >= 1e15 {
            break;
        }
        if digits / power == value {
            return without_zeros(digits as u64, places);
        }
        power *= 10.0;
    }

    let bits = value.to_bits();
    let (fraction, exponent) = (bits & ((1 << (MANTISSA_BITS - 1)) - 1), (bits >> (MANTISSA_BITS - 1)) as i32);
    let is_normal = exponent > 0;
    let mantissa = fraction | u64::from(is_normal) << (MANTISSA_BITS - 1);
    let shift = exponent.max(1) + f64::MIN_EXP - 1 - MANTISSA_BITS;
    // Ten to this power is not above the value, and to the next one but one it is.
    let mut lead = (f64::from(shift + mantissa.ilog2() as i32) * core::f64::consts::LOG10_2).floor() as i32;
    if scaled(mantissa, shift, 16 - lead) >= 100_000_000_000_000_000 {
        lead += 1;
    }
    // Of no more digits than these no two read as the same number of as many bits: if they read back, they are the only ones.
    let least = (f64::from(mantissa.ilog2()) * core::f64::consts::LOG10_2) as i32;
    for len in least.max(1)..17 {
        let places = len - 1 - lead;
        let digits = scaled(mantissa, shift, places);
        // Numbers above a power of two are further away than those below.
        for digits in [digits, digits + 1] {
            if nearest_short(digits, (-places).into()) == value {
                return without_zeros(digits, places);
            }
        }
    }
    without_zeros(scaled(mantissa, shift, 16 - lead), 16 - lead)
}

/// `mantissa` times two to the power of `shift`, and ten to the power of `places`, rounded: no more than 18 digits.
fn scaled(mantissa: u64, shift: i32, places: i32) -> u64 {
    if (0..=MAX_EXACT_POWER as i32).contains(&places) && (-100..=0).contains(&shift) {
        let power = repeat_n(10, places as usize).product::<u128>();
        return rounded(u128::from(mantissa) * power, shift.unsigned_abs());
    }
    let (quotient, shift) = divided(Long::of(mantissa), places, shift);
    rounded(quotient.into(), shift.unsigned_abs())
}

/// The digits of `digits`, which are to be divided by ten to the power of `places`, and where the decimal point stands.
fn without_zeros(digits: u64, places: i32) -> (String, i32) {
    let mut text = digits.to_string();
    let point = text.len() as i32 - places;
    text.truncate(text.trim_end_matches('0').len());
    (text, point)
}

/// `number` times ten to the power of `tens` and two to the power of `twos`, as 64 bits of which the first is set, and the power
/// of two that they are to be multiplied with. The last bit is set if anything follows.
fn divided(mut number: Long, tens: i32, twos: i32) -> (u64, i32) {
    const STEP: i32 = 13;
    let mut divisor = Long::of(1);
    let multiplied = if tens < 0 { &mut divisor } else { &mut number };
    let steps = repeat_n(STEP, (tens.abs() / STEP) as usize).chain([tens.abs() % STEP]);
    steps.for_each(|power| multiplied.multiply_add(5_u32.pow(power as u32), 0));

    // As many bits in both, and the divisor's first one at the top of a digit.
    let more = number.bits() - divisor.bits();
    let to_top = -divisor.bits().max(number.bits()) & 31;
    number.shift_left(((-more).max(0) + to_top) as u32);
    divisor.shift_left((more.max(0) + to_top) as u32);
    let mut quotient = u128::from(number.is_at_least(&divisor));
    if quotient > 0 {
        number.subtract(&divisor, 1);
    }
    for _ in 0..2 {
        number.0.insert(0, 0);
        quotient = quotient << 32 | u128::from(number.divide(&divisor));
    }
    let is_long = quotient >> 64 > 0;
    let follows = number.bits() > 0 || is_long && quotient & 1 > 0;
    ((quotient >> u32::from(is_long)) as u64 | u64::from(follows), more + tens + twos - 64 + i32::from(is_long))
}

/// A whole number of any length: its 32-bit digits, the last ones first, the first one not zero.
struct Long(Vec<u32>);

impl Long {
    fn of(number: u64) -> Long {
        let mut long = Long(vec![number as u32, (number >> 32) as u32]);
        long.trim();
        long
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn bits(&self) -> i32 {
        self.0.last().map_or(0, |top| self.0.len() as i32 * 32 - top.leading_zeros() as i32)
    }

    fn multiply_add(&mut self, factor: u32, add: u32) {
        let mut carry = u64::from(add);
        for digit in &mut self.0 {
            carry += u64::from(*digit) * u64::from(factor);
            *digit = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn shift_left(&mut self, bits: u32) {
        // Shorter than a digit, so that nothing is lost.
        for bits in repeat_n(31, (bits / 31) as usize).chain([bits % 31]) {
            self.multiply_add(1 << bits, 0);
        }
    }

    fn is_at_least(&self, other: &Long) -> bool {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_ge()
    }

    /// Takes away `other`, `times` times, which is not more.
    fn subtract(&mut self, other: &Long, times: u32) {
        let mut carry = 0;
        for (digit, other) in self.0.iter_mut().zip(other.0.iter().copied().chain([0])) {
            carry += u64::from(other) * u64::from(times);
            let (less, is_below) = digit.overflowing_sub(carry as u32);
            *digit = less;
            carry = (carry >> 32) + u64::from(is_below);
        }
        self.trim();
    }

    /// Leaves the rest of a division of which the quotient is one digit. The divisor begins with a bit that is set.
    fn divide(&mut self, divisor: &Long) -> u32 {
        let len = divisor.0.len();
        let at = |digits: &[u32], at: usize| u64::from(digits.get(at).copied().unwrap_or(0));
        let (top, first) = (at(&self.0, len) << 32 | at(&self.0, len - 1), at(&divisor.0, len - 1));
        // At most a few too few.
        let mut quotient = (top / (first + 1)) as u32;
        self.subtract(divisor, quotient);
        while self.is_at_least(divisor) {
            self.subtract(divisor, 1);
            quotient += 1;
        }
        quotient
    }
}

#[cfg(test)]
mod tests {
    use super::{nearest, shortest};
    use crate::values::random::numbers;

    /// Numbers of 64 bits.
    fn random(seed: u32) -> impl FnMut() -> u64 {
        let mut number = numbers(seed);
        move || (0..4).fold(0, |bits, _| bits << 16 | u64::from(number(1 << 16)))
    }

    /// Digits of a text with an exponent, without zeros at the end, and where the decimal point stands.
    fn digits_of(shown: &str) -> (String, i32) {
        let (digits, exponent) = shown.split_once('e').unwrap();
        (digits.replace('.', "").trim_end_matches('0').into(), exponent.parse::<i32>().unwrap() + 1)
    }

    fn check(value: f64) {
        let (digits, point) = shortest(value);
        let mut expected = digits_of(&format!("{value:e}"));
        if digits != expected.0 && (digits.as_bytes()[digits.len() - 1] - b'0').is_multiple_of(2) {
            // Halfway between the two that are nearest: here as in JavaScript it is the even one.
            expected = digits_of(&format!("{value:.*e}", expected.0.len() - 1));
        }
        assert_eq!((digits.clone(), point), expected, "{value:e}");
        assert_eq!(nearest(&digits, (point - digits.len() as i32).into()), value, "{value:e}");
        assert_eq!(nearest(&format!("00{value}"), 0), value);
        for places in [3, 16, 17, 19, 40] {
            let text = format!("{value:.places$e}");
            let (digits, exponent) = text.split_once('e').unwrap();
            assert_eq!(nearest(digits, exponent.parse().unwrap()), text.parse::<f64>().unwrap(), "{text}");
        }
    }

    #[test]
    fn digits_are_those_of_the_standard_library() {
        let mut random = random(7);
        for _ in 0..200 {
            let bits = random();
            let value = f64::from_bits(bits & !(1 << 63));
            if value.is_finite() && value > 0.0 {
                check(value);
            }
            check((bits >> 11) as f64 / (1_u64 << 53) as f64 + f64::MIN_POSITIVE);
            check((bits >> 11) as f64 / (1_u64 << (bits % 60)) as f64 + f64::MIN_POSITIVE);
            check((bits >> (bits % 60)) as f64 / [1.0, 10.0, 1e3, 1e6, 1e15, 1e22][bits as usize % 6] + 1e-9);
            check(f64::from_bits(1 + (bits >> (11 + bits % 53))));
        }
        for exponent in (0..2047_u64).step_by(13) {
            for bits in [exponent << 52, (exponent << 52) + 1, (exponent << 52).wrapping_sub(1) & !(1 << 63)] {
                let value = f64::from_bits(bits);
                if value.is_finite() && value > 0.0 {
                    check(value);
                }
            }
        }
        check(531_888_281_610_653.0 / 16.0);
        for exponent in -324..309 {
            let value = format!("1e{exponent}").parse::<f64>().unwrap();
            check(value.max(f64::from_bits(1)));
        }
    }

    #[test]
    fn what_lies_between_two_numbers_is_rounded_to_the_even_one() {
        let mut random = random(8);
        let check = |digits: &str, exponent: i64| {
            let text = format!("{digits}e{exponent}");
            assert_eq!(nearest(digits, exponent), text.parse::<f64>().unwrap(), "{text}");
        };
        for _ in 0..100 {
            let odd = u128::from(random() >> 11 | 1 << 53 | 1);
            let power = random() as u32 % 31;
            for (middle, exponent) in [(odd << (power * 2), 0), (odd * 5_u128.pow(power), -i64::from(power))] {
                for digits in [middle - 1, middle, middle + 1] {
                    check(&digits.to_string(), exponent);
                    check(&format!("{digits}.{}", "0".repeat(900)), exponent);
                    check(&format!("{digits}.{}1", "0".repeat(900)), exponent);
                }
            }
        }
        for exponent in [i64::MIN, -400, -330, -325, -324, -323, -308, 0, 292, 307, 308, 309, 400, i64::MAX] {
            for digits in
                ["0", "0.0", "1", "17976931348623157", "17976931348623158", "17976931348623159", "2.2250738585072011"]
            {
                nearest(digits, exponent);
                check(digits, exponent.clamp(-100_000, 100_000));
            }
        }
        check("2.4703282292062327208", -324);
        check("2.4703282292062327209", -324);
        check("2.47032822920623272088284396434110686182", -324);
        check(&format!("0.{}1", "0".repeat(400)), 400);
        check(&format!("1{}", "0".repeat(400)), -400);
    }
}
