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
    let mut out = io::stdout().lock();
    match out.write_all(answer.as_ref()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("the answer could not be printed"),
    }
}

/// Tells on standard error what is wrong.
pub(crate) fn complain(what: impl Display) {
    // There is no other place to tell that this one is closed.
    let _ = writeln!(io::stderr(), "kombify: {what}");
}
