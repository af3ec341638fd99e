//! Set-up, run, test, tidy and bench.
fn main() {}
