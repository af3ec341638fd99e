//! Versions as programs print them.

use std::fmt;

/// Major, minor, patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u64, pub(crate) u64, pub(crate) u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The first version in a line such as `OpenTofu v1.11.3`, and its words without the `v`.
/// A pre-release counts as the release before it: `1.11.3-rc1` is not yet 1.11.3.
pub(crate) fn first_version(line: &str) -> Option<(Version, String)> {
    line.split_whitespace().find_map(|word| {
        let word = word.strip_prefix('v').unwrap_or(word);
        let (numbers, early) = match word.split_once(['-', '+']) {
            Some((numbers, _)) => (numbers, word[numbers.len()..].starts_with('-')),
            None => (word, false),
        };
        let mut parts = numbers.split('.').map(str::parse::<u64>);
        let (Some(Ok(major)), Some(Ok(minor))) = (parts.next(), parts.next()) else {
            return None;
        };
        let patch = parts.next().and_then(Result::ok).unwrap_or_default();
        let version = match (early, patch) {
            (false, patch) => Version(major, minor, patch),
            (true, 0) => Version(major, minor.saturating_sub(1), u64::MAX),
            (true, patch) => Version(major, minor, patch - 1),
        };
        Some((version, word.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_print() {
        let version = |line| first_version(line).map(|(version, _)| version);
        assert_eq!(version("OpenTofu v1.11.3"), Some(Version(1, 11, 3)));
        assert_eq!(version("cue version v0.15.1"), Some(Version(0, 15, 1)));
        assert_eq!(version("cue version (devel)"), None);
        assert_eq!(version("Terraform v1.11"), Some(Version(1, 11, 0)));
        assert!(version("x v1.11.3-rc1") < version("x v1.11.3"));
        assert!(version("x v1.11.0-rc1") < version("x v1.11.0"));
        assert!(version("x v1.11.0-rc1") > version("x v1.10.9"));
    }
}
