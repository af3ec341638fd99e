//! Where a browser may be sent after a sign-in: only into this site.

/// The path if it is one of ours, else `/`.
///
/// A browser reads `//host`, `/\host` and control characters as another site, so
/// these, and everything that does not begin with one slash, become `/`.
#[must_use]
pub fn local_path(wanted: Option<&str>) -> String {
    let Some(path) = wanted else {
        return "/".to_owned();
    };
    let second = path.as_bytes().get(1);
    let foreign = !path.starts_with('/')
        || matches!(second, Some(b'/' | b'\\'))
        || path.contains('\\')
        || path.chars().any(char::is_control)
        || path.len() > 2000;
    if foreign {
        "/".to_owned()
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_paths_of_this_site_survive() {
        for bad in [
            "//evil",
            "/\\evil",
            "https://evil",
            "evil",
            "",
            "/a\\b",
            "/\t/evil",
            "\\\\evil",
        ] {
            assert_eq!(local_path(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(local_path(None), "/");
        assert_eq!(
            local_path(Some("/tenant/a/runs?q=1#x")),
            "/tenant/a/runs?q=1#x"
        );
    }
}
