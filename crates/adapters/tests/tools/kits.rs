//! The kits that the binary carries.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use adapters::kits::KitLibrary;
use domain::ports::KitRegistry as _;
use types::ErrorCode;

use crate::support;

#[test]
fn the_carried_kits_are_those_of_the_repository() {
    let data = tempfile::tempdir().unwrap();
    let library = KitLibrary::unpack(data.path()).expect("they are unpacked");
    let carried: Vec<_> = library
        .list()
        .into_iter()
        .map(|(kit, view)| (kit.name, view))
        .collect();
    let repository: Vec<_> = KitLibrary::read(&support::stackkits())
        .unwrap()
        .list()
        .into_iter()
        .map(|(kit, view)| (kit.name, view))
        .collect();
    assert_eq!(carried, repository);
    let (kit, view) = library.get("base-homelab").expect("base-homelab");
    assert_eq!(view.version, "1.0.0");
    assert!(
        view.services
            .iter()
            .any(|service| service.key == "dns" && service.title == "DNS with ad blocking")
    );
    assert!(view.readme.starts_with("# base-homelab"));
    for file in [
        "stackfile.cue",
        "kit.toml",
        "tofu/main.tf",
        "tofu/scripts/write-node.sh",
    ] {
        assert!(kit.folder.join(file).is_file(), "{file}");
    }
    assert!(kit.module.join("cue.mod/module.cue").is_file());
    assert!(
        library.get("modern-homelab").is_none(),
        "only kits that exist"
    );
}

#[test]
fn unpacking_again_repairs_and_leaves_nothing_behind() {
    let data = tempfile::tempdir().unwrap();
    let (kit, _) = KitLibrary::unpack(data.path())
        .unwrap()
        .get("base-homelab")
        .unwrap();
    let file = kit.folder.join("stackfile.cue");
    let before = std::fs::read(&file).unwrap();
    std::fs::write(&file, "edited").unwrap();
    let (again, _) = KitLibrary::unpack(data.path())
        .unwrap()
        .get("base-homelab")
        .unwrap();
    assert_eq!(again.folder, kit.folder, "the name says the content");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 1);
}

/// Runs a script of base-homelab for the service dns of nuc-1, with another script at work
/// beside it: what it does comes in the middle of a program that the first one calls.
fn beside(output: &Path, script: &str, program: &str, other: &str) -> String {
    let programs = tempfile::tempdir().unwrap();
    let file = programs.path().join(program);
    let seen = programs.path().join("seen");
    let body = format!("#!/bin/sh\nfor last; do :; done\n{other}\n");
    fs::write(&file, body.replace("SEEN", &seen.display().to_string())).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let ran = Command::new("sh")
        .arg(format!("./scripts/{script}"))
        .current_dir(support::stackkits().join("kits/base-homelab/tofu"))
        .env_clear()
        .envs([("PATH", path.as_str()), ("NODE", "nuc-1")])
        .envs([("SERVICE", "dns"), ("CONTENT", "PORT=53")])
        .env("KOMBIFY_OUTPUT_DIR", output)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{script}: {said}");
    said
}

#[test]
fn two_services_of_one_node_go_at_once() {
    let output = tempfile::tempdir().unwrap();
    let node = output.path().join("nuc-1");
    fs::create_dir_all(node.join("services")).unwrap();
    fs::write(node.join("services/dns.env"), "").unwrap();
    let other = "/bin/rmdir -- \"$last\"\nexec /bin/rmdir \"$@\"";
    let said = beside(output.path(), "remove-service.sh", "rmdir", other);
    assert_eq!(said, "");
    assert!(!node.exists());
}

#[test]
fn a_service_comes_while_the_last_other_one_goes() {
    let output = tempfile::tempdir().unwrap();
    let other = "/bin/mkdir \"$@\"\n\
                 [ -e SEEN ] || { : > SEEN; exec /bin/rmdir -- \"$last\"; }";
    let said = beside(output.path(), "write-service.sh", "mkdir", other);
    assert_eq!(said, "");
    let written = fs::read_to_string(output.path().join("nuc-1/services/dns.env"));
    assert_eq!(written.unwrap(), "PORT=53\n");
}

#[test]
fn a_kit_that_lacks_something_is_refused() {
    let module = tempfile::tempdir().unwrap();
    let files = [
        (
            "kit.toml",
            "name = \"odd\"\nversion = \"1.0.0\"\nsummary = \"Odd.\"\n",
        ),
        ("stackfile.cue", "package odd\n"),
        ("tofu/main.tf", ""),
        ("README.md", "# odd\n"),
        ("example.yaml", "kit: odd\n"),
    ];
    let folder = module.path().join("kits/odd");
    support::write_files(&folder, &files);
    assert_eq!(KitLibrary::read(module.path()).unwrap().list().len(), 1);
    for (name, text) in files {
        std::fs::remove_file(folder.join(name)).unwrap();
        let error = KitLibrary::read(module.path()).expect_err(name);
        assert_eq!(error.code(), ErrorCode::KitInvalid);
        assert!(
            error.problem().detail.contains(name),
            "{}",
            error.problem().detail
        );
        support::write_files(&folder, &[(name, text)]);
    }
    support::write_files(
        &folder,
        &[(
            "kit.toml",
            "name = \"even\"\nversion = \"1.0.0\"\nsummary = \"\"\n",
        )],
    );
    let error = KitLibrary::read(module.path()).expect_err("another name");
    assert_eq!(
        error.problem().detail,
        "The kit odd is not valid: kit.toml calls it even."
    );
}
