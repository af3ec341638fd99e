//! The distribution's packages, where apt-get may install them.

use anyhow::Result;

use crate::{places::Places, process};

/// Whether packages can be installed: apt-get is there and this is root.
pub(super) fn usable(places: &Places) -> bool {
    places.which("apt-get").is_some() && is_root(places)
}

/// Whether this process may do anything on this machine.
pub(super) fn is_root(places: &Places) -> bool {
    process::capture(places.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// Installs packages.
///
/// # Errors
/// When apt-get fails.
pub(super) fn install(places: &Places, packages: &[&str]) -> Result<()> {
    let apt_get = || {
        let mut command = places.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args([
            "-q",
            "-y",
            "-o",
            "Dpkg::Use-Pty=0",
        ]);
        command
    };
    process::run(apt_get().arg("update"))?;
    process::run(
        apt_get()
            .args(["install", "--no-install-recommends"])
            .args(packages),
    )
}
