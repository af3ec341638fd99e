//! What commands print. `println!` panics when nobody reads any more.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
};

use anyhow::Context as _;

/// Prints a command's answer as it is. A reader who went away, such as `head`, had enough.
///
/// # Errors
/// When the answer cannot be written, e.g. because the disk is full.
pub(crate) fn print(answer: impl AsRef<[u8]>) -> anyhow::Result<()> {
    match hand_over(answer) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("the answer could not be printed"),
    }
}

/// Prints what is of use only to a reader who is there.
///
/// # Errors
/// When it cannot be written, also because nobody reads.
pub(crate) fn hand_over(answer: impl AsRef<[u8]>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(answer.as_ref()).and_then(|()| out.flush())
}

/// Tells on standard error what is wrong.
pub(crate) fn complain(what: impl Display) {
    // There is no other place to tell that this one is closed.
    let _ = writeln!(io::stderr(), "kombify: {what}");
}
