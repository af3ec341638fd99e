//! What is not the fault of the person: the kit, or that there is no cue.

use super::*;

/// A kit of its own, in the form of base-homelab.
fn kit_with(stackfile: &str) -> (tempfile::TempDir, Kit) {
    let folder = tempfile::tempdir().unwrap();
    support::write_files(
        folder.path(),
        &[
            (
                "cue.mod/module.cue",
                "module: \"kits.test@v0\"\nlanguage: version: \"v0.15.0\"\n",
            ),
            ("kits/odd/stackfile.cue", stackfile),
            ("kits/odd/example.yaml", "kit: odd\nsize: 1\n"),
        ],
    );
    let kit = Kit {
        name: "odd".to_owned(),
        version: "1.0.0".to_owned(),
        module: folder.path().to_owned(),
        folder: folder.path().join("kits/odd"),
        digest: String::new(),
    };
    (folder, kit)
}

fn refused(error: &Error) -> (ErrorCode, String) {
    (error.code(), error.problem().detail)
}

#[tokio::test]
async fn a_kit_that_never_ends_is_stopped() {
    let head = "package odd\nimport \"list\"\n#Specification: {kit: string, size: int}\nspecification: #Specification\n";
    let bombs = [
        "unified: {all: list.Range(0, 1000000000 * specification.size, 1)}",
        "unified: {all: [for a in list.Range(0, 3000, 1) for b in list.Range(0, 3000, 1) for c in list.Range(0, 3000, 1) {a + b + c + specification.size}]}",
    ];
    let limits = Limits {
        wall: Duration::from_secs(3),
        ..LIMITS
    };
    let engine = CueEngine::new(support::sandbox(), None, limits, 2);
    for bomb in bombs {
        let (_folder, kit) = kit_with(&format!("{head}{bomb}\n"));
        let error = engine
            .check(&kit, "kit: odd\nsize: 1\n")
            .await
            .expect_err("it is stopped");
        let (code, sentence) = refused(&error);
        assert_eq!(code, ErrorCode::KitInvalid);
        assert!(sentence.starts_with("The kit odd needs more time or memory to check this specification than it may (3 s, 512 MiB)"), "{sentence}");
    }
}

#[tokio::test]
async fn a_broken_kit_is_not_the_persons_fault() {
    for (stackfile, expected) in [
        (
            "package odd\nspecification: {\n",
            "The kit odd is not valid: expected '}', found 'EOF' (kits/odd/stackfile.cue:2).",
        ),
        (
            "package odd\n#Specification: {kit: string}\nspecification: #Specification\nunified: {x: missing}\n",
            "The kit odd is not valid: ",
        ),
    ] {
        let (_folder, kit) = kit_with(stackfile);
        let error = engine()
            .check(&kit, "kit: odd\n")
            .await
            .expect_err("the kit is wrong");
        let (code, sentence) = refused(&error);
        assert_eq!(code, ErrorCode::KitInvalid);
        assert!(sentence.starts_with(expected), "{sentence}");
    }
}

#[tokio::test]
async fn without_cue_nothing_is_valid() {
    let (kit, _) = homelab();
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("cue");
    std::fs::write(&old, "#!/bin/sh\necho 'cue version v0.14.2'\n").unwrap();
    std::fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let nothing = support::sandbox_in(std::env::temp_dir(), "/nowhere".into());
    let cases: [(Arc<_>, Option<PathBuf>, &str); 3] = [
        (
            nothing,
            None,
            "cue was not found. Install cue 0.15 or later (",
        ),
        (
            support::sandbox(),
            Some("/nowhere/cue".into()),
            "There is no program at /nowhere/cue. Install cue 0.15 or later (",
        ),
        (
            support::sandbox(),
            Some(old),
            "is cue 0.14.2, and 0.15.0 is the oldest that works. Install cue",
        ),
    ];
    for (sandbox, program, expected) in cases {
        let engine = CueEngine::new(sandbox, program, LIMITS, 1);
        let error = engine
            .check(&kit, GOOD)
            .await
            .expect_err("there is no engine");
        let (code, sentence) = refused(&error);
        assert_eq!(code, ErrorCode::ToolMissing);
        assert!(sentence.contains(expected), "{sentence}");
        assert!(engine.version().await.is_err());
    }
    let found = engine()
        .version()
        .await
        .expect("cue 0.15 or later must be on the PATH for these tests");
    assert_eq!(found.name, "cue");
}
