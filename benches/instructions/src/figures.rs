//! Counts beside those that are committed.

use std::fmt::Write;

/// How far a count may be from the committed one, in per cent.
pub const TOLERANCE: f64 = 10.0;

/// A count of a workload: instructions for each edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The workload's name.
    pub name: String,
    /// Instructions for each edit.
    pub instructions: f64,
}

/// How a count compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// About the same.
    Same,
    /// Slower than is allowed.
    Slower,
    /// So much faster that the committed figure is to be replaced, or a later slow-down stays hidden.
    Faster,
    /// There is no committed figure.
    Unknown,
}

/// Reads a file of figures: a name, a tab, a number on each line; lines that begin with `#` are comments.
///
/// # Errors
/// The first line that is none of these.
pub fn read(text: &str) -> Result<Vec<Figure>, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let figure = |line: &str| {
        let (name, number) = line.split_once('\t')?;
        Some(Figure { name: name.to_owned(), instructions: number.parse().ok()? })
    };
    lines.map(|line| figure(line).ok_or_else(|| format!("no figure: {line}"))).collect()
}

/// Writes such a file.
pub fn write(figures: &[Figure]) -> String {
    let mut text = String::from(
        "# Instructions for each edit in the program's own code, as callgrind counts them. Written by\n\
         # `cargo run --release -p merganser-instructions -- --write`; `./test` compares with it.\n",
    );
    for Figure { name, instructions } in figures {
        let _infallible = writeln!(text, "{name}\t{instructions:.1}");
    }
    text
}

/// A count, the committed one, by how many per cent it is more, and what to make of that.
pub fn compare(count: &Figure, committed: &[Figure]) -> (Option<f64>, f64, Verdict) {
    let Some(before) = committed.iter().find(|figure| figure.name == count.name) else {
        return (None, 0.0, Verdict::Unknown);
    };
    let more = (count.instructions / before.instructions - 1.0) * 100.0;
    let verdict = match more {
        _ if more > TOLERANCE => Verdict::Slower,
        _ if more < -TOLERANCE => Verdict::Faster,
        _ => Verdict::Same,
    };
    (Some(before.instructions), more, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(instructions: f64) -> Figure {
        Figure { name: "typing".into(), instructions }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(read(&write(&[figure(450.5)])), Ok(vec![figure(450.5)]));
        assert!(read("typing 450").is_err());
    }

    #[test]
    fn ten_per_cent_either_way() {
        let committed = [figure(100.0)];
        let verdict = |instructions| compare(&figure(instructions), &committed).2;
        assert_eq!(verdict(109.0), Verdict::Same);
        assert_eq!(verdict(111.0), Verdict::Slower);
        assert_eq!(verdict(91.0), Verdict::Same);
        assert_eq!(verdict(89.0), Verdict::Faster);
        assert_eq!(compare(&figure(1.0), &[]).2, Verdict::Unknown);
    }
}
