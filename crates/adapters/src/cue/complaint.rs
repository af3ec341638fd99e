//! What `cue` writes to standard error, taken apart: groups of
//! `path: message:` and indented `file:line:column` lines.

use super::path::Path;

/// One message of CUE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Complaint {
    /// What it is about; empty when CUE names nothing.
    pub(super) path: Path,
    pub(super) message: String,
    /// The first place in a kit's file, `base/node.cue:14`.
    pub(super) rule: Option<String>,
}

/// Reads standard error. `folder` is the kit's own, relative to the module, in which `cue`
/// ran: places are given relative to the module.
pub(super) fn read(text: &str, folder: &str) -> Vec<Complaint> {
    let mut complaints: Vec<Complaint> = Vec::new();
    for line in text.lines() {
        if let Some(place) = line.strip_prefix("    ") {
            if let Some(last) = complaints.last_mut()
                && last.rule.is_none()
            {
                last.rule = rule(place, folder);
            }
        } else if !line.trim().is_empty() {
            let (path, message) = Path::read_cue(line);
            complaints.push(Complaint {
                path,
                message: message.trim_end_matches(':').to_owned(),
                rule: None,
            });
        }
    }
    complaints
}

/// `../../base/node.cue:14:23`, seen from `kits/x`, is `base/node.cue:14`.
fn rule(place: &str, folder: &str) -> Option<String> {
    let (file, position) = place.trim().split_once(".cue:")?;
    let line = position.split(':').next()?;
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in file.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(format!("{}.cue:{line}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_paths_messages_and_places() {
        let text = "specification.nodes.1.address: is not an IPv4 address:\n    ../../base/node.cue:14:23\n    ../../doc.json:1:2\n\
                    services.\"a b\".x: conflicting values \"a: b\" and 3:\n    ./stackfile.cue:7:1\n\
                    expected ',', found 'STRING' \"list\":\n    ./a.cue:2:15\n";
        let read = read(text, "kits/base-homelab");
        let told: Vec<_> = read
            .iter()
            .map(|one| {
                (
                    one.path.to_string(),
                    one.message.as_str(),
                    one.rule.as_deref(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (
                    "specification.nodes[1].address".to_owned(),
                    "is not an IPv4 address",
                    Some("base/node.cue:14")
                ),
                (
                    "services.a b.x".to_owned(),
                    "conflicting values \"a: b\" and 3",
                    Some("kits/base-homelab/stackfile.cue:7")
                ),
                (
                    String::new(),
                    "expected ',', found 'STRING' \"list\"",
                    Some("kits/base-homelab/a.cue:2")
                ),
            ]
        );
    }
}
