//! What clients without an engine ask over HTTP.

/// What is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// The content.
    Content,
    /// What changed since an epoch and revision, waiting so many milliseconds until there is something.
    Changes {
        /// The epoch, as it was told.
        epoch: &'a str,
        /// The revision.
        since: u64,
        /// How long to wait, in milliseconds.
        wait_ms: u64,
    },
    /// To carry out an operation: the body of the request.
    Edit(&'a [u8]),
}
