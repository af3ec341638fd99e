//! What the benchmark loads a server with, and pins programs to cores by.

use anyhow::Result;

use super::{Status, Tool, apt};
use crate::places::Places;

/// A program and the package that brings it.
const PROGRAMS: [(&str, &str); 2] = [("wrk", "wrk"), ("taskset", "util-linux")];

pub(super) struct Load;

impl Tool for Load {
    fn name(&self) -> &'static str {
        "wrk and taskset"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        let packages = missing(places);
        Ok(if packages.is_empty() {
            Status::Ready("on the path".to_owned())
        } else if apt::usable(places) {
            Status::Installable(format!("apt-get install {}", packages.join(" ")))
        } else {
            Status::ByHand(format!(
                "install them: `sudo apt-get install {}`",
                packages.join(" ")
            ))
        })
    }

    fn install(&self, places: &Places) -> Result<()> {
        apt::install(places, &missing(places))
    }
}

fn missing(places: &Places) -> Vec<&'static str> {
    PROGRAMS
        .iter()
        .filter(|(program, _)| places.which(program).is_none())
        .map(|(_, package)| *package)
        .collect()
}
