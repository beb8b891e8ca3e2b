//! Cells, lines and targets of the tables in Markdown.

use super::contender::contenders;
use super::trial::Outcome;
use crate::report::digits;
use serde::{Deserialize, Serialize};

/// What stands in a cell.
#[derive(Clone, Debug, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_whether_the_target_is_reached() {
        let figure = |figure| Cell::Figure(figure, digits(figure));
        assert!(line("local", Some(2.0), "2", &[figure(1.0), figure(9.0)]).contains("| yes |"));
        assert!(line("local", Some(2.0), "2", &[figure(3.0), figure(9.0)]).contains("**no**, 1.50 x"));
        assert!(line("local", None, "", &[figure(3.0), Cell::Without(Outcome::Unsupported)]).ends_with("|  |  |\n"));
    }
}
