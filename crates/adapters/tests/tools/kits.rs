//! The kits that the binary carries.

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
