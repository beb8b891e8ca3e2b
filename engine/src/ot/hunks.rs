//! Where two texts differ: by lines, then by words, then by characters, so that no text is large at a level that is slow.

use imara_diff::{Algorithm, Diff, InternedInput, TokenSource};
use std::ops::Range;

/// What differs: bytes of one text that stand for bytes of the other.
pub(super) type Hunk = (Range<usize>, Range<usize>);

/// Texts with more words together than this differ as a whole, where their lines do.
const MOST_WORDS: usize = 1 << 14;
/// The same for characters of words.
const MOST_CHARS: usize = 1 << 13;

#[derive(Clone, Copy)]
enum Level {
    Lines,
    Words,
    Chars,
}

/// The differences of two texts, in order.
pub(super) fn hunks(before: &str, after: &str) -> Vec<Hunk> {
    let mut found = Vec::new();
    let chars = before.len() + after.len() <= MOST_CHARS;
    refine(before, after, (0, 0), if chars { Level::Chars } else { Level::Lines }, &mut found);
    found
}

fn refine(before: &str, after: &str, at: (usize, usize), level: Level, found: &mut Vec<Hunk>) {
    let front: usize = before.chars().zip(after.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (before, after) = (&before[front..], &after[front..]);
    let back = before.chars().rev().zip(after.chars().rev()).take_while(|(a, b)| a == b);
    let back: usize = back.map(|(a, _)| a.len_utf8()).sum();
    let (before, after) = (&before[..before.len() - back], &after[..after.len() - back]);
    let at = (at.0 + front, at.1 + front);
    let whole = (at.0..at.0 + before.len(), at.1..at.1 + after.len());
    if before.is_empty() && after.is_empty() {
        return;
    }
    let tokens = InternedInput::new(Pieces(cut(before, level)), Pieces(cut(after, level)));
    let count = tokens.before.len() + tokens.after.len();
    let (algorithm, most, next) = match level {
        Level::Lines => (Algorithm::Histogram, usize::MAX, Some(Level::Words)),
        Level::Words => (Algorithm::Myers, MOST_WORDS, Some(Level::Chars)),
        Level::Chars => (Algorithm::Myers, MOST_CHARS, None),
    };
    if before.is_empty() || after.is_empty() || count > most {
        return found.push(whole);
    }
    let bytes = |tokens_of: &[imara_diff::Token]| -> usize {
        tokens_of.iter().map(|token| tokens.interner[*token].len()).sum()
    };
    let (mut token, mut from) = ((0, 0), at);
    for hunk in Diff::compute(algorithm, &tokens).hunks() {
        let (removed, added) = (range(&hunk.before), range(&hunk.after));
        from.0 += bytes(&tokens.before[token.0..removed.start]);
        from.1 += bytes(&tokens.after[token.1..added.start]);
        token = (removed.end, added.end);
        let to = (from.0 + bytes(&tokens.before[removed]), from.1 + bytes(&tokens.after[added]));
        match next {
            Some(next) => {
                let part = (&before[from.0 - at.0..to.0 - at.0], &after[from.1 - at.1..to.1 - at.1]);
                refine(part.0, part.1, from, next, found);
            }
            None => found.push((from.0..to.0, from.1..to.1)),
        }
        from = to;
    }
}

fn range(of: &Range<u32>) -> Range<usize> {
    of.start as usize..of.end as usize
}

fn cut(text: &str, level: Level) -> Vec<&str> {
    match level {
        Level::Lines => text.split_inclusive('\n').collect(),
        Level::Words => {
            let mut words = Vec::new();
            let mut rest = text;
            while let Some(first) = rest.chars().next() {
                let in_word = |char: &char| first.is_alphanumeric() && char.is_alphanumeric();
                let more: usize = rest.chars().skip(1).take_while(in_word).map(char::len_utf8).sum();
                let (word, behind) = rest.split_at(first.len_utf8() + more);
                words.push(word);
                rest = behind;
            }
            words
        }
        Level::Chars => text.char_indices().map(|(at, char)| &text[at..at + char.len_utf8()]).collect(),
    }
}

/// A text as a list of parts.
struct Pieces<'a>(Vec<&'a str>);

impl<'a> TokenSource for Pieces<'a> {
    type Token = &'a str;
    type Tokenizer = std::vec::IntoIter<&'a str>;

    fn tokenize(&self) -> Self::Tokenizer {
        self.0.clone().into_iter()
    }

    fn estimate_tokens(&self) -> u32 {
        self.0.len() as u32
    }
}
