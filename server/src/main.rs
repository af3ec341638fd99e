//! The binary `kombify`.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::main()
}
