//! Cells, lines and targets of the tables in Markdown.

use super::contender::contenders;
use super::trial::Outcome;

/// What stands in a cell.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    /// A figure, and how it is shown.
    Figure(f64, String),
    /// Why there is none.
    Without(Outcome),
}

impl Cell {
    pub(super) fn figure(&self) -> Option<f64> {
        match self {
            Cell::Figure(figure, _) => Some(*figure),
            Cell::Without(_) => None,
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Cell::Figure(_, shown) => shown.clone(),
            Cell::Without(Outcome::TooLong(limit)) => format!("stopped after {} s", limit.as_secs_f64()),
            Cell::Without(Outcome::Failed(_)) => "fails".into(),
            Cell::Without(_) => String::new(),
        }
    }
}

/// The head of a table with a column for each peer.
pub(super) fn head(what: &str) -> String {
    let contenders = contenders();
    let names: Vec<&str> = contenders.iter().skip(1).map(|contender| contender.name).collect();
    format!(
        "| {what} | target | {} | reached | {} |\n|---|--:|--:|---|{}\n",
        contenders[0].name,
        names.join(" | "),
        "--:|".repeat(names.len())
    )
}

/// A line: the row's name, its target, ours, whether it is reached, and all others.
pub(super) fn line(name: &str, target: Option<f64>, shown_target: &str, cells: &[Cell]) -> String {
    let ours = &cells[0];
    let verdict = match (target, ours.figure()) {
        (Some(target), Some(ours)) if ours <= target => "yes".to_owned(),
        (Some(target), Some(ours)) => format!("**no**, {} x", digits(ours / target)),
        _ => String::new(),
    };
    let others: Vec<String> = cells[1..].iter().map(Cell::shown).collect();
    format!("| {name} | {shown_target} | **{}** | {verdict} | {} |\n", ours.shown(), others.join(" | "))
}

/// Three digits that count, and all of those before the point, in groups of three.
pub(super) fn digits(number: f64) -> String {
    match number {
        0.0 => "0".into(),
        _ if number >= 99.5 => whole(number),
        _ if number >= 9.95 => format!("{number:.1}"),
        _ if number >= 0.0995 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// A whole number, in groups of three digits.
pub(super) fn whole(number: f64) -> String {
    grouped(number.round() as usize)
}

/// A number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
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
    fn a_line_tells_whether_the_target_is_reached() {
        let figure = |figure| Cell::Figure(figure, digits(figure));
        assert!(line("local", Some(2.0), "2", &[figure(1.0), figure(9.0)]).contains("| yes |"));
        assert!(line("local", Some(2.0), "2", &[figure(3.0), figure(9.0)]).contains("**no**, 1.50 x"));
        assert!(line("local", None, "", &[figure(3.0), Cell::Without(Outcome::Unsupported)]).ends_with("|  |  |\n"));
    }
}
