//! Keys and limits.

use serde::Deserialize;

/// Keys and limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// 64 hexadecimal digits; every replica needs the same. When empty, a key is made
    /// once in `data.dir/master.key`.
    pub master_key: String,
    /// Sign-ins that one address may start in a minute.
    pub sign_ins_per_minute: u32,
}
