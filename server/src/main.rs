//! The binary `kombify`.
fn main() {}
