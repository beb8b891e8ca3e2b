//! What can be wrong with bytes and with calls.

use core::fmt;

/// Why a call or an input was refused. Nothing was changed by a call that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Where in the input, in bytes from its start; 0 where there is no input.
    pub offset_bytes: usize,
}

/// The ways in which an input or a call can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes end before what they announce.
    UnexpectedEnd,
    /// A number has more bits than its place allows.
    NumberTooLarge,
    /// A string is not UTF-8.
    NotUtf8,
    /// Text that should be JSON is not, or is nested too deeply.
    NotJson,
    /// A struct, content, type, value or message has a number that means nothing.
    UnknownTag,
    /// Values or types lie in each other beyond the depth that is read or copied.
    NestedTooDeeply,
    /// An item refers to an id of its own client that is not before it.
    ReferenceNotBefore,
    /// Bytes follow where the input should end.
    TrailingBytes,
    /// A client's clock would pass what a document can count.
    ClockOverflow,
    /// A position lies outside the type's content.
    OutOfRange,
    /// A position lies between the two halves of a surrogate pair.
    InsideSurrogatePair,
    /// A handle names a type that this document does not have, or one of another kind.
    WrongType,
    /// What waits for missing updates would pass the limit.
    PendingLimit,
    /// A document lacks what a snapshot shows: it leaves deleted content out, or has not got all updates.
    SnapshotUnavailable,
    /// A stored row is damaged, or belongs elsewhere.
    DamagedRow,
    /// A stored row was written by a newer version.
    NewerVersion,
    /// Callbacks answer each other without end.
    TooManyReactions,
    /// A value is too large for the place where it would be stored.
    TooLarge,
}

impl Error {
    /// An error of this kind at this place of the input, in bytes.
    pub const fn at(kind: ErrorKind, offset_bytes: usize) -> Self {
        Error { kind, offset_bytes }
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Error { kind, offset_bytes: 0 }
    }
}

impl ErrorKind {
    /// What is wrong, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            ErrorKind::UnexpectedEnd => "the input ends too early",
            ErrorKind::NumberTooLarge => "a number is too large",
            ErrorKind::NotUtf8 => "a string is not UTF-8",
            ErrorKind::NotJson => "a text is not JSON, or is nested too deeply",
            ErrorKind::UnknownTag => "an unknown tag",
            ErrorKind::NestedTooDeeply => "values are nested too deeply",
            ErrorKind::ReferenceNotBefore => "an item refers to a later one of its own client",
            ErrorKind::TrailingBytes => "bytes follow after the end",
            ErrorKind::ClockOverflow => "a clock is too large",
            ErrorKind::OutOfRange => "a position is out of range",
            ErrorKind::InsideSurrogatePair => "a position is inside a surrogate pair",
            ErrorKind::WrongType => "no such type in this document",
            ErrorKind::PendingLimit => "too much waits for missing updates",
            ErrorKind::SnapshotUnavailable => "the document lacks what the snapshot shows",
            ErrorKind::DamagedRow => "a stored row is damaged",
            ErrorKind::NewerVersion => "a stored row is of a newer version",
            ErrorKind::TooManyReactions => "callbacks answer each other without end",
            ErrorKind::TooLarge => "a value is too large to be stored",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.kind, self.offset_bytes)
    }
}

impl core::error::Error for Error {}
