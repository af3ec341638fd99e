//! Ports made real: cue, tofu, OpenID Connect, the hand-over client, kits and probes; and
//! the sandbox that programs run in.

pub mod cue;
pub mod kits;
pub mod launch;
pub mod oidc;
pub mod probe;
pub mod process;
pub mod tofu;
mod version;
