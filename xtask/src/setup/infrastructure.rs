//! OpenTofu or Terraform: looked for, never installed.

use anyhow::{Context as _, Result};

use super::{Status, Tool};
use crate::{places::Places, process};

pub(super) struct Infrastructure;

impl Tool for Infrastructure {
    fn name(&self) -> &'static str {
        "OpenTofu or Terraform"
    }

    fn status(&self, places: &Places) -> Result<Status> {
        let Some(found) = ["tofu", "terraform"]
            .iter()
            .find_map(|name| places.which(name))
        else {
            return Ok(Status::Without(
                "planning and applying are switched off: install OpenTofu 1.11.3 or later, \
                 see https://opentofu.org/docs/intro/install/"
                    .to_owned(),
            ));
        };
        let printed = process::capture(places.command(&found).args(["version", "-json"]))?;
        let version = super::version_in(printed.split_once("version\":").map_or("", |(_, v)| v))
            .with_context(|| format!("{} tells no version", found.display()))?;
        Ok(Status::Ready(format!("{version}, {}", found.display())))
    }

    fn install(&self, _: &Places) -> Result<()> {
        Ok(())
    }
}
