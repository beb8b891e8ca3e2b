//! What the tables share: the line about the machine above each, and how figures are shown.

use std::time::{SystemTime, UNIX_EPOCH};

/// One line about where and when this ran.
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|pair| pair.1);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let days = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
    let (year, month, day) = date(days as i64);
    let model = model.unwrap_or("an unnamed processor");
    format!("Measured on {model}, {cores} cores, {year}-{month:02}-{day:02}.\n")
}

/// Three digits that count, and all of those before the point, in groups of three.
pub fn digits(number: f64) -> String {
    match number {
        0.0 => "0".into(),
        _ if number >= 99.5 => whole(number),
        _ if number >= 9.95 => format!("{number:.1}"),
        _ if number >= 0.0995 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// A whole number, in groups of three digits.
pub fn whole(number: f64) -> String {
    grouped(number.round() as usize)
}

/// A number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// The date that is so many days after 1970-01-01. (Howard Hinnant: `civil_from_days`)
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        assert_eq!(digits(0.0), "0");
        assert_eq!(digits(0.0123), "0.012");
        assert_eq!(digits(0.25), "0.25");
        assert_eq!(digits(12.34), "12.3");
        assert_eq!(digits(1234567.8), "1,234,568");
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(19_782), (2024, 2, 29));
        assert_eq!(date(20_454), (2026, 1, 1));
    }
}
